"""The probe: its gradients against autodiff of the loss, its noise against sampled training."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd.data import load, student_splits
from jqkd.training.config import StudentConfig
from jqkd.training.probe import SHOTS, can_probe, probe, sample_rows
from jqkd.training.recipes import Output
from jqkd.training.runs import Run
from jqkd.training.student_task import ALONE, DISTILLED
from jqkd.training.students import Block

SETTINGS = {"per_class": 8, "epochs": 2, "evaluate_every": 1, "batch_size": 8}


RUNS = Run(0, ALONE), Run(0, DISTILLED), Run(1, DISTILLED)


def block(runs=RUNS, **changes) -> Block:
    settings = {"shots": None, "ansatz": "layered:layers=2"} | SETTINGS | changes
    config = StudentConfig("digits", "0-2", 3, "pure", **settings)
    splits = student_splits(load("digits"), (0, 1, 2), per_class=8)
    logits = np.random.default_rng(0).normal(0, 2, (len(splits.train), 3)).astype(np.float32)
    return Block(config, splits, list(runs), Output(logits))


def gradients(made: Block, run: int, keys=None):
    """By JAX from the program that is trained: (B, 2, W), or the means' (2, W) for each key."""
    rows = sample_rows(made.splits.train.labels)
    batch = jax.tree.map(lambda leaf: leaf[rows], made.data(0))
    pick = lambda tree: jax.tree.map(lambda leaf: leaf[run], tree)  # noqa: E731
    params, hyper = pick(made.state.params), pick(made.hyper)
    hyper = hyper._replace(label_weight=1.0)
    present = jnp.ones(len(rows), bool)

    def terms(weights, key):
        own = params | {"weights": weights}
        output = made.task.output(own, batch.images, batch.ids, key, hyper, False)
        return jnp.stack(made.task.terms(output, batch, present, hyper), -1)

    if keys is None:
        found = jax.jit(jax.jacrev(terms))(params["weights"], None)
    else:
        means = jax.jacrev(lambda weights, key: terms(weights, key).mean(0))
        found = jax.jit(lambda keys: jax.lax.map(lambda k: means(params["weights"], k), keys))(keys)
    return np.asarray(found, np.float64)


@pytest.fixture(scope="module")
def made():
    return block()


def test_variances_are_those_of_autodiff(made):
    found = probe(made)
    for run in range(3):
        own = gradients(made, run)
        weight = float(made.hyper.label_weight[run])
        own = np.concatenate([own, weight * own[:, :1] + own[:, 1:]], 1)
        np.testing.assert_allclose(
            found["over_angles"][run], own.mean(0).var(-1), rtol=2e-3, atol=1e-9
        )
        np.testing.assert_allclose(
            found["over_images"][run], own.var(0).mean(-1), rtol=2e-3, atol=1e-9
        )
    # Nothing of a teacher reaches those alone.
    assert found["over_angles"][0, 1] == 0 == found["signal_to_noise"][0, 1]
    assert found["over_angles"][0, 0] == found["over_angles"][0, 2] > 0


def test_noise_is_that_of_sampled_gradients():
    """200 draws of 18 weights: a relative error of 2.4 % in the root, at 5 of them."""
    made = block((Run(3, DISTILLED),), shots=SHOTS)
    found = probe(made)["signal_to_noise"][0]
    draws = gradients(made, 0, jax.random.split(jax.random.key(5), 200))
    number = len(sample_rows(made.splits.train.labels))
    signal = np.sqrt((draws.mean(0) ** 2).sum(-1))
    # Of a step's images, not of all that are looked at.
    noise = np.sqrt(draws.var(0).sum(-1) * number / 8)
    np.testing.assert_allclose(found[:2], signal / noise, rtol=0.12)


@pytest.mark.parametrize(
    "changes",
    [
        {"ansatz": "none"},
        {"stand_in": "squared-map", "shots": None},
        {"ansatz": "layered:frozen=3"},
    ],
)
def test_nothing_to_probe(changes):
    made = block((Run(0, ALONE),), **changes)
    assert not can_probe(made) and probe(made) is None
