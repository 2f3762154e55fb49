"""Parts of a stranger's, all in one file outside of the package."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jqkd.models import ANSATZE, FEATURES, READOUTS, Ansatz, Features, Readout
from jqkd.models.functional import Fitted
from jqkd.quantum import Circuit, Op, data, weight
from jqkd.training.losses import distillation
from jqkd.training.placebos import PLACEBOS, Placebo
from jqkd.training.recipes import RECIPES, Recipe
from tests.parts import registered


class Principal(nnx.Module):
    """Scores on the first F principal axes, in units of their standard deviation."""

    def __init__(self, image_shape, num_features):
        size = int(np.prod(image_shape))
        self.mean = Fitted(jnp.zeros(size))
        self.axes = Fitted(jnp.zeros((size, num_features)))

    def __call__(self, images, key=None):
        return (images.reshape(len(images), -1) - self.mean[...]) @ self.axes[...]


@dataclass(frozen=True)
class Pca(Features):
    """Fitted on the student's train images."""

    def build(self, image_shape, num_features, *, rngs):
        return Principal(image_shape, num_features)

    def fit(self, images, num_features):
        rows = images.reshape(len(images), -1).astype(np.float64)
        mean = rows.mean(0)
        _, sizes, axes = np.linalg.svd(rows - mean, full_matrices=False)
        scaled = axes[:num_features].T / (sizes[:num_features] / np.sqrt(len(rows)))
        return {"mean": mean.astype(np.float32), "axes": scaled.astype(np.float32)}


@dataclass(frozen=True)
class Reuploading(Ansatz):
    """``layers`` times: turns by the data and two weights on every qubit, and a chain of CX."""

    layers: int = 2

    def initial(self, key, number):
        return 0.3 * jax.random.normal(key, (number,))

    def join(self, encoding):
        qubits, ops = encoding.num_qubits, list(encoding.ops)
        for layer in range(self.layers):
            for wire in range(qubits):
                ops.append(Op("RY", (wire,), filled=data(wire)))
                first = 2 * (layer * qubits + wire)
                ops.append(Op("RZ", (wire,), filled=weight(first)))
                ops.append(Op("RY", (wire,), filled=weight(first + 1)))
            ops += [Op("CX", (wire, wire + 1)) for wire in range(qubits - 1)]
        return Circuit(qubits, ops)


@dataclass(frozen=True)
class Greedy(Ansatz):
    """Reads a number that no encoding has."""

    def circuit(self, qubits):
        return Circuit(qubits, [Op("RY", (0,), filled=data(qubits))])


@dataclass(frozen=True)
class Narrow(Ansatz):
    """Of one qubit, whatever it is joined to."""

    def join(self, encoding):
        return Circuit(1)


class Expectations(nnx.Module):
    """One trained scale of Z on every qubit."""

    def __init__(self, qubits):
        self.scale = nnx.Param(jnp.float32(3.0))
        bits = np.arange(2**qubits)[:, None] >> np.arange(qubits) & 1
        self.signs = tuple(map(tuple, (1.0 - 2 * bits).tolist()))

    def __call__(self, frequencies, classes):
        return self.scale[...] * (frequencies @ jnp.array(self.signs))


@dataclass(frozen=True)
class OfZ(Readout):
    """One class a qubit."""

    def most_classes(self, qubits):
        return qubits

    def build(self, qubits, *, rngs):
        return Expectations(qubits)


@dataclass(frozen=True)
class Softened(Recipe):
    """Hinton's loss with the teacher's logits divided once more."""

    weight: ClassVar[float] = 2.0
    temperature: ClassVar[float | None] = 2.0
    softness: float = 1.0

    def loss(self, student, teacher, labels, present, temperature, classes):
        return distillation(student.logits, teacher.logits / self.softness, temperature, classes)


@dataclass(frozen=True)
class Reversed(Placebo):
    """What the teacher finds likely is unlikely."""

    label: ClassVar[str] = "the opposite"

    def logits(self, logits, targets):
        return -logits

    def features(self, features, targets):
        return -features


TOYS = [
    (FEATURES, "own-pca", Pca),
    (ANSATZE, "again", Reuploading),
    (ANSATZE, "greedy", Greedy),
    (ANSATZE, "narrow", Narrow),
    (READOUTS, "expectations", OfZ),
    (RECIPES, "softened", Softened),
    (PLACEBOS, "reversed", Reversed),
]


@contextmanager
def all_registered():
    """The toys are parts, for as long as the context lasts."""
    with ExitStack() as stack:
        for toy in TOYS:
            stack.enter_context(registered(*toy))
        yield
