"""Verdicts and statistics of an experiment, done once more by hand, and each fed a fault.

``disagreements`` shares no helper with the package: what it says of the package as it is, and of
the package with one part replaced by a wrong one, are the two halves of every test.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import stats

from jqkd import statistics as st
from jqkd.experiments.analysis import ArmRecord
from jqkd.experiments.model import PROTOCOLS, Comparison, Experiment
from jqkd.report import summary as module
from jqkd.report.summary import summarise

from . import distinct

SEEDS, IMAGES = 6, 900
# A student alone, two taught by teachers, a teacher, and a pair that differs in its shots.
ARMS = (
    distinct.arm("alone", "alone", "mnist", "0-5", 3, None, 96.56),
    distinct.arm("lenet", "LeNet", "mnist", "0-5", 3, "lenet", 97.89),
    distinct.arm("alexnet", "AlexNet", "mnist", "0-5", 3, "alexnet", 97.44),
    distinct.arm("teacher", "LeNet", "mnist", "0-5", None, "lenet", 99.5),
    distinct.arm("other", "alone", "fashion_mnist", "0-5", 3),
    distinct.arm("matched", "alone", "fashion_mnist", "0-5", 3, hidden=True, shots=9),
    distinct.arm("taught", "LeNet", "fashion_mnist", "0-5", 3, "lenet", 77.0, shots=9),
)
COMPARISONS = (
    Comparison("lenet", "alone", "gain", 1.33, "gain"),
    Comparison("alexnet", "alone", "gain", 0.88, "gain"),
    Comparison("taught", "other", "gain", 12.0, "gain"),
    Comparison("lenet", "alone", "one head", family="one head"),
    Comparison("alexnet", "alone", "one head", family="one head"),
    Comparison("taught", "matched", "one head", family="one head"),
    Comparison("matched", "other", "head"),
)
EXPERIMENT = Experiment("judged", "Judged", "About.", ARMS, COMPARISONS, "best")
TEACHER = {"best": 892, "picked": 889, "final": 885}


def right_answers(name: str) -> dict[str, np.ndarray]:
    """Right answers of six seeds, skewed, of other numbers for every arm and protocol."""
    if name == "teacher":
        return {p: np.array([right]) for p, right in TEACHER.items()}
    base = {"other": 600, "matched": 560, "taught": 560}.get(name, 700)
    # What teaching gains differs from seed to seed; the second teacher's help is within luck.
    taught = {"lenet": 1, "taught": 1, "alexnet": 2}.get(name, 0)
    gain = {0: np.zeros(6), 1: np.array([9, 17, 12, 21, 14, 30]), 2: np.array([5, -4, 9, -2, 7, 1])}
    seeds = base + np.array([0, 31, 7, 45, 18, 90]) + gain[taught].astype(int)
    return {
        "best": seeds + 25 + taught * np.array([0, 1, 0, 3, 0, 1]),
        "picked": seeds + np.array([1, 8, 2, 13, 4, 6]) - taught * np.array([1, 0, 2, 0, 0, 1]),
        "final": seeds,
    }


RECORDS = {
    one.name: distinct.record(one, {p: v.tolist() for p, v in right_answers(one.name).items()})
    for one in ARMS
}


def percents(name: str) -> dict[str, np.ndarray]:
    return {protocol: 100 * values / IMAGES for protocol, values in right_answers(name).items()}


def signs_p(differences: np.ndarray) -> float:
    """Two-sided: all 2**6 patterns of signs."""
    patterns = np.array(list(product([-1, 1], repeat=len(differences))))
    means = np.abs(patterns @ differences)
    return float((means >= abs(differences.sum()) - 1e-9).mean())


def holm_by_hand(values: list[float]) -> list[float]:
    order, worst, adjusted = sorted(range(len(values)), key=lambda i: values[i]), 0.0, {}
    for place, i in enumerate(order):
        worst = max(worst, (len(values) - place) * values[i])
        adjusted[i] = min(1.0, worst)
    return [adjusted[i] for i in range(len(values))]


def is_interval_of_mean(interval, differences: np.ndarray) -> bool:
    """Some 2.5 % of resampled means lie beyond each end (BCa leans: 0.3 % to 8 %)."""
    low, high = interval
    if np.ptp(differences) < 1e-6:
        return close([low, high], [differences[0]] * 2)
    picks = np.random.default_rng(5).integers(0, len(differences), (20_000, len(differences)))
    means = differences[picks].mean(1)
    tails = (means < low).mean(), (means > high).mean()
    return all(0.003 < tail < 0.08 for tail in tails)


def next_run_by_hand(values: np.ndarray) -> tuple[float, float]:
    n = len(values)
    reach = stats.t.ppf(0.975, n - 1) * np.sqrt(np.var(values, ddof=1) * (1 + 1 / n))
    return max(0, values.mean() - reach), min(100, values.mean() + reach)


def next_gain_by_hand(alone: np.ndarray, taught: np.ndarray) -> tuple[float, float]:
    """Welch's, each variance for one more run."""
    n = len(alone)
    parts = [np.var(x, ddof=1) * (1 + 1 / n) for x in (alone, taught)]
    freedom = sum(parts) ** 2 / sum(part**2 / (n - 1) for part in parts)
    reach = stats.t.ppf(0.975, freedom) * np.sqrt(sum(parts))
    middle = taught.mean() - alone.mean()
    return middle - reach, middle + reach


