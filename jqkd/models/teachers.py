"""The classical teachers: LeNet, a reduced AlexNet, and the two together (the paper's 4.3)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from jqkd._checks import check_array, check_choice, fail
from jqkd.models.arguments import check_num_classes, check_rate, check_rngs
from jqkd.models.layers import (
    as_images,
    as_rows,
    average_pool,
    conv,
    convolve,
    dense,
    dropout,
    keys_for,
    max_pool,
)


class LeNet(nnx.Module):
    """LeNet for 28x28 images (fig. 3): 44,086 parameters at 6 classes, 44,256 at 8.

    Args:
        num_classes: C.
        rngs: initial weights.

    Example:
        >>> LeNet(6, rngs=nnx.Rngs(0))(jnp.zeros((2, 28, 28))).shape
        (2, 6)
    """

    hidden_size = 84

    def __init__(self, num_classes: int, *, rngs: nnx.Rngs) -> None:
        num_classes = check_num_classes(num_classes)
        self.conv1 = conv(1, 6, 5, rngs=rngs)
        self.conv2 = conv(6, 16, 5, rngs=rngs)
        self.dense1 = dense(256, 120, rngs=rngs)
        self.dense2 = dense(120, self.hidden_size, rngs=rngs)
        self.dense3 = dense(self.hidden_size, num_classes, rngs=rngs)

    def __call__(self, images: Array, key: Array | None = None) -> Array:
        """Logits ``(B, C)`` of images ``(B, 28, 28)``; there is no dropout for a key to drive."""
        return self.with_hidden(images, key)[0]

    def with_hidden(self, images: Array, key: Array | None = None) -> tuple[Array, Array]:
        """Logits ``(B, C)``, and the hidden layer ``(B, 84)`` that they come from."""
        x = average_pool(jnp.tanh(convolve(self.conv1, as_images(images))))
        x = average_pool(jnp.tanh(convolve(self.conv2, x)))
        x = jnp.tanh(self.dense1(as_rows(x)))
        x = jnp.tanh(self.dense2(x))
        return self.dense3(x), x


class AlexNet(nnx.Module):
    """AlexNet reduced to 28x28 images (fig. 4): 94,655,686 parameters at 6 classes.

    Args:
        num_classes: C.
        rngs: initial weights.
        dropout_rate: before the two hidden dense layers.

    Example:
        >>> shapes = nnx.eval_shape(lambda: AlexNet(8, rngs=nnx.Rngs(0)))
        >>> from jqkd.models.layers import count_parameters
        >>> count_parameters(shapes)
        94663880
    """

    def __init__(self, num_classes: int, *, rngs: nnx.Rngs, dropout_rate: float = 0.5) -> None:
        num_classes = check_num_classes(num_classes)
        dropout_rate = check_rate("dropout_rate", dropout_rate)
        self.conv1 = conv(1, 64, 3, padding="SAME", rngs=rngs)
        self.conv2 = conv(64, 192, 3, padding="SAME", rngs=rngs)
        self.conv3 = conv(192, 384, 3, padding="SAME", rngs=rngs)
        self.dense1 = dense(384 * 7 * 7, 4096, rngs=rngs)
        self.dense2 = dense(4096, 4096, rngs=rngs)
        self.dense3 = dense(4096, num_classes, rngs=rngs)
        self.dropout_rate = dropout_rate

    def __call__(self, images: Array, key: Array | None = None) -> Array:
        """Logits ``(B, C)`` of images ``(B, 28, 28)``; a key switches dropout on."""
        return self.with_hidden(images, key)[0]

    def with_hidden(self, images: Array, key: Array | None = None) -> tuple[Array, Array]:
        """Logits ``(B, C)``, and the hidden layer ``(B, 4096)`` that they come from."""
        first, second = keys_for(key, 2)
        x = max_pool(jax.nn.relu(convolve(self.conv1, as_images(images))))
        x = max_pool(jax.nn.relu(convolve(self.conv2, x)))
        x = as_rows(jax.nn.relu(convolve(self.conv3, x)))
        x = jax.nn.relu(self.dense1(dropout(x, self.dropout_rate, first)))
        x = jax.nn.relu(self.dense2(dropout(x, self.dropout_rate, second)))
        return self.dense3(x), x


class JointEnsemble(nnx.Module):
    """The notebooks' ensemble: the mean of both models' logits, trained as one model.

    Args:
        num_classes: C.
        rngs: initial weights.

    Example:
        >>> shapes = nnx.eval_shape(lambda: JointEnsemble(6, rngs=nnx.Rngs(0)))
        >>> from jqkd.models.layers import count_parameters
        >>> count_parameters(shapes) == 94_655_686 + 44_086
        True
    """

    def __init__(self, num_classes: int, *, rngs: nnx.Rngs) -> None:
        self.lenet = LeNet(num_classes, rngs=rngs)
        self.alexnet = AlexNet(num_classes, rngs=rngs)

    def __call__(self, images: Array, key: Array | None = None) -> Array:
        """Logits ``(B, C)`` of images ``(B, 28, 28)``; a key switches AlexNet's dropout on."""
        return self.with_hidden(images, key)[0]

    def with_hidden(self, images: Array, key: Array | None = None) -> tuple[Array, Array]:
        """Logits ``(B, C)``, and both hidden layers, side by side ``(B, 84 + 4096)``."""
        outputs = self.lenet.with_hidden(images), self.alexnet.with_hidden(images, key)
        (first, one), (second, other) = outputs
        return (first + second) / 2, jnp.concatenate([one, other], -1)


def average_probabilities(*logits: Array) -> Array:
    """The paper's ensemble (eq. 16) as logits: the log of the mean of the softmaxes.

    Args:
        logits: each of shape ``(..., C)``.

    Returns:
        Shape ``(..., C)``; their softmax is the mean of the models' probabilities.

    Raises:
        InputError: none given, or of different shapes.

    Example:
        >>> both = average_probabilities(jnp.log(jnp.array([0.9, 0.1])), jnp.array([0.0, 0.0]))
        >>> [round(float(p), 3) for p in jnp.exp(both)]
        [0.7, 0.3]
    """
    if not logits:
        fail("logits", "be at least one array (..., C)", "none")
    shapes = [np.shape(check_array("logits", value)) for value in logits]
    if len(set(shapes)) > 1 or not shapes[0]:
        fail("logits", "have one shape (..., C)", f"shapes {', '.join(map(str, shapes))}")
    logits = [jnp.asarray(value) for value in logits]
    logs = jnp.stack([jax.nn.log_softmax(value) for value in logits])
    return jax.nn.logsumexp(logs, 0) - jnp.log(len(logits))


TEACHERS = {"lenet": LeNet, "alexnet": AlexNet, "joint-ensemble": JointEnsemble}


def build_teacher(arch: str, num_classes: int, *, rngs: nnx.Rngs) -> nnx.Module:
    """A teacher by name.

    Args:
        arch: a name of ``TEACHERS``.
        num_classes: C, 2 to 1024.
        rngs: initial weights.

    Raises:
        InputError: an unknown name, too few or too many classes, no ``nnx.Rngs``.

    Example:
        >>> type(build_teacher("lenet", 6, rngs=nnx.Rngs(0))).__name__
        'LeNet'
    """
    check_choice("arch", arch, TEACHERS)
    check_num_classes(num_classes)
    check_rngs(rngs)
    return TEACHERS[arch](num_classes, rngs=rngs)
