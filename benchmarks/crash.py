"""Kill training at random moments, half of them during a save, and see whether resuming mends it.

    python benchmarks/crash.py corpus.txt --kills 200

Each time a child trains, or counts, and keeps a state every few hundredths of a second; it is
killed without notice; what is left is read; then another child resumes and must come to the bytes
of a run that was never killed. The text should take a second or two to train on.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

JOBS: dict[str, dict[str, Any]] = {
    "stochastic": {"engine": "stochastic", "epochs": 8},
    "stochastic, K 15": {"engine": "stochastic", "epochs": 4, "negatives": 15},
    "exact": {"engine": "exact", "objective": "naive-softmax", "max_vocab": 1500, "max_passes": 8},
    "exact, sampled": {"engine": "exact", "objective": "negative-sampling", "max_vocab": 1500},
    "counting": {"engine": "exact", "count": True, "window": 10},
}

# Says when a save begins and when it is over, so that the parent can kill in between.
CHILD = """
import json, sys
from wordkin.engines.counts import counting
from wordkin.training import checkpoint
from wordkin.engines.settings import settings_for
from wordkin.training import Word2Vec, count_to_file
corpus, output, folder, settings, every = json.loads(sys.argv[1])
counting._ENTRIES_PER_THREAD = 1 << 16  # small blocks of rows: more checkpoints
for name in ("save", "append"):
    def told(self, *arguments, write=getattr(checkpoint.Checkpoints, name)):
        print("begin", flush=True)
        write(self, *arguments)
        print("kept", flush=True)
    setattr(checkpoint.Checkpoints, name, told)
options = {"progress": False, "checkpoint": folder, "every": every, "resume": True}
if settings.pop("count", False):
    count_to_file(corpus, output, settings_for(**settings), **options)
else:
    Word2Vec(**settings).fit(corpus, **options).save(output)
print("done", flush=True)
"""

READ = """
import sys
from wordkin.training.checkpoint import Checkpoints
said = []
with Checkpoints(sys.argv[1], said.append) as found:
    state, parts = found.latest(), list(found.parts())
    bad = [line for line in said if "damaged" in line or "skipping" in line]
    print(state.number if state else 0, len(parts), len(bad))
"""


def main() -> None:
    """Run the trials of each job, and print what became of them."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("corpus", type=Path)
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--every", type=float, default=0.03, help="seconds between two states")
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    rng = random.Random(given.seed)
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, settings) in enumerate(JOBS.items()):
            kills = given.kills // len(JOBS) + (number < given.kills % len(JOBS))
            job = _Job(given.corpus, Path(folder) / str(number), settings, given.every)
            found = Counter(job.trial(rng, during_save=i % 2 == 0) for i in range(kills))
            print(f"{name:<24} {dict(found)}", flush=True)
            outcomes += found
    print(f"{'all':<24} {dict(outcomes)}")
    sys.exit(any(not outcome.startswith("mended") for outcome in outcomes))


class _Job:
    def __init__(self, corpus: Path, folder: Path, settings: dict[str, Any], every: float) -> None:
        self._corpus, self._folder, self._settings = corpus, folder, settings
        self._every = every
        folder.mkdir()
        began = time.perf_counter()
        self._run(folder / "whole.safetensors", 1e9)
        self._seconds = time.perf_counter() - began
        self._wanted = _learned(folder / "whole.safetensors")

    def _child(self, output: Path, every: float) -> subprocess.Popen[str]:
        what = [str(self._corpus), str(output), str(output) + ".checkpoint", self._settings, every]
        command = [sys.executable, "-c", CHILD, json.dumps(what)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def _run(self, output: Path, every: float) -> None:
        child = self._child(output, every)
        said, _ = child.communicate()
        if child.returncode or not said.endswith("done\n"):
            raise SystemExit(f"a run that was not killed failed: {self._settings}")

    def trial(self, rng: random.Random, during_save: bool) -> str:
        """Kill once, look at what is left, resume."""
        output = self._folder / "killed.safetensors"
        states = Path(f"{output}.checkpoint")
        child = self._child(output, self._every)
        assert child.stdout is not None
        began = kept = 0
        if during_save:
            saves = rng.randint(1, 4)
            for line in child.stdout:
                began, kept = began + (line == "begin\n"), kept + (line == "kept\n")
                if began == saves and line == "begin\n":
                    time.sleep(rng.random() * 0.004)
                    break
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(rng.random() * self._seconds * 1.1)
        child.send_signal(signal.SIGKILL)
        for line in child.stdout:
            began, kept = began + (line == "begin\n"), kept + (line == "kept\n")
        child.wait()
        child.stdout.close()
        over = child.returncode == 0
        if states.exists():
            read = subprocess.run(
                [sys.executable, "-c", READ, str(states)], capture_output=True, text=True
            )
            if read.returncode:
                return f"unreadable: {read.stderr.splitlines()[-1]}"
            state, parts, damaged = map(int, read.stdout.split())
            if damaged:
                return "a damaged state"
            if not kept <= state + parts <= began:
                return f"{kept} states were kept, {state + parts} are there"
        self._run(output, self._every)
        if _learned(output) != self._wanted:
            return "resumed to other bytes"
        if states.exists() or list(self._folder.glob(".wordkin-*")):
            return "leftovers"
        output.unlink()
        if over:
            return "mended: it was over before"
        return f"mended: killed {'in a save' if began > kept else 'between saves'}"


def _learned(path: Path) -> str:
    """Return the hash of the tensors of a file; the header has times in it, and they differ."""
    data = path.read_bytes()
    return hashlib.sha256(data[8 + int.from_bytes(data[:8], "little") :]).hexdigest()


if __name__ == "__main__":
    main()