def verdict_by_hand(published: float, interval, widest: float) -> str:
    low, high = interval
    if published < low - 0.005:
        return "higher"
    if published > high + 0.005:
        return "lower"
    return "reproduced" if high - low <= 2 * widest else "undecidable"


def close(one, other) -> bool:
    return bool(np.allclose(one, other, rtol=0, atol=1e-6))


def disagreements(found) -> list[str]:
    """What of a summary is not what the records say."""
    wrong = []

    def check(name: str, what: str, agrees: bool) -> None:
        if not agrees:
            wrong.append(f"{name}: {what}")

    for name, line in found.lines.items():
        values = percents(name)
        for p in PROTOCOLS:
            check(name, f"accuracy, {p}", close(line.accuracy[p], values[p]))
        if name == "teacher":
            check(name, "one run", line.interval is None and line.verdict == "undecidable")
            continue
        # The experiment's protocol, whatever else is looked at.
        interval = next_run_by_hand(values["best"])
        check(name, "interval of one more run", close(line.interval, interval))
        if line.arm.published is not None:
            check(name, "verdict", line.verdict == verdict_by_hand(line.arm.published, interval, 5))
    families: dict = {}
    for asked, one in zip(COMPARISONS, found.differences, strict=True):
        name, label = asked.arm, asked.label
        arm, baseline = percents(asked.arm), percents(asked.baseline)
        for p in PROTOCOLS:
            gain, differences = one.gain[p], arm[p] - baseline[p]
            check(name, f"{label}, {p}, seed by seed", close(gain.values, differences))
            check(name, f"{label}, {p}, mean", close(gain.mean, differences.mean()))
            check(name, f"{label}, {p}, p", close(gain.p, signs_p(differences)))
            inside = is_interval_of_mean(gain.interval, differences)
            check(name, f"{label}, {p}, interval", inside)
            families.setdefault((asked.family, p), []).append((name, gain))
        one_more = next_gain_by_hand(baseline["best"], arm["best"])
        check(name, "interval of one more gain", close(one.interval, one_more))
        if asked.published is not None:
            word = verdict_by_hand(asked.published, one_more, max(1, asked.published))
            check(name, "verdict on gain", one.verdict == word)
    for (family, p), gains in families.items():
        adjusted = holm_by_hand([gain.p for _, gain in gains])
        for (name, gain), expected in zip(gains, adjusted, strict=True):
            none = not family and gain.p_holm is None
            check(name, f"{family}, {p}, Holm", none or close(gain.p_holm or np.nan, expected))
    return wrong


