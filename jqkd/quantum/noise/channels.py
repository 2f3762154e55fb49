"""Noise channels: what happens to the qubits of a gate after it, as Kraus operators.

A channel is data: a frozen dataclass whose numbers may be traced, so that one program serves every
strength. Its matrix in the basis of Pauli strings (the Pauli transfer matrix, Greenbaum,
arXiv:1509.02921) is what the simulator multiplies with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from jqkd._checks import check_array, fail, is_concrete
from jqkd.quantum.noise.trees import make_tree

# A number, which may be traced.
Strength = float | int | np.number | Array

_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


class Channel:
    """Base of all channels: derive, decorate with ``@dataclass(frozen=True)``, write ``kraus``.

    Attributes:
        joint: whether the channel acts on all wires of a gate together, not on each by itself.
        damps: whether it is anything else than a mixture of Pauli strings.
    """

    joint: ClassVar[bool] = False
    damps: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        make_tree(cls)

    def kraus(self, num_wires: int) -> Complex[Array, "R M M"]:
        """Operators A_r, sum of A_r^dagger A_r = 1, M = 2**num_wires, first wire most significant.

        ``num_wires`` is 1 for a channel that acts on each wire by itself.
        """
        raise NotImplementedError

    def transfer(self, num_wires: int) -> Float[Array, "N N"]:
        """Pauli transfer matrix, N = 4**num_wires: Tr[P_i channel(P_j)] / 2**num_wires."""
        return transfer(self.kraus(num_wires))


class PauliChannel(Channel):
    """A mixture of Pauli strings: diagonal as a Pauli transfer matrix."""

    damps: ClassVar[bool] = False

    def probabilities(self, num_wires: int) -> Float[Array, " N"]:
        """Of I..I, I..X, ..., Z..Z: N = 4**num_wires."""
        raise NotImplementedError

    def kraus(self, num_wires: int) -> Complex[Array, "R M M"]:
        roots = jnp.sqrt(self.probabilities(num_wires))
        exact = jnp.result_type(roots.dtype, jnp.complex64)
        return roots[:, None, None] * pauli_strings(num_wires).astype(exact)

    def diagonal(self, num_wires: int) -> Float[Array, " N"]:
        """Of the Pauli transfer matrix: what becomes of each Pauli string."""
        chances = self.probabilities(num_wires)
        # A new array: JAX keeps constants by their identity, over a change of precision too.
        return (commutation(num_wires).astype(chances.dtype) * chances).sum(-1)

    def transfer(self, num_wires: int) -> Float[Array, "N N"]:
        return jnp.diag(self.diagonal(num_wires))


@dataclass(frozen=True)
class Depolarising(PauliChannel):
    """rho -> (1 - p) rho + p 1 / 2**w on the w wires of a gate together.

    As Aer's ``depolarizing_error(p, w)``; each of the other 4**w - 1 Pauli strings has
    probability p / 4**w.

    Example:
        >>> Depolarising(1.0).diagonal(1).tolist()
        [1.0, 0.0, 0.0, 0.0]
    """

    probability: Strength = 0.0
    joint: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_strength("probability", self.probability)

    def probabilities(self, num_wires: int) -> Float[Array, " N"]:
        share = jnp.asarray(self.probability, float) / 4**num_wires
        return jnp.full(4**num_wires, share).at[0].add(1 - share * 4**num_wires)

    def diagonal(self, num_wires: int) -> Float[Array, " N"]:
        kept = 1 - jnp.asarray(self.probability, float)
        return jnp.full(4**num_wires, kept).at[0].set(1)


@dataclass(frozen=True)
class Pauli(PauliChannel):
    """X, Y or Z with these probabilities on each wire of a gate, as Aer's ``pauli_error``."""

    x: Strength = 0.0
    y: Strength = 0.0
    z: Strength = 0.0

    def __post_init__(self) -> None:
        for name in ("x", "y", "z"):
            check_strength(name, getattr(self, name))
        total = self.x + self.y + self.z
        if is_concrete(total) and float(total) > 1 + 1e-9:
            fail("x, y and z", "sum to at most 1", f"a sum of {float(total):g}")

    def probabilities(self, num_wires: int) -> Float[Array, " N"]:
        errors = [jnp.asarray(value, float) for value in (self.x, self.y, self.z)]
        return jnp.stack([1 - sum(errors), *errors])


@dataclass(frozen=True)
class PhaseDamping(PauliChannel):
    """Coherences of each wire times sqrt(1 - gamma), as Aer's ``phase_damping_error``."""

    gamma: Strength = 0.0

    def __post_init__(self) -> None:
        check_strength("gamma", self.gamma)

    def probabilities(self, num_wires: int) -> Float[Array, " N"]:
        flip = (1 - jnp.sqrt(1 - jnp.asarray(self.gamma, float))) / 2
        zero = jnp.zeros_like(flip)
        return jnp.stack([1 - flip, zero, zero, flip])


@dataclass(frozen=True)
class AmplitudeDamping(Channel):
    """|1> falls to |0> with probability gamma on each wire, as Aer's ``amplitude_damping_error``.

    Example:
        >>> AmplitudeDamping(0.5).transfer(1).round(3).diagonal().tolist()
        [1.0, 0.7070000171661377, 0.7070000171661377, 0.5]
    """

    gamma: Strength = 0.0

    def __post_init__(self) -> None:
        check_strength("gamma", self.gamma)

    def kraus(self, num_wires: int) -> Complex[Array, "R M M"]:
        return damping(self.gamma, 0.0)


