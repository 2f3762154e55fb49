"""Students that learn on a noisy machine: against closed forms, and against ideal ones."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jqkd._checks import InputError
from jqkd.models import StudentSpec
from jqkd.training.config import StudentConfig
from jqkd.training.student_run import StudentJob, run_student
from tests.quantum.test_noise import noisy

pytestmark = pytest.mark.quick
NOISE = "depolarising:0.05,amplitude-damping:0.1,gates=RY,readout:up=0.02,down=0.06"
CONFIG = StudentConfig(
    "digits", "0-2", 2, preset="robust", noise=NOISE, epochs=2, per_class=6, batch_size=6, shots=200
)


def test_a_students_frequencies_are_those_of_the_noisy_circuit():
    images = jnp.asarray(np.random.default_rng(0).uniform(size=(3, 28, 28)), jnp.float32)
    spec = StudentSpec(3, ansatz="entangling", noise=NOISE)
    made = spec.build(rngs=nnx.Rngs(0)).forward(images)
    for row in range(3):
        wanted = noisy(spec.circuit, made.angles[row], spec.noise)
        np.testing.assert_allclose(made.frequencies[row], wanted, atol=2e-6)


def test_noise_reaches_learning_and_looking():
    results = {
        noise: run_student(StudentJob(replace(CONFIG, noise=noise), None, (0, 1)))
        for noise in (NOISE, None, "depolarising:0")
    }
    losses = {noise: np.asarray(found.block.curves.train_loss) for noise, found in results.items()}
    assert np.abs(losses[NOISE] - losses[None]).min() > 1e-4
    np.testing.assert_array_equal(losses["depolarising:0"], losses[None])


def test_a_machine_that_forgets_everything_teaches_nothing():
    """All outcomes alike, whatever the image: the loss is that of guessing, log 3."""
    config = replace(CONFIG, noise="depolarising:1", shots=None, epochs=1)
    found = run_student(StudentJob(config, None, (0,)))
    np.testing.assert_allclose(found.block.curves.test_loss[0, -1], np.log(3), atol=0.02)


def test_a_configuration_keeps_the_whole_text():
    short = replace(CONFIG, noise="depolarising:0.05")
    assert short.noise == "depolarising:probability=0.05"
    assert replace(CONFIG, noise=short.noise).digest() == short.digest() != CONFIG.digest()
    assert "noise" not in replace(CONFIG, noise=None).spec.words


def test_a_stand_in_has_no_machine():
    with pytest.raises(InputError, match="`noise` must not be given where closed-form"):
        replace(CONFIG, stand_in="closed-form", shots=None)
