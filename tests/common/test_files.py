"""Files are written whole or not at all, and what is read is what was written, or one sentence."""

from __future__ import annotations

import errno
import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

import jqkd
from jqkd._checks import InputError
from jqkd.common.arrays import Most, read_npz, write_npz
from jqkd.common.files import (
    FORGOTTEN,
    DamagedFile,
    read_json,
    remove_leftovers,
    try_to_write,
    write_json,
)
from jqkd.common.locks import held

ROOT = Path(jqkd.__file__).parents[1]
ADVICE = "make it anew"
MOST = {"ids": Most("i", 100), "logits": Most("fU", 1000)}
ARRAYS = {"ids": np.arange(10), "logits": np.ones((10, 3), np.float32)}


def in_child(code, *words):
    """A process of its own; how it ended."""
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60).returncode


# --- writing ---------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from jqkd.common import arrays, files
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
where, path = sys.argv[1], Path(sys.argv[2])
if where == "at the exchange":
    os.replace = die
    files.write_json(path, {"state": "new"})
elif where == "in the middle":
    with files.written_whole(path) as temporary, temporary.open("w") as file:
        file.write('{"sta')
        file.flush()
        die()
else:
    exchange = os.replace
    os.replace = lambda *paths: (exchange(*paths), die())
    files.write_json(path, {"state": "new"})
