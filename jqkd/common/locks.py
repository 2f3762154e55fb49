"""A lock that processes wait for, and that the system frees when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import logging
from collections.abc import Iterator
from pathlib import Path

from jqkd._checks import InputError

_log = logging.getLogger(__name__)
# Some network folders have no locks; there, one process at a time.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextlib.contextmanager
def held(path: Path, doing: str) -> Iterator[None]:
    """Hold a lock file for as long as the context lasts; wait if another process does, and say so.

    Args:
        path: of the lock file; its folder is made. It stays: a removed one could be held twice.
        doing: what its holder does, to follow "another process that".

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
