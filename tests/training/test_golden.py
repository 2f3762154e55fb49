"""Results change only together with the version of the algorithm."""

from __future__ import annotations

import json

import numpy as np
import pytest

from jqkd.training.algorithm import ALGORITHM
from tests.training.golden import FILE, STUDENTS, machine, student, teacher

GOLDEN = json.loads(FILE.read_text())
# Adam's first steps blow float32's rounding, 1e-7, up; other keys move losses by more than 1e-2.
CLOSE = 2e-3


def test_they_are_of_this_version():
    """If not: `python tests/training/golden.py` writes them anew."""
    assert GOLDEN["algorithm"] == ALGORITHM
    assert set(GOLDEN["runs"]) == {*STUDENTS, "lenet"}


@pytest.mark.parametrize("name", GOLDEN["runs"])
def test_a_run_is_what_it_was(name):
    run = teacher() if name == "lenet" else student(name)
    before = GOLDEN["runs"][name]
    for curve, values in before["curves"].items():
        np.testing.assert_allclose(run["curves"][curve], values, rtol=CLOSE, err_msg=curve)
    if machine() == GOLDEN["machine"]:
        assert run["bits"] == before["bits"], "raise ALGORITHM, then write golden.json anew"
