"""Students that learn on a noisy machine: against closed forms, and against ideal ones."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jqkd._checks import InputError
from jqkd.models import StudentSpec
from jqkd.training.config import StudentConfig
from jqkd.training.student_run import StudentJob, run_student
from jqkd.training.student_task import student_model
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


def test_who_is_looked_at_elsewhere_learns_the_same():
    """Four machines: weights are those of learning, looks those of the machine that looks."""
    other = "depolarising:0.6"
    machines = {"own": {}, "ideal": {"test_noise": "ideal"}, "other": {"test_noise": other}}
    blocks = {
        name: run_student(StudentJob(replace(CONFIG, **fields), None, (0,))).block
        for name, fields in machines.items()
    }
    first = jax.tree.leaves(blocks["own"].state.params)
    for block in blocks.values():
        for a, b in zip(first, jax.tree.leaves(block.state.params), strict=True):
            np.testing.assert_array_equal(a, b)
    losses = [float(block.curves.test_loss[0, -1]) for block in blocks.values()]
    assert len(set(losses)) == 3
    # On the other machine they say what the circuit says under its noise.
    exact = replace(CONFIG, shots=None, test_noise=other)
    block = run_student(StudentJob(exact, None, (0,))).block
    test = block.splits.test
    student = student_model(exact.spec, exact.image_shape).module(
        jax.tree.map(lambda leaf: leaf[0], block.state.params)
    )
    made = student.encoded(jnp.asarray(test.images[:3]))
    wanted = [noisy(exact.spec.circuit, angles, exact.tested_spec.noise) for angles in made.angles]
    logits = student.logits(jnp.asarray(wanted, jnp.float32), exact.num_classes)
    np.testing.assert_allclose(block.logits(test)[0, :3], logits, atol=2e-4)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"test_noise": NOISE}, "`test_noise` must be another than it learns under"),
        ({"noise": None, "test_noise": "ideal"}, "`test_noise` must be another"),
        ({"test_noise": "depolarising:2"}, "`test_noise`"),
        ({"test_noise": "loud"}, "`test_noise` must be one of"),
    ],
)
def test_bad_machines_that_look_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        replace(CONFIG, **fields)
