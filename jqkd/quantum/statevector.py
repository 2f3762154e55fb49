"""What a circuit does to a state: one circuit, one state, a pure function.

Batches are made by ``jax.vmap``. Facts that circuits-as-data make visible keep this fast: qubits
that no gate has joined yet stay separate factors (a layer of rotations on |0...0> costs 2 numbers
a qubit, not 2**Q), circuits of real gates never compute an imaginary part, a layer of one gate on
many joined qubits is a few matrix products, and a run of Zs or CZs is one change of signs.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jqkd._checks import check_array, check_type, fail
from jqkd.quantum.circuit import Circuit, Op
from jqkd.quantum.gates import Entries
from jqkd.quantum.limits import check_memory

# The wires of some joined qubits, and their 2**wires amplitudes, first wire most significant.
Factor = tuple[tuple[int, ...], Array]
Layer = Sequence[tuple[Op, range]]

# On fewer joined qubits a layer is quicker gate by gate.
_MANY_QUBITS = 5
# 16 x 16 matrices: smaller ones take more passes over the state, larger ones more products.
_QUBITS_A_BLOCK = 4


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
        InputError: a vector of angles or a state of another shape, or with values that are no
            finite numbers; a state that does not fit into memory.

    Example:
        >>> from jqkd.quantum.circuit import Circuit, Op
        >>> bell = Circuit(2, (Op("H", (0,)), Op("CX", (0, 1))))
        >>> run(bell, jnp.zeros(0)).round(3).tolist()
        [[0.7070000171661377, 0.0], [0.0, 0.7070000171661377]]
    """
    angles = check_angles(circuit, angles)
    factors = _initial(circuit, angles, state)
    for layer in circuit.layers():
        factors = advance(factors, layer, angles)
    return joined(factors)


def check_circuit(circuit: Circuit) -> None:
    """A circuit whose state can be held in memory."""
    check_type("circuit", circuit, Circuit, "a Circuit")
    check_memory("circuit", circuit.num_qubits, bytes_each=4 if circuit.is_real else 8)


def check_angles(circuit: Circuit, angles: ArrayLike) -> Array:
    """One angle per slot, as floats, or a sentence that says how many are wanted."""
    check_circuit(circuit)
    return check_vector("angles", angles, circuit.num_angles)


def check_vector(name: str, values: ArrayLike, length: int | str) -> Array:
    """A vector of that many finite real numbers, as floats; a letter is any length."""
    values = check_array(name, values)
    advice = "use jax.vmap for batches"
    return as_floats(check_array(name, values, (length,), finite=False, advice=advice))


def as_floats(values: ArrayLike) -> Array:
    """An array in the precision it came in, if it came in floats; else in JAX's default."""
    values = jnp.asarray(values)
    return values if jnp.issubdtype(values.dtype, jnp.floating) else values.astype(float)


def advance(
    factors: list[Factor], layer: Layer, angles: Array, *, undo: bool = False
) -> list[Factor]:
    """The state after a layer of ``Circuit.layers``, or with ``undo`` the one before it."""
    if layer[0][0].gate.flips_sign:
        return _flip_signs(factors, [op.wires for op, _ in layer])
    whole, single = [], list(layer)
    for wires, amplitudes in factors:
        mine = {op.wires: (op, slots) for op, slots in layer if set(op.wires) <= set(wires)}
        if len(wires) >= _MANY_QUBITS and set(mine) == {(wire,) for wire in wires}:
            blocks = _blocks([mine[wire,] for wire in wires], angles, amplitudes.dtype, undo)
            amplitudes = _apply_blocks(blocks, amplitudes)
            single = [gate for gate in single if gate[0].wires not in mine]
        whole.append((wires, amplitudes))
    factors = whole
    for op, slots in single:
        values = op.fixed if op.fixed is not None else [angles[s] for s in slots]
        (wires, amplitudes), factors = _take(factors, op.wires)
        axes = [wires.index(wire) for wire in op.wires]
        entries = op.gate.entries(*(jnp.asarray(v, angles.dtype) for v in values))
        entries = _dagger(entries) if undo else entries
        factors.append((wires, _apply(entries, amplitudes, axes)))
    return factors


def joined(factors: list[Factor]) -> Array:
    """All factors as one tensor of shape ``(2,) * Q``, axis k is qubit k."""
    num_qubits = sum(len(wires) for wires, _ in factors)
    (wires, amplitudes), _ = _take(factors, range(num_qubits))
    tensor = amplitudes.reshape((2,) * num_qubits)
    return tensor.transpose([wires.index(wire) for wire in range(num_qubits)])


