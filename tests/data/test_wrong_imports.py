"""Wrong imports: each one sentence, exit code 2, soon, and nothing on the shelf.

Sources are made by a function of a folder; the words follow ``jqkd data import own``.
"""

from __future__ import annotations

import builtins
import re
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

import jqkd
from jqkd._checks import InputError
from jqkd.data import Dataset, import_data
from jqkd.data import pictures as reading
from jqkd.data.imported import shelf
from tests.data.own import labelled, pictures, table

IMAGES, LABELS = labelled(30)
TEST_IMAGES, TEST_LABELS = labelled(12, seed=1)
GOOD = {"x_train": IMAGES, "y_train": LABELS, "x_test": TEST_IMAGES, "y_test": TEST_LABELS}
PAIR = IMAGES, LABELS
SPLIT = "--split 0.6,0.2,0.2"
MOST_WORK = 5.0  # Seconds of CPU time.


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def npz(**changes):
    """An npz file with Keras's names, some of them changed; ``None`` takes one away."""

    def make(root):
        arrays = {key: value for key, value in (GOOD | changes).items() if value is not None}
        np.savez(root / "own.npz", **arrays)

    return make


def written(name, content):
    return lambda root: (root / name).write_bytes(content)


def damaged(root):
    npz()(root)
    content = bytearray((root / "own.npz").read_bytes())
    content[300:310] = bytes(10)
    (root / "own.npz").write_bytes(bytes(content))


