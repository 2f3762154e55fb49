"""Why a student collapses, in numbers: where its features have gone."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
from jax import Array
from jaxtyping import Float

from jqkd.models.functional import Functional, Params
from jqkd.models.students import Encoded
from jqkd.training import loop
from jqkd.training.student_task import student_model, without_regressor
from jqkd.training.students import Block


def mechanism(block: Block) -> dict[str, Float[np.ndarray, " R"]]:
    """Where the features of a block's R students are now, on the test images.

    Returns:
        What the encoding's ``mechanism`` says of the features, and ``dead``, the share
        of hidden units that are 0 for every image. Empty for a student without a hidden layer, or
        whose encoding says nothing.

    Example:
        >>> from jqkd.data import load, student_splits
        >>> from jqkd.training.config import StudentConfig
        >>> from jqkd.training.runs import Run
        >>> splits = student_splits(load("digits"), (0, 1))
        >>> block = Block(StudentConfig("digits", "0-1", 2), splits, [Run(0, "alone")])
        >>> sorted(mechanism(block))
        ['dead', 'feature', 'sine', 'slope']
    """
    config, test = block.config, block.splits.test
    spec, shape = config.spec, config.image_shape
    if spec.hidden_size(shape) is None or not spec.encoding.mechanism(np.zeros((1, 1))):
        return {}
    model, params = student_model(spec, shape), without_regressor(block.state.params)
    numbers = []
    for row in range(len(block.runs)):
        look = partial(_look, model, jax.tree.map(lambda leaf: leaf[row], params))  # noqa: B023
        features, hidden = loop.predict_chunks(look, test.images, test.ids)
        dead = float((hidden <= 0).all(0).mean())
        numbers.append(spec.encoding.mechanism(features) | {"dead": dead})
    return {name: np.array([one[name] for one in numbers]) for name in numbers[0]}


@partial(jax.jit, static_argnums=0)
def _look(model: Functional, params: Params, images: Array, ids: Array) -> tuple[Array, Array]:
    encoded: Encoded = model.module(params).encoded(images)
    hidden = encoded.hidden
    assert hidden is not None, "a student without a hidden layer is not looked at"
    return encoded.features, hidden
