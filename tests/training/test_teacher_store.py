"""Teachers in the cache: one process trains, others wait; what is damaged is trained again."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import jqkd
from jqkd._checks import InputError
from jqkd.common import cache
from jqkd.data import CacheWarning, load
from jqkd.training import checkpoint, teacher_store
from jqkd.training.teacher_store import obtain_teacher, teacher_folder, weights_digest
from jqkd.training.teachers import train_teacher
from tests.small import LENET

ROOT = Path(jqkd.__file__).parents[1]
CONFIG = LENET
KEPT = ["logits.npz", "teacher.json", "weights.npz"]
WAITING = "Waiting for another process that trains this teacher."


@pytest.fixture(scope="module")
def dataset():
    return load("digits")


@pytest.fixture(scope="module")
def trained(dataset):
    """A teacher and its weights, trained without a cache."""
    return train_teacher(CONFIG, dataset)


@pytest.fixture
def trainings(trained, monkeypatch):
    """Training is replaced by looking up what it gives; a list of where its checkpoints went."""
    calls = []

    def pretend(config, dataset, *, checkpoints, on_progress):
        calls.append(checkpoints)
        checkpoints.mkdir(parents=True)  # Two at once would meet here,
        time.sleep(0.2)
        (checkpoints / "state").write_text("")
        (checkpoints / "state").read_text()  # or here.
        return trained

    monkeypatch.setattr(teacher_store, "train_teacher", pretend)
    return calls


@pytest.fixture(scope="module")
def kept(trained, dataset, tmp_path_factory):
    """A cache that holds the teacher."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teacher_store, "train_teacher", lambda *_, **__: trained)
        obtain_teacher(CONFIG, dataset, cache_dir=folder)
    return folder


@pytest.fixture
def copy(kept, tmp_path):
    return shutil.copytree(kept, tmp_path / "cache")


def same(a, b):
    return a.config == b.config and all(
        np.array_equal(a.logits[part], b.logits[part]) and np.array_equal(a.ids[part], b.ids[part])
        for part in ("train", "validation", "test")
    )


def test_side_by_side_one_trains_and_the_others_wait(trainings, trained, dataset, tmp_path, caplog):
    results = []

    def work():
        results.append(obtain_teacher(CONFIG, dataset, cache_dir=tmp_path))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(trainings) == 1
    assert len(results) == 4 and all(same(result, trained[0]) for result in results)
    # Whoever came after the lock was taken says so, once.
    messages = [r.getMessage() for r in caplog.records if r.name == "jqkd.common.locks"]
    assert messages == [WAITING] * len(messages) and 1 <= len(messages) <= 3
    assert not trainings[0].exists()


@pytest.mark.slow
def test_four_students_that_share_an_empty_cache(tmp_path):
    environment = os.environ | {"JQKD_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    words = "student --dataset digits --classes 0-1 --qubits 1 --teacher-epochs 1 --epochs 1"
    words += " --seeds 1 --per-class 10 --temperature"
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "jqkd", *words.split(), str(t), "--json", "-"],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for t in (1, 2, 4, 8)
    ]
    ends = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, [err for _, err in ends]
    results = [json.loads(out) for out, _ in ends]
    assert [result["student"]["temperature"] for result in results] == [1, 2, 4, 8]
    assert all(r["teacher_result"] == results[0]["teacher_result"] for r in results)
    (folder,) = (tmp_path / "cache" / "teachers").iterdir()
    names = sorted(p.name for p in folder.iterdir())
    assert names[0].startswith("answers-") and names[1:] == KEPT


def edit(path, change):
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))


def repack(path, **changed):
    with np.load(path) as file:
        arrays = dict(file)
    arrays |= {name: change(arrays[name]) for name, change in changed.items()}
    np.savez(path, **arrays)


def without_digest(folder):
    """As an earlier version wrote it."""
    edit(folder / "teacher.json", lambda about: about.pop("logits_digest"))


