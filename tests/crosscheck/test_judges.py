"""Certificates and battery, each fed a fault that it must see: clean passes, the fault does not."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd.crosscheck import (
    Recorded,
    Simulator,
    TrainedCircuit,
    agreement,
    certify,
    compare,
    noise,
    shots,
)
from jqkd.crosscheck import certificate as module
from jqkd.crosscheck import findings as judging
from jqkd.crosscheck.exact import make_cases
from jqkd.crosscheck.findings import judge, p_value
from jqkd.crosscheck.noise import probe
from jqkd.crosscheck.report import agreement_table
from jqkd.crosscheck.simulator import DEFAULT
from jqkd.quantum import Circuit, Op, h_ry, ry_layer, sample_counts
from tests.crosscheck.controls import one_key_for_shots

pytestmark = pytest.mark.quick

N, S = 60, 400
CIRCUIT = h_ry(2)
REVERSED = [0, 2, 1, 3]


def logits(frequencies: np.ndarray) -> np.ndarray:
    return 10 * np.asarray(frequencies)


def probabilities(angles: np.ndarray) -> np.ndarray:
    """Of ``h_ry(2)``: products of (1 ± sin t) / 2, qubit 0 the lowest bit."""
    low, high = (np.stack([1 - np.sin(t), 1 + np.sin(t)], -1) / 2 for t in angles.T)
    return (high[:, :, None] * low[:, None, :]).reshape(len(angles), 4)


def recorded(p: np.ndarray, labels: np.ndarray, keys: jax.Array | None) -> Recorded:
    """Loss and accuracy by hand, from exact probabilities or from shots of these keys."""
    values = p
    if keys is not None:
        drawn = jax.vmap(sample_counts, (0, 0, None))(keys, jnp.asarray(p, jnp.float32), S)
        values = np.asarray(drawn, float) / S
    z = 10 * values
    loss = (np.log(np.exp(z).sum(-1)) - z[np.arange(N), labels]).mean()
    return Recorded(float(loss), float((z.argmax(-1) == labels).mean()), keys)


def student_of(seed: int, sampled: bool) -> TrainedCircuit:
    generator = np.random.default_rng(seed)
    labels = np.arange(N) % 4
    signs = 2.0 * ((labels[:, None] >> np.arange(2)) & 1) - 1
    angles = (signs * generator.uniform(-0.1, 1.2, (N, 2))).astype(np.float32)
    keys = jax.random.split(jax.random.key(100 + seed), N) if sampled else None
    by_hand = recorded(probabilities(angles.astype(float)), labels, keys)
    return TrainedCircuit(f"seed {seed}", CIRCUIT, angles, labels, logits, S, {}, by_hand)


STUDENTS = {(seed, sampled): student_of(seed, sampled) for seed in (0, 1) for sampled in (0, 1)}
ONE, OTHER = STUDENTS[0, 1], STUDENTS[1, 1]


@pytest.fixture(autouse=True)
def fewer_pretended_runs(monkeypatch):
    monkeypatch.setattr(agreement, "_RUNS", 50)


def disagreeing(result) -> list[str]:
    return [finding.name for finding in result.findings if not finding.agrees]


@pytest.mark.parametrize("student", STUDENTS.values(), ids=str(list(STUDENTS)).split("), ("))
def test_right_students_pass(student):
    """Alarms of right students: 1 in 1000 each, and the seeds are fixed."""
    result = compare(student, seed=3)
    assert result.agrees, disagreeing(result)
    names = [finding.name for finding in result.findings]
    assert names[:3] == [
        "test loss as recorded",
        "test accuracy as recorded",
        "as many shots as stated",
    ]
    assert "shots here against shots there: total" in names


# What a machine may do wrong: (counts (N, K), circuit, angles, options) -> counts.
def another_circuit(sample, circuit, angles, **options):
    return sample(ry_layer(2), angles, **options)


def wrong_angles(sample, circuit, angles, **options):
    return sample(circuit, angles + 0.1, **options)


def last_angles_negated(sample, circuit, angles, **options):
    return sample(circuit, angles * [1, -1], **options)


def rows_exchanged(sample, circuit, angles, **options):
    return sample(circuit, angles[::-1], **options)


def bits_reversed(sample, circuit, angles, **options):
    return sample(circuit, angles, **options)[:, REVERSED]


def one_shot_less(sample, circuit, angles, **options):
    return sample(circuit, angles, **options | {"shots": options["shots"] - 1})


def half_the_shots(sample, circuit, angles, **options):
    return sample(circuit, angles, **options | {"shots": options["shots"] // 2})


def expected_counts(sample, circuit, angles, **options):
    """Nothing is drawn: largest remainders make whole counts of the exact ones."""
    exact = probabilities(np.asarray(angles, float)) * S
    whole = np.floor(exact)
    missing = (S - whole.sum(-1)).astype(int)
    for row, order in enumerate(np.argsort(whole - exact, axis=-1)):
        whole[row, order[: missing[row]]] += 1
    return whole


def the_simulators_own(sample, circuit, angles, **options):
    """The comparison of a thing with itself."""
    keys = jax.random.split(jax.random.key(options["seed"]), N)
    return np.asarray(DEFAULT.counts(circuit, angles, keys, S), float)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (another_circuit, "largest deviation of a probability"),
        (wrong_angles, "shots there against exact probabilities"),
        (last_angles_negated, "shots there against exact probabilities"),
        (rows_exchanged, "shots here against shots there"),
        (bits_reversed, "shots there against exact probabilities"),
        (one_shot_less, "as many shots as stated"),
        (half_the_shots, "as many shots as stated"),
        (expected_counts, "shots there against exact probabilities: uniform"),
        (the_simulators_own, "shots here against shots there: total"),
    ],
)
def test_a_machine_that_does_something_else_is_seen(fault, words, monkeypatch):
    sample = agreement.sample
    monkeypatch.setattr(
        agreement, "sample", lambda *rest, **options: fault(sample, *rest, **options)
    )
    result = compare(ONE, seed=3)
    assert not result.agrees
    assert any(words in name for name in disagreeing(result)), disagreeing(result)


def test_one_key_for_all_images_is_seen():
    """The same uniform numbers for every image: each by itself is right, all are too much alike."""
    result = compare(replace(ONE, recorded=None), seed=3, simulator=one_key_for_shots())
    smallest, alike = (f for f in result.findings if f.name.startswith("shots here against exact"))
    assert smallest.agrees and not alike.agrees and not result.agrees


def lost_shots(simulator: Simulator) -> Simulator:
    def lose(counts):
        return counts.at[np.arange(len(counts)), counts.argmax(-1)].add(-1)

    return replace(simulator, counts=lambda *rest: lose(simulator.counts(*rest)))


def test_a_simulator_that_loses_a_shot_is_seen():
    result = compare(replace(ONE, recorded=None), seed=3, simulator=lost_shots(DEFAULT))
    assert "as many shots as stated" in disagreeing(result)


def one_weight_perturbed(student: TrainedCircuit) -> TrainedCircuit:
    """A bias of the last layer, so that one angle of every image moves."""
    return replace(student, angles=student.angles + np.float32([0.01, 0]))


def another_students_record(student: TrainedCircuit) -> TrainedCircuit:
    return replace(student, recorded=STUDENTS[1, student.recorded.keys is not None].recorded)


def another_students_angles(student: TrainedCircuit) -> TrainedCircuit:
    return replace(student, angles=OTHER.angles)


def classes_shifted(student: TrainedCircuit) -> TrainedCircuit:
    shifted = lambda f: np.roll(logits(f), 1, -1)  # noqa: E731
    return replace(student, logits=shifted)


def images_in_another_order(student: TrainedCircuit) -> TrainedCircuit:
    return replace(student, angles=student.angles[::-1], labels=student.labels[::-1])


def one_digit_of_the_loss(student: TrainedCircuit) -> TrainedCircuit:
    return replace(student, recorded=replace(student.recorded, loss=student.recorded.loss + 1e-3))


def two_images_more(student: TrainedCircuit) -> TrainedCircuit:
    more = replace(student.recorded, accuracy=student.recorded.accuracy + 2 / N)
    return replace(student, recorded=more)


def no_number(student: TrainedCircuit) -> TrainedCircuit:
    return replace(student, recorded=replace(student.recorded, loss=float("nan")))


@pytest.mark.parametrize("sampled", [0, 1], ids=["exact", "sampled"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (one_weight_perturbed, "test loss"),
        (another_students_record, "test loss"),
        (another_students_angles, "test loss"),
        (classes_shifted, "test accuracy"),
        (one_digit_of_the_loss, "test loss"),
        (two_images_more, "test accuracy"),
        (no_number, "test loss"),
    ],
)
def test_a_student_that_is_not_the_recorded_one_is_seen(fault, words, sampled):
    """Here and on Aer alike: only what the run wrote down can tell."""
    right = STUDENTS[0, sampled]
    exact = probabilities(np.asarray(right.angles, float))
    assert all(f.agrees for f in agreement.as_recorded(right, DEFAULT, exact))
    wrong = fault(right)
    exact = probabilities(np.asarray(wrong.angles, float))
    result = agreement.as_recorded(wrong, DEFAULT, exact)
    assert [f.name for f in result if not f.agrees and words in f.name]


def test_keys_of_another_seed_or_order_are_seen():
    for wrong in (
        replace(ONE, recorded=replace(ONE.recorded, keys=OTHER.recorded.keys)),
        images_in_another_order(ONE),
    ):
        result = agreement.as_recorded(wrong, DEFAULT, probabilities(wrong.angles.astype(float)))
        assert not result[0].agrees


# The round trip: complex states, so that a fault of phases alone can be seen.
PHASES = Circuit(2, (Op("RX", (0,)), Op("RY", (1,)), Op("CX", (0, 1)), Op("RZ", (1,))))


@pytest.fixture(scope="module")
def phased() -> TrainedCircuit:
    angles = np.random.default_rng(5).uniform(0.3, 1.2, (12, PHASES.num_angles)).astype(np.float32)
    return TrainedCircuit("phased", PHASES, angles, np.zeros(12, int), logits, S, {})


def _other_run(change):
    def fault(patch):
        run = module.run
        patch.setattr(module, "run", lambda *rest: change(run(*rest)))

    return fault


def _other_reading(change):
    def fault(patch):
        read = module.from_qasm
        patch.setattr(module, "from_qasm", lambda text: change(read(text)))

    return fault


def _without_last(circuit: Circuit) -> Circuit:
    return Circuit(circuit.num_qubits, circuit.ops[:-1])


def _other_angle(circuit: Circuit) -> Circuit:
    first = replace(circuit.ops[0], fixed=(circuit.ops[0].fixed[0] + 1e-6,))
    return Circuit(circuit.num_qubits, (first, *circuit.ops[1:]))


@pytest.mark.parametrize(
    "fault",
    [
        _other_run(lambda state: state.conj()),
        _other_run(lambda state: state.at[0, 0].multiply(-1)),
        _other_run(lambda state: state.real + 0j),
        _other_run(lambda state: state.T),
        _other_reading(_without_last),
        _other_reading(_other_angle),
    ],
    ids=["conjugated", "one sign", "real parts", "bit order", "gate lost", "sixth digit"],
)
def test_a_failed_round_trip_is_seen(phased, fault, monkeypatch):
    assert module.round_trip(phased).agrees
    fault(monkeypatch)
    result = module.round_trip(phased)
    assert not result.agrees
    # A global phase aside, conjugation and signs leave every probability as it was.
    made = certify(phased, seed=0, noise=False)
    assert not made["agrees"] and made["agreement"]["findings"]
    assert agreement_table(made).caption == "DISAGREEMENT"


# Noise.


def _ideal(patch):
    sample = noise.sample
    patch.setattr(noise, "sample", lambda *rest, machine, **options: sample(*rest, **options))


def _weaker(patch):
    model = noise.noise_model
    patch.setattr(noise, "noise_model", lambda channel, strength: model(channel, strength / 2))


def _only_one_way(patch):
    """A 0 is read as 1, a 1 never as 0."""
    from qiskit_aer import noise as aer_noise

    error = aer_noise.ReadoutError
    patch.setattr(aer_noise, "ReadoutError", lambda flip: error([flip[0], [0, 1]]))


def _not_the_other_way(patch):
    from qiskit_aer import noise as aer_noise

    error = aer_noise.ReadoutError
    patch.setattr(aer_noise, "ReadoutError", lambda flip: error([[1, 0], flip[1]]))


def _another_channel(patch):
    model, names = noise.noise_model, noise.CHANNELS
    other = dict(zip(names, names[1:] + names[:1], strict=True))
    patch.setattr(noise, "noise_model", lambda channel, strength: model(other[channel], strength))


@pytest.fixture(scope="module")
def clean_probe():
    return judge([probe(3)], 1e-3)[0]


@pytest.mark.parametrize(
    "fault", [_ideal, _weaker, _another_channel, _only_one_way, _not_the_other_way]
)
def test_noise_that_is_not_the_stated_one_is_seen(clean_probe, fault, monkeypatch):
    assert clean_probe.agrees and clean_probe.compared == 48
    fault(monkeypatch)
    (result,) = judge([probe(3)], 1e-3)
    assert not result.agrees and result.where


def test_a_certificate_says_that_noise_was_not_applied(phased, monkeypatch):
    _ideal(monkeypatch)
    few = replace(phased, angles=phased.angles[:2], labels=phased.labels[:2], shots=20)
    made = certify(few, seed=3)
    assert made["round_trip"]["agrees"] and all(f["agrees"] for f in made["agreement"]["findings"])
    assert not made["noise_probe"]["agrees"] and not made["agrees"]
    assert agreement_table(made).caption == "DISAGREEMENT"


# The battery and its judging.


def test_fewer_shots_on_aer_are_seen_by_the_battery(monkeypatch):
    cases = make_cases(np.random.default_rng(0), {"two": CIRCUIT}, 4)
    draws = shots.take(DEFAULT, cases, 1, S)
    assert shots.bookkeeping(draws, S).agrees
    sample = shots.sample
    less = lambda *rest, **options: sample(*rest, **options | {"shots": S - 1})  # noqa: E731
    monkeypatch.setattr(shots, "sample", less)
    result = shots.bookkeeping(shots.take(DEFAULT, cases, 1, S), S)
    assert not result.agrees and "Aer" in result.where


def test_judging_without_holms_correction_is_seen(monkeypatch):
    """Twenty p-values of 0.004 at alpha 0.01: one alone would be an alarm, of twenty it is none."""
    values = [p_value(str(i), 0.004, 1) for i in range(20)]
    assert all(f.agrees for f in judge(values, 0.01))
    monkeypatch.setattr(judging, "holm", np.asarray)
    assert not any(f.agrees for f in judge(values, 0.01))


def test_counts_that_do_not_repeat_are_seen():
    """The same keys twice: a simulator that keeps a state of its own draws anew."""
    cases = make_cases(np.random.default_rng(0), {"h_ry": CIRCUIT}, 2)
    calls = iter(range(10))

    def anew(circuit, angles, keys, number):
        again = jax.vmap(lambda key, call: jax.random.fold_in(key, call), (0, None))
        return DEFAULT.counts(circuit, angles, again(keys, next(calls)), number)

    for simulator, expected in ((DEFAULT, True), (replace(DEFAULT, counts=anew), False)):
        (result,) = judge([shots.bookkeeping(shots.take(simulator, cases, 3, S), S)], 1e-3)
        assert result.agrees is expected
