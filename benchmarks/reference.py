"""The right answers, in NumPy float64. Outcome order as in the package: qubit 0 the lowest bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.workloads import Cell, Step


def reverse_bits(values: np.ndarray, qubits: int) -> np.ndarray:
    """(..., K) from an order where qubit 0 is the highest bit to outcome order, and back.

    Example:
        >>> reverse_bits(np.arange(4), 2).tolist()
        [0, 2, 1, 3]
    """
    front = values.shape[:-1]
    tensor = np.reshape(values, (-1,) + (2,) * qubits)
    return tensor.transpose(0, *range(qubits, 0, -1)).reshape(*front, 2**qubits)


def product_probabilities(angles: np.ndarray) -> np.ndarray:
    """Probabilities (B, K) of H+RY in closed form: qubit k is 1 with (1 + sin t_k) / 2."""
    return _product([_one_qubit(angle) for angle in np.asarray(angles, np.float64).T])


def _one_qubit(angle: np.ndarray) -> np.ndarray:
    return np.stack([(1 - np.sin(angle)) / 2, (1 + np.sin(angle)) / 2], -1)


def _product(factors: list[np.ndarray]) -> np.ndarray:
    out = np.ones((len(factors[0]), 1))
    for factor in factors:
        out = (factor[:, :, None] * out[:, None, :]).reshape(len(out), -1)
    return out


def product_gradient(angles: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """d/dt_k of sum_c w_c p_c for H+RY in closed form, (B, n)."""
    angles = np.asarray(angles, np.float64)
    factors = [_one_qubit(angle) for angle in angles.T]
    columns = []
    for k, angle in enumerate(angles.T):
        slope = np.stack([-np.cos(angle), np.cos(angle)], -1) / 2
        columns.append(_product([*factors[:k], slope, *factors[k + 1 :]]) @ weights)
    return np.stack(columns, -1)


def shift_rule(cell: Cell, angles: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """d/dt_k of sum_c w_c p_c, (B, P), from circuits run gate by gate at shifted angles."""
    columns = [(up - down) @ weights / 2 for up, down in _shifted(cell, angles)]
    return np.stack(columns, -1)


def _shifted(cell: Cell, angles: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Probabilities (B, K) with one angle up by pi/2, and down; angle by angle."""
    for step in np.pi / 2 * np.eye(cell.num_angles):
        yield tuple(probabilities(cell.layout, cell.qubits, angles + s * step) for s in (1, -1))


def shift_rule_variance(
    cell: Cell, angles: np.ndarray, weights: np.ndarray, shots: int
) -> np.ndarray:
    """Variance (B, P) of the two-term shift rule's estimate, every circuit with shots of its own.

    Var = [V(t + pi/2) + V(t - pi/2)] / 4 S, V the variance of w over the outcomes.
    """
    weights = weights.astype(np.float64)
    spread = lambda p: p @ weights**2 - (p @ weights) ** 2  # noqa: E731
    columns = [sum(map(spread, both)) / (4 * shots) for both in _shifted(cell, angles)]
    return np.stack(columns, -1)


def gate(state: np.ndarray, step: Step, angles: np.ndarray) -> np.ndarray:
    """One gate on states (B, 2, ..., 2), axis k + 1 is qubit k."""
    qubits = state.ndim - 1
    if step.name == "CZ":
        index = [slice(None)] * (qubits + 1)
        for wire in step.wires:
            index[wire + 1] = 1
        state = state.copy()
        state[tuple(index)] *= -1
        return state
    if step.name == "H":
        matrix = np.broadcast_to(np.array([[1, 1], [1, -1]]) / np.sqrt(2), (len(state), 2, 2))
    else:
        half = angles[:, step.slot] / 2
        c, s, zero = np.cos(half), np.sin(half), np.zeros_like(half)
        rows = {
            "RX": [[c, -1j * s], [-1j * s, c]],
            "RY": [[c, -s], [s, c]],
            "RZ": [[c - 1j * s, zero], [zero, c + 1j * s]],
        }
        matrix = np.moveaxis(np.array(rows[step.name]), -1, 0)
    wire = step.wires[0]
    flat = state.reshape(len(state), 2**wire, 2, -1)
    return np.einsum("bij,bxjy->bxiy", matrix, flat).reshape(state.shape)


def states(
    layout: tuple[Step, ...], qubits: int, angles: np.ndarray, state: np.ndarray | None = None
) -> np.ndarray:
    """Final states (B, 2, ..., 2), gate by gate, from given ones or |0...0>; real if all is."""
    angles = np.asarray(angles, np.float64)
    if state is None:
        state = np.zeros((len(angles),) + (2,) * qubits)
        state[(slice(None),) + (0,) * qubits] = 1
    for step in layout:
        state = gate(state, step, angles)
    return state


def probabilities(layout: tuple[Step, ...], qubits: int, angles: np.ndarray) -> np.ndarray:
    """Probabilities (B, K) in outcome order, gate by gate."""
    squares = states(layout, qubits, angles) ** 2
    return reverse_bits(squares.reshape(len(squares), -1), qubits)


