"""Wrong calls of statistics, texts and shares of a README; unusual ones that are right."""

from __future__ import annotations

import numpy as np
import pytest

from jqkd import statistics as st
from jqkd.report import text
from jqkd.report.readme import markers, with_share, write_text
from jqkd.statistics import gain_of
from tests.edges.wrong import check_refused

NAN, INF = float("nan"), float("inf")

# --- statistics -------------------------------------------------------------------------------

OF_RUNS = {
    "spread": (st.spread, "values"),
    "mean_interval": (st.mean_interval, "differences"),
    "sign_flip": (st.sign_flip, "differences"),
    "next_run": (st.next_run, "values"),
    "next_gain alone": (lambda x: st.next_gain(x, [1.0, 2.0]), "alone"),
    "next_gain distilled": (lambda x: st.next_gain([1.0, 2.0], x), "distilled"),
    "collapsed": (lambda x: st.collapsed(x, 6), "accuracies"),
    "holm": (st.holm, "p_values"),
}
NO_RUNS = {
    "NaN": ([NAN, 1.0], r"hold finite numbers, but 1 that are not \(nan\)"),
    "infinity": ([INF, 1.0, 2.0], "hold finite numbers"),
    "text": ("12", "hold|have"),
    "texts": (["1", "2"], "hold integers or real numbers|hold"),
    "None": (None, "hold|have"),
    "a hole": ([1.0, None], "hold|be an array of numbers"),
    "a number": (1.0, r"have shape \(R,\), but shape \(\)"),
    "a table": ([[1.0, 0.5], [0.2, 0.1]], r"have shape \(R,\), but shape \(2, 2\)"),
    "ragged": ([[1.0], [0.5, 0.2]], "be an array of numbers"),
    "complex": ([1j, 1.0], "hold .* but"),
    "flags": ([True, False], "hold .* but"),
    "too many": (np.full(10**6, 0.5), "hold [01] to 1000 numbers, but 1000000"),
    "without end": (range(10**15), "hold [01] to 1000 numbers, but 10{15}"),
}


@pytest.mark.parametrize("function", OF_RUNS)
@pytest.mark.parametrize("name", NO_RUNS)
def test_statistics_of_what_are_no_runs(function, name):
    (call, argument), (value, must) = OF_RUNS[function], NO_RUNS[name]
    check_refused(lambda: call(value), f"`{argument}` must ({must})")


@pytest.mark.parametrize("function", [name for name in OF_RUNS if name != "holm"])
def test_statistics_of_no_runs(function):
    call, argument = OF_RUNS[function]
    check_refused(lambda: call([]), f"`{argument}` must hold 1 to 1000 numbers, but 0")


def judge(published=93.0, interval=(91.0, 95.0), runs=10, widest=5.0):
    return lambda: st.verdict(published, interval, runs, widest)


