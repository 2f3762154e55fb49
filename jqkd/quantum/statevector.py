"""What a circuit does to a state: one circuit, one state, a pure function.

Batches are made by ``jax.vmap``. Two facts that circuits-as-data make visible keep this fast:
qubits that no gate has joined yet stay separate factors (a layer of rotations on |0...0> costs
2 numbers a qubit, not 2**Q), and circuits of real gates never compute an imaginary part.
"""

from __future__ import annotations

import itertools
import math

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jqkd._checks import fail
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.gates import Entries

Factor = tuple[tuple[int, ...], Array]


def run(circuit: Circuit, angles: ArrayLike, state: ArrayLike | None = None) -> Array:
    """Final state of a circuit.

    Args:
        circuit: Q qubits, P angle slots.
        angles: shape ``(P,)``, radians; its precision decides that of the state.
        state: initial state of shape ``(2,) * Q``; |0...0> if not given. Not normalised here.

    Returns:
        Amplitudes of shape ``(2,) * Q``, axis k is qubit k; real if all gates and the initial
        state are real, complex otherwise.

    Raises:
        InputError: a vector of angles or a state of another shape.

    Example:
        >>> from jqkd.quantum.circuit import Circuit, Op
        >>> bell = Circuit(2, (Op("H", (0,)), Op("CX", (0, 1))))
        >>> run(bell, jnp.zeros(0)).round(3).tolist()
        [[0.7070000171661377, 0.0], [0.0, 0.7070000171661377]]
    """
    angles = as_floats(angles)
    check_angles(circuit, angles)
    factors = _initial(circuit, angles, state)
    for op, slots in circuit.slots():
        values = op.fixed if op.fixed is not None else [angles[s] for s in slots]
        (wires, amplitudes), factors = _take(factors, op.wires)
        axes = [wires.index(wire) for wire in op.wires]
        entries = op.gate.entries(*(jnp.asarray(v, angles.dtype) for v in values))
        factors.append((wires, _apply(entries, amplitudes, axes)))
    (wires, amplitudes), _ = _take(factors, range(circuit.num_qubits))
    tensor = amplitudes.reshape((2,) * circuit.num_qubits)
    return tensor.transpose([wires.index(wire) for wire in range(circuit.num_qubits)])


def check_angles(circuit: Circuit, angles: Array) -> None:
    """One angle per slot, or a sentence that says how many are wanted."""
    if angles.shape != (circuit.num_angles,):
        advice = "use jax.vmap for batches"
        fail("angles", f"have shape ({circuit.num_angles},)", f"shape {angles.shape}", advice)


def as_floats(values: ArrayLike) -> Array:
    """An array in the precision it came in, if it came in floats; else in JAX's default."""
    values = jnp.asarray(values)
    return values if jnp.issubdtype(values.dtype, jnp.floating) else values.astype(float)


def _initial(circuit: Circuit, angles: Array, state: ArrayLike | None) -> list[Factor]:
    real = circuit.is_real and (state is None or not jnp.iscomplexobj(state))
    dtype = angles.dtype if real else jnp.result_type(angles.dtype, jnp.complex64)
    if state is None:
        return [((k,), jnp.array([1, 0], dtype)) for k in range(circuit.num_qubits)]
    state = jnp.asarray(state)
    if state.shape != (2,) * circuit.num_qubits:
        must = f"have shape {(2,) * circuit.num_qubits}, one axis of length 2 per qubit"
        fail("state", must, f"shape {state.shape}")
    return [(tuple(range(circuit.num_qubits)), state.astype(dtype).reshape(-1))]


def _take(factors: list[Factor], wires: ArrayLike) -> tuple[Factor, list[Factor]]:
    """The factors that hold ``wires`` joined into one, and the others."""
    joined, rest = None, []
    for held, amplitudes in factors:
        if not set(held) & set(wires):
            rest.append((held, amplitudes))
        elif joined is None:
            joined = held, amplitudes
        else:
            product = joined[1][:, None] * amplitudes[None, :]
            joined = joined[0] + held, product.reshape(-1)
    return joined, rest


def _apply(entries: Entries, amplitudes: Array, axes: list[int]) -> Array:
    """A gate on some qubits of a flat factor, written as sums over the gate's non-zero entries."""
    num_qubits = int(math.log2(amplitudes.size))
    order = sorted(axes)
    edges = [-1, *order, num_qubits]
    gaps = [2 ** (b - a - 1) for a, b in itertools.pairwise(edges)]
    shape = [gaps[0]]
    for gap in gaps[1:]:
        shape += [2, gap]
    tensor = amplitudes.reshape(shape)
    # Axis 2i+1 of the tensor is the i-th smallest of the gate's wires.
    places = [2 * order.index(axis) + 1 for axis in axes]
    parts = [tensor[_index(row, places, len(shape))] for row in range(len(entries))]
    rows = [_combine(row, parts) for row in entries]
    out = jnp.stack(rows).reshape([2] * len(axes) + gaps)
    return jnp.moveaxis(out, range(len(axes)), places).reshape(-1)


def _index(row: int, places: list[int], rank: int) -> tuple[int | slice, ...]:
    """Selects the amplitudes for which the gate's wires spell ``row`` in binary."""
    index: list[int | slice] = [slice(None)] * rank
    for i, place in enumerate(places):
        index[place] = (row >> (len(places) - 1 - i)) & 1
    return tuple(index)


def _combine(row: tuple[object, ...], parts: list[Array]) -> Array:
    """sum_j row[j] parts[j], without the zeros and without multiplying by one."""
    total = None
    for entry, part in zip(row, parts, strict=True):
        if isinstance(entry, (int, float, complex)):
            if entry == 0:
                continue
            term = part if entry == 1 else part * entry
        else:
            term = part * entry
        total = term if total is None else total + term
    return jnp.zeros_like(parts[0]) if total is None else total
