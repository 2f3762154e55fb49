"""Why a student collapses, in numbers: where its features have gone.

theta = a tanh(f) saturates. Once features run away, every angle sits at ± a and no gradient comes
back; with the notebooks' a = pi every qubit is then measured 50:50 whatever the image.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from jqkd.models import NETWORKS, build_student
from jqkd.models.functional import Params, functional
from jqkd.training import loop
from jqkd.training.config import StudentConfig
from jqkd.training.student_task import without_regressor
from jqkd.training.students import Block


def mechanism(block: Block) -> dict[str, np.ndarray]:
    """Where the features of a block's students are now, on the test images.

    Args:
        block: R runs.

    Returns:
        Arrays (R,): ``feature``, the median of |f|; ``slope``, the mean of d theta / d f, from 0
        to a; ``sine``, the mean of |sin theta|, 0 where every qubit is 50:50; ``dead``, the share
        of hidden units that are 0 for every image. Empty for a student without a hidden layer.

    Example:
        >>> from jqkd.data import load, student_splits
        >>> from jqkd.training.config import StudentConfig
        >>> from jqkd.training.students import Run
        >>> splits = student_splits(load("digits"), (0, 1))
        >>> block = Block(StudentConfig("digits", "0-1", 2), splits, [Run(0, "alone")])
        >>> sorted(mechanism(block))
        ['dead', 'feature', 'sine', 'slope']
    """
    config, test = block.config, block.splits.test
    if not NETWORKS[config.preset].has_hidden_layer:
        return {}
    look = _look(config.preset, config.qubits)
    params = without_regressor(jax.device_get(block.state.params))
    found = []
    for row in range(len(block.runs)):
        mine = jax.tree.map(lambda leaf: leaf[row], params)  # noqa: B023
        both = loop.predict_chunks(lambda images, ids: look(mine, images), test.images, test.ids)  # noqa: B023
        found.append(numbers(both[:, : config.qubits], both[:, config.qubits :], _largest(config)))
    return {name: np.array([one[name] for one in found]) for name in found[0]}


def numbers(features: np.ndarray, hidden: np.ndarray, largest: float) -> dict[str, float]:
    """The four numbers of one student.

    Args:
        features: f, shape ``(N, Q)``.
        hidden: the layer that they come from, after its relu, shape ``(N, H)``.
        largest: a, radians.

    Example:
        >>> gone = numbers(np.full((2, 3), 40.0), np.array([[0.0, 1.0], [0.0, 0.0]]), np.pi)
        >>> {name: float(f"{value:.1g}") for name, value in gone.items()}
        {'feature': 40.0, 'slope': 2e-34, 'sine': 1e-16, 'dead': 0.5}
    """
    size = np.abs(features.astype(np.float64))
    # 1 / cosh^2 in a form that neither overflows nor loses its digits, as 1 - tanh^2 would.
    decay = np.exp(-2 * size)
    return {
        "feature": float(np.median(size)),
        "slope": float((largest * 4 * decay / (1 + decay) ** 2).mean()),
        "sine": float(np.abs(np.sin(largest * np.tanh(size))).mean()),
        "dead": float((hidden <= 0).all(0).mean()),
    }


def _largest(config: StudentConfig) -> float:
    """a, which the encoder knows."""
    build = lambda: build_student(config.preset, config.qubits, rngs=nnx.Rngs(0))  # noqa: E731
    return nnx.eval_shape(build).encoder.largest


@lru_cache(maxsize=16)
def _look(preset: str, qubits: int) -> Callable[[Params, Array], Array]:
    """Features and hidden layer side by side, ``(E, Q + H)``: one program for all blocks."""
    model = functional(lambda rngs: build_student(preset, qubits, rngs=rngs))

    @jax.jit
    def look(params: Params, images: Array) -> Array:
        student: nnx.Module = model.module(params)
        return jnp.concatenate(student.features.with_hidden(images), -1)

    return look
