"""Does a circuit learn, or can it not: sizes of gradients over its weights, and their certainty.

Where gradients are small for every image, the circuit sits on a plateau; where they are large but
differ in sign from image to image, there is no common way down; where shot noise is larger than the
gradient, more shots are wanted.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jqkd.models.functional import Functional
from jqkd.models.quantum_layer import QuantumLayer
from jqkd.models.students import Student
from jqkd.quantum.shot_noise import slopes_and_variances
from jqkd.training.devices import across_devices, place
from jqkd.training.loop import Task
from jqkd.training.recipes import Output
from jqkd.training.student_task import TERMS, Hyper, student_model, without_regressor
from jqkd.training.students import Block

# Terms of the loss whose gradients are looked at, one after the other.
PROBED = (*TERMS, "both")
# Of every circuit, for the signal-to-noise ratio.
SHOTS = 5000
# Images whose shifted circuits are in memory together.
_IMAGES = 8
_PER_CLASS, _MOST = 10, 96


def sample_rows(labels: np.ndarray) -> np.ndarray:
    """Rows of the images that are looked at: the first ten of every class, at most 96 in all.

    Example:
        >>> sample_rows(np.repeat([0, 1], 30))[8:12].tolist()
        [8, 9, 30, 31]
    """
    classes = np.unique(labels)
    each = min(_PER_CLASS, _MOST // len(classes))
    return np.concatenate([np.flatnonzero(labels == c)[:each] for c in classes])


def can_probe(block: Block) -> bool:
    """Whether the circuit has weights that the shift rule fits, and the loss is of its logits."""
    config, spec = block.config, block.config.spec
    if spec.stand_in is not None or config.needs_features or not spec.circuit.num_weights:
        return False
    return all(op.gate.shiftable for op in spec.circuit.ops if op.num_slots)


def probe(block: Block) -> dict[str, np.ndarray] | None:
    """Look at R students as they are now, on a few train images.

    Returns:
        Of each term of ``PROBED``, shape ``(R, 3)`` each, g being its gradient over the circuit's
        weights: ``over_angles``, the variance over weights of the mean g; ``over_images``, the
        variance over images of g, mean over weights; ``signal_to_noise``, the norm of a batch's g
        over the root of its expected squared error by the shift rule with 5000 shots. ``None``
        where there is nothing to look at, see ``can_probe``.

    Example:
        >>> from jqkd.data import load, student_splits
        >>> from jqkd.training.config import StudentConfig
        >>> from jqkd.training.runs import Run
        >>> splits = student_splits(load("digits"), (0, 1), per_class=20)
        >>> config = StudentConfig("digits", "0-1", 2, "pure", shots=None)
        >>> {k: v.shape for k, v in probe(Block(config, splits, [Run(0, "alone")])).items()}
        {'over_angles': (1, 3), 'over_images': (1, 3), 'signal_to_noise': (1, 3)}
    """
    if not can_probe(block):
        return None
    config, rows = block.config, sample_rows(block.splits.train.labels)
    batch = jax.tree.map(lambda leaf: leaf[rows], block.coming)
    full = place(np.ones(len(block.runs), np.float32))
    student = student_model(config.spec, config.image_shape)
    hyper = block.hyper._replace(label_weight=full)
    weights = place(np.asarray(block.hyper.label_weight, np.float32))
    looked = _look(block.task, student, batch, block.state.params, hyper, weights)
    slopes, variances = (np.asarray(x, np.float64) for x in jax.device_get(looked))
    mean = slopes.mean(1)
    noise = variances.mean(1).sum(-1) / (SHOTS * int(config.batch_size or 1))
    signal = np.sqrt((mean**2).sum(-1))
    return {
        "over_angles": mean.var(-1),
        "over_images": slopes.var(1).mean(-1),
        "signal_to_noise": np.divide(
            signal, np.sqrt(noise), out=np.zeros_like(signal), where=noise > 0
        ),
    }


@partial(jax.jit, static_argnums=(0, 1))
def _look(
    task: Task, student: Functional, batch: Any, params: Any, hyper: Hyper, weights: Array
) -> tuple[Array, Array]:
    """Gradients and variances at one shot, (R, B, 3, W)."""

    def one(batch: Any, params: Any, hyper: Hyper, weight: Array) -> tuple[Array, Array]:
        module = student.module(without_regressor(params))
        return _of_run(task, module, batch, hyper, weight)

    return across_devices(one)(batch, params, hyper, weights)


def _of_run(
    task: Task, module: Student, batch: Any, hyper: Hyper, weight: Array
) -> tuple[Array, Array]:
    layer, number = module.layer, len(batch.ids)
    assert isinstance(layer, QuantumLayer) and module.weights is not None
    made = module.forward(batch.images)
    present = jnp.ones(number, bool)

    def means(shares: Array) -> Array:
        logits = module.logits(shares, hyper.classes)
        terms = task.terms(Output(logits, None), batch, present, hyper)
        labels, teaching = (term.mean() for term in terms)
        return jnp.stack([labels, teaching, weight * labels + teaching])

    # (B, 3, K): what an image adds to the mean, times the number of images.
    cotangents = number * jax.jacrev(means)(made.frequencies).swapaxes(0, 1)
    prepare = module.prepare
    states = None if prepare is None else layer.starts(prepare(made.features), (number,))
    data = module.encode(made.features) if states is None else jnp.zeros((number, 0))
    circuit, own = layer.circuit, module.weights[...]

    def of_image(row: tuple[Array, Array, Array | None]) -> tuple[Array, Array]:
        cotangent, datum, state = row
        fill = partial(circuit.fill, datum)
        slopes, variances = slopes_and_variances(
            circuit, fill(own), cotangent, state=state, wires=layer.wires, noise=layer.noise
        )
        # Weights may fill several slots, each with shots of its own.
        jacobian = jax.jacfwd(fill)(own)
        return slopes @ jacobian, variances @ jacobian**2

    return lax.map(of_image, (cotangents, data, states), batch_size=_IMAGES)
