"""The tools that are compared: where each is found, how it is called, how its training is timed.

Comes in: ``Settings``. Goes out: command lines, and seconds read from an ``Outcome``. Peers are
never imported here (see ``measure``); their Python interfaces are called by ``train_*.py``.
"""

from __future__ import annotations

import json
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from measure import Outcome, ToolError

HERE = Path(__file__).resolve().parent
LEARNING_RATE = 0.025  # at the start, for every tool


@dataclass(frozen=True)
class Settings:
    """What every tool is asked to do."""

    dim: int
    window: int
    negatives: int
    epochs: int
    min_count: int
    subsample: float
    threads: int


@dataclass(frozen=True)
class Corpus:
    """The text, as every tool sees it: a file name relative to the folder where it runs."""

    name: str
    tokens: int
    lines: int


class Tool(ABC):
    """One word2vec to compare."""

    name: str
    distributions: tuple[str, ...]  # names on PyPI, any of which provides it
    model_suffix: str = ".bin"

    def version(self) -> str | None:
        """Return the installed version, None if it is not installed."""
        for distribution_name in self.distributions:
            with suppress(PackageNotFoundError):
                return distribution(distribution_name).version
        return None

    @abstractmethod
    def train_command(self, corpus: Corpus, settings: Settings, model: str, seed: int) -> list[str]:
        """Return the command that is timed: text in, model file out."""

    @abstractmethod
    def training_seconds(self, outcome: Outcome, corpus: Corpus, settings: Settings) -> float:
        """Return the seconds of wall time that training alone took."""

    def export_command(self, model: str, vectors: str) -> list[str] | None:
        """Return the command that writes word2vec's binary format, None if the model is that."""
        return None


class Wordkin(Tool):
    """Our package, through the command line of the Python that runs this."""

    name = "wordkin"
    distributions = ("wordkin",)
    model_suffix = ".safetensors"
    executable = Path(sys.executable).parent / "wordkin"
    mode = "--deterministic"

    def train_command(self, corpus: Corpus, settings: Settings, model: str, seed: int) -> list[str]:
        """Return ``wordkin train``."""
        # fmt: off
        return [
            str(self.executable), "train", corpus.name,
            "--output", model,
            "--dim", str(settings.dim),
            "--window", str(settings.window),
            "--negatives", str(settings.negatives),
            "--epochs", str(settings.epochs),
            "--min-count", str(settings.min_count),
            "--subsample", f"{settings.subsample:g}",
            "--threads", str(settings.threads),
            "--seed", str(seed),
            "--held-out", "0",  # as the others, which train on all lines
            self.mode,
            "--json",
        ]
        # fmt: on

    def training_seconds(self, outcome: Outcome, corpus: Corpus, settings: Settings) -> float:
        """Read its report, and check that it read the whole text."""
        report = json_report(outcome)
        read = report["tokens"]["read"]
        if read != corpus.tokens:
            raise ToolError(f"the corpus has {corpus.tokens:,} tokens, wordkin read {read:,}")
        return float(report["seconds"]["training"])

    def export_command(self, model: str, vectors: str) -> list[str]:
        """Return ``wordkin convert``."""
        return [str(self.executable), "convert", model, vectors]


class WithoutLocks(Wordkin):
    """Our package, with threads that do not wait for each other."""

    name = "wordkin-lock-free"
    mode = "--no-deterministic"


class Exact(Wordkin):
    """Our exact engine on the full softmax, with its own defaults and at most so many words."""

    def __init__(self, name: str, max_vocab: int | None) -> None:
        self.name, self._max_vocab = name, max_vocab

    def train_command(self, corpus: Corpus, settings: Settings, model: str, seed: int) -> list[str]:
        """Return ``wordkin train --objective naive-softmax``."""
        # fmt: off
        return [
            str(self.executable), "train", corpus.name,
            "--output", model,
            "--objective", "naive-softmax",
            "--dim", str(settings.dim),
            "--window", str(settings.window),
            "--min-count", str(settings.min_count),
            *(() if self._max_vocab is None else ("--max-vocab", str(self._max_vocab))),
            "--subsample", f"{settings.subsample:g}",
            "--threads", str(settings.threads),
            "--seed", str(seed),
            "--held-out", "0",
            "--json",
        ]
        # fmt: on

    def training_seconds(self, outcome: Outcome, corpus: Corpus, settings: Settings) -> float:
        """Read its report; counting is a part of training."""
        return super().training_seconds(outcome, corpus, settings) + float(
            json_report(outcome)["seconds"]["counting"]
        )


class Gensim(Tool):
    """gensim's Word2Vec in its fastest mode, ``corpus_file``; it writes word2vec's format."""

    name = "gensim"
    distributions = ("gensim",)

    def train_command(self, corpus: Corpus, settings: Settings, model: str, seed: int) -> list[str]:
        """Return the script that calls gensim."""
        return child_script("train_gensim.py", corpus, settings, model, seed)

    def training_seconds(self, outcome: Outcome, corpus: Corpus, settings: Settings) -> float:
        """Read the script's report: the time of gensim's ``train`` alone."""
        return float(json_report(outcome)["seconds"]["training"])


