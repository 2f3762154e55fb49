"""The quantum students: features -> angles -> circuit -> head, each part replaceable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from jqkd._checks import check_at_least, check_choice, fail
from jqkd.models.heads import HEADS
from jqkd.models.layers import as_images, conv, convolve, dense, dropout, keys_for, max_pool
from jqkd.models.quantum_layer import QuantumLayer
from jqkd.quantum import (
    NOTEBOOK_RULE,
    TWO_TERM_RULE,
    Circuit,
    ShiftRule,
    amplitude_angles,
    amplitude_encoding,
    h_ry,
    ry_layer,
)


class ConvFeatures(nnx.Module):
    """The notebooks' feature extractor: two convolutions, two dense layers, one number a qubit.

    Args:
        num_features: outputs.
        rngs: initial weights.

    Example:
        >>> ConvFeatures(3, rngs=nnx.Rngs(0))(jnp.zeros((2, 28, 28))).shape
        (2, 3)
    """

    def __init__(self, num_features: int, *, rngs: nnx.Rngs) -> None:
        self.conv1 = conv(1, 10, 5, rngs=rngs)
        self.conv2 = conv(10, 20, 5, rngs=rngs)
        self.dense1 = dense(320, 50, rngs=rngs)
        self.dense2 = dense(50, num_features, rngs=rngs)

    def __call__(self, images: Array, key: Array | None = None) -> Array:
        """Features ``(B, F)`` of images ``(B, 28, 28)``; a key switches dropout (0.5) on."""
        first, second = keys_for(key, 2)
        x = jax.nn.relu(max_pool(convolve(self.conv1, as_images(images))))
        x = dropout(convolve(self.conv2, x), 0.5, first, whole_channels=True)
        x = jax.nn.relu(max_pool(x))
        x = dropout(jax.nn.relu(self.dense1(x.reshape(len(x), -1))), 0.5, second)
        return self.dense2(x)


class DenseFeatures(nnx.Module):
    """One dense layer on the pixels, as the paper's second version has it.

    Example:
        >>> DenseFeatures(8, rngs=nnx.Rngs(0))(jnp.zeros((2, 28, 28))).shape
        (2, 8)
    """

    def __init__(self, num_features: int, *, rngs: nnx.Rngs) -> None:
        self.dense = dense(784, num_features, rngs=rngs)

    def __call__(self, images: Array, key: Array | None = None) -> Array:
        """Features ``(B, F)`` of images ``(B, 28, 28)``; no dropout."""
        return self.dense(as_images(images).reshape(len(images), -1))


class AngleEncoder(nnx.Module):
    """theta = pi * tanh(feature), one a qubit: all trainable numbers stay classical.

    Example:
        >>> AngleEncoder(3, rngs=nnx.Rngs(0))(jnp.zeros((2, 3))).tolist()[0]
        [0.0, 0.0, 0.0]
    """

    def __init__(self, num_qubits: int, *, rngs: nnx.Rngs) -> None:
        self.num_features = num_qubits

    def __call__(self, features: Array) -> Array:
        """Angles ``(B, P)`` from features ``(B, Q)``, radians."""
        return jnp.pi * jnp.tanh(features)


class AmplitudeEncoder(nnx.Module):
    """tanh, unit L2 norm, amplitudes (eq. 14, 15); then a circuit's own trainable angles.

    Args:
        num_qubits: Q.
        rngs: the circuit's angles, uniform in (-pi, pi).

    Example:
        >>> AmplitudeEncoder(3, rngs=nnx.Rngs(0))(jnp.ones((2, 8))).shape
        (2, 10)
    """

    def __init__(self, num_qubits: int, *, rngs: nnx.Rngs) -> None:
        self.num_features = 2**num_qubits
        key = rngs.params()
        self.weights = nnx.Param(jax.random.uniform(key, (num_qubits,), float, -jnp.pi, jnp.pi))

    def __call__(self, features: Array) -> Array:
        """Angles ``(B, 2**Q - 1 + Q)`` from features ``(B, 2**Q)``, radians."""
        angles = jax.vmap(amplitude_angles)(jnp.tanh(features))
        weights = self.weights[...]
        return jnp.concatenate([angles, jnp.broadcast_to(weights, (len(angles), len(weights)))], -1)


class Student(nnx.Module):
    """A hybrid network whose classes are the outcomes of a circuit.

    Args:
        features: images ``(B, 28, 28)`` and a dropout key (or ``None``) -> ``(B, F)``.
        encoder: features -> angles ``(B, P)``, radians.
        layer: the circuit.
        heads: names of ``HEADS``; which one is used may differ from call to call.

    Example:
        >>> student = build_student("paper-code", 3, rngs=nnx.Rngs(0))
        >>> student(jnp.zeros((2, 28, 28)), key=jax.random.key(0), shots=5000).shape
        (2, 16)
    """

    def __init__(
        self,
        features: Callable[[Array, Array | None], Array],
        encoder: Callable[[Array], Array],
        layer: QuantumLayer,
        heads: tuple[str, ...] = ("log-probability",),
    ) -> None:
        for head in heads:
            check_choice("head", head, HEADS)
        self.features = features
        self.encoder = encoder
        self.layer = layer
        self.heads = tuple(heads)

    def angles(self, images: Array, dropout_key: Array | None = None) -> Array:
        """The circuit's angles ``(B, P)`` for images ``(B, 28, 28)``, radians."""
        return self.encoder(self.features(images, dropout_key))

    def logits(self, frequencies: Array, head: ArrayLike = 0) -> Array:
        """Logits ``(..., 2 K)`` from frequencies ``(..., K)`` by the head of that index."""
        if len(self.heads) == 1:
            return HEADS[self.heads[0]](frequencies)
        return jax.lax.switch(head, [HEADS[name] for name in self.heads], frequencies)

    def __call__(
        self,
        images: Array,
        *,
        key: Array | None = None,
        ids: Array | None = None,
        shots: ArrayLike | None = None,
        head: ArrayLike = 0,
        dropout_key: Array | None = None,
    ) -> Array:
        """Logits of images.

        Args:
            images: shape ``(B, 28, 28)``, in [0, 1].
            key: for the shots; consumed.
            ids: shape ``(B,)``, image ids that name the shots' keys.
            shots: S, in place of the layer's own; may be traced.
            head: index into ``heads``; may be traced.
            dropout_key: switches dropout on; consumed.

        Returns:
            Shape ``(B, 2 K)``; entry c is class c.
        """
        angles = self.angles(images, dropout_key)
        frequencies = self.layer(angles, key=key, ids=ids, shots=shots)
        return self.logits(frequencies, head)


