"""A plug-in that leaves a file where it is loaded."""

from pathlib import Path

# A collection of tests imports it too.
if __name__ != "tests.cli.noted":
    Path("loaded").touch()
