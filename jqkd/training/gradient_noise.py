r"""Where a step's gradient scatters: by the shots that are drawn, and by the images of its batch.

Measured: gradients of a few batches, drawn several times each, in an analysis of variance. Keys of
the shots are one branch of a step's key, dropout's are another: here only the first one changes,
and nothing is dropped.

Predicted, from exact probabilities: the multinomial variance of every shifted circuit's slope, seen
through the derivatives of the network before the circuit, and, to first order, that of the
circuit's own frequencies: $\sum_j \lVert \partial g / \partial f \, \sqrt{p_j} (e_j - p) \rVert^2$
over S, whose sum over j is the trace with the covariance diag(p) - p p^T.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.flatten_util import ravel_pytree

from jqkd.models.functional import Functional, Params
from jqkd.models.quantum_layer import QuantumLayer
from jqkd.quantum import TWO_TERM_RULE
from jqkd.quantum.shot_noise import slopes_and_variances
from jqkd.training.devices import across_devices
from jqkd.training.loop import Data, Task
from jqkd.training.recipes import Output
from jqkd.training.spending import squared_slopes
from jqkd.training.student_task import Hyper, slot_angles, student_model, without_regressor
from jqkd.training.students import Block

# Batches, images of each, and how often each is drawn.
BATCHES, IMAGES, DRAWS = 4, 8, 16


def gradient_noise(block: Block, draws: int = DRAWS) -> dict[str, np.ndarray] | None:
    """Sums over all weights of the variance of a gradient of 8 images, as the students are now.

    Args:
        block: R students.
        draws: of each batch.

    Returns:
        Of R students, ``(R,)`` each, on 4 batches of train images: ``shots`` and ``images``,
        measured; ``shifted`` and ``forward``, predicted; ``norm``, the squared norm of the mean
        gradient. ``None`` where no shots are drawn, where hidden layers are compared, or for fewer
        than 8 images.

    Example:
        >>> from jqkd.data import load, student_splits
        >>> from jqkd.training.config import StudentConfig
        >>> from jqkd.training.runs import Run
        >>> splits = student_splits(load("digits"), (0, 1), per_class=20)
        >>> config = StudentConfig("digits", "0-1", 2, "robust", shots=100)
        >>> sorted(gradient_noise(Block(config, splits, [Run(0, "alone")])))
        ['forward', 'images', 'norm', 'shifted', 'shots']
    """
    config = block.config
    if config.shots is None or config.needs_features:
        return None
    count = min(BATCHES, len(block.splits.train) // IMAGES)
    if not count:
        return None
    rows = np.random.default_rng(0).permutation(len(block.splits.train))[: count * IMAGES]
    batch = jax.tree.map(lambda leaf: leaf[rows], block.coming)
    student = student_model(config.spec, config.image_shape)
    shared = batch, np.int32(block.begun)
    rest = block.state.params, block.keys, block.hyper
    looked = _look(block.task, student, draws, shared, *rest)
    return jax.device_get(looked)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _look(
    task: Task,
    student: Functional,
    draws: int,
    shared: Any,
    params: Any,
    keys: Array,
    hyper: Hyper,
) -> dict[str, Array]:
    def one(shared: Any, params: Any, key: Array, hyper: Hyper) -> dict[str, Array]:
        batch, epoch = shared
        # Streams 0 to 4 are those of weights, order, steps, evaluation and audits.
        key = jax.random.fold_in(jax.random.fold_in(key, 5), epoch)
        own = without_regressor(params)
        look = _Look(task, student, hyper)
        shape = (len(batch.ids) // IMAGES, IMAGES)
        batches = jax.tree.map(lambda leaf: leaf.reshape(*shape, *leaf.shape[1:]), batch)
        keys = jax.random.split(key, (len(batches.ids), draws))
        drawn = lax.map(
            lambda pair: lax.map(lambda key: look.drawn(own, pair[0], key), pair[1]),
            (batches, keys),
        )
        mean = drawn.mean(1)
        shots = drawn.var(1, ddof=1).mean(0).sum()
        images = mean.var(0, ddof=1).sum() - shots / draws if len(mean) > 1 else jnp.nan
        forward, shifted = lax.map(lambda batch: look.predicted(own, batch), batches)
        return {
            "shots": shots,
            "images": jnp.maximum(images, 0),
            "forward": forward.mean() / hyper.shots,
            "shifted": shifted.mean() / hyper.shots,
            "norm": (mean.mean(0) ** 2).sum(),
        }

    return across_devices(one)(shared, params, keys, hyper)


class _Look:
    """A student's loss on a batch, as a function of weights and of frequencies."""

    def __init__(self, task: Task, student: Functional, hyper: Hyper) -> None:
        self.task, self.student, self.hyper = task, student, hyper

    def _loss(self, params: Params, frequencies: Array, batch: Data) -> Array:
        logits = self.student.module(params).logits(frequencies, self.hyper.classes)
        present = jnp.ones(len(batch.ids), bool)
        terms = self.task.terms(Output(logits, None), batch, present, self.hyper)
        return jnp.stack([term.mean() for term in terms]).sum()

    def drawn(self, params: Params, batch: Data, key: Array) -> Array:
        """The gradient, flat, with shots drawn."""

        def loss(params: Params) -> Array:
            module = self.student.module(params)
            rest = {"ids": batch.ids, "key": key, "shots": self.hyper.shots}
            made = module.forward(batch.images, classes=self.hyper.classes, **rest)
            return self._loss(params, made.frequencies, batch)

        return ravel_pytree(jax.grad(loss)(params))[0]

    def predicted(self, params: Params, batch: Data) -> tuple[Array, Array]:
        """Variances with one shot a circuit: by the circuit itself, and by its shifted ones."""
        exact = lambda params: self.student.module(params).forward(batch.images).frequencies  # noqa: E731
        frequencies, pull = jax.vjp(exact, params)

        def gradient(frequencies: Array) -> Array:
            own, v = jax.grad(self._loss, (0, 1))(params, frequencies, batch)
            return ravel_pytree(own)[0] + ravel_pytree(pull(v)[0])[0]

        size = frequencies.shape[-1]
        roots = jnp.sqrt(frequencies)[..., None] * (jnp.eye(size) - frequencies[:, None])

        def along(place: Array) -> Array:
            image, outcome = place // size, place % size
            tangent = jnp.zeros_like(frequencies).at[image].set(roots[image, outcome])
            return (jax.jvp(gradient, (frequencies,), (tangent,))[1] ** 2).sum()

        forward = lax.map(along, jnp.arange(frequencies.size), batch_size=size).sum()
        v = jax.grad(self._loss, 1)(params, frequencies, batch)
        return forward, self._shifted(params, batch, v)

    def _shifted(self, params: Params, batch: Data, cotangents: Array) -> Array:
        module = self.student.module(params)
        layer, prepare = module.layer, module.prepare
        assert isinstance(layer, QuantumLayer)
        encoded, number = module.encoded(batch.images), len(batch.ids)
        states = None if prepare is None else layer.starts(prepare(encoded.features), (number,))

        def of_image(row: tuple[Array, Array, Array, Array | None]) -> Array:
            image, angles, cotangent, state = row
            _, variances = slopes_and_variances(
                layer.circuit,
                angles,
                cotangent[None],
                rule=layer.rule or TWO_TERM_RULE,
                state=state,
                wires=layer.wires,
                noise=layer.noise,
            )
            return (variances[0] * squared_slopes(slot_angles(self.student), params, image)).sum()

        rows = batch.images, module.run_angles(encoded), cotangents, states
        return lax.map(of_image, rows).sum()
