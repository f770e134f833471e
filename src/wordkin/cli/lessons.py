"""Verbs that need no files: the gradient check, and the demo."""

from __future__ import annotations

from typing import Annotated

import typer

from wordkin.cli.app import Json, app
from wordkin.cli.ask import scores_as_json
from wordkin.system import terminal
from wordkin.system.errors import CorpusError, WordkinError


@app.command(epilog="Example:  wordkin check-gradients --seed 7")
def check_gradients(
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random problems.")] = 0,
    json: Json = False,
) -> None:
    """Check all gradients against two numerical derivatives."""
    from dataclasses import asdict

    from wordkin.objectives import gradients

    checks = gradients.check_gradients(seed=seed)
    if json:
        terminal.put_json(
            {
                "tolerance": gradients.TOLERANCE,
                "passed": all(check.passed for check in checks),
                "checks": [asdict(check) | {"passed": check.passed} for check in checks],
            }
        )
    else:
        terminal.put_table(
            ["part", "equation", "by", "central", "complex step", ""],
            [
                [
                    check.part,
                    check.name,
                    check.with_respect_to,
                    f"{check.central_difference:.1e}",
                    f"{check.complex_step:.1e}",
                    "" if check.passed else "WRONG",
                ]
                for check in checks
            ],
            align="<<<>><",
        )
    wrong = sum(not check.passed for check in checks)
    if wrong:
        raise WordkinError(
            f"{wrong} of {len(checks)} gradients have a relative error of {gradients.TOLERANCE:g}"
            " or more"
        )
    terminal.say(f"all {len(checks)} gradients have a relative error below {gradients.TOLERANCE:g}")


@app.command(epilog="Example:  wordkin demo")
def demo(json: Json = False) -> None:
    """Train on Python's documentation, and show neighbours."""
    from wordkin.corpus import demo as documentation
    from wordkin.training.model import Word2Vec

    terminal.say("reading   the documentation inside this Python: its topics and docstrings")
    text = documentation.sentences()
    if not text:
        raise CorpusError(
            "this Python has no documentation inside: it was installed without its sources"
        )
    terminal.say(f"training  on {sum(map(len, text)):,} words in {len(text):,} paragraphs")
    model = Word2Vec(**documentation.SETTINGS).fit(text)
    statistics, vectors = model.account, model.vectors
    terminal.say(
        f"learned   {len(vectors):,} vectors in {statistics.training:.1f} s on one thread"
        f" ({statistics.words_per_second:,.0f} words/s)"
    )
    answers = {
        word: vectors.most_similar(word, topn=5) for word in documentation.WORDS if word in vectors
    }
    if json:
        terminal.put_json(
            [{"word": word, "neighbours": scores_as_json(a)} for word, a in answers.items()]
        )
        return
    terminal.say("")
    columns = [[near for near, _ in answer] for answer in answers.values()]
    terminal.put_table(list(answers), list(zip(*columns, strict=True)), align="<" * len(answers))
    terminal.say("")
    terminal.say("With your own text:     wordkin train corpus.txt --output model.safetensors")
    terminal.say("and then:               wordkin neighbours model.safetensors WORD")