def _initial(circuit: Circuit, angles: Array, state: ArrayLike | None) -> list[Factor]:
    if state is not None:
        state = _checked_state(state, circuit.num_qubits)
    real = circuit.is_real and (state is None or not jnp.iscomplexobj(state))
    dtype = angles.dtype if real else jnp.result_type(angles.dtype, jnp.complex64)
    if state is None:
        return [((k,), jnp.array([1, 0], dtype)) for k in range(circuit.num_qubits)]
    return [(tuple(range(circuit.num_qubits)), state.astype(dtype).reshape(-1))]


def _checked_state(state: ArrayLike, num_qubits: int) -> Array:
    state = jnp.asarray(check_array("state", state, kinds="iufc"))
    if state.shape != (2,) * num_qubits:
        must = f"have shape {(2,) * num_qubits}, one axis of length 2 per qubit"
        fail("state", must, f"shape {state.shape}")
    return state


def _take(factors: list[Factor], wires: ArrayLike) -> tuple[Factor, list[Factor]]:
    """The factors that hold ``wires`` joined into one, and the others."""
    one, rest = None, []
    for held, amplitudes in factors:
        if not set(held) & set(wires):
            rest.append((held, amplitudes))
        elif one is None:
            one = held, amplitudes
        else:
            product = one[1][:, None] * amplitudes[None, :]
            one = one[0] + held, product.reshape(-1)
    return one, rest


def _flip_signs(factors: list[Factor], flips: list[tuple[int, ...]]) -> list[Factor]:
    """Any number of Zs or CZs: signs change where an odd number of them sees all ones."""
    for flip in flips:
        one, factors = _take(factors, flip)
        factors.append(one)
    flipped = []
    for wires, amplitudes in factors:
        # Those whose bits lie equally far apart are looked at together; two of the same cancel.
        near: dict[int, int] = {}
        for flip in flips:
            if flip[0] in wires:
                places = [len(wires) - 1 - wires.index(wire) for wire in flip]
                gap = max(places) - min(places)
                near[gap] = near.get(gap, 0) ^ (1 << min(places))
        if near:
            index = jnp.arange(amplitudes.size, dtype=jnp.uint32)
            ones = [index & (index >> gap) & jnp.uint32(mask) for gap, mask in near.items()]
            odd = sum(lax.population_count(each) for each in ones) & 1
            amplitudes = jnp.where(odd, -amplitudes, amplitudes)
        flipped.append((wires, amplitudes))
    return flipped


def _blocks(layer: Layer, angles: Array, dtype: jnp.dtype, undo: bool) -> list[Array]:
    """A layer of one-qubit gates as Kronecker products of about as many gates each."""
    op = layer[0][0]
    if op.fixed is None:
        slots = np.array([list(slots) for _, slots in layer], int)
        values = [angles[column] for column in slots.T]
    else:
        values = [
            jnp.array(column, angles.dtype)
            for column in zip(*(o.fixed for o, _ in layer), strict=True)
        ]
    entries = op.gate.entries(*values)
    entries = _dagger(entries) if undo else entries
    full = lambda entry: jnp.broadcast_to(jnp.asarray(entry, dtype), len(layer))  # noqa: E731
    gates = jnp.stack([jnp.stack([full(entry) for entry in row], -1) for row in entries], -2)
    number = -(-len(layer) // _QUBITS_A_BLOCK)
    return [functools.reduce(jnp.kron, part) for part in jnp.array_split(gates, number)]


def _apply_blocks(blocks: list[Array], amplitudes: Array) -> Array:
    """Each product takes the first qubits and puts them last: after all of them, order is back."""
    for block in blocks:
        first = amplitudes.reshape(len(block), -1)
        # Accelerators would round the factors to fewer bits.
        exactly = lax.Precision.HIGHEST
        product = lax.dot_general(first, block, (((0,), (1,)), ((), ())), precision=exactly)
        amplitudes = product.reshape(-1)
    return amplitudes


def _dagger(entries: Entries) -> Entries:
    plain = lambda e: e if isinstance(e, (int, float)) else e.conjugate()  # noqa: E731
    return tuple(tuple(map(plain, column)) for column in zip(*entries, strict=True))


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
