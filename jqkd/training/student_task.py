"""What a student's training program is made of: its static task, its traced numbers, its data."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jqkd.data import Subset
from jqkd.models import StudentSpec
from jqkd.models.functional import Functional, Params, functional
from jqkd.quantum.sampling import draw_counts
from jqkd.training.allocations import ALLOCATIONS
from jqkd.training.config import DISTILLATION_TERMS, StudentConfig
from jqkd.training.feature_losses import hint_regressor
from jqkd.training.loop import Data, Schedule, Task
from jqkd.training.losses import Number, cross_entropy
from jqkd.training.recipes import RECIPES, Output
from jqkd.training.spending import Spender

ALONE, DISTILLED = "alone", "distilled"
TERMS = ("cross-entropy", "distillation")
# Rows of images are padded to a multiple of this; padding is never trained on.
_CAPACITY = 1200
_REGRESSOR = "hint_regressor"


class Hyper(NamedTuple):
    """What may differ between runs of one program: all traced."""

    schedule: Schedule
    temperature: Number
    weight: Number
    label_weight: Number
    kl_factor: Number
    constant_factor: Number
    shots: Number
    classes: Number
    redraw: Number = 0


def task_of(config: StudentConfig, teacher: Output | None = None) -> Task:
    """The task of a configuration, taught by a teacher with features of some size."""
    features = teacher.features if teacher and config.needs_features else None
    return sized_task(config, 0 if features is None else features.shape[-1])


def sized_task(config: StudentConfig, teacher_features: int) -> Task:
    """The task of a configuration, by the size of the teacher's features."""
    sampled = config.shots is not None
    about = config.spec, config.image_shape, sampled, config.recipe, teacher_features
    if config.allocation is None and config.shot_budget is None:
        return student_task(*about, tested=config.tested_spec)
    spender = _spender(config.spec, config.image_shape, config.allocation or "constant")
    task = student_task(*about, tested=config.tested_spec, redrawing=True)
    return task._replace(spender=spender)


@lru_cache(maxsize=64)
def _spender(spec: StudentSpec, image_shape: tuple[int, ...], allocation: str) -> Spender:
    angles = slot_angles(student_model(spec, image_shape))
    return Spender(ALLOCATIONS.build(allocation), spec.run_circuit.num_angles, angles)


def slot_angles(model: Functional) -> Callable[[Params, Array], Array]:
    """(params, image) -> angles ``(P,)`` of the circuit that is run, without dropout."""

    def angles(params: Params, image: Array) -> Array:
        student = model.module(without_regressor(params))
        return student.run_angles(student.encoded(image[None]))[0]

    return angles


@lru_cache(maxsize=64)
def student_model(spec: StudentSpec, image_shape: tuple[int, ...]) -> Functional:
    """A student as pure functions of its weights."""
    return functional(lambda rngs: spec.build(rngs=rngs, image_shape=image_shape))


@lru_cache(maxsize=64)
def _initial(
    spec: StudentSpec, image_shape: tuple[int, ...], regressed_to: int
) -> Callable[[Array], Params]:
    """Initial weights: one program for all recipes, with shots and without."""
    model = student_model(spec, image_shape)

    def init(key: Array) -> Params:
        params = model.init(key)
        if regressed_to:
            size, part = spec.hidden_size(image_shape) or 0, jax.random.fold_in(key, 1)
            params[_REGRESSOR] = hint_regressor(size, regressed_to, key=part)
        return params

    return init


