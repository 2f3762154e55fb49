"""Noisy circuits against dense Kraus sums in NumPy, closed forms, and the ideal path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.quantum import GATES, Circuit, Op, h_ry, hardware_efficient, outcome_probabilities
from jqkd.quantum.gradient import shifted_probabilities
from jqkd.quantum.noise import (
    After,
    AmplitudeDamping,
    Channel,
    Depolarising,
    NoiseModel,
    Pauli,
    PhaseDamping,
    ThermalRelaxation,
    density,
    readout_of,
)
from tests.quantum.dense import I2, MATRICES, X, Y, Z, embed, random_circuit, random_state


@dataclass(frozen=True)
class Swapped(Channel):
    """A joint channel that is no mixture of Pauli strings, and not symmetric in its wires."""

    chance: float = 0.0
    joint = True

    def kraus(self, num_wires):
        fallen = np.zeros((4, 4))
        fallen[0, 1] = 1
        chance = jnp.asarray(self.chance, float)
        kept = np.diag([1, 0, 1, 1]) + jnp.sqrt(1 - chance) * np.diag([0, 1, 0, 0])
        return jnp.stack([kept, jnp.sqrt(chance) * fallen]) + 0j


def kraus(channel: Channel, num_wires: int) -> list[np.ndarray]:
    """By hand, in NumPy: shares nothing with the package but the names of its numbers."""
    match channel:
        case Depolarising(p):
            strings = [np.eye(1)]
            for _ in range(num_wires):
                strings = [np.kron(a, b) for a in strings for b in (I2, X, Y, Z)]
            share = p / len(strings)
            return [np.sqrt(1 - p + share if k == 0 else share) * s for k, s in enumerate(strings)]
        case Pauli(x, y, z):
            pairs = zip((1 - x - y - z, x, y, z), (I2, X, Y, Z), strict=True)
            return [np.sqrt(chance) * matrix for chance, matrix in pairs]
        case PhaseDamping(g):
            return [np.diag([1, np.sqrt(1 - g)]), np.diag([0, np.sqrt(g)])]
        case AmplitudeDamping(g):
            return [np.diag([1, np.sqrt(1 - g)]), np.array([[0, np.sqrt(g)], [0, 0]])]
        case ThermalRelaxation(t1, t2, time):
            # What is left of populations and coherences, as the Choi matrix's eigenvectors.
            fall, kept = 1 - np.exp(-time / t1), np.exp(-time / t2)
            choi = np.zeros((4, 4))
            choi[0, 0], choi[2, 2], choi[3, 3] = 1, fall, 1 - fall
            choi[0, 3] = choi[3, 0] = kept
            values, vectors = np.linalg.eigh(choi)
            return [
                np.sqrt(max(v, 0)) * vectors[:, k].reshape(2, 2).T for k, v in enumerate(values)
            ]
        case Swapped():
            with jax.enable_x64(True):
                return list(np.asarray(channel.kraus(2)))
    raise AssertionError(channel)


def noisy(circuit: Circuit, angles, noise: NoiseModel, state=None) -> np.ndarray:
    """Probabilities in outcome order from dense density matrices."""
    q, angles = circuit.num_qubits, list(np.asarray(angles, float))
    start = np.eye(2**q, dtype=complex)[0] if state is None else state
    rho = np.outer(start, start.conj())
    for op in circuit.ops:
        values = op.fixed or [angles.pop(0) for _ in range(GATES[op.name].num_angles)]
        u = embed(MATRICES[op.name](*values), op.wires, q).toarray()
        rho = u @ rho @ u.conj().T
        for rule in noise.after:
            named = not rule.gates or op.name in rule.gates
            if not named or rule.num_wires not in (None, len(op.wires)):
                continue
            joint = isinstance(rule.channel, Depolarising | Swapped)
            for wires in [op.wires] if joint else [(w,) for w in op.wires]:
                each = [embed(k, wires, q).toarray() for k in kraus(rule.channel, len(wires))]
                rho = sum(k @ rho @ k.conj().T for k in each)
    p = np.diag(rho).real
    for qubit in range(q):
        if noise.readout:
            up, down = noise.readout[qubit if len(noise.readout) > 1 else 0]
            flips = np.array([[1 - up, down], [up, 1 - down]])
            p = embed(flips, (qubit,), q).toarray().real @ p
    return p


def random_channel(rng: np.random.Generator) -> Channel:
    kind = rng.integers(5)
    if kind == 0:
        return Depolarising(float(rng.uniform(0, 1)))
    if kind == 1:
        return Pauli(*(float(v) for v in rng.dirichlet(np.ones(4))[:3]))
    if kind == 2:
        return PhaseDamping(float(rng.uniform(0, 1)))
    if kind == 3:
        return AmplitudeDamping(float(rng.uniform(0, 1)))
    t1 = float(rng.uniform(1, 5))
    return ThermalRelaxation(t1, float(rng.uniform(0.2, 2) * t1), float(rng.uniform(0, 3)))


def random_noise(seed: int, num_qubits: int) -> NoiseModel:
    rng = np.random.default_rng([seed, 99])
    rules = [After(random_channel(rng), num_wires=int(k)) for k in rng.integers(1, 3, 2)]
    names = tuple(str(name) for name in rng.choice(list(GATES), 6, replace=False))
    rules.append(After(random_channel(rng), names))
    pairs = [(float(a), float(b)) for a, b in rng.uniform(0, 0.5, (num_qubits, 2))]
    return NoiseModel(tuple(rules), tuple(pairs) if seed % 2 else tuple(pairs[:1]))


@pytest.mark.parametrize("seed", range(20))
def test_random_noisy_circuits_against_dense_density_matrices(seed):
    qubits = 1 + seed % 4
    circuit, angles = random_circuit(seed, qubits, 15)
    noise = random_noise(seed, qubits)
    state = random_state(seed, qubits) if seed % 3 == 0 else None
    given = None if state is None else state.reshape((2,) * qubits).transpose()
    with jax.enable_x64(True):
        got = jax.jit(partial(outcome_probabilities, circuit, rule=None))(
            jnp.asarray(angles), noise=noise, state=given
        )
        assert got.dtype == np.float64
    np.testing.assert_allclose(got, noisy(circuit, angles, noise, state), rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_runs_of_clifford_gates_between_rotations(seed):
    """They are one permutation with signs, and factors of the channels between them."""
    turns = random_circuit(seed, 3, 6, ["RX", "RY", "RZ"])[0]
    first, last = (random_circuit(10 * seed + k, 3, 6, ["CX", "CY", "CZ"])[0] for k in range(2))
    circuit = turns.then(first).then(turns).then(last).then(turns)
    angles = np.random.default_rng(seed).normal(size=circuit.num_angles)
    noise = NoiseModel((After(Depolarising(0.1)), After(PhaseDamping(0.2), num_wires=2)))
    with jax.enable_x64(True):
        got = outcome_probabilities(circuit, jnp.asarray(angles), noise=noise, rule=None)
    np.testing.assert_allclose(got, noisy(circuit, angles, noise), rtol=0, atol=1e-12)


def test_a_joint_channel_of_ones_own():
    circuit = Circuit(3, (*(Op("H", (k,)) for k in range(3)), Op("CX", (2, 0)), Op("RX", (1,))))
    noise = NoiseModel((After(Swapped(0.3), num_wires=2),))
    with jax.enable_x64(True):
        got = outcome_probabilities(circuit, jnp.array([0.4]), noise=noise, rule=None)
    np.testing.assert_allclose(got, noisy(circuit, [0.4], noise), rtol=0, atol=1e-12)


CHANNELS = {
    "depolarising": Depolarising(0.3),
    "pauli": Pauli(0.1, 0.2, 0.3),
    "phase": PhaseDamping(0.4),
    "amplitude": AmplitudeDamping(0.2),
    "thermal": ThermalRelaxation(50.0, 70.0, 20.0),
    "thermal, T2 = 2 T1": ThermalRelaxation(50.0, 100.0, 20.0),
}


@pytest.mark.parametrize("num_wires", [1, 2])
@pytest.mark.parametrize("name", CHANNELS)
def test_kraus_operators_are_complete(name, num_wires):
    channel = CHANNELS[name]
    if num_wires == 2 and not channel.joint:
        pytest.skip("acts on each wire by itself")
    with jax.enable_x64(True):
        made = np.asarray(channel.kraus(num_wires))
    total = sum(k.conj().T @ k for k in made)
    np.testing.assert_allclose(total, np.eye(2**num_wires), atol=1e-14)


@pytest.mark.parametrize("name", CHANNELS)
def test_transfer_matrices_preserve_the_trace(name):
    first = np.asarray(CHANNELS[name].transfer(1))[0]
    np.testing.assert_allclose(first, [1, 0, 0, 0], atol=1e-7)


def test_noise_of_strength_0_is_no_noise_byte_for_byte():
    angles, key = jnp.array([0.3, -0.7, 1.1]), jax.random.key(0)
    zero = NoiseModel((After(Depolarising(0.0)), After(AmplitudeDamping(0.0))), ((0.0, 0.0),))
    for draw in ({}, {"shots": 100, "key": key}):
        plain = outcome_probabilities(h_ry(3), angles, **draw)
        got = outcome_probabilities(h_ry(3), angles, noise=zero, **draw)
        assert np.asarray(plain).tobytes() == np.asarray(got).tobytes()


def test_a_traced_strength_of_0_is_no_noise():
    circuit, angles = random_circuit(4, 3, 12)
    run = jax.jit(lambda p: _at(circuit, angles, p))
    with jax.enable_x64(True):
        plain = outcome_probabilities(circuit, jnp.asarray(angles), rule=None)
        np.testing.assert_allclose(run(0.0), plain, atol=1e-12)


def _at(circuit, angles, p):
    noise = NoiseModel((After(Depolarising(p)),), ((p, p),))
    return outcome_probabilities(circuit, jnp.asarray(angles), noise=noise, rule=None)


def test_full_depolarising_leaves_nothing():
    circuit, angles = random_circuit(4, 3, 12, ["RX", "RY", "CX", "H"])
    after = [Op("H", (k,)) for k in range(3)]
    noise = NoiseModel((After(Depolarising(1.0)),))
    got = outcome_probabilities(circuit.then(after), jnp.asarray(angles), noise=noise)
    np.testing.assert_allclose(got, 1 / 8, atol=1e-6)


def test_full_damping_ends_in_zero():
    noise = NoiseModel((After(AmplitudeDamping(1.0)),))
    got = outcome_probabilities(h_ry(2), jnp.array([0.4, 1.0]), noise=noise)
    np.testing.assert_allclose(got, [1, 0, 0, 0], atol=1e-6)


NOISE = NoiseModel(
    (
        After(Depolarising(0.03), num_wires=2),
        After(AmplitudeDamping(0.05)),
        After(PhaseDamping(0.02), ("RY",)),
    ),
    ((0.02, 0.05),),
)


@pytest.mark.parametrize("circuit", [h_ry(3), hardware_efficient(3, 2), hardware_efficient(5, 1)])
def test_the_shift_rule_stays_exact(circuit):
    """Against autodiff through the channels, and against differences."""
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        angles = jnp.asarray(rng.normal(size=circuit.num_angles))
        run = partial(outcome_probabilities, circuit, noise=NOISE)
        shifts = jax.jit(jax.jacobian(run))(angles)
        exact = jax.jit(jax.jacobian(partial(run, rule=None)))(angles)
        np.testing.assert_allclose(shifts, exact, atol=1e-12)
        step = 1e-5 * np.eye(circuit.num_angles)[1]
        slope = (noisy(circuit, angles + step, NOISE) - noisy(circuit, angles - step, NOISE)) / 2e-5
    np.testing.assert_allclose(shifts[:, 1], slope, atol=1e-9)


def test_shots_are_those_of_the_noisy_probabilities():
    """Pearson's chi-square over 2,000 keys and 8 outcomes: a false alarm once in a million."""
    from scipy import stats

    circuit, angles = hardware_efficient(3, 1), jnp.linspace(-1, 1, 6)
    draw = lambda key: outcome_probabilities(circuit, angles, noise=NOISE, shots=500, key=key)  # noqa: E731
    many = jax.jit(jax.vmap(draw))(jax.random.split(jax.random.key(1), 2000))
    counts = np.asarray(many).sum(0) * 500
    expected = noisy(circuit, angles, NOISE) * 500 * 2000
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > 1e-6