def with_nan(logits):
    return np.where(np.arange(len(logits))[:, None] == 3, np.nan, logits)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = {
    "json null": lambda f: (f / "teacher.json").write_text("null"),
    "json list": lambda f: (f / "teacher.json").write_text("[1]"),
    "json deep": lambda f: (f / "teacher.json").write_text("[" * 100_000),
    "json cut": lambda f: cut(f / "teacher.json"),
    "json no curves": lambda f: edit(f / "teacher.json", lambda a: a.pop("curves")),
    "json one curve less": lambda f: edit(
        f / "teacher.json", lambda a: a["curves"].pop("test_accuracy")
    ),
    "json short curve": lambda f: edit(
        f / "teacher.json", lambda a: a["curves"]["train_loss"].pop()
    ),
    "json words for numbers": lambda f: edit(
        f / "teacher.json", lambda a: a["curves"].update(train_loss=["a", "b"])
    ),
    "json curves null": lambda f: edit(f / "teacher.json", lambda a: a.update(curves=None)),
    "json other data": lambda f: edit(f / "teacher.json", lambda a: a.update(data_digest="0")),
    "json other digest": lambda f: edit(f / "teacher.json", lambda a: a.update(digest="0")),
    "logits cut": lambda f: cut(f / "logits.npz"),
    "logits missing": lambda f: (f / "logits.npz").unlink(),
    "logits zeroed": lambda f: repack(f / "logits.npz", train_logits=np.zeros_like),
}
# What must be seen without a digest, too.
SHAPES = {
    "logits nan": lambda f: repack(f / "logits.npz", test_logits=with_nan),
    "logits of another shape": lambda f: repack(f / "logits.npz", train_logits=lambda a: a[:, :1]),
    "logits of other images": lambda f: repack(f / "logits.npz", validation_ids=lambda a: a + 1),
    "logits huge": lambda f: repack(f / "logits.npz", train_logits=lambda a: np.tile(a, (100, 1))),
}
EVERY = DAMAGES | {
    name: lambda folder, how=how: (without_digest(folder), how(folder))
    for name, how in SHAPES.items()
}


@pytest.mark.parametrize("how", EVERY)
def test_a_damaged_teacher_is_named_and_trained_again(how, copy, trainings, trained, dataset):
    folder = teacher_folder(CONFIG, dataset, copy)
    EVERY[how](folder)
    name = "logits.npz" if how.startswith("logits") and "zeroed" not in how else "teacher.json"
    with pytest.warns(CacheWarning, match=f"{name} .* damaged: .*; the teacher is trained again"):
        again = obtain_teacher(CONFIG, dataset, cache_dir=copy)
    assert same(again, trained[0]) and len(trainings) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        obtain_teacher(CONFIG, dataset, cache_dir=copy, with_weights=True)
    assert len(trainings) == 1


def test_a_teacher_of_an_earlier_version_is_read(copy, trainings, trained, dataset):
    without_digest(teacher_folder(CONFIG, dataset, copy))
    again = obtain_teacher(CONFIG, dataset, cache_dir=copy, with_weights=True)
    assert same(again, trained[0]) and trainings == []
    (teacher_folder(CONFIG, dataset, copy) / "weights.npz").unlink()
    with pytest.warns(CacheWarning, match="weights.npz .* damaged: it is missing"):
        obtain_teacher(CONFIG, dataset, cache_dir=copy, with_weights=True)


def largest(folder):
    return max((p for p in folder.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)


WEIGHTS = {
    "missing": (lambda path: path.unlink(), "weights.npz .* damaged: it is missing"),
    "cut": (cut, "weights.npz .* damaged: "),
    "of another shape": (
        lambda path: repack(path, **{"dense3.bias": lambda a: a[None]}),
        "weights.npz .* damaged: its weights have other shapes",
    ),
    "one bit": (
        lambda path: repack(path, **{"dense3.bias": lambda a: a * np.float32(1.001)}),
        "teacher.json .* damaged: weights not as described there",
    ),
}


@pytest.mark.parametrize("how", WEIGHTS)
def test_weights_that_are_damaged_count_where_they_are_needed(
    how, copy, trainings, trained, dataset
):
    folder = teacher_folder(CONFIG, dataset, copy)
    damage, sentence = WEIGHTS[how]
    damage(folder / "weights.npz")
    obtain_teacher(CONFIG, dataset, cache_dir=copy)
    assert trainings == []
    with pytest.warns(CacheWarning, match=f"{sentence}.* trained again"):
        obtain_teacher(CONFIG, dataset, cache_dir=copy, with_weights=True)
    again = obtain_teacher(CONFIG, dataset, cache_dir=copy, with_weights=True)
    assert weights_digest(again.weights) == weights_digest(trained[1]) and len(trainings) == 1


def forbid_writing(monkeypatch, number=errno.EROFS):
    def refuse(folder):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(cache, "try_to_write", refuse)
    monkeypatch.setattr(teacher_store, "held", lambda *_: pytest.fail("locked"))


def test_a_cache_that_is_read_only_serves_what_it_holds(kept, trainings, dataset, monkeypatch):
    forbid_writing(monkeypatch)
    obtain_teacher(CONFIG, dataset, cache_dir=kept, with_weights=True)
    assert trainings == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.ENOTDIR, errno.ELOOP])
def test_a_cache_that_cannot_be_written_is_told_before_training(
    number, tmp_path, trainings, dataset, monkeypatch
):
    forbid_writing(monkeypatch, number)
    with pytest.raises(InputError, match=f"cannot be written .{os.strerror(number)}.*JQKD_CACHE"):
        obtain_teacher(CONFIG, dataset, cache_dir=tmp_path)
    assert trainings == []