@dataclass(frozen=True)
class Preset:
    """What a preset's student is made of; what it is trained with stands in ``training``.

    Attributes:
        features: class of the feature extractor.
        encoder: class of the encoder.
        circuit: number of qubits -> the whole circuit.
        heads: names of ``HEADS`` that rows choose from; the first is the default.
        rule: parameter-shift rule.
    """

    features: type[nnx.Module]
    encoder: type[nnx.Module]
    circuit: Callable[[int], Circuit]
    heads: tuple[str, ...]
    rule: ShiftRule


def _paper_text_circuit(num_qubits: int) -> Circuit:
    """H + RY on 3 qubits, RY on 4 (fig. 5), after amplitude encoding."""
    ansatz = h_ry(num_qubits) if num_qubits <= 3 else ry_layer(num_qubits)
    return amplitude_encoding(num_qubits).then(ansatz)


PRESETS: dict[str, Preset] = {
    "paper-code": Preset(
        ConvFeatures, AngleEncoder, h_ry, ("concat-sigmoid", "softmax"), NOTEBOOK_RULE
    ),
    "paper-text": Preset(
        DenseFeatures, AmplitudeEncoder, _paper_text_circuit, ("log-probability",), TWO_TERM_RULE
    ),
}


def build_student(preset: str, num_qubits: int, *, rngs: nnx.Rngs) -> Student:
    """A student by the name of its preset.

    Args:
        preset: a name of ``PRESETS``.
        num_qubits: Q, 1 to 10.
        rngs: initial weights.

    Raises:
        InputError: an unknown preset, or a number of qubits outside 1..10.

    Example:
        >>> from jqkd.models.layers import count_parameters
        >>> [count_parameters(build_student("paper-code", q, rngs=nnx.Rngs(0))) for q in (3, 4)]
        [21483, 21534]
    """
    check_choice("preset", preset, PRESETS)
    check_at_least("num_qubits", num_qubits, 1)
    if num_qubits > 10:
        fail("num_qubits", "be at most 10: a student has one class per outcome", num_qubits)
    parts = PRESETS[preset]
    encoder = parts.encoder(num_qubits, rngs=rngs)
    features = parts.features(encoder.num_features, rngs=rngs)
    layer = QuantumLayer(parts.circuit(num_qubits), rule=parts.rule)
    return Student(features, encoder, layer, parts.heads)
