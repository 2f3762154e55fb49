"""The gate table, row by row, against matrix exponentials and literal arrays."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from jqkd.quantum import GATES
from jqkd.quantum.gates import matrix
from tests.quantum.dense import MATRICES, X

pytestmark = pytest.mark.quick

TABLE = pytest.mark.parametrize("gate", GATES.values(), ids=GATES)


def some_angles(gate, seed: int = 0) -> list[np.ndarray]:
    """A zero, a right angle, and angles on both sides, beyond one turn."""
    random = np.random.default_rng(seed).uniform(-7, 7, (4, gate.num_angles))
    return [np.zeros(gate.num_angles), np.full(gate.num_angles, np.pi / 2), *random]


def test_both_tables_have_the_same_rows():
    assert set(GATES) == set(MATRICES)


@TABLE
def test_matrix_is_the_textbooks(gate):
    for angles in some_angles(gate):
        want = MATRICES[gate.name](*angles)
        assert want.shape == (2**gate.num_wires,) * 2
        np.testing.assert_allclose(matrix(gate.name, *angles), want, rtol=0, atol=1e-6)
        with jax.enable_x64(True):
            np.testing.assert_allclose(matrix(gate.name, *angles), want, rtol=0, atol=1e-13)


@TABLE
def test_real_says_whether_the_matrix_has_an_imaginary_part(gate):
    imaginary = max(np.abs(np.imag(MATRICES[gate.name](*a))).max() for a in some_angles(gate))
    assert gate.real == (imaginary < 1e-12)


@TABLE
def test_shiftable_means_two_frequencies_one_apart(gate):
    """The matrix as a function of one angle is exp(-i t G): eigenvalues of G are read from it."""
    if gate.num_angles == 0:
        assert not gate.shiftable
        return
    t, angles = 0.3, np.random.default_rng(1).uniform(-3, 3, gate.num_angles)
    for slot in range(gate.num_angles):
        step = t * np.eye(gate.num_angles)[slot]
        change = MATRICES[gate.name](*(angles + step)) @ np.linalg.inv(MATRICES[gate.name](*angles))
        generator = -np.angle(np.linalg.eigvals(change)) / t
        levels = np.unique(generator.round(9))
        two_terms = len(levels) == 2 and abs(levels[1] - levels[0] - 1) < 1e-6
        assert gate.shiftable == two_terms


def test_first_wire_is_the_most_significant_bit():
    np.testing.assert_array_equal(matrix("CX")[2:, 2:], X)
    np.testing.assert_array_equal(matrix("CX")[:2, :2], np.eye(2))


def test_names_match_the_keys_and_qiskit_names_are_different():
    assert all(gate.name == name for name, gate in GATES.items())
    assert len({gate.qiskit for gate in GATES.values()}) == len(GATES)
