"""What is wrong with a command line is said in one line of plain words."""

from __future__ import annotations

import pytest

from support.commands import fails, run

WRONG = [
    ("train x -o a.safetensors --dim abc", "--dim must be a whole number, got 'abc'"),
    ("train x -o a.safetensors --dim 1.5", "--dim must be a whole number, got '1.5'"),
    ("train x -o a.safetensors --learning-rate x", "--learning-rate must be a number, got 'x'"),
    ("neighbours m --topn 0", "--topn must be at least 1, got 0"),
    ("explore m --port 70000", "--port must be at most 65535, got 70000"),
    ("analogy m a b c --method div", "--method must be add or mul, got 'div'"),
    ("evaluate m --case upper", "--case must be exact, lower or fold, got 'upper'"),
    ("neighbours m --tpon 3", "no option --tpon; did you mean --topn?"),
    ("neighbours m --zzzzz 3", "no option --zzzzz: see `wordkin neighbours --help`"),
    ("--verison", "no option --verison; did you mean --version?"),
    ("neigbours m", "no verb neigbours; did you mean neighbours?"),
    ("xyz", "no verb xyz: see `wordkin --help`"),
    ("neighbours", "neighbours needs MODEL: see `wordkin neighbours --help`"),
    ("map m", "map needs --output: see `wordkin map --help`"),
    ("neighbours m --topn", "--topn needs a value"),
    ("similarity m a b --json=3", "--json takes no value"),
    ("demo x y", "demo takes no more arguments, got x y: see `wordkin demo --help`"),
]


@pytest.mark.parametrize(("line", "message"), WRONG)
def test_what_is_wrong_is_said_in_one_line(line: str, message: str) -> None:
    said = fails(*line.split(), code=2)
    assert said.split(": see")[0] == message.split(": see")[0]
    if ": see" in message:
        assert said == message


def test_a_message_commands_no_terminal() -> None:
    assert "\x1b" not in fails("\x1b[2J", code=2)
    assert "\x1b" not in fails("neighbours", "m", "--topn", "\x1b[2J", code=2)


def test_without_arguments_help_is_shown() -> None:
    ran = run()
    assert "Usage: wordkin" in ran.out + ran.err
    assert "wordkin: " not in ran.err
