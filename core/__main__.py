"""`python -m core`: the product on the command line."""

from core.cli import main

main()