def bomb(root):
    """Ten GiB of zeros in some kilobytes: a directory that says so, whatever follows."""
    with zipfile.ZipFile(root / "own.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for key in ("images", "labels"):
            archive.writestr(f"{key}.npy", bytes(1000))
    content = (root / "own.npz").read_bytes()
    sizes = (1000).to_bytes(4, "little")
    (root / "own.npz").write_bytes(content.replace(sizes, (4 * 10**9).to_bytes(4, "little")))


def lying(root):
    """A header of 2**40 images over no bytes at all."""
    with zipfile.ZipFile(root / "own.npz", "w") as archive:
        for key in ("images", "labels"):
            with archive.open(f"{key}.npy", "w") as file:
                header = {"descr": "|u1", "fortran_order": False, "shape": (2**40, 28, 28)}
                np.lib.format.write_array_header_1_0(file, header)


def arrays(images, labels):
    def make(root):
        np.save(root / "x.npy", images)
        np.save(root / "y.npy", labels)

    return make


def csv(text):
    return written("own.csv", text.encode())


def rows(**changes):
    """Thirty rows of two features, some cells changed: by line and column."""

    def make(root):
        values = np.arange(60.0).reshape(30, 2).astype(object)
        for place, value in changes.get("cells", {}).items():
            values[place] = value
        table(root / "own.csv", values, changes.get("labels", LABELS))

    return make


def folder(change=lambda root: None, images=IMAGES, labels=LABELS):
    def make(root):
        pictures(root / "own", images, labels, ("cat", "dog", "owl"))
        change(root / "own")

    return make


def other(shape, mode=None):
    """A picture that differs, in the folder of dogs."""

    def change(root):
        from PIL import Image

        image = Image.fromarray(np.zeros(shape, np.uint8))
        (image.convert(mode) if mode else image).save(root / "dog" / "odd.tiff")

    return change


def parts(*names):
    def make(root):
        for name in names:
            pictures(root / "own" / name, IMAGES, LABELS, ("cat", "dog", "owl"))

    return make


FEW = np.r_[LABELS[:-1], 3]
WRONG = {
    "no file": (
        None,
        "none.npz",
        r"`source` must be a source that can be read, .*none.npz \(No such",
    ),
    "no such kind": (None, "own.parquet", "`source` must be one .npz, 2, 4 or 6 .npy"),
    "nothing at all": (None, "", "`SOURCES` must be given, but is missing"),
    "two kinds": (npz(), "own.npz own.csv", "`source` must be one .npz"),
    "two npz": (npz(), "own.npz own.npz", "`source` must be one .npz.* but own.npz, own.npz"),
    "no zip": (written("own.npz", b"text"), "own.npz", r"can be read, .*\(File is not a zip"),
    "empty npz": (written("own.npz", b""), "own.npz", "can be read"),
    "damaged npz": (damaged, "own.npz", "`source` must be a source that can be read, .*own.npz"),
    "pickled images": (
        npz(x_train=np.array([1, "a", None], object)),
        "own.npz",
        "Object arrays cannot be loaded when allow_pickle=False",
    ),
    "pickled labels": (
        npz(y_test=np.array([{}] * 12, object)),
        "own.npz",
        "Object arrays cannot be loaded when allow_pickle=False",
    ),
    "zip bomb": (
        bomb,
        "own.npz",
        "`source` must unpack to at most 2 GiB, but own.npz of 7.5 GiB",
    ),
    "header that lies": (lying, "own.npz", r"own.npz \(too large for memory"),
    "keys of its own": (
        npz(y_test=None, labels=LABELS),
        "own.npz",
        "`--keys` must be given for a file with names of its own, which holds x_train",
    ),
    "keys that are none": (
        npz(),
        "own.npz --keys x_train,labels",
        "`--keys` must be 2, 4 or 6 keys",
    ),
    "three keys": (npz(), "own.npz --keys x_train,y_train,x_test", "`--keys` must be 2, 4 or 6"),
    "keys of a csv": (rows(), "own.csv --keys a,b", "`--keys` must not be given with .csv"),
    "label out of range": (
        npz(),
        "own.npz --class-names a,b",
        "`train_labels` must be classes .*, 0, 1, but 2 was",
    ),
    "label not in train": (
        npz(y_test=np.full(12, 3)),
        "own.npz",
        "`test_labels` must be classes of the train images",
    ),
    "negative label": (
        npz(y_train=LABELS - 1),
        "own.npz",
        "`train_labels` must be classes.*-1 was",
    ),
    "huge label": (npz(y_train=LABELS + 10**9), "own.npz", "`train_labels` must be classes"),
    "label that is a float": (
        npz(y_train=LABELS.astype(float)),
        "own.npz",
        "`train_labels` must be .* integers or texts",
    ),
    "one-hot labels": (
        npz(y_train=np.eye(3)[LABELS]),
        "own.npz",
        "`train_labels` must be .N,. int",
    ),
    "fewer labels": (
        npz(y_train=LABELS[:9]),
        "own.npz",
        "`train_labels` must be 30, like the images",
    ),
    "one class": (
        npz(y_train=0 * LABELS, y_test=0 * TEST_LABELS),
        "own.npz",
        "be 2 to 1000 different",
    ),
    "class without test images": (
        npz(y_test=TEST_LABELS % 2),
        "own.npz",
        "`test_labels` must hold ev",
    ),
    "class without train images": (
        npz(y_train=np.where(LABELS == 1, 2, LABELS)),
        "own.npz",
        "hold every class, but none of 1",
    ),
    "one image of a class": (
        npz(y_train=FEW, y_test=np.r_[TEST_LABELS[:-1], 3]),
        "own.npz",
        "be two of every class",
    ),
    "names that repeat": (
        npz(),
        "own.npz --class-names a,b,b",
        "`--class-names` must be 2 to 1000",
    ),
    "name of a control": (npz(), "own.npz --class-names a,b,\x1b[31m", "printable letters"),
    "no images": (
        npz(x_train=IMAGES[:0], y_train=LABELS[:0]),
        "own.npz",
        "`train_images` must hold",
    ),
    "channels first": (
        npz(x_train=np.zeros((30, 3, 16, 18), np.uint8)),
        "own.npz",
        "`train_images` must hold images .*channels come last",
    ),
    "four channels": (
        npz(x_train=np.zeros((30, 9, 9, 4), np.uint8)),
        "own.npz",
        "`train_images` must",
    ),
    "other shape": (
        npz(x_test=TEST_IMAGES[:, 1:]),
        "own.npz",
        "`test_images` must be uint8 of shape",
    ),
    "other dtype": (
        npz(x_test=TEST_IMAGES / 255),
        "own.npz",
        "`test_images` must be uint8 of shape",
    ),
    "NaN": (
        npz(x_train=np.where(IMAGES > 0, IMAGES / 255, np.nan)),
        "own.npz",
        "hold finite numbers",
    ),
    "floats to 255": (npz(x_train=IMAGES * 1.0), "own.npz", "lie from 0 to 1 .*divide them by 255"),
    "integers to 300": (
        npz(x_train=2 * IMAGES.astype(int)),
        "own.npz",
        "lie from 0 to 255 where they are int64",
    ),
    "complex": (npz(x_train=IMAGES * 1j), "own.npz", "`train_images` must hold"),
    "no split": (
        arrays(IMAGES, LABELS),
        "x.npy y.npy",
        "`--split` must be given where there are no",
    ),
    "a npy alone": (arrays(IMAGES, LABELS), f"x.npy {SPLIT}", "`source` must be one .npz"),
    "npy cut short": (
        lambda root: (arrays(IMAGES, LABELS)(root), (root / "x.npy").write_bytes(b"\x93NUMPY")),
        f"x.npy y.npy {SPLIT}",
        "`source` must be a source that can be read, .*x.npy",
    ),
    "pickled npy": (
        arrays(IMAGES.astype(object), LABELS),
        f"x.npy y.npy {SPLIT}",
        "Object arrays cannot be loaded",
    ),
    "split above 1": (arrays(IMAGES, LABELS), "x.npy y.npy --split 0.7,0.2,0.2", "that sum to 1"),
    "split in two": (arrays(IMAGES, LABELS), "x.npy y.npy --split 0.7,0.3", "be three shares"),
    "split of nothing": (
        arrays(IMAGES, LABELS),
        "x.npy y.npy --split 0.7,0.3,0",
        "be three shares",
    ),
    "split of text": (
        arrays(IMAGES, LABELS),
        "x.npy y.npy --split most",
        "`--split` must be numbers with commas between",
    ),
    "split that leaves none": (
        arrays(IMAGES, LABELS),
        "x.npy y.npy --split 0.98,0.01,0.01",
        r"`--split` must leave validation images of every class, .* of 10 of class 0 \(0\) was",
    ),
    "seed without split": (
        npz(),
        "own.npz --split-seed 1",
        "`--split-seed` must be left out without",
    ),
    "negative seed": (
        npz(),
        f"own.npz {SPLIT} --split-seed=-1",
        "`--split-seed` must be an integer",
    ),
    "no label column": (
        rows(),
        f"own.csv --label-column kind {SPLIT}",
        "which has x0, label, x1, but",
    ),
    "no such column": (
        rows(),
        f"own.csv --drop id {SPLIT}",
        "`--drop` must be one column of own.csv",
    ),
    "text in a cell": (
        rows(cells={(3, 1): "tall"}),
        f"own.csv {SPLIT}",
        "'tall' in own.csv, line 5, column x1, was",
    ),
    "NaN in a cell": (
        rows(cells={(0, 0): "nan"}),
        f"own.csv {SPLIT}",
        "'nan' in own.csv, line 2, col",
    ),
    "empty cell": (
        rows(cells={(9, 0): ""}),
        f"own.csv {SPLIT}",
        "'' in own.csv, line 11, column x0",
    ),
    "row cut short": (
        csv("a,label\n1,x\n2\n"),
        f"own.csv {SPLIT}",
        "2 cells a row, but own.csv, line 3",
    ),
    "no rows": (csv("a,label\n"), f"own.csv {SPLIT}", "hold rows of features"),
    "empty csv": (csv(""), f"own.csv {SPLIT}", "`--label-column` must be one column"),
    "labels only": (csv("label\nx\ny\n"), f"own.csv {SPLIT}", "hold rows of features"),
    "column twice": (
        csv("label,label\n1,2\n"),
        f"own.csv {SPLIT}",
        "`--label-column` must be one col",
    ),
    "csv of bytes": (
        written("own.csv", b"\xff\xfe\x00"),
        f"own.csv {SPLIT}",
        "`source` must be a source",
    ),
    "csv of numbers as labels": (
        rows(labels=np.arange(30) / 7),
        f"own.csv {SPLIT}",
        "`--split` must leave validation images",
    ),
    "resize of a csv": (
        rows(),
        f"own.csv --resize 8,8 {SPLIT}",
        "`--resize` must not be given with .c",
    ),
    "empty folder": (lambda root: (root / "own").mkdir(), "own", "a folder for each of 2 classes"),
    "one class folder": (
        folder(labels=0 * LABELS),
        f"own {SPLIT}",
        "a folder for each of 2 classes",
    ),
    "empty class folder": (
        folder(lambda root: (root / "eel").mkdir()),
        f"own {SPLIT}",
        "every class .*own/eel without any",
    ),
    "picture of another size": (
        folder(other((9, 18))),
        f"own {SPLIT}",
        "one size and mode, here 16x18 L, .*odd.tiff of 9x18 L",
    ),
    "picture in colour": (
        folder(other((16, 18, 3))),
        f"own {SPLIT}",
        "odd.tiff of 16x18 RGB was given",
    ),
    "picture with a palette": (
        folder(other((16, 18, 3), "P")),
        f"own {SPLIT}",
        "grey or RGB images, .*odd.tiff of mode P",
    ),
    "picture of 4 channels": (folder(other((16, 18, 4))), f"own {SPLIT}", "odd.tiff of mode RGBA"),
    "unreadable picture": (
        folder(lambda root: (root / "dog" / "0001.png").write_bytes(b"text")),
        f"own {SPLIT}",
        r"source that can be read, .*dog/0001.png \(cannot identify",
    ),
    "picture cut short": (
        folder(
            lambda root: (root / "dog" / "x.png").write_bytes(
                (root / "dog" / "0001.png").read_bytes()[:150]
            )
        ),
        f"own {SPLIT}",
        "dog/x.png",
    ),
    "program that draws": (
        folder(lambda root: (root / "dog" / "x.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")),
        f"own {SPLIT}",
        "dog/x.eps",
    ),
    "other classes in test": (
        lambda root: (
            parts("train", "test")(root),
            (root / "own/test/dog").rename(root / "own/test/d"),
        ),
        "own",
        "the classes of train in every part, but .*test with cat, d, owl was",
    ),
    "class missing in test": (
        lambda root: (
            parts("train", "test")(root),
            [one.unlink() for one in (root / "own/test/dog").iterdir()],
        ),
        "own",
        "every class .*test/dog without",
    ),
    "strangers beside train": (
        parts("train", "test", "more"),
        "own",
        "only where it holds train, but mo",
    ),
    "resize to text": (
        folder(),
        f"own {SPLIT} --resize big",
        "`--resize` must be numbers with commas between",
    ),
    "resize to nothing": (
        folder(),
        f"own {SPLIT} --resize 0,3",
        "`--resize` must be rows and columns from 1",
    ),
    "resize of one side": (
        folder(),
        f"own {SPLIT} --resize 3",
        "`--resize` must be rows and columns",
    ),
    "other mode": (folder(), f"own {SPLIT} --mode CMYK", "`--mode` must be one of L, RGB"),
    "unknown tfds": (
        None,
        "tfds:nothing",
        r"a source that can be read, .*nothing \(Dataset nothing not f",
    ),
    "tfds not on disk": (None, "tfds:cifar10 --data-dir .", "prepared in ., but tfds:cifar10 was"),
    "tfds that is a path": (None, "tfds:../mnist", "source that can be read"),
    "tfds without a name": (None, "tfds:", "source that can be read"),
}
NAMES = ("../x", "a/b", "a@b", ".hidden", "x" * 65, "a:b=1", "mnist", "wine", "[red]", "a b")


def refused(run, *words):
    """Standard error of a wrong command: one sentence, and nothing is kept."""
    before, start = shelf().titles(), time.process_time()
    code, out, err = run("data", "import", *words)
    assert code == 2, out + err
    assert time.process_time() - start < MOST_WORK
    assert err.startswith("jqkd: ") and err.endswith(".\n") and err.count("\n") == 1, err
    assert not re.search(r"[.?!] +[A-Z]", err), f"more than one sentence: {err}"
    assert shelf().titles() == before
    assert not list(Path("cache").rglob("*.tmp"))
    return err


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_import(run, tmp_path, name):
    make, words, sentence = WRONG[name]
    if "tfds" in words:
        pytest.importorskip("tensorflow_datasets", reason="needs the data extra")
    if words.startswith("own ") or words == "own":
        pytest.importorskip("PIL", reason="needs the data extra")
    if make:
        make(tmp_path)
    assert re.search(sentence, refused(run, "own", *words.split()))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_cannot_be_one(run, tmp_path, name):
    npz()(tmp_path)
    assert "`name` must be" in refused(run, name, "own.npz")
    assert {path.name for path in tmp_path.iterdir()} <= {"own.npz", "cache"}


def test_two_data_sets_of_one_name(run, tmp_path):
    npz()(tmp_path)
    assert run("data", "import", "own", "own.npz")[0] == 0
    (title,) = shelf().titles()
    assert run("data", "import", "own", "own.npz")[0] == 0 and shelf().titles() == [title]
    npz(x_train=IMAGES[::-1])(tmp_path)
    assert "choose another name, or remove that one first" in refused(run, "own", "own.npz")
    assert run("data", "remove", "own")[0] == 0 and shelf().titles() == []
    assert run("data", "import", "own", "own.npz")[0] == 0 and shelf().titles() != [title]


@pytest.mark.parametrize(
    ("missing", "words", "sentence"),
    [
        ("PIL", "own", r'needs Pillow, which is not installed; run `pip install "jqkd\[data\]"`'),
        ("tensorflow_datasets", "tfds:mnist", r'installed; run `pip install "jqkd\[data\]"`'),
    ],
)
def test_a_library_that_is_missing(run, tmp_path, monkeypatch, missing, words, sentence):
    pytest.importorskip("PIL", reason="needs the data extra")
    folder()(tmp_path)
    imported = builtins.__import__

    def without(name, *args, **kwargs):
        if name.partition(".")[0] == missing:
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert re.search(sentence, refused(run, "own", *words.split(), *SPLIT.split()))


def test_a_full_disk_leaves_nothing(run, tmp_path):
    npz()(tmp_path)
    (tmp_path / "cache").write_text("")
    assert "JQKD_CACHE" in run("data", "import", "own", "own.npz")[2]


def test_more_than_memory_is_refused_before_it_is_decoded(run, tmp_path, monkeypatch):
    pytest.importorskip("PIL", reason="needs the data extra")
    folder()(tmp_path)
    monkeypatch.setattr(reading, "MOST_BYTES", IMAGES.size - 1)
    assert "as it is kept decoded in memory" in refused(run, "own", "own", *SPLIT.split())


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Dataset.from_arrays("own", PAIR), "`split` must be given"),
        (lambda: Dataset.from_arrays("own", IMAGES, LABELS), "`train` must be a pair"),
        (lambda: Dataset.from_arrays("own", (IMAGES, None)), "`train_labels` must be .N,. int"),
        (lambda: Dataset.from_arrays("own", PAIR, "test"), "`test` must be a list of images and"),
        (lambda: Dataset.from_arrays("own", ("text", LABELS)), "`train_images` must"),
        (lambda: Dataset.from_arrays("own", PAIR, split=0.7), "`split` must be a list of"),
        (lambda: Dataset.from_arrays(3, PAIR, PAIR), "`name` must be a text"),
        (lambda: import_data("own", 3), "`source` must be a list of paths, but one with 3"),
        (lambda: import_data("own"), "`source` must be one .npz.* but nothing"),
        (lambda: import_data("own", "x.npz", colour=1), "`colour` must not be given with .npz"),
        (lambda: jqkd.StudentConfig("own", "0-1", 2), "`dataset` must be one of mnist.*'own'"),
        (
            lambda: Dataset("own", *GOOD.values(), ("a", "b", "c"), "").keep(),
            "`dataset` must be made",
        ),
    ],
)
def test_a_wrong_call(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


@pytest.mark.parametrize("command", ["show", "remove"])
def test_what_is_not_on_the_shelf(run, command):
    code, _, err = run("data", command, "own")
    assert code == 2 and err.count("\n") == 1 and "`name` must be" in err, err


def test_a_damaged_entry_is_named_and_can_be_removed(run, tmp_path):
    npz()(tmp_path)
    run("data", "import", "own", "own.npz")
    (title,) = shelf().titles()
    arrays_file, facts_file = shelf().files(title)
    arrays_file.write_bytes(arrays_file.read_bytes()[:-9])
    code, _, err = run("data", "show", "own")
    assert code == 2 and "is damaged" in err and "import it again" in err and err.count("\n") == 1
    facts_file.write_text("{}")
    assert "import it again" in run("data", "list")[2]
    assert run("data", "remove", "own")[0] == 0 and not list(shelf().folder.iterdir())
