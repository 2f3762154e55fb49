"""Same key, same bits: batched or not, compiled or not, differentiated or not, in a scan or not."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from jqkd.quantum import h_ry, hardware_efficient, outcome_probabilities, sample_counts

WEIGHTS = jnp.arange(8.0) ** 2


def inputs(circuit, size: int) -> tuple[jax.Array, jax.Array]:
    angles = np.random.default_rng(0).uniform(-4, 4, (size, circuit.num_angles))
    return jnp.array(angles, jnp.float32), jax.random.split(jax.random.key(1), size)


def sampled(circuit, shots=5000):
    return lambda angles, key: outcome_probabilities(circuit, angles, shots=shots, key=key)


def both(circuit, shots=5000):
    """Frequencies, and their gradient for a cotangent of small whole numbers."""

    def value_and_slopes(angles, key):
        value, pull = jax.vjp(lambda a: sampled(circuit, shots)(a, key), angles)
        return value, pull(WEIGHTS[: value.size])[0]

    return value_and_slopes


def equal(a, b) -> None:
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(x, y)


def same(got, want) -> None:
    """The same shots, bit for bit; another program may round a sum of products otherwise."""
    equal(got[0], want[0])
    np.testing.assert_allclose(got[1], want[1], rtol=1e-6, atol=1e-6)


def test_value_and_grad_returns_the_plain_value():
    circuit = hardware_efficient(2)
    (angles,), (key,) = inputs(circuit, 1)
    plain = sampled(circuit)(angles, key)
    value, slopes = both(circuit)(angles, key)
    equal(value, plain)
    same(jax.jit(both(circuit))(angles, key), (plain, slopes))
    exact = lambda a: outcome_probabilities(circuit, a)  # noqa: E731
    equal(jax.vjp(exact, angles)[0], exact(angles))


def test_batches_of_any_size_draw_the_same():
    circuit = hardware_efficient(2)
    angles, keys = inputs(circuit, 512)
    want = jax.jit(jax.vmap(both(circuit)))(angles, keys)
    same(jax.jit(both(circuit))(angles[5], keys[5]), jax.tree.map(lambda x: x[5], want))
    for size in (1, 2, 3, 8, 64):
        got = jax.jit(jax.vmap(both(circuit)))(angles[:size], keys[:size])
        same(got, jax.tree.map(lambda x, size=size: x[:size], want))


def test_nested_vmaps_and_scans_draw_the_same():
    circuit = hardware_efficient(2)
    angles, keys = inputs(circuit, 12)
    want = jax.jit(jax.vmap(both(circuit)))(angles, keys)
    fold = lambda x: x.reshape(3, 4, *x.shape[1:])  # noqa: E731
    nested = jax.jit(jax.vmap(jax.vmap(both(circuit))))(fold(angles), fold(keys))
    same(nested, jax.tree.map(fold, want))

    def step(carry, inputs):
        return carry, jax.vmap(both(circuit))(*inputs)

    _, scanned = jax.jit(lambda a, k: jax.lax.scan(step, 0, (a, k)))(fold(angles), fold(keys))
    same(scanned, jax.tree.map(fold, want))


def test_small_and_large_batches_of_counts_are_the_same():
    """The sampler has two programs, for few and for many numbers."""
    p = jnp.array(np.random.default_rng(3).dirichlet(np.ones(8), 2000), jnp.float32)
    keys = jax.random.split(jax.random.key(4), 2000)
    draw = jax.jit(jax.vmap(sample_counts, (0, 0, None)))
    for shots in (7.0, 5000.0):
        want = draw(keys, p, shots)
        equal(draw(keys[:100], p[:100], shots), want[:100])


def test_vmap_over_some_arguments_only():
    p = jnp.array([0.1, 0.9])
    keys, shots = jax.random.split(jax.random.key(2), 5), jnp.array([10.0, 20, 30, 40, 50])
    one = jax.jit(sample_counts)
    want = jnp.stack([one(k, p, s) for k, s in zip(keys, shots, strict=True)])
    equal(jax.jit(jax.vmap(sample_counts, (0, None, 0)))(keys, p, shots), want)
    want = jnp.stack([one(keys[0], p, s) for s in shots])
    equal(jax.jit(jax.vmap(sample_counts, (None, None, 0)))(keys[0], p, shots), want)


def test_traced_shots_are_python_shots():
    (angles,), (key,) = inputs(h_ry(2), 1)
    traced = jax.jit(lambda a, k, s: outcome_probabilities(h_ry(2), a, shots=s, key=k))
    p = jnp.array([0.1, 0.2, 0.3, 0.4])
    for shots in (1, 5000):
        want = sampled(h_ry(2), shots)(angles, key)
        equal(traced(angles, key, shots), want)
        equal(traced(angles, key, jnp.float32(shots)), want)
        equal(jax.jit(sample_counts)(key, p, shots), sample_counts(key, p, shots))


def test_key_decides():
    """Same key, same draw; different keys, different draws (of 8 counts of about 10**5)."""
    draw = jax.jit(lambda key: sample_counts(key, jnp.ones(8), 10**6))
    draws = [draw(jax.random.key(k)) for k in (0, 0, 1, 2)]
    equal(draws[0], draws[1])
    assert not any(np.array_equal(draws[i], draws[j]) for i, j in ((0, 2), (0, 3), (2, 3)))


def test_training_step_traces_once():
    """grad in vmap in scan in jit: another temperature, key or shot count is no new program."""
    circuit, traces = h_ry(2), 0

    @jax.jit
    def train(angles, key, shots):
        def step(angles, key):
            nonlocal traces
            traces += 1

            def last(a, k):
                return outcome_probabilities(h_ry(2), a, shots=shots, key=k)[3]

            keys = jax.random.split(key, len(angles))
            values, slopes = jax.vmap(jax.value_and_grad(last))(angles, keys)
            return angles + 0.5 * slopes, values

        return jax.lax.scan(step, angles, jax.random.split(key, 40))

    start = jnp.full((5, circuit.num_angles), 0.1)
    for seed, shots in ((0, 200), (1, 500)):
        _, values = train(start, jax.random.key(seed), shots)
        assert values[-1].min() > 0.9 > 0.5 > values[0].max()
    assert traces == 1
