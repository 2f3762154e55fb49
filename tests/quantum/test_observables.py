"""Sums of Pauli strings: values, groups, shots and derivatives, against Qiskit and PennyLane."""

from __future__ import annotations

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from qiskit.quantum_info import SparsePauliOp, Statevector
from scipy.stats import norm

from jqkd.quantum import Circuit, Op, PauliSum, expectation, ry_layer

qml = pytest.importorskip("pennylane", reason='PennyLane is in "jqkd[pennylane]"')

# No letter stands on all qubits alike, and no string is its own mirror image.
TERMS = {"ZZI": 0.5, "XII": -1.0, "IYX": 0.75, "IIY": 0.3, "ZIX": -0.2, "III": 0.4, "XXI": 1.1}
SUM = PauliSum(TERMS)
TURN = (Op("CX", (0, 2)), Op("RZZ", (0, 1)), Op("CZ", (2, 1)), Op("RX", (1,)))
CIRCUIT = ry_layer(3).then(TURN)
ANGLES = np.random.default_rng(2).uniform(-3, 3, CIRCUIT.num_angles)


def qiskits(angles=ANGLES) -> float:
    operator = SparsePauliOp.from_list(list(TERMS.items()))
    return Statevector(CIRCUIT.to_qiskit(angles)).expectation_value(operator).real


def test_exact_values_are_qiskits_and_pennylanes():
    with jax.enable_x64(True):
        got = float(expectation(CIRCUIT, ANGLES, SUM))
    # A word's letter i acts on wire i.
    words = {qml.pauli.PauliWord(dict(enumerate(p[::-1]))): c for p, c in TERMS.items()}

    @qml.qnode(qml.device("default.qubit", wires=3))
    def theirs(angles):
        CIRCUIT.to_pennylane()(angles)
        return qml.expval(qml.pauli.PauliSentence(words).operation())

    assert abs(got - qiskits()) < 1e-12 and abs(got - theirs(ANGLES)) < 1e-12
    mirrored = PauliSum({pauli[::-1]: c for pauli, c in TERMS.items()})
    assert abs(float(expectation(CIRCUIT, ANGLES, mirrored)) - got) > 0.1


def test_the_matrix_is_qiskits():
    want = SparsePauliOp.from_list(list(TERMS.items())).to_matrix()
    np.testing.assert_allclose(SUM.matrix(), want, atol=1e-15)


def test_groups_hold_every_string_once_and_commute_qubit_by_qubit():
    groups = SUM.groups()
    assert sorted(t for g in groups for t in g.terms) == sorted(
        t for t in SUM.terms if t[0] != "III"
    )
    for group in groups:
        for pauli, _ in group.terms:
            assert all(a in ("I", b) for a, b in zip(pauli, group.basis, strict=True))
    assert [g.basis for g in groups] == ["ZZY", "XYX", "ZIX", "XXI"] and SUM.constant == 0.4


SHOTS = 400
ALPHA = 1e-6


@pytest.fixture(scope="module")
def estimates():
    """Values and derivatives from shots, 2000 times."""
    keys = jax.random.split(jax.random.key(0), 2000)
    one = lambda key: jax.value_and_grad(  # noqa: E731
        lambda angles: expectation(CIRCUIT, angles, SUM, shots=SHOTS, key=key)
    )(jnp.asarray(ANGLES, jnp.float32))
    return jax.jit(jax.vmap(one))(keys)


def group_variances() -> list[float]:
    """Of the group's eigenvalue in one shot, by Qiskit's operators."""
    state = Statevector(CIRCUIT.to_qiskit(ANGLES))
    variances = []
    for group in SUM.groups():
        operator = SparsePauliOp.from_list(list(group.terms))
        square, mean = (state.expectation_value(o).real for o in (operator @ operator, operator))
        variances.append(square - mean**2)
    return variances


def test_shots_have_the_exact_mean_and_the_variance_of_each_group(estimates):
    values = np.asarray(estimates[0], float)
    variance, z = sum(group_variances()) / SHOTS, norm.isf(ALPHA)
    assert abs(values.mean() - qiskits()) < z * np.sqrt(variance / len(values))
    # A sum of many shots is normal: its variance has a relative error of sqrt(2 / n).
    assert abs(values.var(ddof=1) / variance - 1) < z * np.sqrt(2 / len(values))


def test_derivatives_from_shots_are_those_of_the_exact_value(estimates):
    slopes = np.asarray(estimates[1], float)
    step = 1e-5 * np.eye(len(ANGLES))
    want = [(qiskits(ANGLES + s) - qiskits(ANGLES - s)) / 2e-5 for s in step]
    error = slopes.std(0, ddof=1) / np.sqrt(len(slopes))
    assert (abs(slopes.mean(0) - want) < norm.isf(ALPHA / len(want)) * error + 1e-6).all()
    exact = jax.grad(lambda a: expectation(CIRCUIT, a, SUM))(jnp.asarray(ANGLES, jnp.float32))
    np.testing.assert_allclose(exact, want, atol=2e-6)


def test_groups_draw_from_keys_of_their_own():
    """Two strings with equal distributions, in two groups: equal only by chance."""
    both = PauliSum({"ZI": 1.0, "XZ": 1.0})
    apart = [PauliSum({"ZI": 1.0}), PauliSum({"XZ": 1.0})]
    plus, key = Circuit(2, (Op("RY", (1,), fixed=(np.pi / 4,)),)), jax.random.key(3)
    draw = lambda total: float(expectation(plus, np.zeros(0), total, shots=10**4, key=key))  # noqa: E731
    assert draw(apart[0]) == draw(apart[1]) != draw(both) / 2


def test_a_constant_needs_no_shot():
    assert (
        float(
            expectation(
                Circuit(1), np.zeros(0), PauliSum({"I": 2.5}), shots=1, key=jax.random.key(0)
            )
        )
        == 2.5
    )


def test_the_eigensolver_of_the_documentation_takes_ten_lines():
    page = (Path(__file__).parents[2] / "docs/circuits.md").read_text()
    (code,) = re.findall(r"```python\n([^`]*PauliSum[^`]*)```", page)
    lines = [line for line in code.split("\n") if line and "import" not in line]
    scope: dict = {}
    exec(compile(code, "docs/circuits.md", "exec"), scope)
    operator = SparsePauliOp.from_list(list(scope["h2"].terms))
    lowest = np.linalg.eigvalsh(operator.to_matrix())[0]
    got = float(expectation(scope["ansatz"], scope["angles"], scope["h2"]))
    # 1000 shots leave the angles within a few hundredths, and the energy is flat about its least.
    assert len(lines) <= 10 and lowest - 1e-5 < got < lowest + 2e-3
