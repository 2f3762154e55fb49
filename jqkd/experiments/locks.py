"""Which process does a unit: a lock that the system frees when its holder dies."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def claim(path: Path) -> Iterator[str | None]:
    """Hold a lock file for as long as the context lasts.

    Args:
        path: of the lock file; its folder is made.

    Yields:
        ``None`` if the lock is ours, else who holds it, in words.

    Raises:
        OSError: the file cannot be written.
    """
    try:
        import fcntl
    except ImportError:  # Windows has no such locks: there, one process at a time.
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _lock(path, fcntl)
    if isinstance(file, str):
        yield file
        return
    try:
        os.ftruncate(file, 0)
        os.pwrite(file, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield None
    finally:
        # Removed while still held: whoever opened it meanwhile sees that it is gone.
        path.unlink(missing_ok=True)
        os.close(file)


def holder(path: Path) -> str | None:
    """Who holds a lock, in words; ``None`` if nobody does."""
    try:
        import fcntl

        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _who(path)
    except (ImportError, OSError):
        return None
    return None


def _lock(path: Path, fcntl: object) -> int | str:
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return _who(path)
        except OSError:
            os.close(file)
            raise
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), os.stat(path)):
                return file
        os.close(file)


def _who(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text() or "another process"
    return "another process"
