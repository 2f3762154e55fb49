"""Audits and accuracies by protocol, each fed a fault that it must see."""

from __future__ import annotations

import numpy as np
import pytest

from jqkd.training import audit
from jqkd.training.audit import check_gradients
from jqkd.training.config import StudentConfig
from jqkd.training.loop import TrainingError
from jqkd.training.result import protocols
from jqkd.training.runs import Curves, Run
from jqkd.training.student_task import ALONE, DISTILLED

# What an audit refuses.

CONFIG = StudentConfig("digits", "0-1", 1, shots=None)
RUNS = [Run(0, ALONE), Run(1, ALONE), Run(0, DISTILLED), Run(1, DISTILLED)]


def found(*norms: float, reference: float = 1.0) -> dict:
    """An audit's look: norms of the distillation term, run by run."""
    norm = np.array([[reference, value] for value in norms])
    return {"gradients": {"norm": norm, "cross_entropy": np.full(len(norms), reference)}}


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (found(0, 0, 0.3, 0), "distilled student with seed 1 teaches nothing"),
        (found(0, 0, 0, 0.2), "distilled student with seed 0 teaches nothing"),
        (found(0.3, 0.2, 0, 0), "alone student with seed 0 is taught"),
        (found(0, 0.2, 0.3, 0.2), "alone student with seed 1 is taught"),
        (found(0, 0, np.nan, 0.2), "distilled student with seed 0 teaches nothing"),
        (found(0, 0, np.inf, 0.2), "distilled student with seed 0 teaches nothing"),
        (found(np.nan, 0, 0.3, 0.2), "alone student with seed 0 is taught"),
        (found(0, 0, 0.3, 0.2, reference=np.nan), "teaches nothing"),
    ],
)
def test_an_audit_refuses_wrong_gradients(look, words):
    check_gradients(CONFIG, RUNS, found(0, 0, 0.3, 0.2))
    with pytest.raises(TrainingError, match=words):
        check_gradients(CONFIG, RUNS, look)


def test_an_audit_of_swapped_arms_is_refused():
    """The same numbers under each other's names."""
    right = found(0, 0, 0.3, 0.2)
    check_gradients(CONFIG, RUNS, right)
    with pytest.raises(TrainingError):
        check_gradients(CONFIG, RUNS[2:] + RUNS[:2], right)


def test_likeness_is_counted_with_the_right_teacher():
    """Two students and two teachers who say different things: each is like its own."""
    mine, other = np.eye(4)[[0, 1, 2, 3, 0]], np.eye(4)[[0, 2, 1, 3, 3]]
    both = np.stack([mine, other])
    np.testing.assert_allclose(audit.agreement(both, mine), [1, 0.4])
    np.testing.assert_allclose(audit.agreement(both, other), [0.4, 1])


# Accuracies follow from curves.

LOSS = np.array([[0.9, 0.5, 0.4, 0.6], [0.8, 0.7, 0.3, 0.2]])
VALIDATION = np.array([[0.5, 0.8, 0.8, 0.7], [0.6, 0.9, 0.7, 0.7]])
TEST = np.array([[0.45, 0.71, 0.72, 0.83], [0.55, 0.64, 0.68, 0.61]])
EXPECTED = {
    "final": [0.83, 0.61],
    # Equal on validation in epochs 2 and 3: the smaller loss decides.
    "picked": [0.72, 0.64],
    "best": [0.83, 0.68],
    "picked_epoch": [3, 2],
}


def said(loss=LOSS, test=TEST, validation=VALIDATION) -> dict:
    return {name: value.tolist() for name, value in protocols(loss, test, validation).items()}


def test_accuracies_are_read_off_the_right_epoch():
    assert said() == EXPECTED


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        # A curve shifted by an epoch.
        ({"test": np.roll(TEST, 1, -1)}, {"final", "picked"}),
        ({"validation": np.roll(VALIDATION, 1, -1)}, {"picked", "picked_epoch"}),
        ({"loss": np.roll(LOSS, -1, -1)}, {"picked", "picked_epoch"}),
        # Another seed's, and validation for test.
        ({"test": TEST[::-1]}, {"final", "picked", "best"}),
        ({"validation": VALIDATION[::-1]}, {"picked", "picked_epoch"}),
        ({"test": VALIDATION}, {"final", "picked", "best"}),
        ({"loss": -LOSS}, {"picked", "picked_epoch"}),
    ],
)
def test_no_curve_can_stand_for_another(fault, changed):
    now = said(**fault)
    assert {name for name in EXPECTED if now[name] != EXPECTED[name]} == changed


def test_an_arms_curves_are_its_own():
    """Runs in mixed order: alone and distilled take turns, seeds descend."""
    runs = [Run(1, DISTILLED), Run(1, ALONE), Run(0, DISTILLED), Run(0, ALONE)]
    names = [name for name in Curves.__dataclass_fields__ if name not in ("runs", "epochs")]
    arrays = {n: 10.0 * k + np.arange(4)[:, None] + np.zeros(3) for k, n in enumerate(names)}
    curves = Curves(runs, [1, 2, 3], **arrays)
    for arm, rows in ((DISTILLED, [0, 2]), (ALONE, [1, 3])):
        mine = curves.arm(arm)
        assert mine.runs == [runs[row] for row in rows]
        for name in names:
            np.testing.assert_array_equal(getattr(mine, name), arrays[name][rows])
