"""Run folders, checkpoints, teachers on disk."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.common.files import DamagedFile, write_json
from jqkd.data import load, student_splits
from jqkd.training import student_run, teacher_store
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.result import Stopwatch, protocols
from jqkd.training.runs import DRAWN, Epoch, Run, collect
from jqkd.training.student_run import StudentJob, arm_result, run_student
from jqkd.training.teachers import train_teacher
from jqkd.training.trained import load_run
from tests.small import LENET, STUDENT

CONFIG = dataclasses.replace(STUDENT, epochs=2)
TEACHER = dataclasses.replace(LENET, classes="0-3")
JOB = StudentJob(CONFIG, TEACHER, (0, 1))


class Stop(Exception):
    pass


def stop_after_the_first_epoch(epoch):
    raise Stop


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, run_student(JOB, out=folder)


def test_a_result_is_complete_and_plain(finished):
    folder, (result, _) = finished
    stored = json.loads((folder / "result.json").read_text())
    assert stored["schema"] == 1 and stored["seeds"] == [0, 1]
    assert np.shape(stored["arms"]["alone"]["curves"]["test_accuracy"]) == (2, 2)
    assert set(stored["seconds"]) == {"total", "compile", "run"}
    assert stored["environment"]["jax"] == jax.__version__
    np.testing.assert_allclose(stored["gain"]["final"], result["gain"]["final"], atol=1e-6)
    alone, distilled = (stored["arms"][arm]["test_accuracy"]["final"] for arm in stored["arms"])
    np.testing.assert_allclose(stored["gain"]["final"], np.subtract(distilled, alone), atol=1e-6)


def test_a_stopped_run_resumes_with_the_same_bits(finished, tmp_path):
    _folder, (result, block) = finished
    with pytest.raises(Stop):
        run_student(JOB, out=tmp_path, on_epoch=stop_after_the_first_epoch)
    seen = []
    again, resumed = run_student(JOB, out=tmp_path, on_epoch=lambda e: seen.append(e.number))
    assert seen == [2]
    for arm in result["arms"]:
        for name, curve in result["arms"][arm]["curves"].items():
            np.testing.assert_array_equal(curve, again["arms"][arm]["curves"][name])
    for a, b in zip(*map(jax.tree.leaves, (block.state, resumed.state)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_finished_run_loads_with_the_weights_it_ended_with(finished):
    folder, (_, block) = finished
    loaded = load_run(folder)
    assert loaded.job == JOB and loaded.runs == block.runs
    for a, b in zip(*map(jax.tree.leaves, (loaded.params, block.state.params)), strict=True):
        np.testing.assert_array_equal(a, b)


# JAX's own softmax would be rounded otherwise where each device has one run.
ON_DEVICES = [CONFIG, dataclasses.replace(CONFIG, readout="softmax", shots=None)]


def test_runs_made_on_two_devices_load_on_one_with_the_same_bits(tmp_path):
    script = (
        "import jax; jax.config.update('jax_num_cpu_devices', 2)\n"
        "from pathlib import Path\n"
        "from tests.training.test_runs import ON_DEVICES\n"
        "from jqkd.training.student_run import StudentJob, run_student\n"
        "for number, config in enumerate(ON_DEVICES):\n"
        f"    out = Path({str(tmp_path)!r}) / str(number)\n"
        "    run_student(StudentJob(config, None, (0, 1)), out=out)\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", script], check=True, cwd=root)
    for number, config in enumerate(ON_DEVICES):
        loaded = load_run(tmp_path / str(number))
        _, block = run_student(StudentJob(config, None, (0, 1)))
        for a, b in zip(*map(jax.tree.leaves, (loaded.params, block.state.params)), strict=True):
            np.testing.assert_array_equal(a, b)


def test_another_configuration_does_not_take_over_a_folder(finished):
    folder, _ = finished
    other = StudentJob(CONFIG, TEACHER, (2,))
    with pytest.raises(InputError, match="belongs to another configuration"):
        run_student(other, out=folder)


def test_a_damaged_run_is_one_sentence(finished, tmp_path):
    folder, _ = finished
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    largest = max((p for p in copy.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    largest.write_bytes(largest.read_bytes()[: largest.stat().st_size // 2])
    with pytest.raises(InputError, match="cannot be read .*delete that folder"):
        load_run(copy)
    with pytest.raises(InputError, match="cannot be read .*delete that folder"):
        run_student(JOB, out=copy)
    (copy / "result.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        load_run(copy)
    (copy / "result.json").write_text('{"schema": 99, "kind": "student"}')
    with pytest.raises(InputError, match="schema 99"):
        load_run(copy)
    with pytest.raises(InputError, match=r"has no result\.json"):
        load_run(tmp_path / "nothing")


def test_a_cached_teacher_is_the_trained_one(tmp_path, monkeypatch):
    dataset = load("digits")
    first = teacher_store.obtain_teacher(TEACHER, dataset, cache_dir=tmp_path)
    forbidden = lambda *args, **options: pytest.fail("trained twice")  # noqa: E731
    monkeypatch.setattr(teacher_store, "train_teacher", forbidden)
    second = teacher_store.obtain_teacher(TEACHER, dataset, cache_dir=tmp_path)
    assert second.config == first.config
    for part in first.logits:
        np.testing.assert_array_equal(first.logits[part], second.logits[part])
    folder = teacher_store.teacher_folder(TEACHER, dataset, tmp_path)
    (folder / "logits.npz").write_bytes(b"PK damaged")
    with pytest.raises(DamagedFile, match="logits.npz .* damaged: .* trained again"):
        teacher_store.load_teacher(folder, TEACHER, dataset)


def test_a_stopped_teacher_resumes_with_the_same_bits(tmp_path):
    dataset = load("digits")
    whole, weights = train_teacher(TEACHER, dataset)

    def stop(progress):
        if progress.metrics is not None:
            raise Stop

    with pytest.raises(Stop):
        train_teacher(TEACHER, dataset, checkpoints=tmp_path, on_progress=stop)
    resumed, again = train_teacher(TEACHER, dataset, checkpoints=tmp_path)
    assert teacher_store.weights_digest(weights) == teacher_store.weights_digest(again)
    np.testing.assert_array_equal(whole.logits["test"], resumed.logits["test"])
    np.testing.assert_allclose(whole.curves["train_loss"], resumed.curves["train_loss"], rtol=1e-12)


def test_a_teachers_logits_are_found_by_image_id():
    dataset = load("digits")
    teacher, _ = train_teacher(TEACHER, dataset)
    splits = student_splits(dataset, (0, 1, 2, 3), per_class=10, selection="random", seed=4)
    for subset in (splits.train, splits.validation, splits.test):
        found = teacher.logits_for(subset)
        parts = ("test",) if subset.part == "test" else ("train", "validation")
        pairs = [zip(teacher.ids[p], teacher.logits[p], strict=True) for p in parts]
        table = dict(pair for part in pairs for pair in part)
        np.testing.assert_array_equal(found, [table[i] for i in subset.ids])


def test_protocols_pick_epochs_as_they_say():
    validation = [[0.8, 0.9, 0.9, 0.7]]
    loss = [[0.1, 0.5, 0.4, 0.1]]
    test = [[0.1, 0.2, 0.3, 0.25]]
    found = protocols(loss, test, validation)
    assert found["final"] == [0.25] and found["picked"] == [0.3] and found["best"] == [0.3]
    assert found["picked_epoch"] == [3]


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "result.json"
    write_json(path, {"a": np.float32(0.1)})
    before = path.read_text()
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert path.read_text() == before and list(tmp_path.iterdir()) == [path]
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_json(tmp_path / "file" / "result.json", {})


def test_a_number_that_is_none_is_null_in_json(tmp_path):
    """JSON has no word for NaN, and a reader other than Python's would refuse the file."""
    path = tmp_path / "result.json"
    write_json(path, {"a": [1.5, float("nan")], "b": np.array([np.inf, 2]), "c": np.float32("nan")})

    def refuse(word):
        pytest.fail(f"{word} is no JSON")

    stored = json.loads(path.read_text(), parse_constant=refuse)
    assert stored == {"a": [1.5, None], "b": [None, 2], "c": None}


