"""The one way to write a file, and to read JSON: written whole or not at all, checked when read."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError

# Bytes written on trial: less than any result needs, more than a full disk takes.
_TRIAL = 2**16
# Of a name, in bytes, on nearly all systems.
_LONGEST_NAME = 255
# Seconds after which half a file is that of a killed process.
FORGOTTEN = 3600.0
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.tmp")
# Digits of the largest 64-bit integer.
_DIGITS = 19
# Significant digits that tell all numbers in double precision apart.
EXACT = 17


class DamagedFile(InputError):
    """A file that is not what was written.

    Attributes:
        path: the file.
        reason: what is wrong with it.
    """

    def __init__(self, path: Path, reason: str, advice: str) -> None:
        super().__init__(f"{path} cannot be read or is damaged: {reason}; {advice}.")
        self.path, self.reason = path, reason


@contextlib.contextmanager
def written_whole(path: Path) -> Generator[Path]:
    """A file beside ``path`` that takes its place once it is written.

    Raises:
        InputError: the place cannot be written; what was there is still there.
    """
    temporary = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent, path.name)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}); choose another place or make "
            "room."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """The name of a file that is being written: two processes never choose the same."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def remove_leftovers(folder: Path, name: str | None = None, age: float = FORGOTTEN) -> None:
    """Remove what killed processes left half-written, of one file or of any.

    ``age`` are seconds since the last write; 0 where no other process can be writing.
    """
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            match = _TEMPORARY.fullmatch(path.name)
            if match and name in (None, match["name"]):
                with contextlib.suppress(OSError):
                    if time.time() - path.stat().st_mtime >= age:
                        path.unlink()


def try_to_write(folder: Path, name: str = "trial") -> None:
    """Write a file into a folder on trial, before hours of work; nothing is made or left.

    Args:
        folder: of one that is not there, the nearest that is stands for it.
        name: of the file that is to be written.

    Raises:
        OSError: it cannot be written, or the disk is full.
    """
    if max(map(len, map(os.fsencode, folder.parts)), default=0) > _LONGEST_NAME:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    folder = folder.absolute()
    while state_of(folder) is None and folder != folder.parent:
        folder = folder.parent
    file = _beside(folder / name)
    try:
        file.write_bytes(bytes(_TRIAL))
    finally:
        with contextlib.suppress(OSError):
            file.unlink()


def state_of(path: Path) -> os.stat_result | None:
    """Of what is there; ``None`` where nothing is.

    Raises:
        OSError: it cannot be looked at, or is a link that leads nowhere.
    """
    try:
        return os.stat(path)
    except FileNotFoundError:
        if os.path.islink(path):
            raise OSError(errno.ENOENT, "a link that leads nowhere") from None
        return None


def plain(value: Any, digits: int = 7) -> Any:
    """Arrays and NumPy numbers as lists and numbers; floats rounded to some significant digits.

    NaN and infinities, for which JSON has no word, as ``None``: there is no such number.

    Example:
        >>> plain({"sd": np.array([0.1, np.nan])}), plain(1 / 3, EXACT) == 1 / 3
        ({'sd': [0.1, None]}, True)
    """
    if isinstance(value, dict):
        return {str(k): plain(v, digits) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v, digits) for v in value]
    if isinstance(value, (np.floating, float)):
        return float(f"{value:.{digits}g}") if np.isfinite(value) else None
    if isinstance(value, np.generic):
        return value.item()
    return plain(np.asarray(value).tolist(), digits) if hasattr(value, "__array__") else value


def write_json(path: Path, result: dict[str, Any], digits: int = 7) -> None:
    """Write a file whole or not at all; floats are rounded to some significant digits.

    Raises:
        InputError: it cannot be written.
    """
    text = json.dumps(plain(result, digits), indent=1, allow_nan=False) + "\n"
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path, advice: str) -> dict[str, Any]:
    """The object in a JSON file; ``advice`` says what to do if it is damaged.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: it cannot be read, or is no JSON object, or not one of a result.
    """
    if path.exists() and not path.is_file():
        raise DamagedFile(path, "not a file", advice)
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_int=_integer)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(f"There is no {path}.") from error
    except OSError as error:
        raise DamagedFile(path, error.strerror or str(error), advice) from error
    except UnicodeDecodeError as error:
        raise DamagedFile(path, "not UTF-8", advice) from error
    except ValueError as error:
        raise DamagedFile(path, f"not JSON: {error}", advice) from error
    except RecursionError as error:
        raise DamagedFile(path, "nested too deeply", advice) from error
    if not isinstance(content, dict):
        raise DamagedFile(path, f"it holds a {type(content).__name__}, not an object", advice)
    return content


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _DIGITS:
        raise ValueError(f"an integer of {len(text)} digits")
    return int(text)
