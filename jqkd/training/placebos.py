"""Placebos: teachers that know nothing, to be compared with those that do.

Each takes something away from a teacher's logits: which image they belong to, the image at all, or
the teacher; and the same from its hidden layer, where a recipe reads that. What a student still
gains from them is not knowledge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import log_softmax, softmax

from jqkd._checks import check_array, fail
from jqkd.common.registry import Registry

# A probability of 0 would be a logit of minus infinity; a weight that float32 still has will do.
_LEAST = 1e-30
# Log-probabilities nearer than this are the same: single precision, summed over many images.
_SAME = 1e-4


class Placebo:
    """A part that takes a teacher's knowledge away; a frozen dataclass.

    Attributes:
        label: what the student is taught, for a reader.
        has_features: whether it has hidden layers to give: a recipe may compare those.
    """

    label: ClassVar[str] = ""
    has_features: ClassVar[bool] = True

    def logits(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """What stands in for a teacher's logits ``(..., N, C)``, in their shape and precision.

        ``targets`` ``(..., N, C)`` are the share of each class in an image.
        """
        raise NotImplementedError

    def features(self, features: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """What stands in for its hidden layer ``(..., N, F)``."""
        raise NotImplementedError


PLACEBOS: Registry[Placebo] = Registry("placebo", Placebo)


def _checked(logits: ArrayLike, targets: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Answers and targets of the same images."""
    logits = np.asarray(check_array("logits", logits, ("...", "N", "C")))
    targets = np.asarray(check_array("targets", targets, (*logits.shape[:-1], "C")))
    if not logits.size:
        fail("logits", "hold at least one answer", f"shape {logits.shape}")
    if targets.min() < 0 or np.abs(targets.sum(-1) - 1).max() > 1e-3:
        fail("targets", "be shares of 0 or more that sum to 1", "other numbers")
    return logits, targets


@PLACEBOS.register("none")
@dataclass(frozen=True)
class NoPlacebo(Placebo):
    """The teacher as it is."""

    label = "the teacher"

    def logits(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return _checked(logits, targets)[0]

    def features(self, features: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return features


@PLACEBOS.register("shuffled")
@dataclass(frozen=True)
class Shuffled(Placebo):
    """Every image gets the logits (or features) of another one, the same in all views.

    Example:
        >>> Shuffled().logits(np.arange(4.0)[:, None], np.ones((4, 1))).ravel().tolist()
        [1.0, 3.0, 0.0, 2.0]
    """

    label = "its logits, of other images"

    def logits(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return self.features(*_checked(logits, targets))

    def features(self, features: np.ndarray, targets: np.ndarray) -> np.ndarray:
        if features.shape[-2] < 2:
            fail("logits", "answer at least 2 images, where each gets another's", "one")
        order = np.random.default_rng(0).permutation(features.shape[-2])
        # Along one cycle through all images, so that none keeps its own.
        source = np.empty_like(order)
        source[order] = np.roll(order, -1)
        return features[..., source, :]


@PLACEBOS.register("constant")
@dataclass(frozen=True)
class Constant(Placebo):
    """The teacher's mean probabilities (or mean hidden layer) for every image.

    Example:
        >>> answers = np.log([[0.9, 0.1], [0.5, 0.5]])
        >>> np.exp(Constant().logits(answers, np.eye(2))).round(2).tolist()
        [[0.7, 0.3], [0.7, 0.3]]
    """

    label = "its mean, for every image"

    def logits(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        logits, _ = _checked(logits, targets)
        mean = softmax(logits, -1).mean(tuple(range(logits.ndim - 1)))
        return np.broadcast_to(np.log(np.maximum(mean, _LEAST)), logits.shape).astype(logits.dtype)

    def features(self, features: np.ndarray, targets: np.ndarray) -> np.ndarray:
        mean = features.mean(tuple(range(features.ndim - 1)), dtype=np.float64)
        return np.broadcast_to(mean, features.shape).astype(features.dtype)


@PLACEBOS.register("smoothed")
@dataclass(frozen=True)
class Smoothed(Placebo):
    """The labels themselves, smoothed until their mean entropy is the teacher's.

    (1 - e) target + e / C; e is 0 where mixed images' targets have more entropy already. Labels
    have no hidden layer.

    Example:
        >>> teacher, labels = np.log([[0.9, 0.1], [0.1, 0.9]]), np.eye(2)
        >>> np.exp(Smoothed().logits(teacher, labels)).round(2).tolist()
        [[0.9, 0.1], [0.1, 0.9]]
    """

    label = "labels smoothed to its entropy"
    has_features = False

    def logits(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        logits, targets = _checked(logits, targets)
        if logits.shape != targets.shape:
            fail("targets", f"have shape {logits.shape} like the logits", f"shape {targets.shape}")
        entropy = _entropy(softmax(logits, -1))

        def smooth(share: float) -> np.ndarray:
            return (1 - share) * targets + share / logits.shape[-1]

        more = lambda share: _entropy(smooth(share)) - entropy  # noqa: E731
        share = 0.0 if more(0.0) >= 0 else brentq(more, 0, 1)
        return log_softmax(np.log(np.maximum(smooth(share), _LEAST)), -1).astype(logits.dtype)


def _entropy(probabilities: np.ndarray) -> float:
    """Mean entropy, nats."""
    logs = np.log(np.where(probabilities > 0, probabilities, 1))
    return float(-(probabilities * logs).sum(-1).mean())


def changes_logits(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether a placebo's logits say anything else than the teacher's; a shift says nothing.

    Example:
        >>> one = np.array([[1.0, 2.0]])
        >>> changes_logits(one, one - 3), changes_logits(one, -one)
        (False, True)
    """
    logs = (log_softmax(np.asarray(logits, np.float64), -1) for logits in (before, after))
    return not np.allclose(*logs, rtol=0, atol=_SAME)