def test_the_gradient_with_shots_is_the_shift_rule_on_the_noisy_machine():
    """z-scores of 40 means over 500 keys: beyond 6 once in 10 million."""
    circuit, angles = h_ry(2), jnp.array([0.4, -0.9])
    weights = jnp.array([0.3, -1.0, 0.6, 0.2])
    run = partial(outcome_probabilities, circuit, noise=NOISE)
    loss = lambda key, a: run(a, shots=200, key=key) @ weights  # noqa: E731
    keys = jax.random.split(jax.random.key(2), 500)
    many = np.asarray(jax.jit(jax.vmap(jax.grad(loss, 1), (0, None)))(keys, angles))
    exact = jax.jit(jax.grad(lambda a: run(a) @ weights))(angles)
    p = np.asarray(shifted_probabilities(circuit, angles, noise=NOISE))[1:]
    spread = p @ np.square(weights) - np.square(p @ weights)
    error = np.sqrt((spread[:2] + spread[2:]) / (4 * 200))
    z = (many.mean(0) - exact) / (error / np.sqrt(500))
    assert np.abs(z).max() < 6
    np.testing.assert_allclose(many.std(0) / error, 1, atol=6 / np.sqrt(2 * 500))


DAMPED = NoiseModel(
    (
        After(Depolarising(0.1), num_wires=2),
        After(AmplitudeDamping(0.2), ("RY",)),
        After(Pauli(0.1, 0.05, 0.0), num_wires=1),
    ),
    ((0.02, 0.1),),
)


