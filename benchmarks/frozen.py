"""Hashes of what wordkin writes: models, counts, maps, help and JSON, to compare two versions.

    python benchmarks/frozen.py write before.json
    python benchmarks/frozen.py compare before.json

A change that moves code must not move a byte. The first command records what this version writes,
the second one runs it all again and names what differs. Seconds, dates and paths are left out.
Help is recorded for a terminal of 100 columns. Run both on one machine: bytes of training depend on
the instruction set and on the version of NumPy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

VOLATILE = re.compile(
    r'"(seconds|reading|training|counting|saving|words_per_second|threads)": ?'
    r"(\{[^{}]*\}|[^,}\n]*)"
)
VERBS = [
    "train",
    "count",
    "reproduce",
    "neighbours",
    "analogy",
    "similarity",
    "rank",
    "odd",
    "distances",
    "predict",
    "explore",
    "map",
    "evaluate",
    "compare",
    "stability",
    "info",
    "convert",
    "check-gradients",
    "demo",
]


def corpus(lines: int) -> str:
    """Return lines of made-up words, frequent and rare ones, that keep company by topic."""
    rng = random.Random(7)
    topics = [[f"w{rng.randrange(2000)}" for _ in range(120)] for _ in range(25)]
    text = []
    for _ in range(lines):
        topic = rng.choice(topics)
        length = rng.randrange(2, 30)
        text.append(" ".join(topic[int(len(topic) * rng.random() ** 2)] for _ in range(length)))
    return "\n".join(text) + "\n"


def digest(data: bytes) -> str:
    """Return a short hash."""
    return hashlib.sha256(data).hexdigest()[:24]


def run(folder: Path, *arguments: str) -> bytes:
    """Run a command in the folder; return its output and exit code."""
    environment = os.environ | {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "wordkin", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if arguments[-1] == "--help" else subprocess.PIPE,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"wordkin {' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout + b"%d" % done.returncode


def without_seconds(output: bytes) -> bytes:
    """Return output without what differs from run to run."""
    return VOLATILE.sub(r'"\1": 0', output.decode()).encode()


def of_model(path: Path) -> str:
    """Return the hash of a model file, without the seconds in its metadata."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + size])
    metadata = {
        name: VOLATILE.sub(r'"\1": 0', value) for name, value in header["__metadata__"].items()
    }
    layout = json.dumps([metadata, {k: v for k, v in header.items() if k != "__metadata__"}])
    return digest(layout.encode() + data[8 + size :])


def collect(folder: Path) -> dict[str, str]:
    """Run everything; return the hash of each output by its name."""
    (folder / "text.txt").write_text(corpus(6000))
    (folder / "small.txt").write_text(corpus(60))
    found: dict[str, str] = {}
    for engine in ("stochastic", "exact"):
        for objective in ("negative-sampling", "naive-softmax"):
            small = (engine, objective) == ("stochastic", "naive-softmax")
            for threads in ("1", "2"):
                name = f"{engine}-{objective}-{threads}"
                output = run(
                    folder,
                    *("train", "small.txt" if small else "text.txt", "-o", f"{name}.safetensors"),
                    *("--engine", engine, "--objective", objective, "--threads", threads),
                    *("--dim", "8" if small else "32", "--json", "--min-count", "2"),
                    *(("--epochs", "2") if engine == "stochastic" else ("--max-passes", "4")),
                    *(() if small else ("--subsample", "1e-2")),
                )
                found[f"train {name} --json"] = digest(without_seconds(output))
                found[f"{name}.safetensors"] = of_model(folder / f"{name}.safetensors")
    model, other = "stochastic-negative-sampling-1.safetensors", "exact-naive-softmax-1.safetensors"
    found["count --json"] = digest(
        without_seconds(run(folder, "count", "text.txt", "-o", "counts", "--json"))
    )
    found["counts"] = digest((folder / "counts").read_bytes())
    run(folder, "train", "--counts", "counts", "-o", "counted.safetensors", "--max-passes", "2")
    found["train --counts"] = of_model(folder / "counted.safetensors")
    (folder / "analogies.txt").write_text(": a\nw1 w2 w3 w4\nw5 w6 w7 w8\n")
    words = json.loads(run(folder, "info", model, "--json")[:-1])["first_words"]
    for name in ("map.svg", "map.html"):
        run(folder, "map", other, "-o", name, "--words", ",".join(words))
        found[name] = digest((folder / name).read_bytes())
    run(folder, "map", other, "-o", "all.html")
    found["all.html"] = digest((folder / "all.html").read_bytes())
    asked: dict[str, list[str]] = {
        "neighbours": [model, *words[:3]],
        "analogy": [model, *words[:3]],
        "similarity": [model, *words[:2]],
        "rank": [model, *words[:2]],
        "odd": [model, *words[:4]],
        "distances": [model, *words[:4]],
        "predict": [other, *words[:2]],
        "evaluate": [model, other, "--analogies", "analogies.txt"],
        "compare": [model, other, words[0]],
        "stability": ["text.txt", "--seeds", "2", "--dim", "8", "--epochs", "1"],
        "reproduce": [model, "--corpus", "text.txt"],
        "info": [model],
        "convert": [model, "vectors.txt"],
        "check-gradients": [],
    }
    for verb, arguments in asked.items():
        output = run(folder, verb, *arguments, "--json")
        found[f"{verb} --json"] = digest(without_seconds(output))
    found["info exact --json"] = digest(without_seconds(run(folder, "info", other, "--json")))
    found["vectors.txt"] = digest((folder / "vectors.txt").read_bytes())
    found["--help"] = digest(run(folder, "--help"))
    for verb in VERBS:
        found[f"{verb} --help"] = digest(run(folder, verb, "--help"))
    return found


def main() -> None:
    """Write the hashes, or compare them with those of before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["write", "compare"])
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        now = collect(Path(folder))
    if arguments.what == "write":
        arguments.file.write_text(json.dumps(now, indent=1) + "\n")
        print(f"{len(now)} hashes: {arguments.file}")
        return
    before = json.loads(arguments.file.read_text())
    different = sorted(n for n in before.keys() | now.keys() if before.get(n) != now.get(n))
    for name in different:
        print(f"different: {name}")
    print(f"{len(now) - len(different)} of {len(now)} equal")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
