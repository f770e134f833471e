"""The verb that counts a text, to train on the counts later."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from wordkin.cli.app import Json, Quiet, app, print_note
from wordkin.cli.shared_options import (
    CORPUS,
    Checkpointing,
    ChosenSettings,
    Memory,
    SettingGroup,
    checkpoint_options,
    memory_options,
    note_replacement,
    require_output,
    with_option_groups,
)
from wordkin.cli.training_report import format_subsampling, report_text
from wordkin.engines.settings import COUNTED, ExactSettings, settings_for
from wordkin.system import notes, terminal
from wordkin.system.wording import quantity


@app.command(epilog="Example:  wordkin count corpus.txt --output corpus.counts")
@with_option_groups
def count(
    corpus: Annotated[list[str], CORPUS],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file of counts to write.")],
    settings: Annotated[ChosenSettings, SettingGroup((*COUNTED, "sides", "threads"))],
    checkpointing: Checkpointing,
    memory: Memory,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Count word pairs in a text, for `wordkin train --counts`."""
    chosen = settings_for(engine="exact", **settings)
    assert isinstance(chosen, ExactSettings)
    require_output(output, corpus)
    options: Any = checkpoint_options(output, checkpointing) | memory_options(output, memory)
    note_replacement(output, quiet)
    from wordkin.engines.subsampling import kept_share
    from wordkin.training.counting_run import count_to_file

    began = time.perf_counter()
    with notes.printed(print_note, advice=not quiet):
        counted = count_to_file(
            map(Path, corpus),
            output,
            chosen,
            progress=False if quiet else None,
            **options,
        )
    seconds = time.perf_counter() - began
    facts, pairs = counted.metadata, counted.counted.pairs
    if not quiet:
        report_text(facts["tokens"], facts["lines"], facts["invalid_utf8"])
        terminal.say(f"kept    {quantity(len(counted.words), 'different word')}")
        auto = settings.get("subsample", "auto") == "auto"
        dropped = 1 - kept_share(counted.counts, facts["subsample"])
        terminal.say(f"dropped {format_subsampling(facts['subsample'], dropped, auto=auto)}")
        terminal.say(f"counted {quantity(len(pairs.values), 'different pair')} in {seconds:.1f} s")
        terminal.say(f"saved   {output}, {output.stat().st_size / 1e6:,.0f} MB")
    if json:
        terminal.put_json(
            {
                "output": str(output),
                "vocabulary": len(counted.words),
                "pairs": len(pairs.values),
                "sides": pairs.sides > 1,
                "seconds": seconds,
                **facts,
            }
        )
