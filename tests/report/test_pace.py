"""Shots to an accuracy: from right answers made up here to sentence, table and chart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.experiments.analysis import records
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.model import Pace
from jqkd.report.document import write_report
from jqkd.report.pacing import draw_pace, pace_sentences, pace_sheets
from jqkd.report.summary import summarise
from jqkd.statistics import ratio_of
from tests.experiments.pretended import content_of, fill

SOURCE = "shots:datasets=digits,classes=0-1,qubits=2"
SEEDS, ALONE, TAUGHT = 4, 60, 75
# Of 2 x 72 train images, on 2 qubits: 5 circuits an image.
AN_EPOCH = 5 * 5000


def right(job, seed):
    return (ALONE if job.teacher is None else TAUGHT) + seed


def looks_to(final, share):
    """Epochs until a curve from a half to all of ``final``, in 40 looks, is at the goal."""
    curve = np.round(final * np.linspace(0.5, 1, 40))
    goal = share * np.mean([ALONE + seed for seed in range(SEEDS)])
    return 1 + int(np.argmax(curve >= goal - 1e-9)) if curve.max() >= goal else np.inf


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("pace") / "store", SOURCE, SEEDS, right)


@pytest.fixture(scope="module")
def summary(store):
    experiment = EXPERIMENTS.build(SOURCE).experiment()
    return summarise(experiment, records(experiment, store))


def test_shots_are_those_up_to_the_first_look_at_the_goal(summary):
    images = summary.lines["digits-5000-alone"].config.num_images
    for one in summary.paced[:2]:
        assert one.pace.label == "taught, 5000 to each circuit"
        expected = [
            [looks_to(start + seed, one.share) for seed in range(SEEDS)]
            for start in (TAUGHT, ALONE)
        ]
        np.testing.assert_array_equal(one.shots, np.array(expected) * images * AN_EPOCH)
        both = np.isfinite(one.shots).all(0)
        ratios = one.shots[0, both] / one.shots[1, both]
        assert one.ratio.count == both.sum()
        assert one.ratio.mean == pytest.approx(np.exp(np.log(ratios).mean()))
    # Seeds below the mean never are at 99 % of it.
    assert summary.paced[1].ratio.count < SEEDS == summary.paced[0].ratio.count


def test_fewer_shots_a_circuit_are_fewer_shots(summary):
    (one,) = [p for p in summary.paced if "500 to each circuit, against" in p.pace.label][:1]
    np.testing.assert_allclose(one.shots[0] / one.shots[1], 0.1)
    assert one.ratio.mean == pytest.approx(0.1)


def test_counted_shots_go_before(store, summary):
    experiment = EXPERIMENTS.build(SOURCE).experiment()
    arm = experiment.arm("digits-gcans-alone")
    known = records(experiment, store)
    assert known[arm.name].shots[0, 0] == arm.student.num_images * AN_EPOCH
    from jqkd.experiments.planner import jobs_of

    for seed in range(SEEDS):
        (job,) = jobs_of(arm, [seed])
        shots = 7 * np.arange(1, 41)
        store.write(job.name, content_of(job, right(job, seed)) | {"shots": shots})
    assert records(experiment, store)[arm.name].shots[2].tolist() == (7 * np.arange(1, 41)).tolist()


def test_sentences_and_table_say_the_ratio(summary):
    sentence = pace_sentences(summary)[0]
    assert sentence.startswith("digits 0-1, taught, 5000 to each circuit, times the shots: to 95% ")
    (sheet,) = pace_sheets(summary)
    assert len(sheet.cells) == len(summary.paced) == 2 * 13
    assert sheet.cells[0][-1] in sentence and f"of {SEEDS} seeds" in sheet.cells[1][-1]


def test_the_chart_has_a_panel_for_each_goal(summary):
    figure, caption = draw_pace(summary)
    titled = [place.get_title() for place in figure.axes if place.get_title()]
    assert len(titled) == len(set(titled)) == 7 and "shots" in caption
    assert draw_pace(replace(summary, paced=())) is None


def test_the_report_holds_them(summary, tmp_path):
    write_report(summary, tmp_path, [])
    text = (tmp_path / "report.md").read_text()
    assert "## Shots to an accuracy" in text and "times the shots" in text


def test_ratios_are_closed_forms():
    assert ratio_of([np.inf, np.inf], [1.0, 2.0]) is None
    ratio = ratio_of([2.0, 8.0, np.inf, 4.0], [1.0, 2.0, 3.0, 2.0])
    assert ratio.count == 3 and ratio.mean == pytest.approx((2 * 4 * 2) ** (1 / 3))
    low, high = ratio.interval
    assert 2 <= low < ratio.mean < high <= 4


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"shares": (0.0,)}, "`shares`"), ({"shares": (1.5,)}, "`shares`"), ({"arm": 1}, "`arm`")],
)
def test_bad_paces_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        replace(Pace("a", "b", "c", "d"), **fields)


def test_a_pace_of_an_arm_that_is_not_there_is_refused():
    experiment = EXPERIMENTS.build(SOURCE).experiment()
    with pytest.raises(InputError, match="`goal` must be one of"):
        replace(experiment, paces=(replace(experiment.paces[0], goal="nobody"),))
