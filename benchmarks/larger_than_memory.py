"""A text that is larger than the memory it may take, beside the same text that fits: in turns.

    python benchmarks/larger_than_memory.py FILE [--times 10 --memory 0.2 --rounds 5 --dim 100]
        [--threads 2] [--folder DIR] [--json FILE]

The text is FILE so many times, its lines shuffled anew each time. Each run is a process of its own
that trains one epoch, with all memory that it wants or with so many GB. Seconds are those of
reading and of training; peaks are those of memory of its own and of mapped files, sampled twenty
times a second. The ratio is the speed with little memory over that with much, in the same round:
the median of the rounds, and the lowest and highest. Both must give the same model.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

from measure import run_child

KINDS = ("fits", "larger")
PEAKS = {"own": "RssAnon", "mapped": "RssFile"}


def main() -> None:
    """Train in turns, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--memory", type=float, default=0.2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the text is made, and removed")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--train", choices=KINDS, help=argparse.SUPPRESS)  # in its own process
    told = parser.parse_args()
    if told.train:
        print(json.dumps(_train(told)))
        return
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory(dir=told.folder) as folder:
        text = _make(told.file, Path(folder), told.times)
        size = text.stat().st_size
        options = [f"--{name}={getattr(told, name)}" for name in ("memory", "dim", "threads")]
        for number in range(1, told.rounds + 1):
            for kind in KINDS:
                child = [sys.executable, str(Path(__file__).resolve()), str(text), *options]
                outcome = run_child([*child, "--train", kind], Path(folder))
                found[kind].append(json.loads(outcome.stdout[-1].text))
                print(f"round {number}, {kind}: {found[kind][-1]}", file=sys.stderr)
    print(f"{size / 1e6:,.0f} MB, medians of {told.rounds} rounds, {told.memory} GB for the larger")
    print("text     reading s  training s  own MB  mapped MB")
    for kind, runs in found.items():
        names = ("reading", "training", "own", "mapped")
        reading, training, own, mapped = (median(run[name] for run in runs) for name in names)
        print(f"{kind:<7}  {reading:9.1f}  {training:10.1f}  {own:6.0f}  {mapped:9.0f}")
    pairs = [*zip(found["fits"], found["larger"], strict=True)]
    ratios = [a["training"] / b["training"] for a, b in pairs]
    print(f"speed of training: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    same = len({run["sha256"] for runs in found.values() for run in runs}) == 1
    print("the same model each time" if same else "THE MODELS DIFFER")
    if told.json:
        told.json.write_text(json.dumps(found, indent=1))


def _make(source: Path, folder: Path, times: int) -> Path:
    chance, lines = random.Random(1), source.read_bytes().splitlines(keepends=True)
    path = folder / "text"
    with path.open("wb") as file:
        for _ in range(times):
            chance.shuffle(lines)
            file.writelines(lines)
    return path


def _train(told: argparse.Namespace) -> dict[str, Any]:
    peaks = dict.fromkeys(PEAKS, 0.0)

    def watch() -> None:
        while True:
            status = Path("/proc/self/status").read_text().splitlines()
            held = dict(line.split(":", 1) for line in status)
            for name, row in PEAKS.items():
                peaks[name] = max(peaks[name], int(held[row].split()[0]) * 1024 / 1e6)
            time.sleep(0.05)

    threading.Thread(target=watch, daemon=True).start()
    from wordkin.training.model import Word2Vec

    memory = None if told.train == "fits" else int(told.memory * 1e9)
    model = Word2Vec(dim=told.dim, epochs=1, threads=told.threads, min_count=50)
    model.fit(told.file, memory=memory, scratch=told.file.parent, progress=False)
    account = model.account
    return {
        "reading": account.reading,
        "training": account.training,
        "sha256": model.sha256,
        **peaks,
    }


if __name__ == "__main__":
    main()