def drawn(circuit, angles, noise, number, keys=200, **more):
    """Of so many keys, (keys, K)."""
    run = partial(outcome_probabilities, circuit, noise=noise, trajectories=number, **more)
    return np.asarray(
        jax.jit(jax.vmap(lambda key: run(angles, key=key)))(
            jax.random.split(jax.random.key(3), keys)
        )
    )


def check_means(many, wanted):
    """t-tests with 199 degrees of freedom: a value beyond 7 comes once in 10 billion."""
    error = many.std(0, ddof=1) / np.sqrt(len(many))
    assert np.abs((many.mean(0) - wanted) / np.maximum(error, 1e-6)).max() < 7


@pytest.mark.parametrize("noise", [NOISE, DAMPED, NoiseModel((After(Swapped(0.5), num_wires=2),))])
def test_trajectories_mean_what_the_density_matrix_says(noise):
    circuit, angles = hardware_efficient(3, 2), jnp.linspace(-1, 1, 9)
    many = drawn(circuit, angles, noise, 40)
    check_means(many, noisy(circuit, angles, noise))
    # A trajectory is a state: more of them scatter less.
    few = drawn(circuit, angles, noise, 10)
    ratio = few.std(0) / many.std(0)
    assert 1.6 < np.median(ratio) < 2.4


