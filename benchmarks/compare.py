"""Train wordkin and its peers on one text, side by side, and print how they compare.

``python benchmarks/compare.py CORPUS --eval FOLDER``; see ``benchmarks/README.md``. Results go to
stdout, progress to stderr. Exit code 0 if every installed tool ran, 1 if one failed, 2 for wrong
arguments, 130 if interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any

from evaluate import QUALITIES, missing_files
from measure import ToolError, run_child
from peers import DEFAULT, HERE, TOOLS, Corpus, Settings, Tool, joined

OURS = "wordkin"


@dataclass
class Run:
    """One training of one tool, measured."""

    seed: int
    words_per_second: float
    training_seconds: float
    wall_seconds: float
    peak_bytes: int
    quality: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass
class Entry:
    """One tool and all that is known about it."""

    tool: Tool
    version: str
    runs: list[Run] = field(default_factory=list)
    failure: str | None = None

    def middle(self, value: Callable[[Run], float | None]) -> float | None:
        """Return the median over the runs that have the value, None if none has."""
        values = [v for run in self.runs if (v := value(run)) is not None]
        return median(values) if values else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return the exit code."""
    options = parse(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, interrupt)  # then the child is killed and the folder removed
    settings = Settings(
        options.dim,
        options.window,
        options.negatives,
        options.epochs,
        options.min_count,
        options.subsample,
        options.threads,
    )
    entries = installed(options.tools)
    if not entries:
        say("none of these tools is installed")
        return 1
    # Counting also brings the text into the page cache, so no tool pays for reading the disk.
    corpus = count(options.corpus, "corpus.txt")
    machine = describe_machine()
    print(heading(options.corpus, corpus, settings, machine), flush=True)
    interrupted = False
    try:
        with tempfile.TemporaryDirectory(prefix="wordkin-compare-") as name:
            folder = Path(name)
            # A short name for everyone: word2vec.c holds paths of at most 99 bytes.
            (folder / corpus.name).symlink_to(options.corpus.resolve())
            measure_all(entries, corpus, settings, options.runs, folder)
            if options.eval is not None:
                evaluate_all(entries, options.eval, folder)
    except KeyboardInterrupt:
        say("interrupted; here is what was finished")
        interrupted = True
    print(table(entries))
    print(ratio_table(entries))
    if options.json is not None:
        options.json.write_text(
            json.dumps(as_json(entries, options, corpus, settings, machine), indent=2) + "\n"
        )
    failures = report_failures(entries)
    return 130 if interrupted else failures


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line and refuse what cannot work, before anything long starts."""
    parser = argparse.ArgumentParser(
        description="Train wordkin and each installed peer on the same text, and compare them.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    positive = whole_number_from(1)
    add = parser.add_argument
    add("corpus", type=Path, metavar="CORPUS", help="text: words between spaces, a sentence a line")
    add("--eval", type=Path, metavar="DIR", help="folder of analogies and similarities; none: skip")
    add("--dim", type=positive, default=100, help="numbers in a vector")
    add("--window", type=positive, default=5, help="words to each side")
    add("--negatives", type=positive, default=5, help="negative samples a pair")
    add("--epochs", type=positive, default=5, help="passes over the text")
    add("--min-count", type=positive, default=5, help="rarer words are left out")
    add("--subsample", type=float, default=1e-4, help="threshold for frequent words")
    add("--threads", type=positive, default=2, help="threads for every tool")
    add("--runs", type=positive, default=3, help="runs of each tool; run i has the seed i")
    add("--tools", default=",".join(DEFAULT), help=f"which of {', '.join(TOOLS)}, in this order")
    add("--json", type=Path, metavar="FILE", help="write everything there too")
    options = parser.parse_args(arguments)

    options.tools = list(dict.fromkeys(options.tools.split(",")))
    if unknown := [name for name in options.tools if name not in TOOLS]:
        parser.error(f"unknown tool {unknown[0]!r}; there are {', '.join(TOOLS)}")
    if not options.corpus.is_file():
        parser.error(f"no such file: {options.corpus}")
    if options.eval is not None:
        check_questions(parser, options.eval)
    if options.json is not None and not options.json.resolve().parent.is_dir():
        parser.error(f"no such folder: {options.json.resolve().parent}")
    return options


def check_questions(parser: argparse.ArgumentParser, folder: Path) -> None:
    """Say which question files are missing; refuse what leaves nothing to score with."""
    if TOOLS["gensim"].version() is None:
        parser.error("--eval needs gensim: pip install gensim scipy")
    missing = missing_files(folder)
    if len(missing) == len(QUALITIES):
        parser.error(f"{folder} has none of {', '.join(missing)}")
    for name in missing:
        say(f"{folder} has no {name}: not scored")


def whole_number_from(least: int) -> Callable[[str], int]:
    """Return a reader of whole numbers that refuses those below ``least``."""

    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {value}")
        return value

    return number


def installed(names: Sequence[str]) -> list[Entry]:
    """Return the tools that are installed, and say which are not."""
    entries = []
    for name in names:
        version = TOOLS[name].version()
        if version is None:
            say(f"{name}: not installed, skipped")
        else:
            entries.append(Entry(TOOLS[name], version))
    return entries


def count(path: Path, name: str) -> Corpus:
    """Count tokens and lines, in small blocks so that this process stays small."""
    tokens = lines = 0
    inside = False  # does the last block end inside a token?
    with path.open("rb") as file:
        while block := file.read(1 << 16):
            tokens += len(block.split()) - (inside and not block[:1].isspace())
            inside = not block[-1:].isspace()
            lines += block.count(b"\n")
    return Corpus(name, tokens, lines)


def measure_all(
    entries: list[Entry], corpus: Corpus, settings: Settings, runs: int, folder: Path
) -> None:
    """Run every tool once, then every tool again: what slows the machine slows them all alike."""
    for seed in range(1, runs + 1):
        for entry in entries:
            if entry.failure is not None:
                continue
            label = f"run {seed}/{runs}  {entry.tool.name:<9}"
            try:
                run = measure_one(entry.tool, corpus, settings, seed, folder)
            except ToolError as error:
                entry.failure = str(error)
                say(f"{label} failed: {error}")
                continue
            entry.runs.append(run)
            say(
                f"{label} {run.words_per_second / 1e6:8.3f} M words/s"
                f"  {run.wall_seconds:8.2f} s  {run.peak_bytes / 1e6:6.0f} MB"
            )


def measure_one(tool: Tool, corpus: Corpus, settings: Settings, seed: int, folder: Path) -> Run:
    """Train once, timed; then, not timed, bring the model into word2vec's binary format."""
    model = f"{tool.name}-{seed}{tool.model_suffix}"
    outcome = run_child(tool.train_command(corpus, settings, model, seed), folder)
    if not (folder / model).is_file():
        raise ToolError(f"exit code 0, but no {model}")
    seconds = tool.training_seconds(outcome, corpus, settings)
    words_per_second = corpus.tokens * settings.epochs / seconds
    if export := tool.export_command(model, vectors_name(tool, seed)):
        run_child(export, folder)
        (folder / model).unlink()
    else:
        (folder / model).rename(folder / vectors_name(tool, seed))
    return Run(seed, words_per_second, seconds, outcome.wall_seconds, outcome.peak_bytes)