def adjoint_gradient(
    layout: tuple[Step, ...],
    qubits: int,
    angles: np.ndarray,
    weights: np.ndarray,
    state: np.ndarray | None = None,
) -> np.ndarray:
    """Gradient (B, P) of sum_k c_k <Z_k> by the adjoint method (arXiv:2009.02823).

    Walking back from the end: dL/dt = 2 Re <lambda| dU/dt |state before>, both states undone
    gate by gate. The circuit starts from ``state`` (B, 2, ..., 2), or from |0...0>.
    """
    angles = np.asarray(angles, np.float64)
    state = states(layout, qubits, angles, state)
    bra = state * z_sum(qubits, weights)
    gradient = np.zeros_like(angles)
    for step in reversed(layout):
        undone = angles if step.slot is None else -angles
        state = gate(state, step, undone)
        if step.slot is not None:
            # dR(t)/dt = R(t + pi) / 2.
            slope = gate(state, step, angles + np.pi)
            gradient[:, step.slot] = (bra.conj() * slope).real.reshape(len(bra), -1).sum(1)
        bra = gate(bra, step, undone)
    return gradient


def noisy_probabilities(
    layout: tuple[Step, ...], qubits: int, angles: np.ndarray, error: float
) -> np.ndarray:
    """Probabilities (B, K), first wire most significant, from density matrices.

    X, Y and Z with probability ``error`` each on every wire of a gate, behind it: rho becomes
    (1 - 4 e) rho + 2 e times rho with that wire traced out and replaced by the mixture.
    """
    angles = np.asarray(angles, np.float64)
    rho = np.zeros((len(angles),) + (2,) * (2 * qubits))
    rho[(slice(None),) + (0,) * (2 * qubits)] = 1
    for step in layout:
        # Real gates: what acts on the columns is the gate itself.
        columns = Step(step.name, tuple(w + qubits for w in step.wires), step.slot)
        rho = gate(gate(rho, step, angles), columns, angles)
        for wire in step.wires:
            pair = np.moveaxis(rho, (1 + wire, 1 + wire + qubits), (-2, -1))
            mixed = (pair[..., 0, 0] + pair[..., 1, 1])[..., None, None] * np.eye(2)
            pair = (1 - 4 * error) * pair + 2 * error * mixed
            rho = np.moveaxis(pair, (-2, -1), (1 + wire, 1 + wire + qubits))
    matrix = rho.reshape(len(rho), 2**qubits, 2**qubits)
    return np.einsum("bii->bi", matrix)


def noisy_gradient(
    layout: tuple[Step, ...], qubits: int, angles: np.ndarray, weights: np.ndarray, error: float
) -> np.ndarray:
    """Gradient (B, P) of sum_k c_k <Z_k> by the shift rule, exact under channels."""
    diagonal = z_sum(qubits, weights).reshape(-1)
    steps = np.pi / 2 * np.eye(angles.shape[1])
    rows = []
    for row in np.asarray(angles, np.float64):
        both = (noisy_probabilities(layout, qubits, row + s * steps, error) for s in (1, -1))
        up, down = both
        rows.append((up - down) @ diagonal / 2)
    return np.stack(rows)


def z_sum(qubits: int, weights: np.ndarray) -> np.ndarray:
    """The diagonal of sum_k c_k Z_k as a tensor (2, ..., 2), axis k is qubit k."""
    total = np.zeros((2,) * qubits)
    for k, weight in enumerate(weights):
        total += weight * np.array([1, -1]).reshape((2,) + (1,) * (qubits - 1 - k))
    return total


def layered_state(qubits: int, angles: np.ndarray, layers: int) -> np.ndarray:
    """The hardware-efficient state (K,), qubit 0 the highest bit, in a few passes over memory.

    The RY of four qubits at a time are one 16 x 16 matrix, a ring of CZ is one vector of signs.
    """
    rows = np.asarray(angles, np.float64).reshape(layers + 1, qubits)
    state = np.zeros(2**qubits)
    state[0] = 1
    index = np.arange(2**qubits)
    turned = ((index >> 1) | ((index & 1) << (qubits - 1))) if qubits > 2 else index >> 1
    signs = 1 - 2 * (np.bitwise_count(index & turned) & 1).astype(np.int8)
    for layer, row in enumerate(rows):
        for first in range(0, qubits, 4):
            block = np.ones((1, 1))
            for half in row[first : first + 4] / 2:
                c, s = np.cos(half), np.sin(half)
                block = np.kron(block, [[c, -s], [s, c]])
            state = block @ state.reshape(2**first, len(block), -1)
        state = state.reshape(-1)
        state = state * signs if layer < layers else state
    return state


def right_answer(cell: Cell, angles: np.ndarray) -> np.ndarray:
    """What a cell's peers must return (W2, W3, W6, W9: on average)."""
    from benchmarks.workloads import (
        ERROR,
        LAYERS,
        amplitudes,
        outcome_weights,
        qubit_weights,
        signs,
    )

    if cell.workload == "W8":
        weights = qubit_weights(cell.qubits)
        return noisy_gradient(cell.layout, cell.qubits, angles, weights, ERROR)
    if cell.workload == "W9":
        p = noisy_probabilities(cell.layout, cell.qubits, angles, ERROR)
        return reverse_bits(p, cell.qubits)
    if cell.workload == "W6":
        return shift_rule(cell, angles, outcome_weights(cell.qubits))
    if cell.workload == "W7":
        images = amplitudes(cell).astype(np.float64).reshape(-1, *(2,) * cell.qubits)
        weights, rows = qubit_weights(cell.qubits), np.repeat(angles, cell.batch, 0)
        each = adjoint_gradient(cell.layout, cell.qubits, rows, weights, images)
        return (signs(cell.batch) @ each / cell.batch)[None]
    if cell.workload == "W3":
        return product_gradient(angles, outcome_weights(cell.qubits))
    if cell.workload == "W4":
        weights = qubit_weights(cell.qubits)
        return adjoint_gradient(cell.layout, cell.qubits, angles, weights)
    if cell.workload == "W5":
        return layered_state(cell.qubits, angles[0], LAYERS)[None]
    return product_probabilities(angles)
