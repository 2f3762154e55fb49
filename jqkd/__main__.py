"""``python -m jqkd``, and the command ``jqkd``: can be stopped from its first moment on."""

from __future__ import annotations

import importlib
import os
import sys

from jqkd import _interrupts


def main() -> None:
    """Entry point of the process."""
    enter("jqkd.cli")


def enter(module: str) -> None:
    """Entry point of a process that runs a command line: ``main`` of a module, by its name."""
    _fill_streams()
    _interrupts.watch()
    run = importlib.import_module(module).main
    _interrupts.started()
    try:
        run()
    except SystemExit as stop:
        if stop.code in (130, 143):
            _interrupts.leave(stop.code)
        raise


def _fill_streams() -> None:
    """Where a standard stream is closed, the next file that is opened would take its place."""
    while True:
        number = os.open(os.devnull, os.O_RDWR)
        if number > 2:
            os.close(number)
            break
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115


if __name__ == "__main__":
    main()
