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
import operator
from collections.abc import Collection, Sequence

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike, DTypeLike
from jaxtyping import Array, Float, Inexact

from jqkd._checks import check_array, check_type, fail
from jqkd.quantum.circuit import Circuit, Op
from jqkd.quantum.gates import Entries, Entry
from jqkd.quantum.limits import check_memory

# The wires of some joined qubits, and their 2**wires amplitudes, first wire most significant.
Factor = tuple[tuple[int, ...], Inexact[Array, " _"]]
Layer = Sequence[tuple[Op, range]]

# On fewer joined qubits a layer is quicker gate by gate.
_MANY_QUBITS = 5
# 16 x 16 matrices: smaller ones take more passes over the state, larger ones more products.
QUBITS_A_BLOCK = 4


def run(
    circuit: Circuit, angles: ArrayLike, state: ArrayLike | None = None
) -> Inexact[Array, "..."]:
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
    values = check_angles(circuit, angles)
    factors = _initial(circuit, values, state)
    for layer in circuit.layers():
        factors = advance(factors, layer, values)
    return _joined(factors)


def check_circuit(circuit: Circuit) -> None:
    """A circuit whose state can be held in memory."""
    check_type("circuit", circuit, Circuit, "a Circuit")
    check_memory("circuit", circuit.num_qubits, bytes_each=4 if circuit.is_real else 8)


def check_angles(circuit: Circuit, angles: ArrayLike) -> Float[Array, " P"]:
    """One angle per slot, as floats."""
    check_circuit(circuit)
    return check_vector("angles", angles, circuit.num_angles)


def check_vector(name: str, values: ArrayLike, length: int | str) -> Float[Array, " N"]:
    """A vector of that many finite real numbers, as floats; a letter is any length."""
    values = check_array(name, values)
    advice = "use jax.vmap for batches"
    return as_floats(check_array(name, values, (length,), finite=False, advice=advice))


def as_floats(values: ArrayLike) -> Float[Array, "..."]:
    """An array in the precision it came in, if it came in floats; else in JAX's default."""
    array = jnp.asarray(values)
    return array if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(float)


def advance(
    factors: list[Factor], layer: Layer, angles: Float[Array, " P"], *, undo: bool = False
) -> list[Factor]:
    """The state after a layer of ``Circuit.layers``, or with ``undo`` the one before it."""
    if layer[0][0].gate.flips_sign:
        return _flip_signs(factors, [op.wires for op, _ in layer])
    whole, single = [], list(layer)
    for wires, amplitudes in factors:
        inside = {op.wires: (op, slots) for op, slots in layer if set(op.wires) <= set(wires)}
        if len(wires) >= _MANY_QUBITS and set(inside) == {(wire,) for wire in wires}:
            blocks = _blocks([inside[wire,] for wire in wires], angles, amplitudes.dtype, undo)
            amplitudes = apply_blocks(blocks, amplitudes)
            single = [gate for gate in single if gate[0].wires not in inside]
        whole.append((wires, amplitudes))
    factors = whole
    for op, slots in single:
        values = op.fixed if op.fixed is not None else [angles[s] for s in slots]
        (wires, amplitudes), factors = _take(factors, op.wires)
        axes = [wires.index(wire) for wire in op.wires]
        entries = op.gate.entries(*(jnp.asarray(v, angles.dtype) for v in values))
        entries = _dagger(entries) if undo else entries
        factors.append((wires, apply(entries, amplitudes, axes)))
    return factors


def _joined(factors: list[Factor]) -> Inexact[Array, "..."]:
    """All factors as one tensor of shape ``(2,) * Q``, axis k is qubit k."""
    num_qubits = sum(len(wires) for wires, _ in factors)
    (wires, amplitudes), _ = _take(factors, range(num_qubits))
    tensor = amplitudes.reshape((2,) * num_qubits)
    return tensor.transpose([wires.index(wire) for wire in range(num_qubits)])


