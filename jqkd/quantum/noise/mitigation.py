"""Less noise after the fact: readout inverted, and values extrapolated to no noise.

Both return quasi-probabilities, which sum to 1 and may lie outside of [0, 1], and say by how much
they widen the shots' error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import (
    check_array,
    check_integer,
    check_key,
    check_list,
    check_type,
    fail,
    is_concrete,
)
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.gradient import outcome_probabilities
from jqkd.quantum.noise.model import NoiseModel
from jqkd.quantum.statevector import QUBITS_A_BLOCK, apply_blocks, kron_blocks

# What rounding leaves of 1 - P(1|0) - P(0|1), in single precision.
_ALIKE = 1e-6


class Mitigated(NamedTuple):
    """What is left after mitigation.

    Attributes:
        values: quasi-probabilities ``(K,)``, in outcome order.
        factor: of the standard error of a sum of outcomes weighted within -1..1: at most so many
            times that of as many shots without mitigation (readout), or just so many times the
            error of each scale (extrapolation).
    """

    values: Float[Array, " K"]
    factor: Float[Array, ""]


def invert_readout(
    frequencies: ArrayLike, noise: NoiseModel, wires: Sequence[int] | None = None
) -> Mitigated:
    """What was measured, from what was read: the inverse of each qubit's confusion matrix.

    Args:
        frequencies: ``(K,)``, of the qubits that were read, in outcome order.
        noise: whose readout is undone.
        wires: the qubits that were read; 0, 1, ... if not given.

    Raises:
        InputError: frequencies that are no power of two, a model without readout, or a qubit whose
            two readings are alike, so that nothing can be undone.

    Example:
        >>> noise = NoiseModel(readout=((0.1, 0.2),))
        >>> found = invert_readout(jnp.array([0.55, 0.45]), noise)
        >>> found.values.round(3).tolist(), round(float(found.factor), 3)
        ([0.5, 0.5], 1.571)
    """
    shares = jnp.asarray(check_array("frequencies", frequencies, ("K",)), float)
    number = shares.size.bit_length() - 1
    if shares.size != 2**number or not number:
        fail("frequencies", "be as many as a power of two", f"{shares.size} of them")
    check_type("noise", noise, NoiseModel, "a NoiseModel")
    if not noise.readout:
        fail("noise", "have a readout to invert", "one without")
    kept = tuple(range(number)) if wires is None else tuple(check_list("wires", wires, int, "ints"))
    total = len(noise.readout) if len(noise.readout) > 1 else max(kept) + 1
    if len(kept) != number or max(kept) >= total:
        fail("wires", f"be {number} qubits within 0..{total - 1}", kept)
    confusion = noise.confusion(total)
    assert confusion is not None
    own = confusion[np.array(kept[::-1])]
    # Columns sum to 1, so do those of the inverse; its determinant is 1 - P(1|0) - P(0|1).
    room = 1 - own[:, 1, 0] - own[:, 0, 1]
    if any(is_concrete(one) and abs(float(one)) < _ALIKE for one in room):
        fail("noise", "read 0 and 1 differently", "one with P(1|0) + P(0|1) = 1")
    inverse = jnp.stack(
        [
            jnp.stack([own[:, 1, 1], -own[:, 0, 1]], -1),
            jnp.stack([-own[:, 1, 0], own[:, 0, 0]], -1),
        ],
        1,
    )
    inverse = inverse / room[:, None, None]
    values = apply_blocks(kron_blocks(inverse, QUBITS_A_BLOCK), shares)
    return Mitigated(values, jnp.prod(jnp.abs(inverse).sum(1).max(-1)))


def folded(circuit: Circuit, scale: int) -> Circuit:
    """The circuit, undone and done again (scale - 1) / 2 times: the same, with more gates.

    Slots are filled by the P angles of the given circuit, as data: ``folded(...).fill(angles)``.

    Raises:
        InputError: a scale that is no odd number.

    Example:
        >>> from jqkd.quantum import Op
        >>> print(folded(Circuit(1, (Op("RY", (0,)),)), 3))
        q0: ─RY(x0)─RY(-x0)─RY(x0)─
    """
    check_type("circuit", circuit, Circuit, "a Circuit")
    scale = check_integer("scale", scale, 1)
    if scale % 2 == 0:
        fail("scale", "be odd: a circuit, undone and done again", scale)
    plain = circuit.unnamed().as_data()
    whole = plain
    for _ in range(scale // 2):
        whole = whole.then(plain.inverse()).then(plain)
    return whole


def richardson(scales: Sequence[float]) -> Float[np.ndarray, " N"]:
    """Weights of values at some scales of the noise: exact at 0 for polynomials of degree N - 1.

    Temme et al., arXiv:1612.02058.

    Raises:
        InputError: fewer than two scales, or the same one twice.

    Example:
        >>> richardson((1, 3)).tolist()
        [1.5, -0.5]
    """
    given = [float(scale) for scale in scales]
    if len(given) < 2 or len(set(given)) < len(given):
        fail("scales", "be two or more, all different", tuple(given))
    return np.array([math.prod(b / (b - a) for b in given if b != a) for a in given])


def extrapolated_probabilities(
    circuit: Circuit,
    angles: ArrayLike,
    *,
    noise: NoiseModel,
    scales: Sequence[int] = (1, 3, 5),
    shots: ArrayLike | None = None,
    key: Array | None = None,
    **options: Any,
) -> Mitigated:
    """Outcome probabilities, extrapolated to no noise from circuits that are folded.

    Args:
        circuit: Q qubits, P slots.
        angles: ``(P,)``, radians.
        noise: of the machine.
        scales: odd numbers, of foldings; a polynomial of one degree less goes through all.
        shots: S, of each scale's circuit; exact if not given.
        key: required with ``shots``; consumed.
        options: more of ``outcome_probabilities``.

    Raises:
        InputError: scales that are not odd and different, what ``outcome_probabilities`` refuses.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> from jqkd.quantum.noise import After, Depolarising
        >>> noise = NoiseModel((After(Depolarising(0.01)),))
        >>> one = jnp.array([0.5])
        >>> ideal = outcome_probabilities(h_ry(1), one)[1]
        >>> noisy = outcome_probabilities(h_ry(1), one, noise=noise)[1]
        >>> better = extrapolated_probabilities(h_ry(1), one, noise=noise).values[1]
        >>> bool(abs(better - ideal) < 0.01 * abs(noisy - ideal))
        True
    """
    weights = richardson(scales)
    if key is not None:
        check_key("key", key)
    total: Any = 0.0
    for place, (scale, weight) in enumerate(zip(scales, weights, strict=True)):
        made = folded(circuit, scale)
        own = None if key is None else jax.random.fold_in(key, place)
        row = made.fill(jnp.asarray(angles, float))
        found = outcome_probabilities(made, row, noise=noise, shots=shots, key=own, **options)
        total = total + weight * found
    return Mitigated(total, jnp.asarray(np.sqrt((weights**2).sum())))
