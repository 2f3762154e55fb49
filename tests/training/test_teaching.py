"""What students are told: kept answers are those of the weights, or are asked for again."""

import dataclasses
import io
import zipfile

import numpy as np
import pytest

from jqkd.data import load
from jqkd.training import teaching
from jqkd.training.config import StudentConfig
from jqkd.training.student_run import StudentJob, prepare, splits_for
from jqkd.training.teacher_store import obtain_teacher, teacher_folder
from jqkd.training.teaching import answers
from tests.small import LENET

CONFIG = StudentConfig(
    "digits", "0-1", 1, shots=None, epochs=2, per_class=4, augmentation="mixup", recipe="hints"
)


@pytest.fixture(scope="module")
def dataset():
    return load("digits")


@pytest.fixture(scope="module")
def kept(tmp_path_factory, dataset):
    """A cache, the answers that were given first, and the file that keeps them."""
    cache = tmp_path_factory.mktemp("cache")
    said = ask(dataset, cache)
    [path] = teacher_folder(LENET, dataset, cache).glob("answers-*.npz")
    return cache, said, path


def ask(dataset, cache):
    teacher = obtain_teacher(LENET, dataset, cache_dir=cache)
    return answers(teacher, CONFIG, dataset, splits_for(CONFIG, dataset).train, cache_dir=cache)


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_kept_answers_are_read_and_not_asked_for_again(kept, dataset, monkeypatch):
    cache, said, _path = kept
    forbidden = lambda *args, **options: pytest.fail("asked twice")  # noqa: E731
    monkeypatch.setattr(teaching, "answer", forbidden)
    assert same(ask(dataset, cache), said) and said.logits.shape == (2, 8, 2)
    assert np.any(said.logits) and np.any(said.features)


def arrays_in(path):
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def rewritten(path, **changes):
    arrays = {k: v for k, v in (arrays_in(path) | changes).items() if v is not None}
    with path.open("wb") as file:
        np.savez(file, **arrays)


def with_a_header_of_4_tib(path):
    """An entry that claims 4 TiB and holds nothing."""
    header = io.BytesIO()
    about = {"descr": "<f2", "fortran_order": False, "shape": (2**41,)}
    np.lib.format.write_array_header_1_0(header, about)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("more.npy", header.getvalue())


FAULTS = {
    "zeroed logits": lambda p: rewritten(p, logits=np.zeros_like(arrays_in(p)["logits"])),
    "zeroed features": lambda p: rewritten(p, features=np.zeros_like(arrays_in(p)["features"])),
    "one bit": lambda p: rewritten(p, logits=arrays_in(p)["logits"] * np.float16(1.001)),
    "no digest": lambda p: rewritten(p, digest=None),
    "another digest": lambda p: rewritten(p, digest=np.array("0" * 16)),
    "no features": lambda p: rewritten(p, features=None),
    "objects": lambda p: rewritten(p, logits=np.array([{}], object)),
    "cut short": lambda p: p.write_bytes(p.read_bytes()[: p.stat().st_size // 2]),
    "empty": lambda p: p.write_bytes(b""),
    "no archive": lambda p: p.write_bytes(b"PK damaged"),
    "a header of 4 TiB": with_a_header_of_4_tib,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_answers_that_are_not_those_kept_are_asked_for_again(kept, dataset, fault):
    cache, said, path = kept
    whole = arrays_in(path)
    FAULTS[fault](path)
    assert same(ask(dataset, cache), said)
    again = arrays_in(path)
    assert set(again) == {"logits", "features", "digest"}
    assert all(np.array_equal(again[name], whole[name]) for name in whole)


def test_answers_of_other_weights_are_asked_for_again(kept, dataset, monkeypatch):
    """A teacher that was trained anew, in the same folder, has not given them."""
    cache, said, path = kept
    arrays, asked, real = arrays_in(path), [], teaching.answer
    del arrays["digest"]
    rewritten(path, digest=np.array(teaching._seal(arrays, "f" * 16)))
    note = lambda *args, **options: asked.append(args) or real(*args, **options)  # noqa: E731
    monkeypatch.setattr(teaching, "answer", note)
    for _ in range(2):
        assert same(ask(dataset, cache), said) and len(asked) == CONFIG.views


def test_a_placebo_reaches_the_students_features(kept, monkeypatch):
    """What students of a recipe that reads hidden layers are set up with."""
    cache, _said, _path = kept
    monkeypatch.setenv("JQKD_CACHE", str(cache))
    blocks = {}
    for placebo in ("none", "shuffled", "constant"):
        config = dataclasses.replace(CONFIG, placebo=placebo)
        blocks[placebo] = prepare(StudentJob(config, LENET, (0,))).block
    told = {name: np.asarray(block.data(1).teacher.features[:8]) for name, block in blocks.items()}
    assert told["none"].std(0).max() > 0
    assert sorted(map(tuple, told["shuffled"])) == sorted(map(tuple, told["none"]))
    assert (told["shuffled"] != told["none"]).any(1).all()
    first = np.asarray(blocks["constant"].data(0).teacher.features[:8])
    assert (told["constant"] == first[0]).all() and (first == first[0]).all()
