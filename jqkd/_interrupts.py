"""Ctrl-C and SIGTERM: what is kept, in one sentence, within two seconds, whatever is going on.

It imports next to nothing, so that a command can be stopped while JAX is still being imported.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Generator
from types import FrameType
from typing import NoReturn

# While it waits for the compiler or for Aer the main thread notices nothing; a second thread does.
_PATIENCE = 1.5
# A file that is being written is waited for, but not for ever.
_LONGEST_WRITE = 10.0
_SHOW_CURSOR = "\x1b[?25h"


class Terminated(KeyboardInterrupt):
    """SIGTERM."""


class _State:
    """What the handler has to know; one a process."""

    kept = ""
    starting = True
    writing = 0
    waiting: int | None = None
    over = False


_state = _State()


def keeps(what: str) -> None:
    """Say what is kept, and how to go on, if the work that begins now is stopped."""
    _state.kept = what


def sentence() -> str:
    """What is said when a command is stopped."""
    _state.over = True
    return f"jqkd: stopped; {_state.kept or 'nothing was kept'}."


def exit_code(error: KeyboardInterrupt) -> int:
    """128 and the signal's number, as shells have it: 130 for Ctrl-C, 143 for SIGTERM.

    Example:
        >>> exit_code(KeyboardInterrupt()), exit_code(Terminated())
        (130, 143)
    """
    return 128 + (signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT)


@contextlib.contextmanager
def whole() -> Generator[None]:
    """What is written inside is written to its end before a signal counts."""
    _state.writing += 1
    try:
        yield
    finally:
        _state.writing -= 1
        if not _state.writing and _state.waiting is not None:
            number, _state.waiting = _state.waiting, None
            _raise(number)


def watch() -> None:
    """Take over Ctrl-C and SIGTERM; to be called by the process's entry, first of all."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for number in (signal.SIGINT, signal.SIGTERM):
        # A process in the background may have been told to ignore Ctrl-C.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_wait, args=(reading,), daemon=True).start()


def started() -> None:
    """All is imported: from now on a signal is an exception, and what is open is closed."""
    _state.starting = False


def leave(code: int) -> NoReturn:
    """End the process without waiting for threads that compile or simulate."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


def _handle(number: int, frame: FrameType | None) -> None:
    if _state.starting:
        # Half-imported modules turn exceptions into others.
        _say_and_leave(number)
    if _state.writing:
        _state.waiting = number
    else:
        _raise(number)


def _raise(number: int) -> NoReturn:
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


def _wait(reading: int) -> None:
    """End a process whose main thread does not."""
    while True:
        number = os.read(reading, 1)[0]
        if number in (signal.SIGINT, signal.SIGTERM) and signal.getsignal(number) is _handle:
            break
    time.sleep(_PATIENCE)
    deadline = time.monotonic() + _LONGEST_WRITE
    while _state.writing and time.monotonic() < deadline:
        time.sleep(0.05)
    if not _state.over:
        _say_and_leave(number)
    leave(128 + number)


def _say_and_leave(number: int) -> NoReturn:
    with contextlib.suppress(Exception):
        # A bar that was never closed has hidden it.
        cursor = _SHOW_CURSOR if sys.stderr.isatty() else ""
        sys.stderr.write(f"{cursor}{sentence()}\n")
    leave(128 + number)
