"""The quantum students: features -> angles -> circuit -> head, each part replaceable."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from jqkd._checks import (
    check_choice,
    check_integer,
    check_number,
    fail,
    is_concrete,
    shown,
)
from jqkd.models.arguments import (
    check_features,
    check_frequencies,
    check_index,
    check_module,
    check_rate,
    check_rngs,
    check_sizes,
)
from jqkd.models.heads import HEADS
from jqkd.models.layers import (
    as_images,
    as_rows,
    conv,
    convolve,
    dense,
    dropout,
    keys_for,
    max_pool,
)
from jqkd.models.quantum_layer import QuantumLayer
from jqkd.quantum import amplitude_angles
from jqkd.quantum.limits import check_num_qubits


class ConvFeatures(nnx.Module):
    """The notebooks' feature extractor: two convolutions, two dense layers, one number a qubit.

    Args:
        num_features: outputs.
        rngs: initial weights.
        dropout_rate: of whole channels and of hidden units; the notebooks' is 0.5.

    Example:
        >>> ConvFeatures(3, rngs=nnx.Rngs(0))(jnp.zeros((2, 28, 28))).shape
        (2, 3)
    """

    hidden_size = 50

    def __init__(self, num_features: int, *, rngs: nnx.Rngs, dropout_rate: float = 0.5) -> None:
        self.dropout_rate = check_rate("dropout_rate", dropout_rate)
        check_sizes(num_features=num_features)
        self.conv1 = conv(1, 10, 5, rngs=rngs)
        self.conv2 = conv(10, 20, 5, rngs=rngs)
        self.dense1 = dense(320, self.hidden_size, rngs=rngs)
        self.dense2 = dense(self.hidden_size, num_features, rngs=rngs)

    def __call__(self, images: Array, key: Array | None = None) -> Array:
        """Features ``(B, F)`` of images ``(B, 28, 28)``; a key switches dropout on."""
        return self.with_hidden(images, key)[0]

    def with_hidden(self, images: Array, key: Array | None = None) -> tuple[Array, Array]:
        """Features ``(B, F)``, and the hidden layer ``(B, 50)`` that they come from."""
        rate = self.dropout_rate
        first, second = keys_for(key, 2)
        x = jax.nn.relu(max_pool(convolve(self.conv1, as_images(images))))
        x = dropout(convolve(self.conv2, x), rate, first, whole_channels=True)
        x = jax.nn.relu(max_pool(x))
        x = dropout(jax.nn.relu(self.dense1(as_rows(x))), rate, second)
        return self.dense2(x), x


class DenseFeatures(nnx.Module):
    """One dense layer on the pixels, as the paper's second version has it.

    Example:
        >>> DenseFeatures(8, rngs=nnx.Rngs(0))(jnp.zeros((2, 28, 28))).shape
        (2, 8)
    """

    def __init__(self, num_features: int, *, rngs: nnx.Rngs) -> None:
        check_sizes(num_features=num_features)
        self.dense = dense(784, num_features, rngs=rngs)

    def __call__(self, images: Array, key: Array | None = None) -> Array:
        """Features ``(B, F)`` of images ``(B, 28, 28)``; no dropout."""
        return self.dense(as_rows(as_images(images)))


class AngleEncoder(nnx.Module):
    """theta = largest * tanh(feature), one a qubit: all trainable numbers stay classical.

    After H, RY(theta) reads 1 with probability (1 + sin theta) / 2. With the notebooks' pi a
    feature that grows passes the certain outcome and ends at 50:50, where the gradient vanishes;
    with pi / 2 it ends at the certain outcome.

    Args:
        num_qubits: Q.
        rngs: not used, there is nothing to initialise.
        largest: radians.

    Example:
        >>> AngleEncoder(3, rngs=nnx.Rngs(0))(jnp.zeros((2, 3))).tolist()[0]
        [0.0, 0.0, 0.0]
    """

    def __init__(self, num_qubits: int, *, rngs: nnx.Rngs, largest: float = math.pi) -> None:
        self.num_features = check_num_qubits(num_qubits)
        self.largest = check_number("largest", largest, above=0)

    def __call__(self, features: Array) -> Array:
        """Angles ``(B, P)`` from features ``(B, Q)``, radians."""
        features = check_features("features", features, self.num_features)
        return self.largest * jnp.tanh(features)


# Of amplitude encoding: ``amplitude_angles`` goes no further.
_MOST_ENCODED = 14


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
        num_qubits = check_num_qubits(num_qubits, _MOST_ENCODED)
        check_rngs(rngs)
        self.num_features = 2**num_qubits
        self.weights = own_angles(num_qubits, rngs=rngs)

    def __call__(self, features: Array) -> Array:
        """Angles ``(B, 2**Q - 1 + Q)`` from features ``(B, 2**Q)``, radians."""
        features = check_features("features", features, self.num_features)
        return followed_by(jax.vmap(amplitude_angles)(jnp.tanh(features)), self.weights)


def own_angles(number: int, *, rngs: nnx.Rngs) -> nnx.Param:
    """A circuit's trainable angles, uniform in (-pi, pi)."""
    return nnx.Param(jax.random.uniform(rngs.params(), (number,), float, -jnp.pi, jnp.pi))