def test_trajectories_from_a_state_read_on_some_wires():
    circuit, angles = hardware_efficient(3, 1), jnp.linspace(-1, 1, 6)
    state = random_state(1, 3)
    given = jnp.asarray(state.reshape(2, 2, 2).transpose(), jnp.complex64)
    many = drawn(circuit, angles, DAMPED, 40, state=given, wires=(2,))
    whole = noisy(circuit, angles, DAMPED, state).reshape(2, 4)
    check_means(many, whole.sum(1))


def test_shots_and_slopes_of_trajectories():
    circuit, angles = h_ry(2), jnp.array([0.4, -0.9])
    many = drawn(circuit, angles, DAMPED, 20, shots=100)
    assert np.abs(many * 100 - np.round(many * 100)).max() < 1e-3
    check_means(many, noisy(circuit, angles, DAMPED))
    weights = jnp.array([0.3, -1.0, 0.6, 0.2])
    run = partial(outcome_probabilities, circuit, noise=DAMPED)
    loss = lambda a, key: run(a, key=key, trajectories=20) @ weights  # noqa: E731
    keys = jax.random.split(jax.random.key(5), 200)
    slopes = np.asarray(jax.jit(jax.vmap(jax.grad(loss), (None, 0)))(angles, keys))
    check_means(slopes, jax.jit(jax.grad(lambda a: run(a) @ weights))(angles))


def test_the_number_of_trajectories_is_traced():
    """As many as are asked for: the mean over 1 to 3 and over 1 to 20 are of the same errors."""
    circuit, angles, key = h_ry(2), jnp.array([0.4, -0.9]), jax.random.key(0)
    run = jax.jit(
        lambda number: outcome_probabilities(
            circuit, angles, noise=DAMPED, key=key, trajectories=number
        )
    )
    sums = [np.asarray(run(number)) * number for number in range(1, 21)]
    each = np.diff(np.stack([np.zeros(4), *sums]), axis=0)
    # Each is one trajectory's: probabilities of its own, that sum to one.
    np.testing.assert_allclose(each.sum(1), 1, atol=1e-4)
    assert each.min() > -1e-4 and len(np.unique(each.round(3), axis=0)) > 5


def test_ten_qubits_by_trajectories():
    circuit = hardware_efficient(10, 1)
    many = outcome_probabilities(
        circuit, jnp.linspace(-1, 1, 20), noise=NOISE, trajectories=8, key=jax.random.key(0)
    )
    assert many.shape == (1024,) and abs(float(many.sum()) - 1) < 1e-4


