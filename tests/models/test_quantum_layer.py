"""The layer where a circuit meets a batch, inside a model that a user might write."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.stats import norm

from jqkd._checks import InputError
from jqkd.models import QuantumLayer
from jqkd.quantum import NOTEBOOK_RULE, h_ry, hardware_efficient
from tests.quantum.dense import simulate

ALPHA = 1e-6
CIRCUIT = hardware_efficient(3)


class Hybrid(nnx.Module):
    """A user's own: dense layer, circuit, dense layer; the last angles are one shared weight."""

    def __init__(self, rngs: nnx.Rngs, **options) -> None:
        self.inner = nnx.Linear(4, 3, rngs=rngs)
        self.weight = nnx.Param(jnp.array([0.4]))
        self.circuit = QuantumLayer(CIRCUIT, **options)
        self.outer = nnx.Linear(8, 2, rngs=rngs)

    def __call__(self, x, **options):
        shared = jnp.broadcast_to(self.weight[...], (len(x), 3))
        angles = jnp.concatenate([self.inner(x), shared], -1)
        return self.outer(self.circuit(angles, **options))


def random_angles(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-3, 3, shape)


def dense_probabilities(angles: np.ndarray) -> np.ndarray:
    """The second source, for any leading shape."""
    rows = [np.abs(simulate(CIRCUIT, row)) ** 2 for row in angles.reshape(-1, angles.shape[-1])]
    return np.reshape(rows, (*angles.shape[:-1], -1))


@pytest.mark.parametrize("batch", [(), (5,), (2, 3)])
def test_exact_probabilities(batch):
    angles = random_angles(*batch, 6)
    got = jax.jit(QuantumLayer(CIRCUIT))(jnp.asarray(angles, jnp.float32))
    assert got.shape == (*batch, 8)
    np.testing.assert_allclose(got, dense_probabilities(angles), rtol=0, atol=1e-6)


def dense_loss(params: dict, x: np.ndarray) -> float:
    """The sum of the squared outputs of ``Hybrid``, in float64 NumPy."""
    inner = x @ params["inner"]["kernel"] + params["inner"]["bias"]
    angles = np.concatenate([inner, np.full((len(x), 3), params["weight"][0])], -1)
    outer = dense_probabilities(angles) @ params["outer"]["kernel"] + params["outer"]["bias"]
    return (outer**2).sum()


def test_gradient_in_a_users_model():
    """Along four directions, the shared weight alone being one, against NumPy's differences."""
    graph, state = nnx.split(Hybrid(nnx.Rngs(1)))
    params = nnx.to_pure_dict(state)
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 4))

    @jax.jit
    def loss(params):
        return (nnx.merge(graph, nnx.State(params))(jnp.asarray(x, jnp.float32)) ** 2).sum()

    exact = jax.tree.map(lambda v: np.asarray(v, float), params)
    assert dense_loss(exact, x) == pytest.approx(float(loss(params)), rel=1e-5)
    gradient = jax.tree.map(np.asarray, jax.jit(jax.grad(loss))(params))
    ways = [jax.tree.map(lambda v: rng.normal(size=v.shape), exact) for _ in range(3)]
    ways.append({**jax.tree.map(np.zeros_like, exact), "weight": np.ones(1)})
    for way in ways:
        step = lambda h, way=way: jax.tree.map(lambda v, w: v + h * w, exact, way)  # noqa: E731
        slope = (dense_loss(step(1e-5), x) - dense_loss(step(-1e-5), x)) / 2e-5
        own = sum(jax.tree.leaves(jax.tree.map(lambda g, w: (g * w).sum(), gradient, way)))
        assert abs(slope) > 0.01 and own == pytest.approx(slope, abs=1e-4)


def test_the_rule_is_used():
    """The notebooks' rule gives sqrt(2) times the gradient, of every angle."""
    angles, weigh = jnp.asarray(random_angles(4, 6), jnp.float32), jnp.arange(8.0)

    def gradient(layer: QuantumLayer):
        return jax.jit(jax.grad(lambda angles: (layer(angles) @ weigh).sum()))(angles)

    plain, notebooks = (
        gradient(QuantumLayer(CIRCUIT)),
        gradient(QuantumLayer(CIRCUIT, rule=NOTEBOOK_RULE)),
    )
    np.testing.assert_allclose(notebooks, np.sqrt(2) * plain, rtol=0, atol=1e-4)


