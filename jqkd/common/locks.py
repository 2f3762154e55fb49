"""A lock that processes wait for, and that the system frees when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
from collections.abc import Generator
from pathlib import Path

from jqkd._checks import InputError

_log = logging.getLogger(__name__)
# Some network folders have no locks; there, one process at a time.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def held(path: Path, doing: str) -> Generator[None]:
    """Hold a lock file for as long as the context lasts; wait if another process does, and say so.

    The file stays: a removed one could be held twice. ``doing`` follows "another process that".

    Raises:
        InputError: the file cannot be written.
    """
    import filelock

    lock = filelock.FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            _log.warning("Waiting for another process that %s.", doing)
            lock.acquire()
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise InputError(
                f"{path} cannot be locked ({error.strerror or error}); choose a folder that can be "
                "written."
            ) from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def tried(path: Path) -> Generator[str | None]:
    """Hold a lock file for as long as the context lasts, unless another process does.

    The file is removed at the end: what it guards may at worst be done twice.

    Yields:
        ``None`` if the lock is ours, else who holds it, in words.

    Raises:
        OSError: the file cannot be written.
    """
    import filelock

    lock, name = filelock.FileLock(path), path.with_suffix(".who")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        yield _who(name)
        return
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    try:
        number = os.environ.get("SLURM_JOB_ID")
        job = f", job {number}" if number else ""
        note(path, f"process {os.getpid()} on {socket.gethostname()}{job}")
        yield None
    finally:
        for file in (name, path):
            file.unlink(missing_ok=True)
        lock.release()


def holder(path: Path) -> str | None:
    """Who holds a lock, in words; ``None`` if nobody does."""
    import filelock

    if not path.exists():
        return None
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return _who(path.with_suffix(".who"))
    except OSError:
        return None
    lock.release()
    return None


def note(path: Path, who: str) -> None:
    """Say who works under a lock that is held."""
    path.with_suffix(".who").write_text(who, encoding="utf-8")


def _who(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8") or "another process"
    return "another process"
