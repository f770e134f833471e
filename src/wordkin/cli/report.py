"""What is shown of how a model was trained: losses, tokens, seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wordkin.cli.app import number
from wordkin.engines import ENGINES, OBJECTIVES
from wordkin.system import terminal

if TYPE_CHECKING:
    from wordkin.engines.outcome import Epoch, Pass
    from wordkin.training.account import Account
    from wordkin.training.model import Word2Vec


def counting_of(account: Account, unit: str = "") -> str:
    """Return how long counting took, as a part of a sentence; nothing where nothing was counted."""
    return f" {account.counting:.1f}{unit} of counting," if account.counting else ""


def losses_of(model: Word2Vec) -> str:
    """Return the losses, first to last, in a line."""
    from wordkin.engines.outcome import Pass

    history = model.history
    last = history[-1]
    losses = f"{last.loss:.4f} a pair"
    engine = ENGINES[model.settings.engine]
    if engine.rereads and len(history) > 1:
        losses = f"{history[0].loss:.4f} → {losses}"
    if last.held_out is not None:
        losses += f", {last.held_out:.4f} on unseen lines"
    if OBJECTIVES[model.settings.objective].normalised:
        losses += f"; perplexity {perplexities(last)}"
    rounds = f"{losses}; {len(history):,} {engine.units(len(history))}"
    return f"{rounds}, ridge {last.ridge:g}" if isinstance(last, Pass) else rounds


def perplexities(done: Epoch | Pass) -> str:
    """Return the perplexity of the lines trained on, and that of the lines held out."""
    from wordkin.engines.outcome import perplexity

    losses = [done.loss] if done.held_out is None else [done.loss, done.held_out]
    numbers = (perplexity(loss) for loss in losses)
    return " / ".join(f"{number:,.{1 if number < 1000 else 0}f}" for number in numbers)


def say_read(tokens: int, lines: int, invalid_utf8: int) -> None:
    """Say what a text had."""
    terminal.say(f"read    {tokens:,} words in {number(lines, 'line')}")
    if invalid_utf8:
        terminal.say(f"        {invalid_utf8:,} words are not UTF-8: kept as they are")


def tokens_of(model: Word2Vec) -> dict[str, int]:
    """Where every token went: `read` for one pass, the three that follow over all passes."""
    account = model.account
    return {
        "read": account.tokens,
        "lines": account.lines,
        "invalid_utf8": account.invalid_utf8,
        "passes": len(model.history) if ENGINES[model.settings.engine].rereads else 1,
        "trained": account.trained,
        "subsampled": account.subsampled,
        "out_of_vocabulary": account.out_of_vocabulary,
        "held_out": account.held_out,
    }


def seconds_of(model: Word2Vec) -> dict[str, float]:
    """Return the seconds of each part of the work."""
    account = model.account
    counting = {"counting": account.counting} if account.counting else {}
    return {"reading": account.reading, **counting, "training": account.training}


def history_of(model: Word2Vec) -> list[dict[str, Any]]:
    """Return the account of each epoch or pass as plain data."""
    from dataclasses import asdict

    return [asdict(done) for done in model.history]


def history_table(model: Word2Vec) -> tuple[list[str], list[list[str]], str]:
    """Return the names of the columns, the rows, and how columns are aligned."""
    from wordkin.engines.outcome import Epoch

    rows = []
    history: Sequence[Epoch | Pass] = model.history
    any_held_out = any(done.held_out is not None for done in history)
    for i, done in enumerate(history, 1):
        losses = [f"{done.loss:.6f}"]
        if any_held_out:
            losses.append("" if done.held_out is None else f"{done.held_out:.6f}")
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