def found():
    return summarise(EXPERIMENT, RECORDS)


def test_the_summary_as_it_is():
    assert disagreements(found()) == []


# Faults of the package, one each: (patch, words of a disagreement).


def arms_swapped(patch):
    gain_of = st.gain_of
    patch.setattr(st, "gain_of", lambda taught, alone: gain_of(alone, taught))


def seeds_not_paired(patch):
    gain_of = st.gain_of
    patch.setattr(st, "gain_of", lambda taught, alone: gain_of(taught, alone[1:] + alone[:1]))


def holm_skipped(patch):
    patch.setattr(st, "holm", list)


def bonferroni(patch):
    patch.setattr(st, "holm", lambda p: [min(1.0, len(p) * value) for value in p])


def holm_over_all_families(patch):
    """All comparisons in one family, those in none too."""
    corrected = module._corrected

    def wrong(differences):
        joined = [replace(one, comparison=replace(one.comparison, family="all"))
                  for one in differences]  # fmt: skip
        return corrected(joined)

    patch.setattr(module, "_corrected", wrong)


def one_sided_p(patch):
    sign_flip = st.sign_flip
    patch.setattr(st, "sign_flip", lambda x: sign_flip(x) / 2)


def one_sided_interval(patch):
    interval = st.mean_interval
    patch.setattr(st, "mean_interval", lambda x: (interval(x)[0], float("inf")))


def one_end_twice(patch):
    interval = st.mean_interval
    patch.setattr(st, "mean_interval", lambda x: (interval(x)[0],) * 2)


def ends_exchanged(patch):
    interval = st.mean_interval
    patch.setattr(st, "mean_interval", lambda x: interval(x)[::-1])


def error_of_the_mean(patch):
    """Where the mean lies, not where one more run falls."""

    def interval(values):
        x = np.asarray(values)
        reach = stats.t.ppf(0.975, x.size - 1) * stats.sem(x) if x.size > 1 else 0
        return x.mean() - reach, x.mean() + reach

    patch.setattr(st, "next_run", interval)


def another_protocol(patch):
    other = replace(EXPERIMENT, protocol="final")
    patch.setattr(module, "_line", lambda record, experiment: _LINE(record, other))


def protocols_exchanged(patch):
    accuracy = ArmRecord.accuracy
    other = dict(zip(PROTOCOLS, PROTOCOLS[::-1], strict=True))
    patch.setattr(ArmRecord, "accuracy", lambda self, p: accuracy(self, other[p]))


def baseline_of_other_data(patch):
    difference = module._difference

    def wrong(comparison, arm, baseline):
        if baseline.arm.name == "alone":
            baseline = replace(baseline, record=RECORDS["other"], accuracy=percents("other"))
        return difference(comparison, arm, baseline)

    patch.setattr(module, "_difference", wrong)


def one_baseline_only(patch):
    difference, first = module._difference, {}

    def wrong(comparison, arm, baseline):
        return difference(comparison, arm, first.setdefault(comparison.arm, baseline))

    patch.setattr(module, "_difference", wrong)


def taught_by_another(patch):
    exchanged = RECORDS | {"lenet": replace(RECORDS["lenet"], right=RECORDS["alexnet"].right)}
    patch.setattr(module, "_line", _of_records(exchanged))


def teacher_with_a_students_numbers(patch):
    right = {p: values[:1] for p, values in RECORDS["alone"].right.items()}
    exchanged = RECORDS | {"teacher": replace(RECORDS["teacher"], right=right)}
    patch.setattr(module, "_line", _of_records(exchanged))


_LINE = module._line


def _of_records(records):
    return lambda record, experiment: _LINE(records[record.arm.name], experiment)


