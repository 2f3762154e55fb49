"""Variances of a gradient: predicted from probabilities, and measured from draws."""

import dataclasses

import numpy as np
import pytest

from jqkd.data import load, student_splits
from jqkd.training.config import StudentConfig
from jqkd.training.gradient_noise import gradient_noise
from jqkd.training.recipes import Output
from jqkd.training.runs import Run
from jqkd.training.students import Block

RUNS = Run(0, "alone"), Run(1, "distilled")


def block(preset="robust", runs=RUNS, **changes):
    settings = {"shots": 20_000, "epochs": 3, "per_class": 16, "batch_size": 12} | changes
    config = StudentConfig("digits", "0-2", 2, preset, **settings)
    splits = student_splits(load("digits"), (0, 1, 2), per_class=config.per_class)
    shape = (config.views, len(splits.train), 3) if config.views > 1 else (len(splits.train), 3)
    logits = np.random.default_rng(0).normal(0, 2, shape).astype(np.float32)
    return Block(config, splits, list(runs), Output(logits))


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("robust", {}),
        ("paper-code", {}),
        ("pure", {"ansatz": "layered:layers=2"}),
        ("robust", {"noise": "depolarising:0.1,readout:0.05", "gradient": "notebook"}),
    ],
)
def test_shots_scatter_as_predicted(preset, changes):
    """200 draws of each of 4 batches: relative error sqrt(2 / 199 / 4) at most; 5 of these."""
    made = block(preset, **changes)
    for trained in (False, True):
        if trained:
            made.next_epoch()
        found = gradient_noise(made, draws=200)
        predicted = found["forward"] + found["shifted"]
        np.testing.assert_allclose(found["shots"], predicted, rtol=5 * np.sqrt(2 / 199 / 4))


def test_a_tenth_of_the_shots_is_ten_times_the_variance():
    many, few = (gradient_noise(block(shots=shots)) for shots in (20_000, 2_000))
    for name in ("forward", "shifted"):
        np.testing.assert_allclose(few[name], 10 * many[name], rtol=1e-5)
    # Images scatter as they do, whatever the shots.
    np.testing.assert_allclose(few["images"], many["images"], rtol=0.2)


def test_images_that_are_all_the_same_do_not_scatter():
    made = block("paper-code", runs=[Run(0, "alone")])
    data = made.data(0)
    same = data._replace(
        images=data.images[:1] + 0 * data.images, targets=0 * data.targets + data.targets[:1]
    )
    made._view = (0, same)
    found = gradient_noise(made)
    assert found["images"] < 0.5 * found["shots"]


def test_where_there_is_nothing_to_see():
    assert gradient_noise(block(shots=None)) is None
    assert gradient_noise(block(per_class=2)) is None
    made = block("paper-code", runs=[Run(0, "alone")])
    made.config = dataclasses.replace(made.config, recipe="hints")
    assert gradient_noise(made) is None