KILLED = """
import os, signal, sys
from pathlib import Path
from jqkd.data import load
from jqkd.training.config import TeacherConfig
from jqkd.training.teacher_store import obtain_teacher
folder, last = Path(sys.argv[1]), sys.argv[2]
for name in ("rename", "replace"):
    def move(source, target, *rest, move=getattr(os, name), **options):
        if Path(target).name == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return move(source, target, *rest, **options)
    setattr(os, name, move)
config = TeacherConfig("lenet", "digits", "0-1", epochs=2)
obtain_teacher(config, load("digits", cache_dir=folder), cache_dir=folder)
"""


@pytest.mark.parametrize(
    ("last", "epochs"),
    [
        ("2", [2]),  # The second epoch's checkpoint is written, but not yet in its place.
        pytest.param("logits.npz", [], marks=pytest.mark.slow),
        pytest.param("weights.npz", [], marks=pytest.mark.slow),
        pytest.param("teacher.json", [], marks=pytest.mark.slow),
    ],
)
def test_a_killed_training_goes_on_from_its_checkpoint(last, epochs, trained, dataset, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, tmp_path, last], cwd=ROOT, timeout=200
    )
    assert done.returncode == -signal.SIGKILL
    folder = teacher_folder(CONFIG, dataset, tmp_path)
    assert not (folder / "teacher.json").exists()
    seen = []
    again = obtain_teacher(
        CONFIG,
        dataset,
        cache_dir=tmp_path,
        on_progress=lambda p: p.metrics and seen.append(p.epoch),
    )
    assert seen == epochs
    assert same(again, trained[0])
    assert sorted(p.name for p in folder.iterdir()) == KEPT


def test_what_killed_processes_left_is_removed(trainings, dataset, tmp_path):
    folder = teacher_folder(CONFIG, dataset, tmp_path)
    for half in ("1.orbax-checkpoint-tmp-1", "1.orbax-checkpoint-tmp"):
        (folder / half / "d").mkdir(parents=True)
    for half in (f".{name}.01234567.tmp" for name in KEPT):
        (folder / half).write_text("half")
    obtain_teacher(CONFIG, dataset, cache_dir=tmp_path)
    assert sorted(p.name for p in folder.iterdir()) == KEPT


def test_who_writes_checkpoints_removes_half_ones_and_who_reads_does_not(tmp_path):
    state, curves = {"a": np.zeros(2, np.float32)}, {"loss": np.zeros(1)}
    checkpoint.save(tmp_path, 1, state, curves, "name")
    half = tmp_path / "2.orbax-checkpoint-tmp"
    half.mkdir()
    assert checkpoint.restore(tmp_path, state, "name")[0] == 1
    assert half.exists()  # It may be that of a training that goes on.
    checkpoint.save(tmp_path, 3, state, curves, "name")
    assert [p.name for p in tmp_path.iterdir()] == ["3"]


def stop_after_an_epoch(progress):
    if progress.metrics is not None:
        raise KeyboardInterrupt


def test_a_damaged_checkpoint_is_named_and_training_starts_anew(trained, dataset, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        obtain_teacher(CONFIG, dataset, cache_dir=tmp_path, on_progress=stop_after_an_epoch)
    checkpoints = teacher_folder(CONFIG, dataset, tmp_path) / "checkpoints"
    cut(largest(checkpoints))
    with pytest.warns(CacheWarning, match="checkpoints .* damaged: .*trained again from the begin"):
        again = obtain_teacher(CONFIG, dataset, cache_dir=tmp_path)
    assert same(again, trained[0]) and not checkpoints.exists()


def test_a_disk_that_fills_up_costs_the_epoch_at_most(trained, dataset, tmp_path, monkeypatch):
    import orbax.checkpoint as ocp

    save = ocp.CheckpointManager.save

    def full(manager, step, **options):
        half = manager.directory / f"{step}.orbax-checkpoint-tmp"
        if step == 2:
            half.mkdir()
            raise ValueError(f"RESOURCE_EXHAUSTED: {os.strerror(errno.ENOSPC)} [more]")
        return save(manager, step, **options)

    monkeypatch.setattr(ocp.CheckpointManager, "save", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\); .*kept"):
        obtain_teacher(CONFIG, dataset, cache_dir=tmp_path)
    folder = teacher_folder(CONFIG, dataset, tmp_path)
    assert [p.name for p in (folder / "checkpoints").iterdir()] == ["1"]
    monkeypatch.undo()
    assert same(obtain_teacher(CONFIG, dataset, cache_dir=tmp_path), trained[0])
