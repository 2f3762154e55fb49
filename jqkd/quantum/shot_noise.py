"""How certain the parameter-shift rule is of a slope, from the probabilities alone."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_array, check_type
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.gradient import TWO_TERM_RULE, ShiftRule, shifted_probabilities
from jqkd.quantum.noise import NoiseModel


def slopes_and_variances(
    circuit: Circuit,
    angles: ArrayLike,
    cotangents: ArrayLike,
    *,
    rule: ShiftRule = TWO_TERM_RULE,
    state: ArrayLike | None = None,
    wires: Sequence[int] | None = None,
    noise: NoiseModel | None = None,
) -> tuple[Float[Array, "T P"], Float[Array, "T P"]]:
    r"""Exact slopes of T functions of the probabilities; their variance with one shot a circuit.

    A function with slopes v over the probabilities has slope $g_k = c \, v \cdot (p^+_k - p^-_k)$
    over angle k, c the rule's coefficient. With S shots for each of both circuits its variance is

    $$\mathrm{var}(g_k) = \frac{c^2}{S} \sum_\pm \Bigl(\sum_o v_o^2 p^\pm_{k,o}
    - \bigl(\sum_o v_o p^\pm_{k,o}\bigr)^2\Bigr),$$

    the multinomial distribution's. Here it is given for S = 1.

    Args:
        circuit: Q qubits, P slots.
        angles: shape ``(P,)``, radians.
        cotangents: v, shape ``(T, K)``, K outcomes of the qubits that are read.
        rule: which shift, and its coefficient.
        state: what the circuit starts from, ``(2,) * Q``; |0...0> if not given.
        wires: the qubits that are read, all if not given.
        noise: of the machine.

    Raises:
        InputError: what ``outcome_probabilities`` refuses; cotangents of another shape.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> slopes, variances = slopes_and_variances(h_ry(1), [0.0], [[0.0, 1.0]])
        >>> round(float(slopes[0, 0]), 6), round(float(variances[0, 0]), 6)
        (0.5, 0.0)
    """
    check_type("rule", rule, ShiftRule, "a ShiftRule")
    options = {"state": state, "wires": wires, "noise": noise}
    values = shifted_probabilities(circuit, angles, rule=rule, **options)
    v = jnp.asarray(check_array("cotangents", cotangents, ("T", values.shape[-1])), values.dtype)
    up, down = jnp.split(values[1:], 2)
    means = [many @ v.T for many in (up, down)]
    spreads = [(many @ (v**2).T - mean**2) for many, mean in zip((up, down), means, strict=True)]
    slopes = rule.coefficient * (means[0] - means[1])
    variances = rule.coefficient**2 * (spreads[0] + spreads[1])
    return slopes.T, jnp.maximum(variances, 0).T
