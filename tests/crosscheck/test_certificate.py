"""The certificate passes a right student, refuses a wrong one, and counts what it says."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from jqkd._checks import InputError
from jqkd.crosscheck import TrainedCircuit, certify, compare, noise_picture, noise_table
from jqkd.crosscheck import certificate as module
from jqkd.crosscheck.agreement import _extreme_p, _largest, _same_p, chance_to_agree
from jqkd.crosscheck.noise import sweep
from jqkd.crosscheck.report import agreement_table
from jqkd.quantum import Circuit, Op, h_ry
from tests.crosscheck.controls import bit_order_reversed, under_dispersed

N = 200


def logits(frequencies: np.ndarray) -> np.ndarray:
    return frequencies[:, :6]


@pytest.fixture(scope="module")
def student() -> TrainedCircuit:
    """Six classes; angles of every size, so that shots decide some images."""
    generator = np.random.default_rng(0)
    labels = np.arange(N) % 6
    signs = 2.0 * ((labels[:, None] >> np.arange(3)) & 1) - 1
    angles = (signs * generator.uniform(-0.1, 1.2, (N, 3))).astype(np.float32)
    return TrainedCircuit("alone", h_ry(3), angles, labels, logits, 1000, {"weights": "abc"})


@pytest.fixture(scope="module")
def certificate(student, tmp_path_factory):
    directory = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "sweep", _short_sweep)
        return certify(student, seed=3, directory=directory), directory


def _short_sweep(student, **options):
    """Every machine, fewer images and shots: what it measures is tested with the noise."""
    few = {"angles": student.angles[:12], "labels": student.labels[:12], "shots": 50}
    return sweep(replace(student, **few), **options)


def test_certificate_agrees_and_is_plain(certificate, student):
    made, directory = certificate
    read = json.loads((directory / "certificate.json").read_text())
    assert made["agrees"] and read["agrees"] and read["schema"] == 1
    assert read["agreement"]["images"] == N and len(read["noise"]) == 17
    assert Circuit.from_qasm(read["circuit"]) == student.circuit.as_data()
    assert read["digests"]["weights"] == "abc" and len(read["digests"]["circuit"]) == 64
    assert {"seed", "alpha", "shots", "versions"} <= set(read)
    assert read["round_trip"]["worst"] < 1e-12
    assert len(read["agreement"]["findings"]) == 9


def test_accuracies_and_expected_agreement(certificate, student):
    a = certificate[0]["agreement"]
    assert 0 < a["same_error"] < 6
    assert abs(a["same_prediction"] - a["same_expected"]) < 5 * a["same_error"]
    assert N * (a["accuracy_here"] - a["accuracy_there"]) == pytest.approx(
        a["only_here"] - a["only_there"]
    )
    assert 2 < a["largest_deviation"] < 6


def test_tables_and_picture(certificate, tmp_path):
    made, _ = certificate
    other = made | {"student": "distilled"}
    assert agreement_table(made).row_count == 18
    assert noise_table([made, other]).row_count == 17
    assert noise_picture([made, other], tmp_path / "n.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (bit_order_reversed, "McNemar"),
        (bit_order_reversed, "same predictions"),
        (under_dispersed, "shots here"),
    ],
)
def test_wrong_simulators_are_told_apart(student, make, words):
    result = compare(student, seed=3, simulator=make())
    assert not result.agrees
    assert any(words in f.name for f in result.findings if not f.agrees)


def test_chance_to_agree_of_a_coin():
    """Two outcomes of probability p in one shot: two runs agree with p**2 + (1 - p)**2."""
    exact = np.array([[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]])
    coin = TrainedCircuit("", Circuit(1, (Op("RY", (0,)),)), None, None, np.asarray, 1, {})
    many = [chance_to_agree(exact, coin, np.random.default_rng(s)) for s in range(50)]
    np.testing.assert_allclose(np.mean(many, 0), [0.5, 0.82, 1.0], atol=0.02)


def test_number_of_agreements_is_a_sum_of_unequal_coins():
    chances = np.full(20, 0.8)
    for same in (20, 16, 12):
        tails = stats.binom.cdf(same, 20, 0.8), stats.binom.sf(same - 1, 20, 0.8)
        assert _same_p(chances, same) == pytest.approx(min(1, 2 * min(tails)))
    assert _same_p(np.ones(5), 4) == 0


def test_extreme_counts():
    """4 standard errors, and an outcome that cannot be."""
    exact = np.array([[0.5, 0.5, 0.0]])
    assert _largest(np.array([[5200, 4800, 0]]), exact) == pytest.approx(4.0)
    tail = stats.binom.sf(5199, 10_000, 0.5)
    assert _extreme_p(np.array([[5200, 4800, 0]]), exact) == pytest.approx(6 * tail)
    assert _extreme_p(np.array([[5000, 4999, 1]]), exact) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"angles": np.zeros((N, 2))}, "angles"),
        ({"labels": np.zeros(3, int)}, "labels"),
        ({"shots": 0}, "shots"),
    ],
)
def test_bad_students_are_one_sentence(student, change, words):
    with pytest.raises(InputError, match=f"Argument `{words}` must"):
        certify(replace(student, **change), seed=0)