@lru_cache(maxsize=64)
def student_task(
    spec: StudentSpec,
    image_shape: tuple[int, ...],
    sampled: bool,
    recipe: str = "hinton",
    teacher_features: int = 0,
    *,
    tested: StudentSpec | None = None,
    redrawing: bool = False,
) -> Task:
    """The training program's static part: one for each make-up of a student and recipe.

    ``tested`` is the student as it is looked at, on another machine perhaps. With ``redrawing``,
    ``hyper.redraw`` of 1 has logits of frequencies that are drawn once more, from frequencies: what
    shots of the circuit itself change. Slopes do not see that draw.
    """
    model, chosen = student_model(spec, image_shape), RECIPES.build(recipe)
    looked_at = student_model(tested or spec, image_shape)
    regressed = chosen.regressor and teacher_features > 0

    def output(
        params: Params, images: Array, ids: Array, key: Array, hyper: Hyper, training: bool
    ) -> Output:
        student = (model if training else looked_at).module(without_regressor(params))
        shots = {"shots": hyper.shots, "key": jax.random.fold_in(key, 1)} if sampled else {}
        dropout_key = jax.random.fold_in(key, 0) if training else None
        rest = {"ids": ids, "classes": hyper.classes, "dropout_key": dropout_key}
        made = student.forward(images, **rest, **shots)
        hidden = made.hidden if training and teacher_features else None
        if regressed and hidden is not None:
            hidden = hidden @ params[_REGRESSOR]
        logits = made.logits
        if redrawing and training:
            first = jnp.asarray(hyper.shots)[0]
            again = _drawn_again(made.frequencies, first, jax.random.fold_in(key, 2))
            logits = student.logits(made.frequencies + hyper.redraw * again, hyper.classes)
        return Output(logits, hidden, model.statistics(student) if training else None)

    def terms(output: Output, batch: Data, present: Array, hyper: Hyper) -> tuple[Array, ...]:
        """L_CE and lambda L_KD (the paper's eq. 6), element by element, shape ``(B,)`` each."""
        labels = batch.targets.argmax(-1)
        rest = (batch.teacher, labels, present, hyper.temperature, hyper.classes)
        # Without features there is no teacher to compare with, only students alone.
        missing = chosen.needs == "features" and not teacher_features
        teaching = jnp.zeros(len(labels)) if missing else chosen.loss(output, *rest)
        # Two notebooks take the teacher's cross-entropy for the student's: no gradient comes of it.
        constant = cross_entropy(jax.nn.softmax(batch.teacher.logits), batch.targets)
        teaching = hyper.kl_factor * teaching + hyper.constant_factor * constant
        learning = cross_entropy(output.logits, batch.targets)
        return hyper.label_weight * learning, hyper.weight * teaching

    return Task(_initial(spec, image_shape, teacher_features * regressed), output, terms)


def _drawn_again(frequencies: Array, shots: Array, key: Array) -> Array:
    """Frequencies (B, K) of shots drawn from these frequencies, minus these; no slopes."""
    frequencies, shots = lax.stop_gradient((frequencies, shots))
    keys = jax.random.split(key, len(frequencies))
    counts = jax.vmap(draw_counts, (0, 0, None))(keys, frequencies, shots)
    return counts / shots - frequencies


def without_regressor(params: Params) -> Params:
    """The student's own parameters: a hint's projection exists in training only."""
    return {name: value for name, value in params.items() if name != _REGRESSOR}


def hyper_for(config: StudentConfig, arm: str, num_images: int = 0) -> Hyper:
    """The traced part of a configuration; the schedule needs the number of train images."""
    kl, constant = DISTILLATION_TERMS[config.term]
    steps = config.epochs * -(-num_images // config.batch_size)
    distilled = arm == DISTILLED
    return Hyper(
        schedule=Schedule(
            np.float32(config.learning_rate),
            np.float32(config.schedule == "cosine"),
            np.float32(max(1, steps)),
        ),
        temperature=np.float32(config.temperature),
        weight=np.float32(config.weight if distilled else 0),
        label_weight=np.float32(config.label_weight if distilled else 1),
        kl_factor=np.float32(kl),
        constant_factor=np.float32(constant),
        shots=np.float32(config.shots or 0),
        classes=np.int32(config.num_classes),
    )


def as_data(subset: Subset, targets: np.ndarray, teacher: Output | None, width: int) -> Data:
    """A view as device arrays; targets and teacher's logits (N, C) padded to ``width`` classes.

    Rows are padded too, so that the tables' 900 and 1200 images share one program.
    """
    spare = -len(subset) % _CAPACITY
    logits, features, _ = teacher or Output(np.zeros_like(targets))
    features = np.zeros((len(subset), 0)) if features is None else features

    def pad(array: Array | np.ndarray, columns: int = 0) -> Array:
        more = [(0, spare), *[(0, 0)] * (array.ndim - 1)]
        if columns:
            more[-1] = (0, columns - array.shape[-1])
        kind = np.int32 if np.issubdtype(array.dtype, np.integer) else np.float32
        return jnp.asarray(np.pad(array.astype(kind), more))

    return Data(
        pad(subset.images),
        pad(targets, width),
        pad(subset.ids),
        Output(pad(logits, width), pad(features)),
    )
