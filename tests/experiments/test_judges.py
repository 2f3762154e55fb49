"""Verdicts and statistics of a results folder, done once more by hand, and each fed a fault.

``disagreements`` shares no helper with the package: what it says of the package as it is, and of
the package with one part replaced by a wrong one, are the two halves of every test.
"""

from __future__ import annotations

import dataclasses
from itertools import product

import numpy as np
import pytest
from scipy import stats

from jqkd.experiments import statistics as st
from jqkd.experiments import study_results
from jqkd.experiments import summary as module
from jqkd.experiments.plan import (
    AnswerUnit,
    TeacherUnit,
    alone_arm,
    distilled_arm,
    matched_arm,
    plan_units,
)
from jqkd.experiments.presets import Settings
from jqkd.experiments.results import gain_of
from jqkd.experiments.rows import ROWS
from jqkd.experiments.store import Store
from jqkd.experiments.study import DATA, Study, Variant
from jqkd.experiments.summary import summarise
from tests.experiments.pretended import fill

SEEDS = 6
# A student alone, two taught by teachers, and a pair whose heads differ.
NAMES = (
    "mnist-0-5-3q-alone",
    "mnist-0-5-3q-lenet",
    "mnist-0-5-3q-alexnet",
    "mnist-0-5-teacher-lenet",
    "fashion_mnist-0-5-3q-lenet",
)
CHOSEN = [next(row for row in ROWS if row.name == name) for name in NAMES]
IMAGES = 900
SETTINGS = Settings("paper-code")
TEACHER = {"best": 0.987, "picked": 0.985, "final": 0.981}
PROTOCOLS = ("best", "picked", "final")


