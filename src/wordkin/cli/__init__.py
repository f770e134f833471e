"""The command line: one function a verb. Results on standard output, messages on standard error.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. Known errors are reported in one line.
The verbs import NumPy and all that needs it when they run, so that `--help` and a mistyped option
answer at once.
"""

# Help lists the verbs in this order.
# isort: off
from wordkin.cli import train, count, ask, explore, map  # noqa: F401
from wordkin.cli import evaluate, compare, convert, lessons  # noqa: F401

# isort: on
from wordkin.cli.app import app, main

__all__ = ["app", "main"]