def evaluate_all(entries: list[Entry], questions: Path, folder: Path) -> None:
    """Score all vectors, in processes of their own, after everything that is timed."""
    for entry in entries:
        for run in entry.runs:
            say(f"scoring  {entry.tool.name} run {run.seed}")
            vectors = vectors_name(entry.tool, run.seed)
            script = [sys.executable, str(HERE / "evaluate.py"), vectors, str(questions.resolve())]
            try:
                run.quality = json.loads(joined(run_child(script, folder).stdout))
            except ToolError as error:
                entry.failure = f"scoring: {error}"
                say(f"{entry.tool.name}: {entry.failure}")
                break


def vectors_name(tool: Tool, seed: int) -> str:
    """Return the name of the file that is scored."""
    return f"{tool.name}-{seed}.vectors.bin"


def heading(path: Path, corpus: Corpus, settings: Settings, machine: dict[str, Any]) -> str:
    """Return what was compared and where, for above the tables."""
    return "\n".join(
        (
            f"{path.name}: {corpus.tokens:,} tokens, {corpus.lines:,} lines",
            "  ".join(f"{key} {value:g}" for key, value in vars(settings).items()),
            f"{machine['processor']}, {machine['cores']} cores, load {machine['load']:.1f}"
            f", Python {machine['python']}",
        )
    )


