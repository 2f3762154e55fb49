"""Diagnoses of a student, computed from arrays: gradients, angles, answers, its readout's range.

Shape letters here: R runs, T terms of the loss, n parameters, B images, F features, P angles,
C classes, L logits.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from flax import nnx
from scipy.special import softmax

from jqkd._checks import check_array, check_type, fail
from jqkd.models.readouts import FILL
from jqkd.training.config import StudentConfig

# A feature is saturated where tanh has a hundredth of its slope left, at |f| = 3.
_SATURATED = 0.01 * np.pi
_BINS = 15


def gradient_sizes(vectors: np.ndarray, label_weights: np.ndarray) -> dict[str, np.ndarray]:
    """How large every term's gradient is, and whether it points where cross-entropy's does.

    Args:
        vectors: gradients ``(R, T, n)``, the first of cross-entropy with a weight of 1.
        label_weights: what cross-entropy is weighted with, ``(R,)``.

    Returns:
        ``norm`` (R, T), weights included; ``cosine`` (R, T), 0 where there is no gradient;
        ``cross_entropy`` (R,), the norm of cross-entropy's gradient without its weight.

    Raises:
        InputError: arrays whose shapes do not fit.

    Example:
        >>> sizes = gradient_sizes(np.array([[[3.0, 4.0], [0.0, 2.0]]]), np.array([0.5]))
        >>> sizes["norm"].tolist(), sizes["cosine"].round(3).tolist()
        ([[2.5, 2.0]], [[1.0, 0.8]])
    """
    vectors = np.asarray(check_array("vectors", vectors, ("R", "T", "n"), finite=False))
    check_array("label_weights", label_weights, vectors.shape[:1])
    # In double precision: the square of what reaches a collapsed student is 0 in single.
    vectors = vectors.astype(np.float64)
    norms = np.linalg.norm(vectors, axis=-1)
    products = norms * norms[:, :1]
    inner = (vectors * vectors[:, :1]).sum(-1)
    cosines = np.divide(inner, products, out=np.zeros_like(inner), where=products > 0)
    first = norms[:, 0].copy()
    norms[:, 0] *= label_weights
    return {"norm": norms, "cosine": cosines, "cross_entropy": first}


def saturation(slopes: np.ndarray, angles: np.ndarray) -> dict[str, np.ndarray]:
    """How far the features have driven the angles to where they stop moving.

    A collapsed student's theta = pi tanh(f) sits at +-pi: the slope is 0, and H RY(theta) reads 0
    and 1 equally often, with p(1) = (1 + sin theta) / 2.

    Args:
        slopes: ``(R, B, F)``, |d theta / d f| in radians.
        angles: ``(R, B, P)``, radians.

    Returns:
        Means (R,): ``slope``; ``sine``, |sin theta|; ``saturated``, the share of features whose
        slope is below pi / 100.

    Raises:
        InputError: arrays whose shapes do not fit.

    Example:
        >>> means = saturation(np.array([[[np.pi, 0.0]]]), np.array([[[0.0, np.pi]]]))
        >>> means["saturated"].tolist(), means["sine"].round(6).tolist()
        ([0.5], [0.0])
    """
    slopes = np.asarray(check_array("slopes", slopes, ("R", "B", "F"), finite=False))
    angles = check_array("angles", angles, (*slopes.shape[:2], "P"), finite=False)
    if not slopes.size or not np.size(angles):
        name, given = ("angles", angles) if slopes.size else ("slopes", slopes)
        fail(name, "hold at least one number", f"shape {np.shape(given)}")
    slopes, angles = slopes.astype(np.float64), np.asarray(angles, np.float64)
    return {
        "slope": slopes.mean((1, 2)),
        "sine": np.abs(np.sin(angles)).mean((1, 2)),
        "saturated": (slopes < _SATURATED).mean((1, 2)),
    }


def agreement(student: np.ndarray, teacher: np.ndarray) -> np.ndarray | np.number:
    """Share ``(...)`` of images on which both choose the same of C classes.

    Args:
        student: logits ``(..., N, L)``, L >= C; those that are no class are left out.
        teacher: logits ``(N, C)``.

    Raises:
        InputError: arrays whose shapes do not fit.

    Example:
        >>> float(agreement(np.array([[1.0, 0.0, 9.0], [0.0, 1.0, 0.0]]), np.eye(2)))
        1.0
    """
    teacher = np.asarray(check_array("teacher", teacher, ("N", "C")))
    student = np.asarray(check_array("student", student, ("...", len(teacher), "L")))
    classes = teacher.shape[-1]
    if not teacher.size or student.shape[-1] < classes:
        must = "hold at least one image and class, and no more classes than the student's logits"
        fail("teacher", must, f"shape {teacher.shape} beside {student.shape}")
    return (student[..., :classes].argmax(-1) == teacher.argmax(-1)).mean(-1)


def calibration(logits: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray | np.number]:
    """Whether a network with logits ``(..., N, L)`` is right as often as it says.

    ``error`` is the expected calibration error, sum_m |B_m| / N |accuracy(B_m) - confidence(B_m)|
    over 15 bins of equal width; the confidence is the largest probability of the softmax over all
    logits. ``confidence`` and ``accuracy`` are means; the shape of each is ``(...)``.

    Raises:
        InputError: arrays whose shapes do not fit.

    Example:
        >>> shares = calibration(np.log([[0.8, 0.2], [0.8, 0.2]]), np.array([0, 1]))
        >>> {name: round(float(value), 3) for name, value in shares.items()}
        {'error': 0.3, 'confidence': 0.8, 'accuracy': 0.5}

    Source: Guo et al., arXiv:1706.04599, section 2.
    """
    logits = np.asarray(check_array("logits", logits, ("...", "N", "L")))
    labels = np.asarray(check_array("labels", labels, logits.shape[-2:-1], kinds="iu"))
    if not logits.size:
        fail("logits", "hold at least one image and class", f"shape {logits.shape}")
    if labels.min() < 0 or labels.max() >= logits.shape[-1]:
        given = f"a range of {labels.min()} to {labels.max()}"
        fail("labels", f"lie within 0-{logits.shape[-1] - 1}, the logits", given)
    confidence = softmax(logits.astype(np.float64), -1).max(-1)
    right = logits.argmax(-1) == labels
    # Bin m is ((m - 1) / M, m / M].
    bins = np.clip(np.ceil(confidence * _BINS) - 1, 0, _BINS - 1)
    inside = bins[..., None] == np.arange(_BINS)
    gaps = np.abs(((right - confidence)[..., None] * inside).sum(-2)).sum(-1)
    return {
        "error": gaps / len(labels),
        "confidence": confidence.mean(-1),
        "accuracy": right.mean(-1),
    }


def readout_range(config: StudentConfig) -> dict[str, np.ndarray]:
    """What a readout can say: tried are certain outcomes, uniform and 1000 random frequencies.

    A readout with weights is taken at initial ones.

    Returns:
        ``lowest`` and ``highest`` of every logit that takes part in the softmax, (L,) each;
        ``probability`` (C,), the largest softmax probability of each class.

    Example:
        >>> config = StudentConfig("mnist", "0-7", 3)
        >>> readout_range(config)["probability"].max().round(2)
        np.float64(0.08)
    """
    check_type("config", config, StudentConfig, "a StudentConfig")
    outcomes = 2**config.qubits
    random = np.random.default_rng(0).dirichlet(np.full(outcomes, 0.3), 1000)
    tried = np.concatenate([np.eye(outcomes), np.full((1, outcomes), 1 / outcomes), random])
    readout = config.spec.readout.build(config.qubits, rngs=nnx.Rngs(0))
    logits = np.asarray(readout(jnp.asarray(tried, jnp.float32), config.num_classes), np.float64)
    used = (logits > FILL / 2).all(0)
    return {
        "lowest": logits[:, used].min(0),
        "highest": logits[:, used].max(0),
        "probability": softmax(logits, -1)[:, : config.num_classes].max(0),
    }