@dataclass(frozen=True)
class ThermalRelaxation(Channel):
    """Relaxation of each wire towards |0> for ``time``, as Aer's ``thermal_relaxation_error``.

    Attributes:
        t1: relaxation time; populations decay as exp(-time / t1).
        t2: dephasing time, at most 2 t1; coherences decay as exp(-time / t2).
        time: of the gate, in the unit of ``t1`` and ``t2``.
    """

    t1: Strength = 100.0
    t2: Strength = 100.0
    time: Strength = 0.0

    def __post_init__(self) -> None:
        for name in ("t1", "t2", "time"):
            _check_time(name, getattr(self, name), positive=name != "time")
        if is_concrete(self.t1) and is_concrete(self.t2) and float(self.t2) > 2 * float(self.t1):
            fail("t2", f"be at most 2 t1 = {2 * float(self.t1):g}", f"{float(self.t2):g}")

    def kraus(self, num_wires: int) -> Complex[Array, "R M M"]:
        t1, t2, time = (jnp.asarray(v, float) for v in (self.t1, self.t2, self.time))
        # expm1 keeps short times exact.
        return damping(-jnp.expm1(-time / t1), -jnp.expm1(time / t1 - 2 * time / t2))


@dataclass(frozen=True)
class Kraus(Channel):
    """Any channel, by its operators: what a machine's noise is read into.

    Args:
        operators: A_r as nested tuples, 2 x 2 behind gates on one wire, 4 x 4 behind gates on two,
            first wire most significant.

    Raises:
        InputError: matrices of another shape, or operators that lose or add probability.

    Example:
        >>> flip = Kraus((((0.6, 0), (0, 0.6)), ((0, 0.8), (0.8, 0))))
        >>> [round(x, 4) for x in flip.transfer(1).diagonal().tolist()]
        [1.0, 1.0, -0.28, -0.28]
    """

    operators: tuple[tuple[tuple[complex, ...], ...], ...] = (((1, 0), (0, 1)),)
    joint: ClassVar[bool] = True

    def __post_init__(self) -> None:
        matrices = np.asarray(
            check_array("operators", self.operators, ("R", "M", "M"), kinds="iufc"), complex
        )
        if matrices.shape[1:] not in ((2, 2), (4, 4)):
            fail("operators", "be 2 x 2 or 4 x 4", f"shape {matrices.shape}")
        whole = np.einsum("rba,rbc->ac", matrices.conj(), matrices)
        off = np.abs(whole - np.eye(len(whole))).max()
        if not off < 1e-6:
            must = "keep probability: the sum of A^dagger A is 1"
            fail("operators", must, f"a sum that is off by {off:.2g}")

    def kraus(self, num_wires: int) -> Complex[Array, "R M M"]:
        matrices = jnp.asarray(self.operators, jnp.result_type(complex))
        if matrices.shape[-1] != 2**num_wires:
            must = f"be {2**num_wires} x {2**num_wires} behind a gate on {num_wires} wire(s)"
            fail("operators", must, f"shape {matrices.shape}")
        return matrices


def damping(amplitude: Strength, phase: Strength) -> Complex[Array, "3 2 2"]:
    """Kraus operators of amplitude damping, then phase damping, of these gammas."""
    fall, blur = jnp.asarray(amplitude, float), jnp.asarray(phase, float)
    # Rounding may put the second one just below 0, where T2 = 2 T1.
    blur = jnp.maximum(blur, 0)
    kept = jnp.zeros((2, 2)).at[0, 0].set(1).at[1, 1].set(jnp.sqrt(1 - fall) * jnp.sqrt(1 - blur))
    fallen = jnp.zeros((2, 2)).at[0, 1].set(jnp.sqrt(fall))
    blurred = jnp.zeros((2, 2)).at[1, 1].set(jnp.sqrt((1 - fall) * blur))
    return jnp.stack([kept, fallen, blurred]) + 0j


def transfer(kraus: Complex[Array, "... R M M"]) -> Float[Array, "... N N"]:
    """Pauli transfer matrix of Kraus operators: sum_r Tr[P_i A_r P_j A_r^dagger] / M."""
    size = kraus.shape[-1]
    strings = pauli_strings(size.bit_length() - 1).astype(kraus.dtype)
    turned = jnp.einsum("...rab,jbc,...rdc->...jad", kraus, strings, kraus.conj())
    return jnp.einsum("ida,...jad->...ij", strings, turned).real / size


@lru_cache(maxsize=8)
def pauli_strings(num_wires: int) -> Complex[np.ndarray, "N M M"]:
    """I..I, I..X, ..., Z..Z, the first wire most significant."""
    strings = np.ones((1, 1, 1), complex)
    for _ in range(num_wires):
        size = 2 * strings.shape[1]
        product = np.einsum("iab,jcd->ijacbd", strings, _PAULIS)
        strings = product.reshape(-1, size, size)
    return strings


@lru_cache(maxsize=8)
def commutation(num_wires: int) -> Float[np.ndarray, "N N"]:
    """1 where two Pauli strings commute, -1 where they do not."""
    one = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], float)
    signs = np.ones((1, 1))
    for _ in range(num_wires):
        signs = np.kron(signs, one)
    return signs


def check_strength(name: str, value: Any) -> None:
    """A number in [0, 1]; of a traced one only that it is one number."""
    check_array(name, value, (), finite=is_concrete(value))
    if is_concrete(value) and not 0 <= float(value) <= 1:
        fail(name, "lie between 0 and 1", f"{float(value):g}")


def _check_time(name: str, value: Any, *, positive: bool) -> None:
    check_array(name, value, (), finite=False)
    # Written so that NaN fails too.
    if is_concrete(value) and not (float(value) > 0 or (not positive and float(value) == 0)):
        fail(name, "be above 0" if positive else "be 0 or more", f"{float(value):g}")
