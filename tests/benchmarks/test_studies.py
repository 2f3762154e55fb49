"""The parts of studies that need no minutes: programs are counted, failures are said."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import parts, studies
from benchmarks.peers.own_training import CONFIG, block, images
from jqkd._checks import InputError
from jqkd.training import students
from jqkd.training.students import Block, check_teacher


def test_compiled_programs_are_counted_by_name():
    names = parts.count_programs()

    @jax.jit
    def some_program(x):
        return jnp.sin(x) + 1

    some_program(jnp.zeros(2))
    some_program(jnp.ones(2))
    assert names.count("some_program") == 1
    some_program(jnp.zeros(3))
    assert names.count("some_program") == 2
    jax.config.update("jax_log_compiles", False)


def test_a_part_that_fails_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="Study nothing failed: KeyError: 'nothing'"):
        studies.in_new_process("nothing", cache=tmp_path)


def test_a_study_that_fails_says_so_in_its_place(monkeypatch):
    def broken():
        raise InputError("No.")

    monkeypatch.setitem(studies.STUDIES, "T2", broken)
    assert studies.run_studies(["T2"]) == {"T2": {"title": "No."}}


def test_overheads_are_what_epochs_leave(monkeypatch):
    said = {"epochs": [9.0, 2.0, 3.0], "parts": {}, "dataset": "digits", "peak_mb": 1}
    walls = iter([30.0, 14.0, 8.0])
    monkeypatch.setattr(studies, "in_new_process", lambda *a, **k: (said, next(walls)))
    found = studies.cold_row()
    assert [found[k] for k in ("nothing kept", "cold", "warm")] == [22.5, 6.5, 0.5]


def test_tables_are_reckoned_to_all_epochs(monkeypatch):
    rows = [{"row": "a", "epoch": 1.0}, {"row": "b", "epoch": 2.0}]
    said = {"rows": rows, "programs": 2, "widths": 2, "names": {}, "images": ""}
    monkeypatch.setattr(studies, "in_new_process", lambda *a, **k: (said, 15.0))
    found = studies.both_tables()
    # 15 s for 3 epochs and all else, 7 more epochs of 3 s; the epochs alone are 10 times 3 s.
    assert found["ratio"] == pytest.approx(36 / 30) and found["programs per width"] == 1


def test_what_is_timed_is_the_students_block():
    made = block(train=12)
    assert isinstance(made, Block) and made.config == CONFIG and len(made.splits.train) == 12
    assert made.logits(made.splits.test).shape == (1, 6, 16)


def test_images_are_like_mnists():
    made = images(6, 3)
    assert made.images.shape == (6, 28, 28) and made.images.dtype == np.float32
    assert 0 <= made.images.min() and made.images.max() <= 1
    assert made.labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_both_tables_are_all_student_rows_with_a_teacher(monkeypatch):
    made = []

    class Counted:
        def __init__(self, config, splits, runs, teacher):
            check_teacher(config, splits, teacher)
            made.append((config.dataset, config.classes, config.qubits, runs[0].arm))

        def next_epoch(self):
            pass

    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    monkeypatch.setattr(parts, "_set_up", lambda: None)
    monkeypatch.setattr(students, "Block", Counted)
    found = parts.tables()
    jax.config.update("jax_log_compiles", False)
    assert len(made) == len(found["rows"]) == 24 and found["widths"] == 2
    assert sum(arm == "alone" for *_, arm in made) == 6
    assert found["images"] == "synthetic" and found["programs"] == 0
