"""What trained students say of images: angles, logits, probabilities, classes, and a majority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import jax
import numpy as np
from jax import Array
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.special import softmax

from jqkd._checks import check_seed, fail
from jqkd.data import check_images
from jqkd.models.functional import Functional, Params
from jqkd.quantum.sampling import check_shots
from jqkd.training import loop
from jqkd.training.config import StudentConfig
from jqkd.training.devices import place
from jqkd.training.runs import Run
from jqkd.training.student_task import hyper_for, student_model, student_task
from jqkd.training.students import predict


@dataclass(frozen=True, eq=False)
class Predictions:
    """What R students say of N images.

    Attributes:
        runs: who they are.
        class_numbers: the C classes, as the data set numbers them.
        logits: (R, N, C); of outcomes that are no class nothing is said.
    """

    runs: Sequence[Run]
    class_numbers: tuple[int, ...]
    logits: Float[np.ndarray, "R N C"]

    @cached_property
    def probabilities(self) -> Float[np.ndarray, "R N C"]:
        """The softmax of the logits."""
        return softmax(self.logits, -1)

    @cached_property
    def classes(self) -> Int[np.ndarray, "R N"]:
        """The likeliest class of every image, as the data set numbers it."""
        return np.array(self.class_numbers)[self.logits.argmax(-1)]

    @cached_property
    def majority(self) -> dict[str, Int[np.ndarray, " N"]]:
        """By arm, the class that most seeds choose; of several the one likelier on average."""
        voted, numbers = {}, np.array(self.class_numbers)
        for arm in dict.fromkeys(run.arm for run in self.runs):
            votes = (self.classes[self.rows(arm), :, None] == numbers).sum(0)
            # A mean of probabilities is at most 1: it decides among equals alone.
            likely = self.probabilities[self.rows(arm)].mean(0)
            voted[arm] = numbers[(votes + likely / 2).argmax(-1)]
        return voted

    def rows(self, arm: str) -> list[int]:
        """Which of the students are of an arm."""
        return [row for row, run in enumerate(self.runs) if run.arm == arm]


def read_pixels(images: ArrayLike, image_shape: tuple[int, ...]) -> Float[np.ndarray, "N ..."]:
    """Images (N, *image_shape), uint8 or in [0, 1], as students are trained on them.

    Raises:
        InputError: no images, or of another shape or range.
    """
    pixels = np.asarray(images)
    if not pixels.ndim or not len(pixels):
        fail("images", "hold at least one image", f"shape {pixels.shape}")
    labels = np.zeros(len(pixels), np.int32)
    pixels, _ = check_images(pixels, labels, image_shape=image_shape)
    scale = np.float32(255 if pixels.dtype == np.uint8 else 1)
    return pixels.astype(np.float32) / scale


def logits_of(
    config: StudentConfig,
    params: Params,
    runs: Sequence[Run],
    images: ArrayLike,
    shots: int | None,
    seed: int | None,
) -> Float[np.ndarray, "R N C"]:
    """Logits of trained students, from exact probabilities or from shots; see ``TrainedRun``."""
    pixels = read_pixels(images, config.image_shape)
    if (shots is None) != (seed is None):
        must = "be given where shots are drawn, and nowhere else"
        fail("seed", must, f"{seed} with shots {shots}", "it makes their random numbers")
    if shots is not None:
        check_shots(shots)
        if not config.spec.draws_shots:
            fail("shots", f"be exact where {config.stand_in} takes the circuit's place", shots)
    task = student_task(config.tested_spec, config.image_shape, shots is not None)
    root = jax.random.key(0 if seed is None else check_seed("seed", seed))
    keys = jax.vmap(partial(jax.random.fold_in, root))(np.array([run.seed for run in runs], "u4"))
    hyper = hyper_for(config, runs[0].arm)._replace(shots=np.float32(shots or 0))
    hyper = jax.tree.map(lambda leaf: np.stack([leaf] * len(runs)), hyper)
    rest = place((params, keys, hyper))
    say = lambda *rows: predict(task, rows, 0, *rest)  # noqa: E731
    return loop.predict_chunks(say, pixels, np.arange(len(pixels)))[..., : config.num_classes]


@partial(jax.jit, static_argnums=0)
def angles_of(model: Functional, params: Params, images: Array) -> Float[Array, "N P"]:
    """What a student sends to its circuit, radians: one compiled program for those of a run."""
    return model.module(params).encoded(images).angles


def angles(config: StudentConfig, params: Params, images: ArrayLike) -> Float[np.ndarray, "R N P"]:
    """Angles of R students' circuits for images; see ``TrainedRun``."""
    pixels = read_pixels(images, config.image_shape)
    model, rows = student_model(config.spec, config.image_shape), jax.tree.leaves(params)
    each = (jax.tree.map(lambda leaf: leaf[row], params) for row in range(len(rows[0])))  # noqa: B023
    return np.stack([np.asarray(angles_of(model, one, pixels)) for one in each])
