"""Where features have gone, in numbers, against SciPy's layers and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from jqkd.data import load, student_splits
from jqkd.models.encodings import Amplitude, Angle
from jqkd.training.config import StudentConfig
from jqkd.training.mechanism import mechanism
from jqkd.training.runs import Run
from jqkd.training.student_task import student_model
from jqkd.training.students import Block
from tests.models import reference


def test_numbers_of_the_mechanism_by_hand():
    features = np.array([[0.5, -0.5], [1.0, -30.0]])
    found = Angle().mechanism(features)
    # Far out, 1 / cosh(f)**2 is 4 exp(-2 f); near 0 it is 1 - tanh(f)**2.
    slopes = np.pi * np.array([*(1 - np.tanh([0.5, 0.5, 1.0]) ** 2), 4 * np.exp(-60)])
    sines = np.abs(np.sin(np.pi * np.tanh(features)))
    assert found["feature"] == 0.75
    assert found["slope"] == pytest.approx(slopes.mean(), rel=1e-12)
    assert found["sine"] == pytest.approx(sines.mean(), rel=1e-12)
    half = Angle(turn=0.5).mechanism(features)
    assert half["slope"] == pytest.approx(slopes.mean() / 2, rel=1e-12)
    certain = Angle(turn=0.5).mechanism(np.full((1, 1), 800.0))
    assert (certain["slope"], certain["sine"]) == (0, 1)
    assert Amplitude().mechanism(features) == {}


def test_mechanism_of_a_block_against_scipy():
    """Untrained students of two seeds; features and hidden units from the reference layers."""
    splits = student_splits(load("digits"), (0, 1), test_per_class=5)
    config = StudentConfig("digits", "0-1", 2, "robust", shots=None)
    block = Block(config, splits, [Run(0, "alone"), Run(1, "alone")])
    found = mechanism(block)
    model = student_model(config.spec, (28, 28))
    for row in range(2):
        mine = model.module(_row(block.state.params, row)).features
        features = np.array([reference.conv_features(mine, x) for x in splits.test.images])
        hidden = np.array([_hidden(mine, x) for x in splits.test.images])
        assert found["feature"][row] == pytest.approx(np.median(np.abs(features)), abs=1e-5)
        sine = np.abs(np.sin(np.pi / 2 * np.tanh(features))).mean()
        assert found["sine"][row] == pytest.approx(sine, abs=1e-5)
        slope = np.pi / 2 * (1 - np.tanh(features) ** 2).mean()
        assert found["slope"][row] == pytest.approx(slope, abs=1e-5)
        assert found["dead"][row] == (hidden <= 0).all(0).mean()
    assert found["feature"][0] != found["feature"][1]


def _row(params, row):
    if isinstance(params, dict):
        return {name: _row(value, row) for name, value in params.items()}
    return np.asarray(params)[row]


def _hidden(model, image):
    relu, pool, conv = reference.relu, reference.pool, reference.conv
    x = relu(pool(conv(model.conv1, image[..., None]), np.max))
    x = relu(pool(conv(model.conv2, x), np.max)).reshape(-1)
    return relu(reference.dense(model.dense1, x))
