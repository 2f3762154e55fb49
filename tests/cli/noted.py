"""A plug-in that leaves a file where it is loaded."""

from pathlib import Path

Path("loaded").touch()