def verdict_reversed(patch):
    verdict, turned = st.verdict, {"higher": "lower", "lower": "higher"}
    patch.setattr(st, "verdict", lambda *rest: turned.get(verdict(*rest), verdict(*rest)))


def per_cent_of_a_per_cent(patch):
    accuracy = ArmRecord.accuracy
    patch.setattr(ArmRecord, "accuracy", lambda self, p: [v / 100 for v in accuracy(self, p)])


def gain_interval_with_arms_swapped(patch):
    next_gain = st.next_gain
    patch.setattr(st, "next_gain", lambda alone, taught: next_gain(taught, alone))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (arms_swapped, "seed by seed"),
        (seeds_not_paired, "seed by seed"),
        (holm_skipped, "Holm"),
        (bonferroni, "Holm"),
        (holm_over_all_families, "Holm"),
        (one_sided_p, ", p"),
        (one_sided_interval, "gain, best, interval"),
        (one_end_twice, "gain, best, interval"),
        (ends_exchanged, "gain, best, interval"),
        (error_of_the_mean, "interval of one more run"),
        (another_protocol, "interval of one more run"),
        (protocols_exchanged, "accuracy, best"),
        (baseline_of_other_data, "lenet: gain, best"),
        (one_baseline_only, "taught: one head"),
        (taught_by_another, "lenet: accuracy"),
        (teacher_with_a_students_numbers, "teacher: accuracy"),
        (verdict_reversed, "verdict"),
        (per_cent_of_a_per_cent, "accuracy"),
        (gain_interval_with_arms_swapped, "interval of one more gain"),
    ],
)
def test_a_fault_of_the_judge_is_seen(fault, words, monkeypatch):
    fault(monkeypatch)
    assert any(words in one for one in disagreements(found()))


# Runs of seeds that not both arms have.


def of_seeds(name: str, seeds: list[int]) -> ArmRecord:
    right = {p: v[seeds].tolist() for p, v in right_answers(name).items()}
    one = EXPERIMENT.arm(name)
    return distinct.record(one, right, seeds=seeds)


def uneven():
    """A store in the middle of its work: of two lines other seeds are there."""
    records = {"alone": of_seeds("alone", [0, 1, 2, 3, 4]), "lenet": of_seeds("lenet", [1, 3, 5])}
    return summarise(EXPERIMENT, RECORDS | records).differences[0]


def test_a_gain_is_over_the_seeds_that_both_arms_have():
    one = uneven()
    assert one.seeds == [1, 3]
    for p in PROTOCOLS:
        differences = (percents("lenet")[p] - percents("alone")[p])[[1, 3]]
        assert one.gain[p].values == pytest.approx(differences.tolist())
    assert (len(one.arm.values), len(one.baseline.values)) == (3, 5)


def test_pairing_by_place_would_be_seen(monkeypatch):
    monkeypatch.setattr(module, "_of_seeds", lambda line, p, seeds: line.accuracy[p][: len(seeds)])
    differences = (percents("lenet")["best"] - percents("alone")["best"])[[1, 3]]
    assert uneven().gain["best"].values != pytest.approx(differences.tolist())


def test_arms_without_a_common_seed_have_no_gain():
    records = {"alone": of_seeds("alone", [0, 1]), "lenet": of_seeds("lenet", [2, 3])}
    made = summarise(EXPERIMENT, RECORDS | records)
    assert [x.comparison for x in made.differences] == [
        c for c in COMPARISONS if (c.arm, c.baseline) != ("lenet", "alone")
    ]


def test_signs_agree_with_wilcoxon():
    """Another paired test of the same differences, from SciPy."""
    values = [x.gain["final"].values for x in found().differences[:2]]
    assert stats.wilcoxon(values[0]).pvalue < 0.05 < stats.wilcoxon(values[1]).pvalue
    assert st.sign_flip(values[0]) < 0.05 < st.sign_flip(values[1])
