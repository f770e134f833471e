"""How training is reported: losses, tokens and seconds, as text, JSON and tables.

A trained model in; strings, plain data and table rows out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wordkin.engines import ENGINES, OBJECTIVES
from wordkin.system import terminal
from wordkin.system.wording import quantity

if TYPE_CHECKING:
    from wordkin.engines.outcome import Epoch, Pass
    from wordkin.training.account import Account
    from wordkin.training.model import Word2Vec


def format_counting_time(statistics: Account, unit: str = "") -> str:
    """Return the seconds of counting as part of a sentence; empty if nothing was counted."""
    return f" {statistics.counting:.1f}{unit} of counting," if statistics.counting else ""


def format_losses(model: Word2Vec) -> str:
    """Return the first and the last loss in one line, with the number of epochs or passes."""
    from wordkin.engines.outcome import Pass

    history = model.history
    last = history[-1]
    about = "≈ " if isinstance(last, Pass) and last.sampled else ""  # it was stopped
    losses = about + format_loss(last.loss, " per pair")
    engine = ENGINES[model.settings.engine]
    if engine.rereads and len(history) > 1:
        losses = f"{format_loss(history[0].loss)} → {losses}"
    if last.held_out is not None:
        losses += f", {last.held_out:.4f} on held-out lines"
    if OBJECTIVES[model.settings.objective].normalised:
        losses += f"; perplexity {perplexities(last)}"
    rounds = f"{losses}; {len(history):,} {engine.units(len(history))}"
    return f"{rounds}, ridge {last.ridge:g}" if isinstance(last, Pass) else rounds


def format_words_per_second(statistics: Account) -> str:
    """Return the words read per second of counting and training."""
    speed = statistics.words_per_second
    return "too short to measure" if math.isnan(speed) else f"{speed:,.0f} words/s"


def format_loss(loss: float, unit: str = "", digits: int = 4) -> str:
    """Return a mean loss per pair, or "no pairs" if there was none to take the mean of."""
    return "no pairs" if math.isnan(loss) else f"{loss:.{digits}f}{unit}"


def format_subsampling(threshold: float | None, dropped: float, *, auto: bool) -> str:
    """Return the threshold of subsampling and the share of words that it dropped."""
    share = "no words" if math.isnan(dropped) else f"{100 * dropped:.1f} % of the words"
    if threshold is None:  # models of older versions do not say
        return f"{share} by subsampling"
    if not threshold:
        return "no words: subsampling is off"
    return f"{share} by subsampling above {threshold:g}{' (auto)' if auto else ''}"


def perplexities(done: Epoch | Pass) -> str:
    """Return the perplexity on the training lines, and on the held-out lines if there are any."""
    from wordkin.engines.outcome import perplexity

    losses = [done.loss] if done.held_out is None else [done.loss, done.held_out]
    numbers = (perplexity(loss) for loss in losses)
    return " / ".join(
        "no pairs" if math.isnan(number) else f"{number:,.{1 if number < 1000 else 0}f}"
        for number in numbers
    )


def report_text(tokens: int, lines: int, invalid_utf8: int) -> None:
    """Print the size of a text."""
    terminal.say(f"read    {tokens:,} words in {quantity(lines, 'line')}")
    if invalid_utf8:
        terminal.say(f"        {invalid_utf8:,} words are not UTF-8: kept as they are")


def tokens_as_json(model: Word2Vec) -> dict[str, Any]:
    """Return the statistics of tokens: `read` for one pass over the text, the others for all."""
    statistics = model.account
    return {
        "read": statistics.tokens,
        "lines": statistics.lines,
        "invalid_utf8": statistics.invalid_utf8,
        "passes": len(model.history) if ENGINES[model.settings.engine].rereads else 1,
        "trained": statistics.trained,
        "subsampled": statistics.subsampled,
        "out_of_vocabulary": statistics.out_of_vocabulary,
        "held_out": statistics.held_out,
        "only_held_out": statistics.only_held_out,
        "subsample": statistics.subsample,
        "dropped": finite(statistics.dropped),
    }


def finite(number: float) -> float | None:
    """Return the number, or None for the NaN of a mean of nothing: JSON has none."""
    return number if math.isfinite(number) else None


def seconds_as_json(model: Word2Vec) -> dict[str, float]:
    """Return the seconds of each part of the run."""
    statistics = model.account
    counting = {"counting": statistics.counting} if statistics.counting else {}
    return {"reading": statistics.reading, **counting, "training": statistics.training}


def history_as_json(model: Word2Vec) -> list[dict[str, Any]]:
    """Return the record of each epoch or pass as plain data."""
    from wordkin.engines.outcome import as_plain

    return [as_plain(done) for done in model.history]


def history_table(model: Word2Vec) -> tuple[list[str], list[list[str]], str]:
    """Return the history as a table: names of columns, rows, and alignment."""
    from wordkin.engines.outcome import Epoch, Pass

    rows = []
    history: Sequence[Epoch | Pass] = model.history
    any_held_out = any(done.held_out is not None for done in history)
    for i, done in enumerate(history, 1):
        about = "≈ " if isinstance(done, Pass) and done.sampled else ""  # estimates
        losses = [about + format_loss(done.loss, digits=6)]
        if any_held_out:
            losses.append("" if done.held_out is None else f"{about}{done.held_out:.6f}")
        if OBJECTIVES[model.settings.objective].normalised:
            losses.append(perplexities(done))
        if isinstance(done, Epoch):
            numbers = [f"{done.pairs:,.0f}", f"{done.trained:,}", f"{done.subsampled:,}"]
        else:
            numbers = [f"{done.penalty:.6f}", f"{done.gradient:.1e}", f"{done.words:,}"]
        rows.append([f"{i}", *losses, *numbers, f"{done.seconds:.2f}"])
    losses = ["loss", "held out"] if any_held_out else ["loss"]
    if OBJECTIVES[model.settings.objective].normalised:
        losses.append("perplexity")
    engine = ENGINES[model.settings.engine]
    if engine.rereads:
        numbers = ["pairs", "trained", "subsampled"]
    else:
        numbers = ["penalty", "gradient", "words"]
    names = [engine.unit, *losses, *numbers, "seconds"]
    return names, rows, ">" * len(names)
