"""Places are tried before the work and nothing is left there; pictures are whole, in any format."""

from __future__ import annotations

import os

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.common.outputs import (
    PICTURES,
    check_out_file,
    check_out_folder,
    check_picture,
    write_figure,
)


@pytest.mark.parametrize("check", [check_out_file, check_out_folder])
@pytest.mark.parametrize("words", ["new", "new/deep", "old", "ä b [c]", "n" * 241])
def test_a_place_that_can_be_written_shows_no_trace(tmp_path, check, words):
    path = tmp_path / words
    if words == "old":
        path.mkdir() if check is check_out_folder else path.write_text("kept")
    before = sorted(tmp_path.rglob("*"))
    assert check("out", str(path)) == path
    assert sorted(tmp_path.rglob("*")) == before
    assert not path.is_file() or path.read_text() == "kept"


@pytest.mark.parametrize(
    ("check", "words", "reason"),
    [
        (check_out_folder, "file", "Not a directory"),
        (check_out_folder, "file/below", "Not a directory"),
        (check_out_folder, "gone", "a link that leads nowhere"),
        (check_out_folder, "new/" + "n" * 256, "File name too long"),
        (check_out_file, "folder", "a folder"),
        (check_out_file, "fifo", "no plain file"),
        (check_out_file, "loop", "Too many levels of symbolic links"),
        (check_out_file, "file/below", "Not a directory"),
        # Files are written beside their place, under a name that is longer.
        (check_out_file, "n" * 242, "File name too long"),
    ],
)
def test_a_place_that_cannot_be_written(tmp_path, check, words, reason):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=rf"`out` must be a .* that can be written.*\({reason}\)"):
        check("out", tmp_path / words)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture(scope="module")
def figure():
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(1, 1))
    figure.subplots().plot(np.arange(3))
    return figure


@pytest.mark.parametrize("ending", PICTURES)
def test_every_ending_is_that_of_a_format(tmp_path, figure, ending):
    path = check_picture("path", tmp_path / "new" / f"a{ending.upper()}")
    assert write_figure(figure, path, dpi=20) == path
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    starts = {
        ".png": b"\x89PNG",
        ".pdf": b"%PDF",
        ".svg": b"<?xml",
        ".svgz": b"\x1f\x8b",
        ".webp": b"RIFF",
        ".ps": b"%!PS",
        ".eps": b"%!PS",
    }
    starts |= dict.fromkeys((".jpg", ".jpeg"), b"\xff\xd8\xff")
    starts |= dict.fromkeys((".tif", ".tiff"), b"II*\x00")
    assert path.read_bytes().startswith(starts[ending])


def test_a_picture_that_fails_leaves_the_old_one(tmp_path, figure):
    path = tmp_path / "a.png"
    path.write_text("old")
    with pytest.raises(TypeError):
        write_figure(figure, path, metadata=3)
    assert [*tmp_path.iterdir()] == [path] and path.read_text() == "old"