def table(entries: list[Entry]) -> str:
    """Return the medians, one row a tool."""
    header = ["medians", "runs", "M words/s", "train s", "wall s", "peak MB", *QUALITIES]
    rows = [header]
    for entry in entries:
        row = [
            f"{entry.tool.name} {entry.version}",
            f"{len(entry.runs)}" + ("" if entry.failure is None else ", failed"),
            shown(entry.middle(lambda run: run.words_per_second / 1e6), 3),
            shown(entry.middle(lambda run: run.training_seconds), 2),
            shown(entry.middle(lambda run: run.wall_seconds), 2),
            shown(entry.middle(lambda run: run.peak_bytes / 1e6), 0),
        ]
        row += [scored(entry, quality) for quality in QUALITIES]
        rows.append(row)
    return "\n" + aligned(rows)


def ratio_table(entries: list[Entry]) -> str:
    """Return how many times as fast as each peer wordkin is, with the range run by run."""
    rows = [[f"{OURS} is as fast as", "training", "run by run", "whole process", "run by run"]]
    for name, ratios in all_ratios(entries).items():
        row = [f"  {name}, times"]
        for ratio in ratios.values():
            row += [f"{ratio['of_medians']:.1f}", f"{ratio['lowest']:.1f}–{ratio['highest']:.1f}"]
        rows.append(row)
    if len(rows) == 1:
        return f"\nno ratios: they need {OURS} and a peer"
    return "\n" + aligned(rows)


def all_ratios(entries: list[Entry]) -> dict[str, dict[str, dict[str, float]]]:
    """Return for each peer wordkin's speed over its own, in training and of the whole process."""
    ours = next((e for e in entries if e.tool.name == OURS and e.runs), None)
    if ours is None:
        return {}
    return {
        peer.tool.name: {
            "words_per_second": ratio(ours.runs, peer.runs, lambda run: run.words_per_second),
            "wall": ratio(ours.runs, peer.runs, lambda run: 1 / run.wall_seconds),
        }
        for peer in entries
        if peer is not ours and peer.runs
    }


def ratio(ours: list[Run], theirs: list[Run], speed: Callable[[Run], float]) -> dict[str, float]:
    """Return the ratio of the median speeds, and its range over the runs made side by side."""
    # A tool that fails is not started again, so the runs of two tools pair up from the first.
    paired = [speed(our) / speed(their) for our, their in zip(ours, theirs, strict=False)]
    return {
        "of_medians": median(map(speed, ours)) / median(map(speed, theirs)),
        "lowest": min(paired),
        "highest": max(paired),
    }


def scored(entry: Entry, quality: str) -> str:
    """Return a median score, and beside it the per cent of the file's items that it is of."""

    def middle(part: str) -> float | None:
        return entry.middle(lambda run: run.quality.get(quality, {}).get(part))

    score = middle("score")
    return "-" if score is None else f"{score:.1f} of {shown(middle('covered'), 0)} %"


def shown(value: float | None, digits: int) -> str:
    """Return a number for a table, a dash for none."""
    return "-" if value is None else f"{value:,.{digits}f}"


def aligned(rows: list[list[str]]) -> str:
    """Return rows as text: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def as_json(
    entries: list[Entry],
    options: argparse.Namespace,
    corpus: Corpus,
    settings: Settings,
    machine: dict[str, Any],
) -> dict[str, Any]:
    """Return everything that was measured, for machines."""
    return {
        "machine": machine,
        "corpus": {"file": str(options.corpus), "tokens": corpus.tokens, "lines": corpus.lines},
        "settings": vars(settings),
        "tools": {
            entry.tool.name: {
                "version": entry.version,
                "failure": entry.failure,
                "runs": [asdict(run) for run in entry.runs],
            }
            for entry in entries
        },
        "ratios": all_ratios(entries),
    }


def describe_machine() -> dict[str, Any]:
    """Return the processor and how busy it is: a benchmark wants the machine for itself."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        models = [s for s in cpuinfo.read_text().splitlines() if s.startswith("model name")]
        processor = models[0].partition(":")[2].strip() if models else processor
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
    }


def report_failures(entries: list[Entry]) -> int:
    """Name what failed where it cannot be overlooked, and return the exit code."""
    failed = [entry.tool.name for entry in entries if entry.failure is not None]
    if failed:
        say(f"\nfailed, see above: {', '.join(failed)}")
    return 1 if failed else 0


def interrupt(number: int, frame: FrameType | None) -> None:
    """Treat a signal as Ctrl-C."""
    raise KeyboardInterrupt


def say(text: str) -> None:
    """Talk on stderr; stdout is for results."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
