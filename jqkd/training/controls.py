"""Teachers that know nothing, to be compared with those that do.

Each takes something away from a teacher's logits: which image they belong to, the image at all, or
the teacher; and the same from its hidden layer, where a recipe reads that. What a student still
gains from them is not knowledge.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_softmax, softmax

from jqkd._checks import check_array, fail

Control = Callable[[np.ndarray, np.ndarray], np.ndarray]

# A probability of 0 would be a logit of minus infinity; a weight that float32 still has will do.
_LEAST = 1e-30
# Log-probabilities nearer than this are the same: single precision, summed over many images.
_SAME = 1e-4


def _checked(control: Control) -> Control:
    """The control, refusing answers and targets that are not of the same images."""

    @wraps(control)
    def checked(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        logits = np.asarray(check_array("logits", logits, ("...", "N", "C")))
        targets = np.asarray(check_array("targets", targets, (*logits.shape[:-1], "C")))
        if not logits.size:
            fail("logits", "hold at least one answer", f"shape {logits.shape}")
        if targets.min() < 0 or np.abs(targets.sum(-1) - 1).max() > 1e-3:
            fail("targets", "be shares of 0 or more that sum to 1", "other numbers")
        return control(logits, targets)

    return checked


@_checked
def shuffled(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Every image gets the logits (or features) of another one, the same in all views.

    Args:
        logits: shape ``(..., N, C)``.
        targets: shape ``(..., N, C)``, the share of each class; not used.

    Example:
        >>> shuffled(np.arange(4.0)[:, None], np.ones((4, 1))).ravel().tolist()
        [1.0, 3.0, 0.0, 2.0]
    """
    if logits.shape[-2] < 2:
        fail("logits", "answer at least 2 images, where each gets another's", "one")
    order = np.random.default_rng(0).permutation(logits.shape[-2])
    # Along one cycle through all images, so that none keeps its own.
    source = np.empty_like(order)
    source[order] = np.roll(order, -1)
    return logits[..., source, :]


@_checked
def constant(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The teacher's mean probabilities for every image.

    Example:
        >>> np.exp(constant(np.log([[0.9, 0.1], [0.5, 0.5]]), np.eye(2))).round(2).tolist()
        [[0.7, 0.3], [0.7, 0.3]]
    """
    mean = softmax(logits, -1).mean(tuple(range(logits.ndim - 1)))
    return np.broadcast_to(np.log(np.maximum(mean, _LEAST)), logits.shape).astype(logits.dtype)


def mean_features(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The mean of the teacher's hidden layer for every image.

    Args:
        features: shape ``(..., N, F)``.
        targets: shape ``(..., N, C)``; not used.

    Example:
        >>> mean_features(np.array([[1.0, 0.0], [3.0, 2.0]]), np.eye(2)).tolist()
        [[2.0, 1.0], [2.0, 1.0]]
    """
    mean = features.mean(tuple(range(features.ndim - 1)), dtype=np.float64)
    return np.broadcast_to(mean, features.shape).astype(features.dtype)


@_checked
def smoothed(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The labels themselves, smoothed until their mean entropy is the teacher's.

    (1 - e) target + e / C; e is 0 where mixed images' targets have more entropy already.

    Example:
        >>> teacher, labels = np.log([[0.9, 0.1], [0.1, 0.9]]), np.eye(2)
        >>> np.exp(smoothed(teacher, labels)).round(2).tolist()
        [[0.9, 0.1], [0.1, 0.9]]
    """
    if logits.shape != targets.shape:
        fail("targets", f"have shape {logits.shape} like the logits", f"shape {targets.shape}")
    wanted = _entropy(softmax(logits, -1))

    def smooth(share: float) -> np.ndarray:
        return (1 - share) * targets + share / logits.shape[-1]

    more = lambda share: _entropy(smooth(share)) - wanted  # noqa: E731
    share = 0.0 if more(0.0) >= 0 else brentq(more, 0, 1)
    return log_softmax(np.log(np.maximum(smooth(share), _LEAST)), -1).astype(logits.dtype)


def _entropy(probabilities: np.ndarray) -> float:
    """Mean entropy, nats."""
    logs = np.log(np.where(probabilities > 0, probabilities, 1))
    return float(-(probabilities * logs).sum(-1).mean())


@_checked
def none(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The teacher as it is."""
    return logits


def changes_logits(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether a control's logits say anything else than the teacher's; a shift says nothing.

    Example:
        >>> one = np.array([[1.0, 2.0]])
        >>> changes_logits(one, one - 3), changes_logits(one, -one)
        (False, True)
    """
    logs = (log_softmax(np.asarray(logits, np.float64), -1) for logits in (before, after))
    return not np.allclose(*logs, rtol=0, atol=_SAME)


CONTROLS: dict[str, Control] = {
    "none": none,
    "shuffled": shuffled,
    "constant": constant,
    "smoothed": smoothed,
}
# Of features; labels have none, so that nothing can stand for the teacher's where it is smoothed.
FEATURE_CONTROLS: dict[str, Control] = {
    "none": none,
    "shuffled": shuffled,
    "constant": mean_features,
}