def _initial(circuit: Circuit, angles: Array, state: ArrayLike | None) -> list[Factor]:
    exact = jnp.result_type(angles.dtype, jnp.complex64)
    if state is None:
        dtype = angles.dtype if circuit.is_real else exact
        return [((k,), jnp.array([1, 0], dtype)) for k in range(circuit.num_qubits)]
    start = jnp.asarray(check_array("state", state, kinds="iufc"))
    shape = (2,) * circuit.num_qubits
    if start.shape != shape:
        must = f"have shape {shape}, one axis of length 2 per qubit"
        fail("state", must, f"shape {start.shape}")
    dtype = angles.dtype if circuit.is_real and not jnp.iscomplexobj(start) else exact
    return [(tuple(range(circuit.num_qubits)), start.astype(dtype).reshape(-1))]


def _take(factors: list[Factor], wires: Collection[int]) -> tuple[Factor, list[Factor]]:
    """The factors that hold ``wires`` joined into one, and the others."""
    held = [factor for factor in factors if set(factor[0]) & set(wires)]
    outside = [factor for factor in factors if not set(factor[0]) & set(wires)]
    qubits, amplitudes = held[0]
    for joining, others in held[1:]:
        qubits, amplitudes = qubits + joining, (amplitudes[:, None] * others[None, :]).reshape(-1)
    return (qubits, amplitudes), outside


def _flip_signs(factors: list[Factor], flips: list[tuple[int, ...]]) -> list[Factor]:
    """Any number of Zs or CZs: signs change where an odd number of them sees all ones."""
    for flip in flips:
        joined, factors = _take(factors, flip)
        factors.append(joined)
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


def _blocks(
    layer: Layer, angles: Float[Array, " P"], dtype: DTypeLike, undo: bool
) -> list[Inexact[Array, "_ _"]]:
    """A layer of one-qubit gates as Kronecker products of about as many gates each."""
    return kron_blocks(gate_matrices(layer, angles, dtype, undo=undo), QUBITS_A_BLOCK)


def gate_matrices(
    layer: Layer, angles: Float[Array, " P"], dtype: DTypeLike, *, undo: bool = False
) -> Inexact[Array, "L M M"]:
    """Matrices of L operations of one name, all of them with slots or all with fixed angles."""
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
    return stack_entries(_dagger(entries) if undo else entries, len(layer), dtype)


def stack_entries(entries: Entries, number: int, dtype: DTypeLike) -> Inexact[Array, "L M M"]:
    """L matrices from entries that are numbers, or arrays ``(L,)``."""
    full = lambda entry: jnp.broadcast_to(jnp.asarray(entry, dtype), number)  # noqa: E731
    return jnp.stack([jnp.stack([full(entry) for entry in row], -1) for row in entries], -2)


def compose(
    first: Inexact[Array, "... M M"], second: Inexact[Array, "... M M"]
) -> Inexact[Array, "... M M"]:
    """second @ first; written out, so that no accelerator and no batch rounds it otherwise."""
    return (second[..., :, :, None] * first[..., None, :, :]).sum(-2)


def kron_blocks(matrices: Inexact[Array, "Q M M"], most: int) -> list[Inexact[Array, "_ _"]]:
    """Kronecker products of at most so many matrices each, for ``apply_blocks``."""
    parts = jnp.array_split(matrices, -(-len(matrices) // most))
    return [functools.reduce(jnp.kron, part) for part in parts]


def apply_blocks(blocks: list[Array], amplitudes: Array) -> Array:
    """Each product takes the first qubits and puts them last: after all of them, order is back."""
    for block in blocks:
        first = amplitudes.reshape(block.shape[1], -1)
        # Accelerators would round the factors to fewer bits.
        exactly = lax.Precision.HIGHEST
        product = lax.dot_general(first, block, (((0,), (1,)), ((), ())), precision=exactly)
        amplitudes = product.reshape(-1)
    return amplitudes


def _dagger(entries: Entries) -> Entries:
    plain = lambda e: e if isinstance(e, (int, float)) else e.conjugate()  # noqa: E731
    return tuple(tuple(map(plain, column)) for column in zip(*entries, strict=True))


def apply(entries: Entries, amplitudes: Array, axes: list[int]) -> Array:
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


def _combine(row: tuple[Entry, ...], parts: list[Array]) -> Array:
    """sum_j row[j] parts[j], without the zeros and without multiplying by one."""
    known = lambda entry, value: isinstance(entry, (int, float, complex)) and entry == value  # noqa: E731
    terms = [
        part if known(entry, 1) else part * entry
        for entry, part in zip(row, parts, strict=True)
        if not known(entry, 0)
    ]
    return functools.reduce(operator.add, terms)