def test_one_program_serves_all_strengths():
    traces = []

    @jax.jit
    def run(noise, angles):
        traces.append(None)
        return outcome_probabilities(h_ry(2), angles, noise=noise)

    for p in (0.1, 0.2, 0.0):
        noise = NoiseModel((After(Depolarising(p)),), ((p, 0.1),))
        got = run(noise, jnp.array([0.4, -0.9]))
        np.testing.assert_allclose(got, noisy(h_ry(2), [0.4, -0.9], noise), atol=1e-6)
    assert len(traces) == 1


def test_any_nesting_that_training_uses():
    """vmap over images in a gradient, in a scan, in a vmap over strengths, in jit."""
    circuit, images = hardware_efficient(2, 1), jnp.linspace(-1, 1, 12).reshape(3, 4)

    def loss(weights, strength, key):
        noise = NoiseModel((After(Depolarising(strength)),))
        run = lambda row, key: outcome_probabilities(  # noqa: E731
            circuit, row + weights, noise=noise, shots=64, key=key
        )
        return jax.vmap(run)(images, jax.random.split(key, 3))[:, 0].mean()

    def steps(strength, key):
        def step(weights, key):
            value, slope = jax.value_and_grad(loss)(weights, strength, key)
            return weights - 0.1 * slope, value

        return jax.lax.scan(step, jnp.zeros(4), jax.random.split(key, 3))

    strengths = jnp.array([0.0, 0.1, 0.5])
    keys = jax.random.split(jax.random.key(0), 3)
    together = jax.jit(jax.vmap(steps))(strengths, keys)
    for k in range(3):
        alone = jax.jit(steps)(strengths[k], keys[k])
        np.testing.assert_array_equal(together[1][k], alone[1])
        np.testing.assert_allclose(together[0][k], alone[0], atol=1e-6)


@pytest.mark.parametrize("draw", ["exact", "shots", "trajectories"])
@pytest.mark.parametrize("qubits", [3, 4])
def test_a_batch_of_batches_is_one_batch(qubits, draw):
    """All gates, readout and an initial state: some such programs of XLA have crashed."""
    circuit, _ = random_circuit(1, qubits, 14)
    assert {op.gate.num_wires for op in circuit.ops} == {1, 2}
    shiftable = Circuit(qubits, tuple(op for op in circuit.ops if op.gate.shiftable or op.fixed))
    circuit = hardware_efficient(qubits, 1).then(shiftable).unnamed()
    state = jnp.asarray(random_state(2, qubits).reshape((2,) * qubits), jnp.complex64)
    weights = jnp.linspace(-1, 1, 2**qubits)

    def loss(row, key):
        how = {"exact": {}, "shots": {"shots": 64, "key": key}}
        how["trajectories"] = {"trajectories": 5, "key": key}
        return weights @ outcome_probabilities(circuit, row, noise=DAMPED, state=state, **how[draw])

    rows = jnp.asarray(np.random.default_rng(0).normal(size=(2, 16, circuit.num_angles)))
    keys = jax.random.split(jax.random.key(0), (2, 16))
    slopes = jax.vmap(jax.grad(loss))
    nested = jax.jit(jax.vmap(slopes))(rows, keys)
    flat = jax.jit(slopes)(rows.reshape(32, -1), keys.reshape(32))
    np.testing.assert_allclose(nested.reshape(32, -1), flat, atol=1e-5)


@pytest.mark.parametrize("wires", [(0,), (2, 0), (1, 2)])
def test_some_wires_are_read(wires):
    circuit, angles = hardware_efficient(3, 1), jnp.linspace(-1, 1, 6)
    pairs = NoiseModel(NOISE.after, ((0.1, 0.2), (0.0, 0.3), (0.25, 0.05)))
    whole = noisy(circuit, angles, pairs).reshape(2, 2, 2).transpose()
    other = tuple(set(range(3)) - set(wires))
    order = np.argsort(np.argsort(wires))
    kept = whole.sum(other).transpose(np.argsort(order))
    got = outcome_probabilities(circuit, angles, noise=pairs, wires=wires)
    np.testing.assert_allclose(got, kept.transpose().reshape(-1), atol=1e-6)


