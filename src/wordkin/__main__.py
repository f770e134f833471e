"""`python -m wordkin`: the command line."""

from wordkin.cli import main

main()
