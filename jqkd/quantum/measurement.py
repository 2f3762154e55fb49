"""Reading a state: probabilities, expectation values, and estimates from sampled shots.

Bit order, written once, here: axis k of a state tensor is qubit k; outcome c is the bit string
that spells c in binary as Qiskit prints it, qubit 0 rightmost, so c = sum_k bit_k 2**k. Pauli
strings follow the same order: in "ZIX" the X acts on qubit 0.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Inexact

from jqkd._checks import check_array, check_type, fail, is_concrete, shown
from jqkd.quantum.circuit import Circuit, Op
from jqkd.quantum.limits import check_memory, check_num_qubits
from jqkd.quantum.statevector import check_vector

# Gates that turn a measurement in the Pauli's basis into one of Z.
_TO_Z_BASIS = {"I": (), "X": ("H",), "Y": ("SDG", "H"), "Z": ()}
# Of a bit string, as Python stores it.
_BYTES_A_STRING = 64


def outcomes(num_qubits: int) -> list[str]:
    """Bit strings in outcome order, as Qiskit prints them.

    Example:
        >>> outcomes(2)
        ['00', '01', '10', '11']
    """
    num_qubits = check_num_qubits(num_qubits)
    check_memory("num_qubits", num_qubits, bytes_each=_BYTES_A_STRING, what="the list of outcomes")
    return [format(c, f"0{num_qubits}b") for c in range(2**num_qubits)]


def flat(state: ArrayLike) -> Inexact[Any, " K"]:
    """State tensor ``(2,) * Q`` as a vector ``(K,)`` in outcome order.

    Example:
        >>> flat(jnp.zeros((2, 2)).at[1, 0].set(1)).tolist()
        [0.0, 1.0, 0.0, 0.0]
    """
    state = check_array("state", state, kinds="iufc", finite=False)
    if not state.ndim or set(state.shape) != {2}:
        must = "have one axis of length 2 per qubit"
        fail("state", must, f"shape {state.shape}", "reshape a vector to (2,) * Q")
    return state.transpose(range(state.ndim)[::-1]).reshape(-1)


def probabilities(state: ArrayLike) -> Float[Any, " K"]:
    """|amplitude|^2 of every outcome of a state ``(2,) * Q``: K = 2**Q, in outcome order.

    They sum to one if the state is normalised.

    Example:
        >>> from jqkd.quantum import h_ry, run
        >>> probabilities(run(h_ry(2), jnp.zeros(2))).round(3).tolist()
        [0.25, 0.25, 0.25, 0.25]
    """
    amplitudes = flat(check_array("state", state, kinds="iufc"))
    if jnp.iscomplexobj(amplitudes):
        return amplitudes.real**2 + amplitudes.imag**2
    return amplitudes**2


def marginal(values: Float[Any, "... K"], wires: tuple[int, ...] | None) -> Float[Any, "... M"]:
    """Probabilities of the outcomes of some qubits alone: M = 2**len(wires), bit k of wire k.

    Args:
        values: of all outcomes, in outcome order.
        wires: the qubits that are read; ``None`` for all.

    Example:
        >>> marginal(jnp.array([0.5, 0.0, 0.25, 0.25]), (1,)).tolist()
        [0.5, 0.5]
    """
    if wires is None:
        return values
    batch, num_qubits = values.shape[:-1], values.shape[-1].bit_length() - 1
    tensor = values.reshape(-1, *(2,) * num_qubits)
    # Axis 0 is the batch, axis 1 the last qubit.
    axes = [num_qubits - wire for wire in reversed(wires)]
    rest = [axis for axis in range(1, num_qubits + 1) if axis not in axes]
    return tensor.transpose(0, *axes, *rest).reshape(*batch, 2 ** len(wires), -1).sum(-1)


def check_pauli(pauli: str, num_qubits: int, *, name: str = "pauli") -> None:
    """One letter of I, X, Y, Z per qubit."""
    if not isinstance(pauli, str) or len(pauli) != num_qubits or set(pauli) - set("IXYZ"):
        must = f"be {num_qubits} letters of I, X, Y, Z (rightmost for qubit 0)"
        fail(name, must, shown(pauli))


def parity(pauli: str) -> Float[np.ndarray, " K"]:
    """Eigenvalues ±1 of a Pauli string, its letters read as Z, for every outcome.

    Example:
        >>> parity("ZI").tolist()
        [1.0, 1.0, -1.0, -1.0]
    """
    check_type("pauli", pauli, str, "a string")
    check_pauli(pauli, len(pauli))
    check_memory("pauli", len(pauli), what="the list of eigenvalues")
    signs = np.ones(1)
    for letter in pauli:
        signs = np.kron(signs, [1.0, 1.0] if letter == "I" else [1.0, -1.0])
    return signs


def rotate_to(circuit: Circuit, pauli: str) -> Circuit:
    """The circuit followed by the basis change after which measuring Z measures ``pauli``.

    Example:
        >>> print(rotate_to(Circuit(1), "Y"))
        q0: ─SDG─H─
    """
    check_type("circuit", circuit, Circuit, "a Circuit")
    check_pauli(pauli, circuit.num_qubits)
    wires = enumerate(reversed(pauli))
    return circuit.then(Op(name, (wire,)) for wire, letter in wires for name in _TO_Z_BASIS[letter])


def expectation_from_counts(counts: ArrayLike, pauli: str) -> Float[Array, ""]:
    """Estimate of <pauli> from shots taken after ``rotate_to(circuit, pauli)``.

    Its standard error is ``sqrt((1 - <pauli>**2) / S)``.

    Args:
        counts: shape ``(K,)``, K = 2**Q, in outcome order; also frequencies.
        pauli: Q letters, rightmost for qubit 0.

    Raises:
        InputError: another number of counts or letters, counts that are negative or all 0.

    Example:
        >>> float(expectation_from_counts(jnp.array([75.0, 25.0]), "Z"))
        0.5
    """
    counts = check_vector("counts", counts, "K")
    if counts.size < 1 or counts.size & (counts.size - 1):
        fail("counts", "be as many as a power of two", f"{counts.size} of them")
    if is_concrete(counts):
        values = np.asarray(counts)
        if values.min() < 0 or not values.any():
            fail("counts", "be 0 or more and not all 0", f"one of {values.min():g}")
    check_pauli(pauli, counts.size.bit_length() - 1)
    return counts @ jnp.asarray(parity(pauli), counts.dtype) / counts.sum()
