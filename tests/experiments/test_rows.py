"""The rows against the arithmetic of the paper's own tables."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.experiments.rows import DISTILLED, ROWS, TEACHER, Row, alone_of, select

PUBLISHED = select("all")


def test_both_tables_are_whole():
    kinds = Counter((row.table, row.kind) for row in PUBLISHED)
    assert kinds == {
        (t, k): n for t in (1, 2) for k, n in (("student", 3), ("teacher", 6), ("distilled", 9))
    }
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_mean_gains_are_those_of_the_papers_rows():
    gains = [[r.gain for r in PUBLISHED if r.table == t and r.kind == DISTILLED] for t in (1, 2)]
    assert np.round(np.mean(gains, 1), 2).tolist() == [0.76, 5.40]


def test_gains_are_differences_of_accuracies():
    # One gain is printed as 0.00 where the accuracies differ by -1.75.
    for row in (r for r in PUBLISHED if r.kind == DISTILLED):
        difference = row.accuracy - alone_of(row).accuracy
        assert abs(max(difference, 0) - row.gain) < 0.015, row.name


def test_accuracies_are_of_whole_images():
    # 150 test images a class; two decimals.
    for row in (r for r in PUBLISHED if r.kind != TEACHER):
        images = 900 if row.classes == "0-5" else 1200
        nearest = 100 * round(row.accuracy / 100 * images) / images
        assert abs(nearest - row.accuracy) <= 0.0051, row.name


def test_the_notebooks_deviations():
    deviating = {
        r.name: (r.head, r.term) for r in PUBLISHED if (r.head, r.term) != ("concat-sigmoid", "kl")
    }
    assert deviating == {
        "fashion_mnist-0-5-3q-alone": ("softmax", "kl"),
        "fashion_mnist-0-7-3q-alone": ("softmax", "kl"),
        "fashion_mnist-0-7-3q-lenet": ("softmax", "kl * 0"),
        "fashion_mnist-0-7-3q-alexnet": ("concat-sigmoid", "kl * 6/8"),
        "mnist-0-7-4q-lenet": ("concat-sigmoid", "constant"),
        "fashion_mnist-0-7-4q-lenet": ("concat-sigmoid", "constant"),
    }
    shots = Counter((r.classes, r.qubits, r.shots) for r in PUBLISHED if r.kind != TEACHER)
    assert shots == {
        ("0-5", 3, 5000): 8,
        ("0-7", 3, 3000): 7,
        ("0-7", 3, 5000): 1,
        ("0-7", 4, 2000): 8,
    }


def test_selection():
    assert len(PUBLISHED) == 36
    assert {r.table for r in select("2")} == {2}
    assert [r.name for r in select("1", ["*-teacher-lenet"])] == [
        "mnist-0-5-teacher-lenet",
        "mnist-0-7-teacher-lenet",
    ]


def test_unknown_rows_are_named():
    with pytest.raises(InputError, match="must match rows of table 1, but 'fashion\\*'"):
        select("1", ["fashion*"])
    with pytest.raises(InputError, match="`table` must be one of 1, 2, all, demo, but '3'"):
        select("3")
    with pytest.raises(InputError, match="has no student trained alone"):
        alone_of(Row(1, DISTILLED, "mnist", "0-3", 3, "lenet"))
