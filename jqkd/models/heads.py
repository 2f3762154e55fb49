"""Heads: from outcome frequencies to logits.

Every head returns the same number of logits, ``2 * K``; what a head does not use is filled with
``FILL``, which no softmax notices. One training program then serves all heads of a preset.
The notebooks' heads leave outcomes that are no class in the softmax, and an argmax may pick one.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jqkd.models.arguments import check_frequencies, check_index

# Finite, so that 0 * FILL in a loss or its gradient is 0 and not NaN.
FILL = -1e30
# Logits of a certain outcome: large enough for a softmax of 0.9999, small enough that the shot
# noise of one outcome moves a logit by less than 0.1.
_SCALE = 10.0
# Half a count at the paper's 5000 shots: keeps the log of an unseen outcome finite.
_HALF_COUNT = 1e-4


def concat_sigmoid(frequencies: Array, classes: ArrayLike) -> Array:
    """The notebooks' usual head: z = sigmoid(p), logits = concat(z, 1 - z).

    Args:
        frequencies: shape ``(..., K)``.
        classes: C, not used: outcomes that are no class stay in.

    Returns:
        Shape ``(..., 2 K)``, all in (0.26, 0.74): a softmax of them stays near uniform.

    Example:
        >>> [round(float(z), 3) for z in concat_sigmoid(jnp.array([0.0, 1.0]), 2)]
        [0.5, 0.731, 0.5, 0.269]
    """
    z = jax.nn.sigmoid(_checked(frequencies, classes))
    return jnp.concatenate([z, 1 - z], -1)


def softmax(frequencies: Array, classes: ArrayLike) -> Array:
    """The head of three of the notebooks' rows: logits = softmax(p).

    Example:
        >>> softmax(jnp.array([0.0, 0.0]), 2)[:2].tolist()
        [0.5, 0.5]
    """
    return _filled(jax.nn.softmax(_checked(frequencies, classes)))


def log_probability(frequencies: Array, classes: ArrayLike) -> Array:
    """Frequencies read as class probabilities, as the paper's text says: logits = log p.

    Example:
        >>> jax.nn.softmax(log_probability(jnp.array([0.25, 0.75]), 2)).round(2)[:2].tolist()
        [0.25, 0.75]
    """
    return _filled(jnp.log(_checked(frequencies, classes) + _HALF_COUNT))


def scaled_probability(frequencies: Array, classes: ArrayLike) -> Array:
    """Preset ``robust``: logits = 10 p for the C classes, nothing for the other outcomes.

    Linear in p, so that the shift rule's noise is not divided by small frequencies.

    Args:
        frequencies: shape ``(..., K)``.
        classes: C, may be traced.

    Returns:
        Shape ``(..., 2 K)``.

    Example:
        >>> scaled_probability(jnp.array([0.5, 0.25, 0.0, 0.25]), 3)[:3].tolist()
        [5.0, 2.5, 0.0]
    """
    frequencies = _checked(frequencies, classes)
    inside = jnp.arange(frequencies.shape[-1]) < classes
    return _filled(jnp.where(inside, _SCALE * frequencies, FILL))


def _checked(frequencies: ArrayLike, classes: ArrayLike) -> Array:
    frequencies = check_frequencies(frequencies)
    check_index("classes", classes, 1, frequencies.shape[-1])
    return frequencies


def _filled(logits: Array) -> Array:
    return jnp.concatenate([logits, jnp.full_like(logits, FILL)], -1)


HEADS: dict[str, Callable[[Array, ArrayLike], Array]] = {
    "concat-sigmoid": concat_sigmoid,
    "softmax": softmax,
    "log-probability": log_probability,
    "scaled-probability": scaled_probability,
}