def followed_by(angles: Array, own: nnx.Param) -> Array:
    """Every image's angles ``(B, P)``, then the circuit's own."""
    more = jnp.broadcast_to(own[...], (len(angles), own.size))
    return jnp.concatenate([angles, more], -1)


class Student(nnx.Module):
    """A hybrid network whose classes are the outcomes of a circuit.

    Args:
        features: images ``(B, 28, 28)`` and a dropout key (or ``None``) -> ``(B, F)``.
        encoder: features -> angles ``(B, P)``, radians.
        layer: the circuit.
        heads: names of ``HEADS``; which one is used may differ from call to call.

    Example:
        >>> from jqkd.models import build_student
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
        if isinstance(heads, str) or not isinstance(heads, Iterable):
            fail("heads", "be a tuple of names of heads", shown(heads))
        heads = tuple(heads)
        if not heads:
            fail("heads", "be at least one name of a head", heads)
        for head in heads:
            check_choice("head", head, HEADS)
        for name, part in (("features", features), ("encoder", encoder), ("layer", layer)):
            check_module(name, part)
        self.features = features
        self.encoder = encoder
        self.layer = layer
        self.heads = heads

    def angles(self, images: Array, dropout_key: Array | None = None) -> Array:
        """The circuit's angles ``(B, P)`` for images ``(B, 28, 28)``, radians."""
        return self.encoder(self.features(images, dropout_key))

    def logits(
        self, frequencies: Array, head: ArrayLike = 0, classes: ArrayLike | None = None
    ) -> Array:
        """Logits ``(..., 2 K)`` from frequencies ``(..., K)`` by the head of that index.

        C classes, all outcomes by default, where the head tells classes from other outcomes.
        """
        frequencies = check_frequencies(frequencies)
        check_index("head", head, 0, len(self.heads) - 1)
        classes = frequencies.shape[-1] if classes is None else classes
        check_index("classes", classes, 1, frequencies.shape[-1])
        if len(self.heads) == 1:
            return HEADS[self.heads[0]](frequencies, classes)
        return jax.lax.switch(head, [HEADS[name] for name in self.heads], frequencies, classes)

    def __call__(
        self,
        images: Array,
        *,
        key: Array | None = None,
        ids: Array | None = None,
        shots: ArrayLike | None = None,
        head: ArrayLike = 0,
        classes: ArrayLike | None = None,
        dropout_key: Array | None = None,
    ) -> Array:
        """Logits of images.

        Args:
            images: shape ``(B, 28, 28)``, in [0, 1].
            key: for the shots; consumed.
            ids: shape ``(B,)``, image ids that name the shots' keys.
            shots: S, in place of the layer's own; may be traced.
            head: index into ``heads``; may be traced.
            classes: C, all outcomes by default; may be traced.
            dropout_key: switches dropout on; consumed.

        Returns:
            Shape ``(B, 2 K)``; entry c is class c.

        Raises:
            InputError: images of another shape or brightness, shots without a key or out of
                range, no such head or number of classes.
        """
        # What is wrong with these would otherwise be said after the images' work.
        check_index("head", head, 0, len(self.heads) - 1)
        most = None
        if isinstance(self.layer, QuantumLayer):
            self.layer.check_draw(shots, key)
            most = 2**self.layer.circuit.num_qubits
        if classes is not None and is_concrete(classes):
            check_integer("classes", classes, 1, most)
        angles = self.angles(images, dropout_key)
        frequencies = self.layer(angles, key=key, ids=ids, shots=shots)
        return self.logits(frequencies, head, classes)
