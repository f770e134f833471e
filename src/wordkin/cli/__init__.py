"""The command line: one function a verb. Results on standard output, talk on standard error.

Exit codes: 0 done, 1 it could not be done, 2 it was asked for wrongly, 130 interrupted. What is
known to go wrong says so in one line. NumPy and all that needs it is imported inside the verbs, so
that `--help` and a mistyped option answer at once.
"""

# In this order the verbs stand in the help.
# isort: off
from wordkin.cli import training, questions, explore, maps  # noqa: F401
from wordkin.cli import evaluating, comparing, models, lessons  # noqa: F401

# isort: on
from wordkin.cli.app import app, main

__all__ = ["app", "main"]