"""


@pytest.mark.parametrize("where", ["in the middle", "at the exchange", "after the exchange"])
def test_a_killed_writer_leaves_the_old_state_or_the_new(where, tmp_path):
    path = tmp_path / "state.json"
    write_json(path, {"state": "old"})
    assert in_child(KILLED, where, path) == -signal.SIGKILL
    expected = "new" if where == "after the exchange" else "old"
    assert read_json(path, ADVICE) == {"state": expected}
    left = [p for p in tmp_path.iterdir() if p != path]
    assert len(left) == (where != "after the exchange")
    for half in left:  # Once it is old enough to be nobody's, the next write removes it.
        write_json(path, {"state": "next"})
        assert half.exists()
        os.utime(half, (0, time.time() - FORGOTTEN - 1))
    write_json(path, {"state": "last"})
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_others_are_not_leftovers(tmp_path):
    for name in (".state.json.bak", "state.json", ".state.json.12345678.tmp", ".b.12345678.tmp"):
        (tmp_path / name).write_text("")
    remove_leftovers(tmp_path, "state.json", 0)
    assert {p.name for p in tmp_path.iterdir()} == {
        ".state.json.bak",
        "state.json",
        ".b.12345678.tmp",
    }


def no_room(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["savez", "replace"])
def test_a_full_disk_is_one_sentence_and_keeps_what_was_there(step, tmp_path, monkeypatch):
    path = tmp_path / "arrays.npz"
    write_npz(path, ARRAYS)
    before = path.read_bytes()
    monkeypatch.setattr(np if step == "savez" else os, step, no_room)
    with pytest.raises(InputError, match=r"arrays.npz cannot be written \(No space left"):
        write_npz(path, ARRAYS)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 kB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(folder)]
    try:
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("no file system may be mounted here")
    except OSError:
        pytest.skip("there is no mount command")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_really_full(small_disk):
    write_npz(small_disk / "arrays.npz", ARRAYS)
    before = (small_disk / "arrays.npz").read_bytes()
    with pytest.raises(InputError, match="No space left"):
        write_npz(small_disk / "arrays.npz", {"ids": np.arange(10**4)})
    with pytest.raises(InputError, match="No space left"):
        write_json(small_disk / "result.json", {"a": ["b" * 1000] * 100})
    with pytest.raises(OSError, match="No space left"):
        try_to_write(small_disk)
    assert [p.name for p in small_disk.iterdir()] == ["arrays.npz"]
    assert (small_disk / "arrays.npz").read_bytes() == before


# --- reading JSON ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"null", "it holds a NoneType, not an object"),
        (b"[1]", "it holds a list, not an object"),
        (b'"a"', "it holds a str, not an object"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": ' + b"9" * 5000 + b"}", "an integer of 5000 digits"),
        (b'{"a": -' + b"9" * 20 + b"}", "an integer of 21 digits"),
    ],
)
def test_damaged_json_is_named(text, reason, tmp_path):
    path = tmp_path / "result.json"
    path.write_bytes(text)
    with pytest.raises(
        DamagedFile, match=f"{path} cannot be read or is damaged: .*{reason}"
    ) as found:
        read_json(path, ADVICE)
    assert str(found.value).endswith("; make it anew.") and found.value.path == path


def test_what_is_no_file_is_not_read(tmp_path):
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    os.mkfifo(tmp_path / "pipe.json")
    for name in ("folder.json", "loop.json", "pipe.json"):
        with pytest.raises(DamagedFile, match=name):
            read_json(tmp_path / name, ADVICE)
    (tmp_path / "file").write_text("")
    for name in ("none.json", "file/none.json"):
        with pytest.raises(FileNotFoundError):
            read_json(tmp_path / name, ADVICE)


# --- reading arrays --------------------------------------------------------------------------


def header(shape, dtype="<f4"):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


def packed(path, contents, how=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in contents.items():
            archive.writestr(f"{name}.npy", content)


def lying(path, shape, size, dtype="<f4"):
    """Logits with a header of their own, followed by ``size`` zeros; the ids are as they should."""
    ids = header((10,), "<i8") + np.arange(10).tobytes()
    packed(path, {"ids": ids, "logits": header(shape, dtype) + bytes(size)})


def damage(how, path, witness):
    write_npz(path, ARRAYS, compressed=True)
    whole = path.read_bytes()
    if how == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "flipped":
        changed = bytearray(whole)
        changed[60:90] = bytes(30)
        path.write_bytes(changed)
    elif how == "claims 4 TiB":
        lying(path, (2**40,), 0)
    elif how == "one element of 2 GB":
        lying(path, (), 0, "<U500000000")
    elif how == "unpacks to more than it may":
        lying(path, (2**23,), 2**25)
    elif how == "longer than its header":
        lying(path, (1,), 2**25)
    elif how == "negative":
        lying(path, (-1, -1000), 4000)
    elif how == "integers":
        np.savez(path, **(ARRAYS | {"logits": np.ones((10, 3), int)}))
    elif how == "objects":
        np.savez(path, **(ARRAYS | {"logits": np.array([Trap(witness)])}))
    elif how == "one more":
        np.savez(path, **ARRAYS, more=np.arange(2))
    elif how == "one less":
        np.savez(path, ids=ARRAYS["ids"])
    elif how == "another packing":
        packed(path, {"ids": b"", "logits": b""}, zipfile.ZIP_BZIP2)
    elif how == "nested header":
        text = b"(" * 5000
        bare = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
        packed(path, {"ids": bare, "logits": bare})


class Trap:
    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return Path.touch, (self.witness,)


DAMAGES = {
    "cut": "",
    "empty": "not a zip file",
    "flipped": "",
    "claims 4 TiB": r"logits.npy has shape \(1099511627776,\), too large",
    "one element of 2 GB": "too large",
    "unpacks to more than it may": "too large",
    "longer than its header": "not as long as its header says",
    "negative": "too large",
    "integers": "logits.npy holds int64",
    "objects": "logits.npy holds object",
    "one more": "arrays that are not expected, 1 of them",
    "one less": "it lacks logits",
    "another packing": "packed in a way",
    "nested header": "",
}


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_arrays_are_named_and_not_unpacked(how, tmp_path, monkeypatch):
    path, witness = tmp_path / "arrays.npz", tmp_path / "executed"
    damage(how, path, witness)
    unpacked = []
    read = zipfile.ZipExtFile._read1
    monkeypatch.setattr(
        zipfile.ZipExtFile,
        "_read1",
        lambda file, n: unpacked.append(len(data := read(file, n))) or data,
    )
    with pytest.raises(DamagedFile, match=f"{path} cannot be read or is damaged: .*{DAMAGES[how]}"):
        read_npz(path, MOST, ADVICE)
    assert sum(unpacked) < 2**16
    assert not witness.exists()


def test_a_trap_is_one_that_works(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "executed")))
    assert (tmp_path / "executed").exists()


def test_arrays_come_back(tmp_path):
    path = tmp_path / "arrays.npz"
    for compressed in (False, True):
        write_npz(path, ARRAYS, compressed=compressed)
        found = read_npz(path, MOST, ADVICE)
        assert all(np.array_equal(found[name], ARRAYS[name]) for name in ARRAYS)
        assert found["logits"].flags.writeable
    write_npz(path, {"ids": ARRAYS["ids"]})
    assert list(read_npz(path, MOST, ADVICE, optional=["logits"])) == ["ids"]
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "none.npz", MOST, ADVICE)


# --- locks -----------------------------------------------------------------------------------


def test_who_waits_says_so_once_and_then_goes_on(tmp_path, caplog):
    path, order = tmp_path / "locks" / "a.lock", []

    def other():
        with held(path, "paints this wall"):
            order.append("other")

    with held(path, "paints this wall"):
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.3)
        order.append("first")
    thread.join(10)
    assert order == ["first", "other"]
    assert [r.getMessage() for r in caplog.records if r.name == "jqkd.common.locks"] == [
        "Waiting for another process that paints this wall."
    ]


def test_a_killed_holder_blocks_nobody(tmp_path, caplog):
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from jqkd.common.locks import held\n"
        "with held(Path(sys.argv[1]), ''): os.kill(os.getpid(), signal.SIGKILL)"
    )
    path = tmp_path / "a.lock"
    assert in_child(code, path) == -signal.SIGKILL
    assert path.exists()
    with held(path, "died"):
        assert not caplog.records


def test_a_lock_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match="a.lock cannot be locked"),
        held(tmp_path / "file" / "a.lock", ""),
    ):
        pass