def test_a_picked_epoch_is_an_epoch():
    """Of the evaluated epochs 2, 4 and 5 the second one is best on validation."""
    names = [
        f"{part}_{what}"
        for part in ("train", "validation", "test")
        for what in ("loss", "accuracy")
    ]
    curve = np.array([[0.2, 0.9, 0.8]])
    looks = zip([2, 4, 5], curve.T, strict=True)
    epochs = [Epoch(number, dict.fromkeys([*names, *DRAWN], one)) for number, one in looks]
    curves = collect([Run(0, "alone")], epochs)
    assert arm_result(curves)["test_accuracy"]["picked_epoch"] == [4]


def test_an_unwritable_folder_is_found_out_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(student_run, "prepare", lambda *_, **__: pytest.fail("work has begun"))
    (tmp_path / "file").write_text("")
    job = StudentJob(StudentConfig("digits", "0-1", 1), None, (0,))
    with pytest.raises(InputError, match="`out` must be a folder that can be written"):
        run_student(job, out=tmp_path / "file" / "run")


def test_a_stopwatch_tells_compiling_from_running():
    watch = Stopwatch()
    jax.jit(lambda x: jax.numpy.sin(x) * 3 + 0.123)(1.0)
    seconds = watch.seconds()
    assert seconds["compile"] > 0
    assert abs(seconds["compile"] + seconds["run"] - seconds["total"]) < 0.01


def test_a_recipe_that_a_teacher_cannot_serve_is_refused_before_it_trains():
    hints = StudentConfig("digits", "0-3", 2, recipe="hints")
    with pytest.raises(
        InputError,
        match="at most 512 numbers where the recipe is hints, but alexnet, whose has 4096",
    ):
        StudentJob(hints, TeacherConfig("alexnet", "digits", "0-3"), (0,))