def right_answers(arm) -> dict[str, np.ndarray]:
    """Right answers of six seeds, skewed, of other numbers for every arm and protocol."""
    config, taught = (
        arm.config,
        {None: 0, "lenet": 1, "alexnet": 2}[arm.teacher.config.arch if arm.teacher else None],
    )
    base = 700 if config.dataset == "mnist" else 560
    base += 40 if config.head == "softmax" else 0
    # What teaching gains differs from seed to seed; the second teacher's help is within luck.
    gain = {0: np.zeros(6), 1: np.array([9, 17, 12, 21, 14, 30]), 2: np.array([5, -4, 9, -2, 7, 1])}
    seeds = base + np.array([0, 31, 7, 45, 18, 90]) + gain[taught].astype(int)
    return {
        "best": seeds + 25 + taught * np.array([0, 1, 0, 3, 0, 1]),
        "picked": seeds + np.array([1, 8, 2, 13, 4, 6]) - taught * np.array([1, 0, 2, 0, 0, 1]),
        "final": seeds,
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store.create(tmp_path_factory.mktemp("judged"), SETTINGS, list(NAMES), SEEDS)
    for unit in plan_units(CHOSEN, SETTINGS, SEEDS, block=3):
        if isinstance(unit, TeacherUnit | AnswerUnit):
            content = {"kind": "teacher", "test_images": 1000, "test_accuracy": TEACHER}
            store.write(unit, content, {"ids": np.arange(2), "logits": np.zeros((2, 2))})
            continue
        shares = {k: v[list(unit.seeds)] / IMAGES for k, v in right_answers(unit.arm).items()}
        content = {"kind": "students", "seeds": list(unit.seeds), "curves": {}}
        store.write(unit, content | {"test_accuracy": shares})
    return store


def percents(arm) -> dict[str, np.ndarray]:
    return {name: 100 * values / IMAGES for name, values in right_answers(arm).items()}


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
    """What of a summary is not what the numbers in the folder say."""
    wrong, results = [], {result.row.name: result for result in found.rows}

    def check(name: str, what: str, agrees: bool) -> None:
        if not agrees:
            wrong.append(f"{name}: {what}")

    gains = {"gain": {p: [] for p in PROTOCOLS}, "gain_matched": {p: [] for p in PROTOCOLS}}
    for row in CHOSEN:
        name, result = row.name, results[row.name]
        if row.kind == "teacher":
            for p in PROTOCOLS:
                check(name, f"accuracy, {p}", close(result.accuracy[p], 100 * TEACHER[p]))
            continue
        taught = row.kind == "distilled"
        mine = percents((distilled_arm if taught else alone_arm)(row, SETTINGS))
        for p in PROTOCOLS:
            check(name, f"accuracy, {p}", close(result.accuracy[p], mine[p]))
        # The paper's protocol, whatever else is looked at.
        interval = next_run_by_hand(mine["best"])
        check(name, "interval of one more run", close(result.interval, interval))
        check(name, "verdict", result.verdict == verdict_by_hand(row.accuracy, interval, 5))
        if not taught:
            continue
        others = {"gain": percents(alone_arm(row, SETTINGS))}
        others["gain_matched"] = percents(matched_arm(row, SETTINGS))
        for kind, other in others.items():
            for p in PROTOCOLS:
                gain, differences = getattr(result, kind)[p], mine[p] - other[p]
                check(name, f"{kind}, {p}, seed by seed", close(gain.values, differences))
                check(name, f"{kind}, {p}, mean", close(gain.mean, differences.mean()))
                check(name, f"{kind}, {p}, p", close(gain.p, signs_p(differences)))
                inside = is_interval_of_mean(gain.interval, differences)
                check(name, f"{kind}, {p}, interval", inside)
                gains[kind][p].append((name, gain))
        one_more = next_gain_by_hand(others["gain"]["best"], mine["best"])
        check(name, "interval of one more gain", close(result.gain_interval, one_more))
        word = verdict_by_hand(row.gain, one_more, max(1, row.gain))
        check(name, "verdict on gain", result.gain_verdict == word)
    for kind, by_protocol in gains.items():
        for p, family in by_protocol.items():
            adjusted = holm_by_hand([gain.p for _, gain in family])
            for (name, gain), expected in zip(family, adjusted, strict=True):
                check(name, f"{kind}, {p}, Holm", close(gain.p_holm, expected))
    return wrong


def test_the_folder_as_it_is(store):
    assert disagreements(summarise(store)) == []


# Faults of the package, one each: (patch, words of a disagreement).


def arms_swapped(patch):
    patch.setattr(module, "gain_of", lambda taught, alone: gain_of(alone, taught))


def seeds_not_paired(patch):
    patch.setattr(module, "gain_of", lambda taught, alone: gain_of(taught, alone[1:] + alone[:1]))


def holm_skipped(patch):
    patch.setattr(st, "holm", list)


def bonferroni(patch):
    patch.setattr(st, "holm", lambda p: [min(1.0, len(p) * value) for value in p])


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
    patch.setattr(module, "headline", lambda settings: "final")


def gains_of_another_protocol(patch):
    judge = module._judge_gain

    def exchanged(result, protocol):
        judge(result, protocol)
        result.gain = dict(zip(result.gain, list(result.gain.values())[::-1], strict=True))

    patch.setattr(module, "_judge_gain", exchanged)


def alone_of_other_data(patch):
    other = next(row for row in ROWS if row.name == "fashion_mnist-0-5-3q-alone")
    alone = module.alone_arm
    pick = lambda row, settings: alone(other if row.kind == "distilled" else row, settings)  # noqa: E731
    patch.setattr(module, "alone_arm", pick)


def one_head_only(patch):
    patch.setattr(module, "matched_arm", module.alone_arm)


def taught_by_another(patch):
    def arm(row, settings):
        other = dataclasses.replace(row, teacher="alexnet" if row.table == 1 else row.teacher)
        return distilled_arm(other, settings)

    patch.setattr(module, "distilled_arm", arm)


def teacher_with_a_students_numbers(patch):
    read = Store.read

    def other(self, unit):
        share = {k: v[0] / IMAGES for k, v in right_answers(alone_arm(CHOSEN[0], SETTINGS)).items()}
        return read(self, unit) | {"test_accuracy": share}

    patch.setattr(Store, "read", other)


def verdict_reversed(patch):
    verdict, turned = st.verdict, {"higher": "lower", "lower": "higher"}
    patch.setattr(st, "verdict", lambda *rest: turned.get(verdict(*rest), verdict(*rest)))


def per_cent_of_a_per_cent(patch):
    by_protocol = module._by_protocol

    def shares(*rest):
        return {p: [v / 100 for v in values] for p, values in by_protocol(*rest).items()}

    patch.setattr(module, "_by_protocol", shares)


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
        (one_sided_p, ", p"),
        (one_sided_interval, "gain, best, interval"),
        (one_end_twice, "gain, best, interval"),
        (ends_exchanged, "gain, best, interval"),
        (error_of_the_mean, "interval of one more run"),
        (another_protocol, "interval of one more run"),
        (gains_of_another_protocol, "gain, best, mean"),
        (alone_of_other_data, "mnist-0-5-3q-lenet: gain, best"),
        (one_head_only, "fashion_mnist-0-5-3q-lenet: gain_matched"),
        (taught_by_another, "mnist-0-5-3q-lenet: accuracy"),
        (teacher_with_a_students_numbers, "mnist-0-5-teacher-lenet: accuracy"),
        (verdict_reversed, "verdict"),
        (per_cent_of_a_per_cent, "accuracy"),
        (gain_interval_with_arms_swapped, "interval of one more gain"),
    ],
)
def test_a_fault_of_the_judge_is_seen(store, fault, words, monkeypatch):
    fault(monkeypatch)
    found = disagreements(summarise(store))
    assert any(words in one for one in found), found