class FastText(Tool):
    """fastText without subwords, which is skip-gram with negative sampling; its own model file."""

    name = "fasttext"
    distributions = ("fasttext-wheel", "fasttext")

    def train_command(self, corpus: Corpus, settings: Settings, model: str, seed: int) -> list[str]:
        """Return the script that calls fastText."""
        return child_script("train_fasttext.py", corpus, settings, model, seed)

    def training_seconds(self, outcome: Outcome, corpus: Corpus, settings: Settings) -> float:
        """Take fastText's own clock, which runs while its threads train.

        It reads and trains in one call, but its last report gives words a second a thread since
        training began; its words are the tokens of the text and one end of sentence a line.
        """
        rates = re.findall(r"words/sec/thread:\s*(\d+)", joined(outcome.stderr))
        if not rates or int(rates[-1]) == 0:
            raise ToolError("fastText did not report its words/sec/thread")
        tokens = (corpus.tokens + corpus.lines) * settings.epochs
        return tokens / (int(rates[-1]) * settings.threads)

    def export_command(self, model: str, vectors: str) -> list[str]:
        """Return the script that converts fastText's model."""
        return [sys.executable, str(HERE / "export_fasttext.py"), model, vectors]


class Word2vecC(Tool):
    """The original C program, as the package ``word2vec`` compiles it. It has no seed to set."""

    name = "word2vec"
    distributions = ("word2vec",)

    @staticmethod
    def executable() -> str:
        """Return the path of the program among the package's files."""
        for file in distribution("word2vec").files or []:
            if file.parent.name == "bin" and file.name == "word2vec":
                return str(Path(str(file.locate())).resolve())
        raise ToolError("the package word2vec is installed, its program word2vec is not")

    def train_command(self, corpus: Corpus, settings: Settings, model: str, seed: int) -> list[str]:
        """Return the program's call for skip-gram with negative sampling."""
        # fmt: off
        return [
            self.executable(),
            "-train", corpus.name,
            "-output", model,
            "-size", str(settings.dim),
            "-window", str(settings.window),
            "-negative", str(settings.negatives),
            "-sample", f"{settings.subsample:g}",
            "-iter", str(settings.epochs),
            "-min-count", str(settings.min_count),
            "-threads", str(settings.threads),
            "-alpha", str(LEARNING_RATE),
            "-cbow", "0", "-hs", "0", "-binary", "1", "-debug", "2",
        ]
        # fmt: on

    def training_seconds(self, outcome: Outcome, corpus: Corpus, settings: Settings) -> float:
        """Divide the time from the first to the last progress report by the progress between them.

        The program flushes a report every 10,000 words of a thread and nothing at the start or the
        end of training. The clock it prints is processor time, so the times here are of arrival.
        """
        reports = [
            (line.seconds, float(found[1]) / 100)
            for line in outcome.stdout
            if (found := re.search(r"Progress: ([\d.]+)%", line.text))
        ]
        if len(reports) < 2 or reports[-1][1] <= reports[0][1]:
            raise ToolError(
                "word2vec.c made fewer than two progress reports: the text is too short"
            )
        (first_seconds, first_share), (last_seconds, last_share) = reports[0], reports[-1]
        return (last_seconds - first_seconds) / (last_share - first_share)


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Wordkin(),
        WithoutLocks(),
        Gensim(),
        FastText(),
        Word2vecC(),
        Exact("wordkin-exact-10k", 10_000),
        Exact("wordkin-exact-30k", 30_000),
        Exact("wordkin-exact", None),
    )
}

DEFAULT = [name for name, tool in TOOLS.items() if not isinstance(tool, Exact)]
"""Those that do the same work; the exact engine does other work, and takes longer."""


def child_script(
    script: str, corpus: Corpus, settings: Settings, model: str, seed: int
) -> list[str]:
    """Return the command for a ``train_*.py``: settings travel as JSON."""
    options = {**vars(settings), "learning_rate": LEARNING_RATE, "seed": seed}
    return [sys.executable, str(HERE / script), corpus.name, model, json.dumps(options)]


def json_report(outcome: Outcome) -> dict[str, Any]:
    """Return the one JSON object that a tool printed on stdout."""
    try:
        report = json.loads(joined(outcome.stdout))
    except json.JSONDecodeError as error:
        raise ToolError(f"stdout is not one JSON object ({error})") from None
    if not isinstance(report, dict):
        raise ToolError(f"stdout is not one JSON object but a {type(report).__name__}")
    return report


def joined(lines: Sequence[Any]) -> str:
    """Return lines as one text again."""
    return "\n".join(line.text for line in lines)
