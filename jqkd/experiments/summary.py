"""From a results folder to what it says about each row."""

from __future__ import annotations

from typing import Any

import numpy as np

from jqkd.data import DATASETS, parse_classes
from jqkd.experiments import statistics as st
from jqkd.experiments.plan import Arm, alone_arm, distilled_arm, matched_arm, teacher_unit
from jqkd.experiments.presets import TABLE_PRESETS, Settings, teacher_of
from jqkd.experiments.results import PROTOCOLS, Gain, MeanGain, RowResult, Summary, gain_of
from jqkd.experiments.rows import DISTILLED, ROWS, STATED_MEAN_GAIN, TEACHER, Row
from jqkd.experiments.store import Store


def headline(settings: Settings) -> str:
    """The protocol that verdicts, tables and pictures go by, a name of ``PROTOCOLS``.

    Example:
        >>> headline(Settings("paper-code"))
        'best'
    """
    return TABLE_PRESETS[settings.preset].protocol


def summarise(store: Store) -> Summary:
    """All rows of a results folder that have numbers.

    Args:
        store: the folder.

    Returns:
        Rows in the tables' order; ``missing`` names those without a single seed.
    """
    rows = [row for row in ROWS if row.name in store.asked["rows"]]
    found = {row.name: _result(store, row) for row in rows}
    results = [result for result in found.values() if result is not None]
    _correct(results)
    times = store.times()
    machines = sorted({_machine(t["environment"]) for t in times if "environment" in t})
    seconds = sum(t["seconds"]["total"] for t in times if "seconds" in t)
    missing = [name for name, result in found.items() if result is None]
    return Summary(store.settings, results, _means(results), missing, machines, seconds)


def collapsed(result: RowResult, protocol: str) -> int:
    """How many of our runs are at the level of guessing."""
    return st.collapsed(result.accuracy[protocol], result.num_classes)


def below(result: RowResult, protocol: str) -> int:
    """How many of our runs are below the published accuracy."""
    return int((np.array(result.accuracy[protocol]) < result.row.accuracy - 0.005).sum())


def _machine(environment: dict[str, Any]) -> str:
    if not environment:
        return "unknown"
    return f"{environment['device']}, JAX {environment['jax']}"


def _result(store: Store, row: Row) -> RowResult | None:
    return _teacher(store, row) if row.kind == TEACHER else _student(store, row)


def _teacher(store: Store, row: Row) -> RowResult | None:
    numbers: dict[int, dict[str, float]] = {}
    images = 0
    for seed in range(store.asked["teacher_seeds"]):
        unit = teacher_unit(teacher_of(row, store.settings, seed))
        if store.done(unit):
            content = store.read(unit)
            numbers[seed], images = content["test_accuracy"], content["test_images"]
    if not numbers:
        return None
    result = RowResult(row, sorted(numbers), _by_protocol(numbers, images))
    _about_teacher(result, row, store.settings)
    _judge(result, headline(store.settings))
    return result


def _student(store: Store, row: Row) -> RowResult | None:
    def numbers(arm: Arm) -> dict[int, dict[str, float]]:
        return {seed: run["test_accuracy"] for seed, run in store.runs(arm).items()}

    settings = store.settings
    if row.kind != DISTILLED:
        mine = numbers(alone_arm(row, settings))
        if not mine:
            return None
        result = RowResult(row, sorted(mine), _by_protocol(mine, _test_images(row)))
        _judge(result, headline(settings))
        return result
    arms = [distilled_arm(row, settings), alone_arm(row, settings), matched_arm(row, settings)]
    mine, alone, matched = map(numbers, arms)
    seeds = sorted(set(mine) & set(alone) & set(matched))
    if not seeds:
        return None
    images = _test_images(row)
    of = lambda found: _by_protocol({seed: found[seed] for seed in seeds}, images)  # noqa: E731
    result = RowResult(row, seeds, of(mine), alone=of(alone))
    result.matched = of(matched) if arms[1] != arms[2] else None
    _about_teacher(result, row, settings)
    _judge(result, headline(settings))
    _judge_gain(result, headline(settings))
    return result


def _test_images(row: Row) -> int:
    facts = DATASETS[row.dataset]
    return facts.test_per_class * len(parse_classes(row.classes, facts.num_classes))


def _by_protocol(numbers: dict[int, dict[str, float]], images: int) -> dict[str, list[float]]:
    # Results keep seven digits; whole images restore the rest, so that equal runs are equal.
    return {
        name: [100 * round(numbers[seed][name] * images) / images for seed in sorted(numbers)]
        for name in PROTOCOLS
    }


def _about_teacher(result: RowResult, row: Row, settings: Settings) -> None:
    result.teacher_epochs = teacher_of(row, settings).epochs
    result.epochs_differ = any(epochs != 10 for epochs in result.teacher_epochs.values())


def _judge(result: RowResult, protocol: str) -> None:
    result.interval = st.next_run(result.accuracy[protocol])
    if result.row.accuracy is None:
        return
    runs = len(result.seeds)
    result.verdict = st.verdict(result.row.accuracy, result.interval, runs)
    if result.row.kind == TEACHER and result.epochs_differ:
        result.verdict = "undecidable"


def _judge_gain(result: RowResult, protocol: str) -> None:
    for name in PROTOCOLS:
        mine, alone = result.accuracy[name], result.alone[name]
        result.gain[name] = gain_of(mine, alone)
        matched = alone if result.matched is None else result.matched[name]
        result.gain_matched[name] = gain_of(mine, matched)
    result.gain_interval = st.next_gain(result.alone[protocol], result.accuracy[protocol])
    if result.row.gain is not None:
        published = result.row.gain
        widest = st.widest_for_gain(published)
        runs = len(result.seeds)
        result.gain_verdict = st.verdict(published, result.gain_interval, runs, widest)


def _correct(results: list[RowResult]) -> None:
    """Holm's correction over all distilled rows, for each protocol and kind of comparison."""
    distilled = [result for result in results if result.gain]
    for kind in ("gain", "gain_matched"):
        for protocol in PROTOCOLS:
            gains = [getattr(result, kind) for result in distilled]
            adjusted = st.holm([gain[protocol].p for gain in gains])
            for gain, p in zip(gains, adjusted, strict=True):
                gain[protocol] = gain[protocol]._replace(p_holm=p)


def _means(results: list[RowResult]) -> list[MeanGain]:
    means = []
    for table, stated in STATED_MEAN_GAIN.items():
        rows = [r for r in results if r.row.table == table and r.gain]
        all_rows = [r for r in ROWS if r.table == table and r.kind == DISTILLED]
        if len(rows) < len(all_rows):
            continue
        published = float(np.mean([r.gain for r in all_rows]))
        ours = {p: _mean_over(rows, "gain", p) for p in PROTOCOLS}
        matched = {p: _mean_over(rows, "gain_matched", p) for p in PROTOCOLS}
        means.append(MeanGain(table, stated, published, ours, matched))
    return means


def _mean_over(rows: list[RowResult], kind: str, protocol: str) -> Gain:
    """Seed by seed, the mean over rows; only seeds that every row has."""
    seeds = sorted(set.intersection(*(set(r.seeds) for r in rows)))
    of_seed = [
        [getattr(r, kind)[protocol].values[r.seeds.index(seed)] for r in rows] for seed in seeds
    ]
    return gain_of([float(np.mean(v)) for v in of_seed], [0.0] * len(seeds))