# The same for studies: two taught lines, and their Holm correction over both data sets.

STUDY = Study(
    "judged",
    "",
    "",
    (
        Variant("alone", "alone", "robust"),
        Variant("taught", "taught", "robust", {}, "lenet", "alone"),
        Variant("heavy", "heavy", "robust", {"weight": 9.0}, "lenet", "alone"),
    ),
)
TAUGHT = {
    "alone": 0,
    "taught": np.array([3, 5, 4, 2, 6, 9]),
    "heavy": np.array([4, -3, 5, 1, 2, 3]),
}


def study_runs(variant, data) -> dict[str, np.ndarray]:
    images = {"mnist": 900, "digits": 100}[data.dataset]
    base = (images // 2 + np.array([0, 9, 2, 14, 5, 30]) + TAUGHT[variant.name]) / images
    return {"best": base + 0.02, "picked": base + 0.01, "final": base}


class Made:
    """Stands in for a results folder; seed 0 of a taught line was never run."""

    def runs(self, arm):
        for data in (DATA["mnist"], DATA["digits"]):
            for variant in STUDY.variants:
                if variant.arm(data).name == arm.name:
                    shares = study_runs(variant, data)
                    first = int(variant.name == "heavy")
                    return {
                        seed: {
                            "test_accuracy": {p: v[seed] for p, v in shares.items()},
                            "mechanism": {},
                        }
                        for seed in range(first, SEEDS)
                    }
        return {}


def study_disagreements(lines) -> list[str]:
    wrong, family = [], []
    for line in lines:
        shares, first = study_runs(line.variant, line.data), int(line.variant.name == "heavy")
        for p, values in line.accuracy.items():
            if not close(values, 100 * shares[p][first:]):
                wrong.append(f"accuracy, {p}")
        if line.variant.teacher is None:
            continue
        alone = study_runs(STUDY.variants[0], line.data)["final"]
        differences = 100 * (shares["final"] - alone)[first:]
        gain = line.difference
        if not close(gain.values, differences):
            wrong.append("difference")
        if not close(gain.p, signs_p(differences)):
            wrong.append("p")
        family.append(gain)
    adjusted = holm_by_hand([gain.p for gain in family])
    wrong += ["Holm" for g, p in zip(family, adjusted, strict=True) if not close(g.p_holm, p)]
    return wrong + ([] if len(family) == 4 else ["lines"])


def study_arms_swapped(patch):
    patch.setattr(study_results, "gain_of", lambda taught, alone: gain_of(alone, taught))


def paired_by_place(patch):
    """Sixth of one line with the fifth of the other, where a seed is missing."""
    patch.setattr(
        study_results,
        "_by_seed",
        lambda line: dict(enumerate(line.accuracy["final"])),
    )


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (study_arms_swapped, "difference"),
        (paired_by_place, "difference"),
        (holm_skipped, "Holm"),
        (one_sided_p, "p"),
    ],
)
def test_a_fault_of_a_studys_judge_is_seen(fault, words, monkeypatch):
    assert study_disagreements(study_results.lines_of(STUDY, Made())) == []
    fault(monkeypatch)
    assert words in study_disagreements(study_results.lines_of(STUDY, Made()))


def test_a_gain_is_over_the_seeds_that_both_arms_have(tmp_path):
    """A folder in the middle of its work: the students alone lack the last seeds."""
    row = next(row for row in ROWS if row.name == "mnist-0-5-3q-lenet")
    right = lambda arm, seed: 800 + 7 * seed + 11 * (arm.teacher is not None)  # noqa: E731
    store = fill(tmp_path, [row], SETTINGS, 6, right)
    alone = alone_arm(row, SETTINGS)
    (tmp_path / f"{alone.name}/seeds-004-005.json").unlink()
    (result,) = summarise(store).rows
    assert result.seeds == [0, 1, 2, 3]
    for protocol in PROTOCOLS:
        assert len(result.accuracy[protocol]) == len(result.alone[protocol]) == 4
        assert result.gain[protocol].values == pytest.approx([100 * 11 / 900] * 4)
