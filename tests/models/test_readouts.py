"""Readouts against NumPy, and what a fill does to a loss."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from scipy.special import expit, softmax

from jqkd.models import READOUTS
from jqkd.models.readouts import FILL

pytestmark = pytest.mark.quick

K = 8
LOGITS = {
    "concat-sigmoid": lambda p: np.concatenate([expit(p), 1 - expit(p)], -1),
    "softmax": lambda p: softmax(p, -1),
    "log-probability": lambda p: np.log(p + 1e-4),
    "scaled-probability": lambda p: 10 * p,
}


def frequencies() -> np.ndarray:
    """Rows that sum to one; the last two hold outcomes that were never or always seen."""
    rows = np.random.default_rng(0).dirichlet(np.ones(K), 3)
    return np.vstack([rows, np.eye(K)[2], np.full(K, 1 / K)])


def test_all_readouts_are_tested():
    assert set(READOUTS) == {*LOGITS, "register", "z", "dense-z"}


def test_trained_readouts():
    """Of 3 qubits: scaled outcomes of those that are read; Z and Z Z by their definition."""
    shares = jnp.asarray(frequencies(), jnp.float32)
    register = READOUTS.build("register:bits=2,scale=5")
    assert register.wires(3) == (0, 1) and register.most_classes(3) == 4
    logits = register.build(3, rngs=nnx.Rngs(0))(shares[:, :4], 3)
    np.testing.assert_allclose(logits[:, :3], 5 * shares[:, :3], rtol=1e-6)
    assert (logits[:, 3] == np.float32(FILL)).all()
    z = np.array([1, -1])
    operators = [np.kron(np.kron(c, b), a) for a, b, c in [
        (z, [1, 1], [1, 1]), ([1, 1], z, [1, 1]), ([1, 1], [1, 1], z),
        (z, z, [1, 1]), ([1, 1], z, z), (z, [1, 1], z),
    ]]  # fmt: skip
    readout = READOUTS.build("z:scale=2").build(3, rngs=nnx.Rngs(0))
    readout.bias[...] = jnp.arange(6.0)
    want = 2 * frequencies() @ np.array(operators).T + np.arange(6)
    np.testing.assert_allclose(readout(shares, 6), want, rtol=0, atol=1e-5)


def test_a_dense_layer_on_expectation_values():
    """tr(rho Z_q) of each qubit, then W z + b."""
    readout = READOUTS.build("dense-z:outputs=4").build(3, rngs=nnx.Rngs(1))
    z = [np.kron(np.kron(c, b), a) for a, b, c in [
        ([1, -1], [1, 1], [1, 1]), ([1, 1], [1, -1], [1, 1]), ([1, 1], [1, 1], [1, -1]),
    ]]  # fmt: skip
    kernel, bias = (np.asarray(x, np.float64) for x in (readout.dense.kernel, readout.dense.bias))
    want = frequencies() @ np.array(z).T @ kernel + bias
    logits = readout(jnp.asarray(frequencies(), jnp.float32), 3)
    np.testing.assert_allclose(logits[:, :3], want[:, :3], rtol=0, atol=1e-5)
    assert (logits[:, 3] == np.float32(FILL)).all()


@pytest.mark.parametrize("name", LOGITS)
def test_values(name):
    logits = np.asarray(READOUTS.build(name)(jnp.asarray(frequencies(), jnp.float32), K))
    np.testing.assert_allclose(logits, LOGITS[name](frequencies()), rtol=0, atol=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("name", LOGITS)
def test_losses_and_gradients_are_finite(name, temperature):
    """Cross-entropy, and a divergence over all entries in which 0 meets the fill."""

    def loss(p):
        logs = jax.nn.log_softmax(READOUTS.build(name)(p, 6) / temperature)
        teacher = jnp.zeros(logs.shape[-1]).at[:6].set(1 / 6)
        return optax.kl_divergence(logs, teacher).sum() - logs[:, 1].sum()

    value, gradient = jax.value_and_grad(loss)(jnp.asarray(frequencies(), jnp.float32))
    assert np.isfinite(value) and np.isfinite(gradient).all() and (gradient != 0).any()


def test_a_class_can_not_exceed_8_percent_with_the_notebooks_readout():
    """The notebooks' softmax over 2 K sigmoids stays near uniform, even for a sure student."""
    logits = READOUTS.build("concat-sigmoid")(jnp.eye(K, dtype=jnp.float32)[2], K)
    assert 1 / 16 < jax.nn.softmax(logits).max() < 0.08


@pytest.mark.parametrize("classes", [2, 6, 8])
def test_outcomes_that_are_no_class_are_out(classes):
    """Neither the softmax nor an argmax may pick one, whatever its frequency."""
    rows = jnp.asarray(frequencies(), jnp.float32)
    logits = jax.jit(READOUTS.build("scaled-probability"))(rows, classes)
    np.testing.assert_allclose(logits[:, :classes], 10 * rows[:, :classes], rtol=1e-6)
    assert (logits[:, classes:] == np.float32(FILL)).all()


def test_a_readouts_options():
    p = jnp.array([0.0, 1.0])
    scaled, floor = READOUTS.build("scaled-probability:scale=3"), 0.5
    assert scaled(p, 2).tolist() == [0.0, 3.0]
    logs = READOUTS.build(f"log-probability:floor={floor}")(p, 2)
    np.testing.assert_allclose(logs, np.log([0.5, 1.5]), rtol=1e-6)
