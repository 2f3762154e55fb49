"""Arrays on disk: npz files whose sizes are looked at before anything is unpacked."""

from __future__ import annotations

import hashlib
import math
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jqkd.common.files import DamagedFile, written_whole

# Bz2 and LZMA, which NumPy does not write, unpack without a bound.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HEADER = (1, 0)
# Bytes of the largest number that NumPy has.
_LARGEST = 16


class Most(NamedTuple):
    """What an array in a file may be.

    Attributes:
        kinds: of its dtype, NumPy's letters: i and u integers, f real, U text.
        elements: how many at most, of 16 bytes at most.
    """

    kinds: str
    elements: int


def write_npz(path: Path, arrays: Mapping[str, Any], *, compressed: bool = False) -> None:
    """Write arrays whole or not at all; the same arrays give the same bytes.

    Raises:
        InputError: the file cannot be written.
    """
    save = np.savez_compressed if compressed else np.savez
    with written_whole(path) as temporary, temporary.open("wb") as file:
        save(file, allow_pickle=False, **arrays)


def read_npz(
    path: Path, expected: Mapping[str, Most], advice: str, *, optional: Collection[str] = ()
) -> dict[str, np.ndarray]:
    """The arrays in an npz file; nothing is unpacked that is not ``expected``, by name.

    What is ``optional`` may be missing; ``advice`` says what to do if the file is damaged.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: it cannot be read, or holds other arrays, larger ones or Python objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
            _check_names(set(members), set(expected), set(optional))
            return {name: _array(archive, m, expected[name]) for name, m in members.items()}
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(f"There is no {path}.") from error
    except OSError as error:
        raise DamagedFile(path, error.strerror or str(error), advice) from error
    except Exception as error:  # A damaged archive raises all kinds: zlib.error, struct.error ...
        raise DamagedFile(path, str(error) or type(error).__name__, advice) from error


def _check_names(names: set[str], expected: set[str], optional: set[str]) -> None:
    if names - expected:
        raise ValueError(f"it holds arrays that are not expected, {len(names - expected)} of them")
    if expected - optional - names:
        raise ValueError(f"it lacks {', '.join(sorted(expected - optional - names))}")


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: Most) -> np.ndarray:
    """One array, if what its header and the archive's directory say of it is expected."""
    if member.compress_type not in _COMPRESSIONS:
        raise ValueError(f"{member.filename} is packed in a way that NumPy does not use")
    with archive.open(member) as file:
        if np.lib.format.read_magic(file) != _HEADER:
            raise ValueError(f"{member.filename} has a header that jqkd does not write")
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        count = math.prod(shape)
        if dtype.hasobject or dtype.kind not in most.kinds:
            raise ValueError(f"{member.filename} holds {dtype}")
        size = count * dtype.itemsize
        if min(shape, default=0) < 0 or size > most.elements * _LARGEST or count > most.elements:
            raise ValueError(f"{member.filename} has shape {shape}, too large")
        if member.file_size != file.tell() + size:
            raise ValueError(f"{member.filename} is not as long as its header says")
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)


def arrays_digest(arrays: Mapping[str, Any]) -> str:
    """Sixteen hex digits that name some arrays.

    Example:
        >>> len(arrays_digest({"ids": np.arange(2)}))
        16
    """
    sha = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        sha.update(f"{name} {array.dtype.str} {array.shape};".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()[:16]
