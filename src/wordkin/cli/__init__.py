"""The command line, with one function per verb.

Arguments in; results on standard output, messages on standard error. Exit codes: 0 success, 1
failure, 2 wrong usage, 130 interrupted. Expected errors are reported in one line. Verbs import
NumPy, and all that needs it, when they run, so that `--help` and a mistyped option respond at once.
"""

# Help lists the verbs in this order.
# isort: off
from wordkin.cli import train, count, reproduce, ask, explore, map  # noqa: F401
from wordkin.cli import evaluate, compare, info, convert, check_gradients, demo  # noqa: F401

# isort: on
from wordkin.cli.app import app, main

__all__ = ["app", "main"]
