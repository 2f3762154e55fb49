"""What a teacher is worth: from right answers made up here to sentence, table and chart."""

from __future__ import annotations

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.experiments.analysis import records
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.model import Curve
from jqkd.report.curves import draw_worth, worth_sentences, worth_sheets
from jqkd.report.document import write_report
from jqkd.report.summary import summarise
from tests.experiments.pretended import fill

SOURCE = "images:datasets=digits,classes=0-1,qubits=2,per_class=10+20+40+80"
# Of 100 test images: 5 a doubling; what the teacher adds is half a doubling, 2.5, or more at 80.
ALONE = {10: 60, 20: 65, 40: 70, 80: 75}


def right(job, seed):
    n = job.student.per_class
    more = 0 if job.teacher is None else {10: -2, 20: 2, 40: 3, 80: 4}[n]
    return ALONE[n] + more + (seed % 2 if job.teacher else 0) + 2 * (seed - 2)


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    store = fill(tmp_path_factory.mktemp("worth") / "store", SOURCE, 5, right)
    experiment = EXPERIMENTS.build(SOURCE).experiment()
    return summarise(experiment, records(experiment, store))


def test_worths_are_those_of_the_closed_form(summary):
    """A point is a fifth of a doubling; the mean over seeds adds 0.4 points."""
    (one,) = summary.valued
    assert one.seeds == [0, 1, 2, 3, 4]
    expected = [0, 20 * 2 ** (2.4 / 5), 40 * 2 ** (3.4 / 5), np.inf]
    assert [worth.equivalent for worth in one.worths] == pytest.approx(expected)
    low, high = one.worths[1].interval
    # Percentiles of the mean of five zeros and ones with two ones: from 0 to 0.8.
    assert [low, high] == pytest.approx([20 * 2 ** (2 / 5), 20 * 2 ** (2.8 / 5)])


def test_the_sentence_is_the_answer(summary):
    (text,) = worth_sentences(summary)
    n = 40 * 2 ** (3.4 / 5)
    assert text.startswith(f"digits 0-1: at 40 images a class a LeNet is worth {n / 40:.3g} [95 %:")
    assert f"times as many: alone it takes {n:.3g} [95 %:" in text and "(5 seeds)" in text
    assert f"{n - 40:.3g} [95 %:" in text


def test_the_table_says_what_is_beyond(summary):
    (sheet,) = worth_sheets(summary)
    assert sheet.header[:3] == ["images a class", "alone, %", "taught, %"]
    many, times, more = ([row[i] for row in sheet.cells] for i in (3, 4, 5))
    assert (many[0], times[0], more[0]) == ("< 10", "< 1", "< 0")
    assert (many[3], times[3], more[3]) == ("> 80", "> 1", "> 0")
    assert many[1].endswith("]")
    assert [row[0] for row in sheet.cells] == ["10", "20", "40", "80"]
    assert sheet.cells[1][1].startswith("65.00") and sheet.cells[1][2].startswith("67.40")


def test_it_stands_in_the_report(summary, tmp_path):
    write_report(summary, tmp_path, [])
    text = (tmp_path / "report.md").read_text()
    assert worth_sentences(summary)[0] in text
    assert "what a LeNet is worth in images a class" in text


def test_the_chart_shows_means_bands_and_the_answer(summary):
    pytest.importorskip("matplotlib").use("agg")
    figure, caption = draw_worth(summary)
    (axes,) = figure.axes
    alone, taught = axes.lines
    assert list(alone.get_xdata()) == [10, 20, 40, 80] and "standard deviation" in caption
    assert list(alone.get_ydata()) == pytest.approx(list(ALONE.values()))
    assert list(taught.get_ydata()) == pytest.approx([58.4, 67.4, 73.4, 79.4])
    band = axes.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(60 - np.std([-4, -2, 0, 2, 4], ddof=1))
    (arrow,) = axes.texts
    assert arrow.xy == pytest.approx((40 * 2 ** (3.4 / 5), 73.4))
    assert arrow.xyann == pytest.approx((40, 73.4)) and axes.get_xscale() == "log"


def test_a_run_that_is_not_finished_is_no_answer(summary):
    """Only seeds that all have, and only x that have both."""
    known = {name: line.record for name, line in summary.lines.items()}
    del known["digits-40-lenet"]
    experiment = summary.experiment
    (one,) = summarise(experiment, known).valued
    assert [worth.x for worth in one.worths] == [10, 20, 80]
    assert worth_sentences(summarise(experiment, known)) == [
        "digits 0-1: not run yet at 40 images a class."
    ]
    for name in list(known):
        if name not in ("digits-10-alone", "digits-10-lenet"):
            del known[name]
    assert not summarise(experiment, known).valued
    assert draw_worth(summarise(experiment, known)) is None


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"x": (1, 1)}, "`x` must ascend, from above 0"),
        ({"x": (0, 1)}, "`x` must ascend, from above 0"),
        ({"x": (1,)}, "`x` must have as many numbers as there are arms and baselines"),
        ({"x": 3}, "`x` must be a list of numbers"),
        ({"at": 3}, "`at` must be one of x, but 3"),
        ({"arms": "ab"}, "`arms` must be a list of names of arms"),
        ({"label": 3}, "`label` must be a text"),
    ],
)
def test_wrong_curves(changes, match):
    given = {"label": "A", "unit": "b", "x": (1, 2), "arms": ("a", "b"), "baselines": ("c", "d")}
    with pytest.raises(InputError, match=match):
        Curve(**{**given, "at": 1} | changes)


@pytest.mark.parametrize("text", ["50", "50+10", "10+10", "0+10", "10+x"])
def test_wrong_numbers_of_images(text):
    with pytest.raises(InputError, match="`(per_class|name)` must"):
        EXPERIMENTS.build(f"images:per_class={text}", "name")


def test_all_take_as_many_steps():
    """Or as many epochs, where these are given; the one of the preset's size is the preset's."""
    experiment = EXPERIMENTS.build("images").experiment()
    students = [arm.student for arm in experiment.arms if not arm.is_teacher]
    assert len(experiment.arms) - len(students) == 2
    assert {s.epochs * s.num_images // s.batch_size for s in students} == {1200}
    equal = EXPERIMENTS.build("images:epochs=40").experiment()
    assert {arm.student.epochs for arm in equal.arms if arm.student} == {40}
    robust = EXPERIMENTS.build("robust").experiment().arm("mnist-0-5-3q-lenet")
    assert experiment.arm("mnist-150-lenet").student == robust.student
    assert [curve.at for curve in experiment.curves] == [50, 50]
    assert len(experiment.comparisons) == 14
