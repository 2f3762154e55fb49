"""``python -m jqkd``."""

from jqkd.cli import main

main()
