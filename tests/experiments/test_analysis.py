"""Records of a store: what an arm's files say, and nothing of what is damaged or missing."""

from __future__ import annotations

import json

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.experiments.analysis import machines, records
from jqkd.experiments.asked import Asked
from jqkd.experiments.planner import jobs_of, plan
from jqkd.experiments.store import Store

from .pretended import content_of, fill

PLACEBOS = "placebos:datasets=digits,classes=0-1,qubits=2"


@pytest.fixture
def store(tmp_path):
    return fill(tmp_path, PLACEBOS, 3, lambda job, seed: 80 + 2 * seed + (job.teacher is not None))


def test_records_say_what_was_written(store):
    experiment = Asked(PLACEBOS, 3).experiment()
    known = records(experiment, store)
    assert list(known) == [arm.name for arm in experiment.arms]
    taught = known["digits-shuffled"]
    assert taught.arm == experiment.arm("digits-shuffled") and taught.seeds == [0, 1, 2]
    assert taught.right == {protocol: [81, 83, 85] for protocol in ("final", "picked", "best")}
    assert taught.test_images == 100 and taught.accuracy("final") == [81.0, 83.0, 85.0]
    assert taught.epochs == taught.arm.student.evaluated_epochs
    looks = len(taught.epochs)
    expected = {f"{p}_{w}" for p in ("train", "validation", "test") for w in ("loss", "accuracy")}
    assert set(taught.curves) == expected
    assert {values.shape for values in taught.curves.values()} == {(3, looks)}
    assert taught.curves["test_accuracy"][:, -1].tolist() == [0.81, 0.83, 0.85]
    assert np.allclose(taught.curves["test_loss"], 1 - taught.curves["test_accuracy"])
    assert taught.mechanism["dead"] == pytest.approx([81 / 7, 83 / 7, 85 / 7])
    assert taught.teacher_epochs == {"lenet": 10} and known["digits-alone"].teacher_epochs == {}
    with pytest.raises(InputError, match="`protocol` must be one of final, picked, best"):
        taught.accuracy("first")


def test_damaged_and_missing_seeds_are_left_out(store):
    experiment = Asked(PLACEBOS, 3).experiment()
    alone = jobs_of(experiment.arm("digits-alone"), [0, 1, 2])
    store.path(alone[1].name).write_text("{")
    store.path(jobs_of(experiment.arm("digits-constant"), [2])[0].name).unlink()
    for job in jobs_of(experiment.arm("digits-smoothed"), [0, 1, 2]):
        store.path(job.name).unlink()
    known = records(experiment, store)
    assert known["digits-alone"].seeds == [0, 2]
    assert known["digits-alone"].right["best"] == [80, 84]
    assert known["digits-constant"].seeds == [0, 1] and "digits-smoothed" not in known


def test_teachers_and_rows(tmp_path):
    store = fill(tmp_path, "demo", 2, lambda job, seed: 90 + seed, teacher=97)
    experiment = Asked("demo", 2).experiment()
    line = records(experiment, store)["digits-0-1-teacher-lenet"]
    assert line.seeds == [0] and line.accuracy("best") == [97.0] and line.epochs == [1]
    assert line.teacher_epochs == {"lenet": 10}
    for job in plan(experiment, 1, teacher_seeds=3):
        if job.kind == "teachers" and job.teacher.seed:
            store.write(job.name, content_of(job, 95 + job.teacher.seed))
    assert records(experiment, store)["digits-0-1-teacher-lenet"].right["best"] == [97, 96, 97]


def test_a_store_of_another_version_is_read_by_its_own_names(store):
    experiment = Asked(PLACEBOS, 3).experiment()
    other = Store(store.root, algorithm=1)
    assert records(experiment, other) == {}
    for job in plan(experiment, 1, algorithm=1):
        if job.seed is not None:
            other.write(job.name, content_of(job, 50))
    known = records(experiment, other)
    assert {record.right["final"][0] for record in known.values()} == {50}


def test_machines_and_seconds(store):
    environment = {"device": "2 CPU cores", "jax": "1.2"}
    for name in ("a", "b"):
        store.log({"job": name, "seconds": {"total": 1.5}, "environment": environment})
    store.log({"job": "c", "failed": "no reason"})
    assert machines(store) == (["2 CPU cores, JAX 1.2"], 3.0)
    first, second = (store.root / "log.jsonl").read_text().splitlines()[:2]
    # What was asked for, and when, comes before what was done.
    assert "asked" in json.loads(first) and json.loads(second)["job"] == "a"
