"""The cache folder: what cannot be one is told at once, and what lies in it is not trusted."""

from __future__ import annotations

import errno
import gzip
import io
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.common.cache import cache_folder, check_cache
from jqkd.common.files import FORGOTTEN
from jqkd.data import CacheWarning, load
from jqkd.data.cache import PARTS


def impossible(how, folder):
    """What ``JQKD_CACHE`` may be set to by mistake."""
    (folder / "file").write_text("")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "nowhere").symlink_to(folder / "missing")
    return {
        "a file": f"{folder}/file",
        "below a file": f"{folder}/file/cache",
        "a loop": f"{folder}/loop",
        "below a loop": f"{folder}/loop/cache",
        "a link to nothing": f"{folder}/nowhere",
        "a device": os.devnull,
        "empty": "",
        "of a stranger": "~nobody-of-this-name/cache",
    }[how]


HOW = ["a file", "below a file", "a loop", "below a loop", "a link to nothing", "a device"]
HOW += ["empty", "of a stranger"]


@pytest.mark.parametrize("how", HOW)
def test_what_can_be_no_folder_is_one_sentence(how, tmp_path, monkeypatch):
    monkeypatch.setenv("JQKD_CACHE", impossible(how, tmp_path))
    with pytest.raises(InputError, match="JQKD_CACHE is '.*', which is no folder .*; set it to a"):
        cache_folder()


def test_a_folder_that_is_not_there_yet_is_fine(tmp_path, monkeypatch):
    for chosen in (tmp_path, tmp_path / "a" / "b"):
        monkeypatch.setenv("JQKD_CACHE", str(chosen))
        assert cache_folder() == chosen
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JQKD_CACHE", "~/cache")
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.setenv("JQKD_CACHE", "~")
    assert cache_folder() == tmp_path
    with pytest.raises(InputError, match="`cache_dir` must be a path"):
        cache_folder("")


def no_room(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_cache_is_told_and_costs_no_images(tmp_path, monkeypatch):
    monkeypatch.setattr(np, "savez", no_room)
    with pytest.warns(CacheWarning, match="cannot be written .*; set JQKD_CACHE"):
        assert len(load("digits", cache_dir=tmp_path).test_labels) == 500
    assert not list((tmp_path / "data").iterdir())
    monkeypatch.setattr(Path, "write_bytes", no_room)
    with pytest.raises(
        InputError, match=r"cannot be written \(No space left on device\); set JQKD"
    ):
        check_cache(tmp_path)


def test_a_cache_that_can_be_written_shows_no_trace_of_the_trial(tmp_path):
    check_cache(tmp_path / "cache")
    assert [*tmp_path.iterdir()] == []


def bomb(path, images):
    """A data set of so many black train images: little on disk."""
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in PARTS:
            kind, shape = ("|u1", (images, 28, 28)) if "images" in part else ("<i4", (images,))
            with archive.open(f"{part}.npy", "w", force_zip64=True) as file:
                head = io.BytesIO()
                about = {"descr": kind, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(head, about)
                file.write(head.getvalue())
                if part == "train_images":
                    file.write(bytes(images * 28 * 28))


def test_a_file_that_unpacks_to_more_than_a_data_set_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "data" / "digits.npz"
    bomb(path, 120_000)
    assert path.stat().st_size < 2**20
    unpacked, read = [], zipfile.ZipExtFile._read1
    monkeypatch.setattr(
        zipfile.ZipExtFile, "_read1", lambda f, n: unpacked.append(len(d := read(f, n))) or d
    )
    with pytest.warns(CacheWarning, match="train_images.npy has shape .120000, 28, 28., too large"):
        dataset = load("digits", cache_dir=tmp_path)
    assert sum(unpacked) < 2**16
    assert len(dataset.test_labels) == 500


def test_a_download_that_unpacks_to_more_than_was_published_is_refused(tmp_path):
    from jqkd.data.mnist import _read_idx

    path, sizes = tmp_path / "images.gz", np.array([60_001, 28, 28], ">u4")
    path.write_bytes(gzip.compress(b"\0\0\x08\x03" + sizes.tobytes() + bytes(60_001 * 784), 1))
    with pytest.raises(ValueError, match="larger than the published"):
        _read_idx(path)


def test_what_a_killed_process_left_is_removed_in_time(tmp_path):
    load("digits", cache_dir=tmp_path)
    old, young = (tmp_path / "data" / f".digits.npz.{n:08x}.tmp" for n in range(2))
    for half in (old, young):
        half.write_bytes(b"half")
    os.utime(old, (0, time.time() - FORGOTTEN - 1))
    load("digits", cache_dir=tmp_path)
    assert young.exists() and not old.exists()


def test_programs_are_not_kept_where_nothing_can_be_written(tmp_path):
    import jax

    from jqkd.training.devices import keep_compiled

    before = jax.config.jax_compilation_cache_dir
    (tmp_path / "file").write_text("")
    jax.config.update("jax_compilation_cache_dir", None)
    try:
        keep_compiled(Path(tmp_path / "file" / "compiled"))
        assert jax.config.jax_compilation_cache_dir is None
    finally:
        jax.config.update("jax_compilation_cache_dir", before)