BAD = {
    "below 0": (lambda: Depolarising(-1e-9), "`probability` must lie between 0 and 1"),
    "above 1": (lambda: AmplitudeDamping(1 + 1e-9), "`gamma` must lie between 0 and 1"),
    "NaN": (lambda: PhaseDamping(float("nan")), "`gamma`"),
    "text": (lambda: Depolarising("0.1"), "`probability`"),
    "sum": (lambda: Pauli(0.5, 0.4, 0.2), "sum to at most 1, but a sum of 1.1"),
    "T2": (lambda: ThermalRelaxation(10.0, 21.0, 1.0), "`t2` must be at most 2 t1 = 20"),
    "T1": (lambda: ThermalRelaxation(0.0, 1.0, 1.0), "`t1` must be above 0"),
    "time": (lambda: ThermalRelaxation(1.0, 1.0, -1.0), "`time` must be 0 or more"),
    "gate": (lambda: After(Depolarising(0.1), ("CNOT",)), "`gates` .*CNOT"),
    "wires of gate": (lambda: After(Depolarising(0.1), ("CX",), 1), "`gates` .*CX"),
    "no channel": (lambda: After(0.1), "`channel`"),
    "no rule": (lambda: NoiseModel((Depolarising(0.1),)), "`after`"),
    "readout": (lambda: NoiseModel(readout=((0.1, 1.1),)), "`readout`"),
    "confusion": (lambda: readout_of([[[0.9, 0.2], [0.1, 0.9]]]), "rows that sum to 1"),
    "qubits": (
        lambda: outcome_probabilities(
            h_ry(3), jnp.zeros(3), noise=NoiseModel(readout=((0.1, 0.1), (0.1, 0.1)))
        ),
        "each of the circuit's 3 qubits",
    ),
    "large": (
        lambda: outcome_probabilities(h_ry(12), jnp.zeros(12), noise=NOISE),
        "at most 8 qubits .* 64.0 MiB",
    ),
    "trajectories": (
        lambda: outcome_probabilities(
            h_ry(3), jnp.zeros(3), noise=NOISE, trajectories=0, key=jax.random.key(0)
        ),
        "`trajectories` must be an integer from 1",
    ),
    "trajectories without a key": (
        lambda: outcome_probabilities(h_ry(3), jnp.zeros(3), noise=NOISE, trajectories=5),
        "`key`",
    ),
    "trajectories without noise": (
        lambda: outcome_probabilities(h_ry(3), jnp.zeros(3), trajectories=5, key=jax.random.key(0)),
        "`trajectories` must be left out where there is no noise",
    ),
    "trajectories by autodiff": (
        lambda: outcome_probabilities(
            h_ry(3), jnp.zeros(3), noise=NOISE, trajectories=5, key=jax.random.key(0), rule=None
        ),
        "`rule` must be a ShiftRule where trajectories are drawn",
    ),
    "no model": (
        lambda: outcome_probabilities(h_ry(3), jnp.zeros(3), noise=0.1),
        "`noise` .*NoiseModel",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    call, message = BAD[name]
    with pytest.raises(InputError, match=message):
        call()


def test_edges_of_the_range_are_allowed():
    for p in (0, 1, 0.0, 1.0, np.float32(1), jnp.float32(0)):
        Depolarising(p), AmplitudeDamping(p), Pauli(p, 0, 0)
    assert readout_of([np.eye(2), np.eye(2)[::-1]]) == ((0.0, 0.0), (1.0, 1.0))


def test_a_model_is_a_key():
    one, two = (NoiseModel((After(Depolarising(0.1)),), ((0.1, 0.2),)) for _ in range(2))
    assert hash(one) == hash(two) and one == two and one != NOISE


def test_eight_qubits_are_simulated():
    circuit = hardware_efficient(8, 1)
    angles = jnp.linspace(-1, 1, 16)
    noise = NoiseModel((After(Depolarising(0.02)),))
    got = outcome_probabilities(circuit, angles, noise=noise)
    assert abs(float(got.sum()) - 1) < 1e-5
    # Two qubits that a chain of gates never joins to others read as they do alone.
    apart = Circuit(8, (*(Op("RY", (k,)) for k in range(8)), Op("CX", (0, 1))))
    pair = Circuit(2, (Op("RY", (0,)), Op("RY", (1,)), Op("CX", (0, 1))))
    whole = outcome_probabilities(apart, jnp.linspace(-1, 1, 8), noise=noise, wires=(0, 1))
    alone = noisy(pair, np.linspace(-1, 1, 8)[:2], noise)
    np.testing.assert_allclose(whole, alone, atol=1e-6)


def test_the_table_of_sizes_is_the_density_matrixs():
    with pytest.raises(InputError, match="trajectories"):
        density.check_size(h_ry(density.MOST_QUBITS + 1))
