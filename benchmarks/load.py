"""How long loading takes, of each format, beside gensim: both in turns, on the same files.

    python benchmarks/load.py [--words 80000 --dim 100] [--words 1000000 --dim 300 --runs 3]
        [--files text binary glove text.gz binary.gz] [--folder DIR] [--json FILE]

The files are made first, of random numbers in float32, and read once before the clock runs. Each
load is a process of its own: seconds are those until words can be asked about, the peak is that of
the process with its imports. What the two tools have read is compared, bit by bit. Ratios are
gensim's seconds over wordkin's, the median of the runs and the lowest and highest of them.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from measure import run_child

FILES = {
    "text": "word2vec-text",
    "binary": "word2vec-binary",
    "glove": "glove",
    "text.gz": "word2vec-text",
    "binary.gz": "word2vec-binary",
}
TOOLS = ("wordkin", "gensim")


def main() -> None:
    """Make the files, load them in turns, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", type=int, default=80_000)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--files", nargs="+", choices=FILES, default=list(FILES))
    parser.add_argument("--folder", type=Path, help="where the files are made, and removed")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--load", nargs=3, help=argparse.SUPPRESS)  # in a process of its own
    told = parser.parse_args()
    if told.load:
        print(json.dumps(_load(*told.load)))
        return
    with tempfile.TemporaryDirectory(dir=told.folder) as folder:
        report = {
            name: _compare(_make(Path(folder), name, told.words, told.dim), name, told.runs)
            for name in told.files
        }
    print(f"{told.words:,} words of {told.dim} dimensions, medians of {told.runs} runs")
    print("file            MB   wordkin s  MB/s  peak MB    gensim s  peak MB   ratio")
    for name, found in report.items():
        print(_line(name, found))
    if told.json:
        told.json.write_text(json.dumps(report, indent=1))


def _make(folder: Path, name: str, words: int, dim: int) -> Path:
    from wordkin.vectors import formats
    from wordkin.vectors.formats import vector_file

    rng = np.random.default_rng(0)
    matrix = rng.normal(scale=0.3, size=(words, dim)).astype(np.float32)
    spelled = [f"word{i}" for i in range(words)]
    path = folder / name.removesuffix(".gz")
    formats.write(path, vector_file.VectorFile(spelled, matrix), format=FILES[name])
    if name.endswith(".gz"):
        packed = folder / name
        with path.open("rb") as source, gzip.open(packed, "wb", compresslevel=6) as target:
            shutil.copyfileobj(source, target)
        path.unlink()
        path = packed
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass
    return path


def _compare(path: Path, name: str, runs: int) -> dict[str, Any]:
    seconds: dict[str, list[float]] = {tool: [] for tool in TOOLS}
    peaks: dict[str, list[float]] = {tool: [] for tool in TOOLS}
    digests = set()
    for run in range(1, runs + 1):
        for tool in TOOLS:
            child = [sys.executable, str(Path(__file__).resolve()), "--load", tool, name, str(path)]
            outcome = run_child(child, path.parent)
            found = json.loads(outcome.stdout[-1].text)
            seconds[tool].append(found["seconds"])
            peaks[tool].append(found["peak_bytes"] / 1e6)
            digests.add(found["sha256"])
            print(f"{name}, run {run}, {tool}: {found['seconds']:.2f} s", file=sys.stderr)
    megabytes = path.stat().st_size / 1e6
    path.unlink()
    return {"MB": megabytes, "seconds": seconds, "peak MB": peaks, "equal": len(digests) == 1}


def _load(tool: str, name: str, path: str) -> dict[str, Any]:
    """Load a file; return the seconds it took, and a digest of words and numbers."""
    words: Sequence[str]
    if tool == "wordkin":
        import wordkin
        import wordkin.vectors.formats.word2vec
        import wordkin.vectors.words  # both before the clock runs

        began = time.perf_counter()
        read = wordkin.load(path, format=FILES[name])
        seconds = time.perf_counter() - began
        words, matrix = read.words, read.matrix
    else:
        from gensim.models import KeyedVectors

        began = time.perf_counter()
        vectors = KeyedVectors.load_word2vec_format(
            path, binary=FILES[name] == "word2vec-binary", no_header=FILES[name] == "glove"
        )
        seconds = time.perf_counter() - began
        words, matrix = vectors.index_to_key, vectors.vectors
    peak = _peak_bytes()
    digest = hashlib.sha256("\n".join(words).encode())
    digest.update(np.ascontiguousarray(matrix, dtype=np.float32).data)
    return {"seconds": seconds, "peak_bytes": peak, "sha256": digest.hexdigest()}


def _peak_bytes() -> int:
    """Return the most memory that this process has had; `getrusage` counts its parent's, too."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def _line(name: str, found: dict[str, Any]) -> str:
    ours, theirs = (found["seconds"][tool] for tool in TOOLS)
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    our_peak, their_peak = (median(found["peak MB"][tool]) for tool in TOOLS)
    return (
        f"{name:<11}  {found['MB']:6.0f}  {median(ours):9.2f}  {found['MB'] / median(ours):5.0f}"
        f"  {our_peak:7.0f}  {median(theirs):9.2f}  {their_peak:7.0f}"
        f"  {median(ratios):6.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        + ("" if found["equal"] else "  WHAT WAS READ DIFFERS")
    )


if __name__ == "__main__":
    main()