def test_sampled_gradient_is_the_exact_one_within_shot_noise():
    """Autodiff through counts would give zeros; shots at the shifted angles give the gradient."""
    shots, rows = 1000, 40
    angles = jnp.broadcast_to(jnp.asarray(random_angles(6), jnp.float32), (rows, 6))
    layer, weigh = QuantumLayer(CIRCUIT), jnp.arange(8.0)
    loss = lambda a, **options: (layer(a, **options) @ weigh).sum()  # noqa: E731
    exact = jax.jit(jax.grad(loss))(angles)
    options = {"shots": shots, "key": jax.random.key(3)}
    sampled = jax.jit(jax.grad(lambda a: loss(a, **options)))(angles)
    # A gradient is half a difference of two means of values in 0..7: its variance is at most
    # 2 / 4 * 3.5^2 / shots.
    bound = norm.isf(ALPHA / 12) * 3.5 / np.sqrt(2 * shots * rows)
    assert (np.abs((sampled - exact).mean(0)) < bound).all()
    assert (np.abs(sampled) > 0).mean() > 0.9 and np.unique(sampled[:, 0]).size > rows // 2


def test_frequencies_are_counts_over_shots():
    layer = QuantumLayer(h_ry(3), shots=100)
    counts = 100 * np.asarray(jax.jit(layer)(jnp.zeros((200, 3)), key=jax.random.key(4)))
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-4)
    np.testing.assert_allclose(counts.sum(-1), 100, atol=1e-3)
    # 200 rows of Binomial(100, 1/8) an outcome; 8 outcomes.
    bound = norm.isf(ALPHA / 16) * np.sqrt(100 * 7 / 64 / 200)
    assert (np.abs(counts.mean(0) - 100 / 8) < bound).all()
    assert np.unique(counts, axis=0).shape[0] > 190


def test_shots_of_the_call_come_before_the_layers():
    layer, key = QuantumLayer(h_ry(2), shots=1000), jax.random.key(5)
    seven = np.asarray(layer(jnp.ones((6, 2)), key=key, shots=7)) * 7
    np.testing.assert_allclose(seven, np.round(seven), atol=1e-5)
    traced = jax.jit(lambda shots: layer(jnp.ones((6, 2)), key=key, shots=shots))
    np.testing.assert_allclose(traced(7) * 7, seven, atol=1e-5)


def test_rows_depend_on_their_id_alone():
    """Not on the batch's size or order: bit for bit."""
    layer, key = QuantumLayer(CIRCUIT, shots=500), jax.random.key(6)
    run = jax.jit(lambda angles, ids: layer(angles, key=key, ids=ids))
    angles, ids = jnp.asarray(random_angles(6, 6), jnp.float32), jnp.array([40, 7, 3, 99, 0, 12])
    whole = np.asarray(run(angles, ids))
    order = np.array([5, 2, 0, 3, 1, 4])
    np.testing.assert_array_equal(run(angles[order], ids[order]), whole[order])
    parts = [run(angles[i : i + 2], ids[i : i + 2]) for i in (0, 2, 4)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert (np.asarray(run(angles, ids + 1)) != whole).any(-1).all()
    square = run(angles.reshape(2, 3, 6), ids.reshape(2, 3))
    np.testing.assert_array_equal(np.reshape(square, (6, 8)), whole)


def test_without_ids_a_row_is_named_by_its_place():
    layer, key = QuantumLayer(CIRCUIT, shots=500), jax.random.key(7)
    run = jax.jit(lambda ids: layer(jnp.ones((4, 6)), key=key, ids=ids))
    rows = np.asarray(run(None))
    np.testing.assert_array_equal(rows, run(jnp.arange(4)))
    assert len(np.unique(rows, axis=0)) == 4


def test_bad_input():
    with pytest.raises(InputError, match="`key` must be given where shots are drawn.*pass key="):
        QuantumLayer(CIRCUIT, shots=10)(jnp.zeros((2, 6)))
    with pytest.raises(InputError, match=r"`angles` must have 6 as its last axis.*\(2, 5\)"):
        QuantumLayer(CIRCUIT)(jnp.zeros((2, 5)))