STATISTICS = {
    "p above 1": (lambda: st.holm([0.1, 1.5]), "`p_values` must lie within 0 to 1, but 1.5"),
    "p below 0": (lambda: st.holm([0.1, -0.1]), "`p_values` must lie within 0 to 1, but -0.1"),
    "more than all right": (lambda: st.next_run([90, 101]), "`values` must .* 0 to 100, but 101"),
    "less than none right": (lambda: st.collapsed([-1], 6), "`accuracies` must lie .* but -1"),
    "gains for accuracies": (lambda: st.next_gain([1, 2], [-1, 2]), "`distilled` must lie within"),
    "one class": (lambda: st.collapsed([50], 1), "`num_classes` must be .*least 2, but 1"),
    "classes of text": (lambda: st.collapsed([50], "6"), "`num_classes` must .* but '6'"),
    "classes a fraction": (lambda: st.collapsed([50], 6.0), "`num_classes` must .* but 6.0"),
    "verdict on NaN": (judge(NAN), "`published` must be a finite number, but nan"),
    "verdict on None": (judge(None), "`published` must be a finite number, but None"),
    "verdict on text": (judge("93"), "`published` must be a finite number, but '93'"),
    "interval of NaN": (judge(interval=(NAN, NAN)), "`interval` must hold finite numbers"),
    "interval reversed": (judge(interval=(95.0, 91.0)), "`interval` must run from low to high"),
    "interval of one": (judge(interval=(95.0,)), r"`interval` must have shape \(2,\)"),
    "interval a number": (judge(interval=95.0), r"`interval` must have shape \(2,\)"),
    "runs below 0": (judge(runs=-1), "`runs` must be an integer of at least 0, but -1"),
    "runs a fraction": (judge(runs=9.5), "`runs` must be an integer"),
    "runs NaN": (judge(runs=NAN), "`runs` must be an integer"),
    "widest NaN": (judge(widest=NAN), "`widest` must be a finite number .* but nan"),
    "widest below 0": (judge(widest=-1), "`widest` must be .* of 0 or more, but -1"),
    "gain NaN": (lambda: st.widest_for_gain(NAN), "`published` must be a finite number"),
    "gain None": (lambda: st.widest_for_gain(None), "`published` must be a finite number"),
    "arms of other lengths": (
        lambda: gain_of([1.0, 2.0], [1.0]),
        "`alone` must have a number for each seed, as many as `distilled`, but 1",
    ),
    "no arms": (lambda: gain_of([], []), "`(alone|distilled)` must"),
    "an arm of NaN": (lambda: gain_of([1.0, NAN], [1.0, 2.0]), "`distilled` must hold finite"),
    "an arm of None": (lambda: gain_of([1.0], [None]), "`alone` must hold|`alone` must be an"),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_wrong_arguments_of_statistics(name):
    check_refused(*STATISTICS[name])


def test_statistics_take_arrays_integers_and_tuples():
    values = [3, 1, 2, 5]
    for given in (tuple(values), np.array(values), np.array(values, np.uint8), np.float32(values)):
        assert st.spread(given) == st.spread(values)
        assert st.mean_interval(given) == st.mean_interval(values)
        assert st.sign_flip(given) == st.sign_flip(values)
        assert st.next_run(given) == st.next_run(values)
        assert st.next_gain(given, given) == st.next_gain(values, values)
        assert st.collapsed(given, np.int64(6)) == 4
    assert st.holm([]) == [] and st.holm((0.0, 1)) == [0.0, 1.0]
    assert st.verdict(np.float32(93), [91, 95], np.int64(10)) == "reproduced"
    assert gain_of(np.array([3.0, 5.0]), (1, 1)).values == [2.0, 4.0]


def test_a_p_value_may_miss_1_by_rounding():
    assert st.holm([1.0000001, 0.1]) == [1.0, 0.2]


# --- texts ------------------------------------------------------------------------------------

TEXTS = {
    "number NaN": (lambda: text.number(NAN), "`value` must be a finite number, but nan"),
    "number of text": (lambda: text.number("1"), "`value` must be a finite number, but '1'"),
    "signed text": (lambda: text.signed("1"), "`value` must be a finite number, but '1'"),
    "mean of nothing": (lambda: text.mean_sd([]), "`values` must hold 1 to 1000 numbers"),
    "interval of NaN": (lambda: text.interval_text((NAN, 1.0)), "`interval` must hold finite"),
    "interval of one": (lambda: text.interval_text((1.0,)), r"`interval` must have shape \(2,\)"),
    "gain of numbers": (lambda: text.gain_text(1.0), "`gain` must be a Gain, .*but 1.0"),
    "p above 1": (lambda: text.p_text(1.5), "`p` must be .* at most 1, but 1.5"),
    "p NaN": (lambda: text.p_text(NAN), "`p` must be a finite number"),
    "marker": (lambda: markers(None), "`name` must be a text, but None"),
    "share of no text": (lambda: with_share(None, "a", "b"), "`text` must be a text"),
    "share of a number": (lambda: with_share("a", "a", 3), "`share` must be a text, but 3"),
    "share without place": (
        lambda: with_share("nothing", "a", "b"),
        "`readme` must have a place .* lacks the lines <!-- a: begin --> and .*; add them",
    ),
    "no path": (lambda: write_text(None, "a"), "`path` must be a path, but None"),
    "an empty path": (lambda: write_text("", "a"), "`path` must be a path, but ''"),
    "bytes": (lambda: write_text("a.md", b"a"), "`text` must be a text, but b'a'"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_wrong_texts_are_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_refused(*TEXTS[name])
    assert not list(tmp_path.iterdir())


def test_texts_of_numpys_numbers_and_of_paths(tmp_path):
    assert text.number(np.float32(1)) == text.number(1) == "1.00"
    assert text.number(None) == text.signed(None) == text.p_text(None) == text.DASH
    assert text.p_text(0) == "< 0.001" and text.p_text(np.float64(1)) == "1.000"
    assert write_text(str(tmp_path / "new" / "a.md"), "ä").read_text(encoding="utf-8") == "ä"
