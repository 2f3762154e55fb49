"""The map: from right answers made up here to slopes, contrasts, the line and its picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jqkd.experiments.analysis import records
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.catalogue import map as catalogue
from jqkd.experiments.planner import plan
from jqkd.report.document import write_report
from jqkd.report.probes import draw_probes
from jqkd.report.summary import summarise
from jqkd.report.turning import draw_turning, turned, turning_sentences
from tests.experiments.pretended import fill, images_of

MAP = EXPERIMENTS.build("map").experiment()
# Of 1500 test images: a student alone gets 50 % and 5 points a doubling of L and each qubit beyond
# 4, and gains 0.1 points a point beyond 70 %, which a placebo does not.
LAYERS = dict(zip(catalogue.LAYERS, range(5), strict=True))


def alone(config) -> float:
    layers = int(config.ansatz.partition("layers=")[2].partition(",")[0] or 8)
    return 50 + 5 * LAYERS[layers] + 5 * (config.qubits - 4)


def right(job, seed):
    """Seeds differ by a point, alone and taught alike."""
    share = alone(job.student) + seed
    if job.teacher is not None and job.student.placebo == "none":
        share += 0.1 * (alone(job.student) - 70)
    return round(share * images_of(job) / 100)


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    store = fill(tmp_path_factory.mktemp("map") / "store", "map", 3, right)
    return summarise(MAP, records(MAP, store))


def test_contrasts_are_those_of_the_closed_form(summary):
    values = {one.label: gains["final"].mean for one, gains in summary.contrasts}
    assert len(values) == len(MAP.contrasts) == 17
    assert values["gain per doubling of L, n = 8"] == pytest.approx(0.5, abs=0.03)
    assert values["gain per doubling of L, n = 6"] == pytest.approx(0.5, abs=0.03)
    assert values["gain per qubit, L = 8"] == pytest.approx(0.5, abs=0.03)
    assert values["gain per doubling of images a class"] == pytest.approx(0)
    centre = 0.1 * (alone(MAP.arms[0].student) - 70)
    assert values["gain minus that of placebo constant"] == pytest.approx(centre, abs=0.04)
    assert values["gain of 320 epochs minus that of 40"] == pytest.approx(0)
    assert {one.family for one, _ in summary.contrasts} == {"answers"}
    assert all(gains["final"].p_holm is not None for _, gains in summary.contrasts)


def test_the_line_is_that_of_the_gains(summary):
    line = turned(summary).turning
    # Seed 1 is the mean: alone is a point more than the formula says.
    # Whole images: gains of half a point on 130 of them are off by up to 0.4.
    assert line.slope == pytest.approx(0.1, abs=0.003) and line.zero == pytest.approx(71, abs=0.15)
    (text,) = turning_sentences(summary)
    twins = ("linear-map", "squared-map", "mlp")
    circuits = [one.arm.arm.name for one in turned(summary).circuits]
    assert len(turned(summary).gains) == 32 and "29 kinds of students with a circuit" in text
    assert len(circuits) == 29 and not any(
        f"-{twin}-taught" in n for n in circuits for twin in twins
    )
    assert "3 seeds" in text
    assert (
        f"the line is 0 at {line.zero:.1f} %" in text and f"{10 * line.slope:+.2f} points" in text
    )


def test_the_picture_has_a_dot_for_each_gain(summary, tmp_path):
    pytest.importorskip("matplotlib").use("agg")
    figure, caption = draw_turning(summary)
    (axes,) = figure.axes
    dots = [line for line in axes.lines if len(line.get_xdata()) == 1]
    gains = turned(summary).gains
    drawn = [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots]
    expected = [(np.mean(one.baseline.values), one.main.mean) for one in gains]
    np.testing.assert_allclose(drawn, expected)
    hollow = [dot.get_markerfacecolor() == "white" for dot in dots]
    assert hollow == [one not in turned(summary).circuits for one in gains] and sum(hollow) == 3
    labels = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"LeNet, 1 epoch", "LeNet, 10 epochs", "MNIST 0-9", "digits 0-9"} <= labels
    assert "least-squares" in caption
    write_report(summary, tmp_path, [])
    assert turning_sentences(summary)[0] in (tmp_path / "report.md").read_text()


def test_an_experiment_that_does_not_ask_has_no_such_picture(summary):
    demo = EXPERIMENTS.build("demo").experiment()
    assert draw_turning(summarise(demo, {})) is None and not turning_sentences(summarise(demo, {}))


def test_all_are_trained_alike():
    """As many steps; circuits of weights alone; settings out of the file."""
    students = {arm.name: arm.student for arm in MAP.arms}
    steps = {
        one.epochs * -(-one.num_images // one.batch_size)
        for name, one in students.items()
        if "320e" not in name
    }
    assert max(steps) < 1.03 * min(steps)
    for arm in MAP.arms:
        assert not arm.student.spec.features.is_trained
    taught = [c for c in MAP.comparisons if c.family == "taught"]
    for pair in taught:
        one, other = MAP.arm(pair.arm).student, MAP.arm(pair.baseline).student
        assert one.spec == other.spec and one.epochs == other.epochs
    assert {len(arms) for arms in catalogue.Map().trials().values()} == {6}


def test_a_file_of_settings_is_read(monkeypatch, tmp_path):
    file = tmp_path / "map.json"
    name = f"{catalogue.CENTRE.name}-taught"
    file.write_text(f'{{"settings": {{"{name}": {{"weight": 3.5}}}}}}')
    monkeypatch.setattr(catalogue, "SETTINGS", file)
    catalogue._settings.cache_clear()
    made = catalogue.Map().experiment()
    catalogue._settings.cache_clear()
    weights = {arm.name: arm.student.weight for arm in made.arms}
    longer = f"{catalogue.LONGER.name}-taught"
    placebo = f"{catalogue.CENTRE.name}-shuffled"
    assert weights[name] == weights[longer] == weights[placebo] == 3.5


def test_shots_are_those_of_all_circuits():
    sampled = EXPERIMENTS.build("map:shots=5000").experiment()
    shots = {arm.student.shots for arm in sampled.arms if arm.student.stand_in is None}
    assert shots == {5000}
    assert sampled.name != MAP.name and len(plan(sampled, 1)) == len(plan(MAP, 1))


def test_the_picture_of_gradients_is_that_of_the_probes(summary):
    """Filled before training, open after it, at the number of angles; of the whole loss."""
    pytest.importorskip("matplotlib").use("agg")
    assert draw_probes(summary) is None
    name = f"{catalogue.CENTRE.name}-alone"
    looks = {
        key: place + np.arange(18.0).reshape(3, 2, 3)
        for place, key in enumerate(("over_angles", "over_images", "signal_to_noise"), 1)
    }
    known = {one: line.record for one, line in summary.lines.items()}
    known[name] = replace(known[name], probe=looks)
    probed = summarise(MAP, known)
    assert probed.digest() != summary.digest()
    figure, caption = draw_probes(probed)
    assert len(figure.axes) == 3 and "5000 shots" in caption
    for place, axes in enumerate(figure.axes, 1):
        dots = [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in axes.lines]
        # Means over three seeds of the third term: 6 a seed, 3 a look.
        assert dots == [(192, place + 8), (192, place + 11)]
        assert axes.lines[1].get_markerfacecolor() == "white"
    (label,) = figure.legends[0].get_texts()
    assert label.get_text() == "8 qubits, alone"
