"""Settings searched by Optuna: on validation images, with seeds that no report reads.

Trials are students of a store of their own, ``search/NAME`` in the store, beside Optuna's journal;
their test images play no part.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jqkd._checks import (
    InputError,
    check_choice,
    check_integer,
    check_number,
    check_path,
    check_type,
    fail,
)
from jqkd.common.digests import json_digest
from jqkd.common.outputs import write_text
from jqkd.experiments import toml
from jqkd.experiments.grids import check_values
from jqkd.experiments.model import Arm, Experiment, present
from jqkd.experiments.planner import Job, plan, student_jobs
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order, compute
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.config import StudentConfig
from jqkd.training.loop import TrainingError

# Seeds of reports start at 0.
FIRST_SEED = 1000
# Protocols that read no test image.
SEARCHED = ("final", "picked")


@dataclass(frozen=True)
class Range:
    """Numbers from low to high.

    Attributes:
        low: the least one.
        high: the greatest one.
        log: whether as many are tried from 1 to 10 as from 10 to 100.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        check_type("log", self.log, bool, "true or false")
        low = check_number("low", self.low, above=0 if self.log else -math.inf)
        check_number("high", self.high, above=low)


@dataclass(frozen=True)
class Search:
    """What is searched.

    Attributes:
        arm: whose settings.
        space: field -> its range or its values.
        seeds: students of every trial, from seed 1000 on.
        protocol: validation accuracy after the last epoch (`final`), or at the best one (`picked`).
    """

    arm: str
    space: Mapping[str, Range | Sequence[Any]]
    seeds: int = 3
    protocol: str = "final"

    def __post_init__(self) -> None:
        check_integer("seeds", self.seeds, 1, FIRST_SEED)
        check_choice("protocol", self.protocol, SEARCHED)
        if not self.space:
            fail("search", "name at least one field with a range or a list of values", "none")


class Trial(NamedTuple):
    """One try: its settings, and the mean validation accuracy in %, or why it has none."""

    number: int
    settings: dict[str, Any]
    accuracy: float | None
    reason: str = ""


def run_search(
    path: str | Path,
    trials: int,
    out: str | Path = "runs",
    *,
    data_dir: str | Path | None = None,
    on_trial: Callable[[Trial], None] = lambda trial: None,
) -> tuple[Trial, Path]:
    """Try settings of an arm until there are so many trials; goes on where it was stopped.

    Args:
        path: a TOML file with a ``[search]`` table.
        trials: how many in all, those done before among them.
        out: the store; the search lies in ``search/NAME`` of it.
        data_dir: TFDS's data folder.
        on_trial: called after each trial.

    Returns:
        The best trial, and a file in which the arm has its settings, for ``jqkd run``.

    Raises:
        InputError: what is wrong with the file; Optuna is not installed; no trial could be trained.
    """
    trials = check_integer("trials", trials, 1, 10_000)
    file = check_path("name", path)
    if file.suffix != ".toml":
        fail("name", "be a TOML file, which ends in .toml", str(file))
    top = toml.parsed(toml.read(file))
    search, optuna = search_of(top), _optuna()
    folder = check_path("out", out) / "search" / toml.check_name(top["name"])
    store = Store.create(folder)
    with store.claim("search") as holder:
        if holder is not None:
            fail(
                "out", "be a store where nobody else searches for this", f"one where {holder} does"
            )
        study = _study(optuna, folder, top, search)
        for number in range(trials):
            trial = _trial(optuna, study, number, search)
            if not trial.state.is_finished():
                done = _tried(Trial(number, trial.params, None), top, search, store, data_dir)
                # For Optuna what cannot be trained is worse than all that can.
                pruned = optuna.trial.TrialState.PRUNED if done.accuracy is None else None
                study.tell(number, done.accuracy, state=pruned)
                on_trial(done)
        if not study.get_trials(states=[optuna.trial.TrialState.COMPLETE]):
            raise InputError("No settings could be trained; choose other ranges in [search].")
        best = Trial(study.best_trial.number, study.best_params, study.best_value)
    to = folder / "best.toml"
    head = f"# Trial {best.number}: validation accuracy {best.accuracy:.2f} %.\n"
    write_text(to, head + toml.text_of(with_best(top, search, best.settings)))
    return best, to


def search_of(top: dict[str, Any]) -> Search:
    """The ``[search]`` of a file's tables.

    Raises:
        InputError: there is none; a field, range, list or arm that cannot be.
    """
    table = dict(top["search"])
    if not table:
        fail("search", "be a table of the file, [search], with what to try", "none")
    options = {k: table.pop(k) for k in ("arm", "seeds", "protocol") if k in table}
    names = [arm["name"] for arm in top["arms"]]
    check_choice("arm of [search]", options.get("arm"), names)
    space = {name: _space(name, value) for name, value in table.items()}
    search = Search(space=space, **options)
    ends = [(one.low, one.high) if isinstance(one, Range) else one for one in space.values()]
    # Every end and every value with the first of the others: more cannot be told beforehand.
    first = {name: values[0] for name, values in zip(space, ends, strict=True)}
    for name, values in zip(space, ends, strict=True):
        for value in values:
            arm_with(top, search, first | {name: value})
    return search


def _space(name: str, value: Any) -> Range | Sequence[Any]:
    check_choice("field of [search]", name, toml.FIELDS)
    if isinstance(value, list):
        return check_values(name, value)
    check_type(name, value, dict, "a range {low = ..., high = ...} or a list of values")
    for field in value:
        check_choice(f"field of {name}", field, [one.name for one in dataclasses.fields(Range)])
    missing: dict[str, Any] = {"low": None, "high": None}
    return Range(**missing | value)


def arm_with(top: dict[str, Any], search: Search, settings: Mapping[str, Any]) -> Arm:
    """The arm that is searched, with some settings.

    Raises:
        InputError: settings that it cannot have, or lists that make several arms of it.
    """
    (table,) = (arm for arm in top["arms"] if arm["name"] == search.arm)
    table = {k: v for k, v in table.items() if k not in ("against", "family")} | dict(settings)
    table = toml.with_defaults(table, top["defaults"])
    arms = toml.made({"name": top["name"], "defaults": {}, "comparisons": [], "arms": [table]}).arms
    if len(arms) > 1:
        must = "be an arm without lists, or lists that stand in [search]"
        fail("arm of [search]", must, f"{search.arm}, which is {len(arms)} arms,")
    return arms[0]


def with_best(top: dict[str, Any], search: Search, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A file's tables with settings in the arm, for ``toml.text_of``."""
    arms = [arm | (dict(settings) if arm["name"] == search.arm else {}) for arm in top["arms"]]
    defaults = {k: v for k, v in top["defaults"].items() if toml.is_read(k, top["defaults"], arms)}
    changed = {"name": f"{top['name']}-best", "defaults": defaults, "arms": arms, "search": {}}
    return top | changed


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise InputError(
            'Searching needs Optuna, which is not installed; `pip install "jqkd[search]"`.'
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _study(optuna: Any, folder: Path, top: dict[str, Any], search: Search) -> Any:
    """Of this file's search: another text's trials are not counted in."""
    journal = optuna.storages.journal.JournalFileBackend(str(folder / "journal.log"))
    name = json_digest([ALGORITHM, top["search"], top["defaults"], top["arms"]], 16)
    return optuna.create_study(
        storage=optuna.storages.JournalStorage(journal),
        study_name=name,
        direction="maximize",
        load_if_exists=True,
    )


def _trial(optuna: Any, study: Any, number: int, search: Search) -> Any:
    """A trial as it stands in the journal, if need be asked for now.

    Each has a sampler of its own, so that a search that was stopped finds the same.
    """
    if number == len(study.trials):
        study.sampler = optuna.samplers.TPESampler(seed=number)
        study.ask({name: _distribution(optuna, name, one) for name, one in search.space.items()})
    return study.trials[number]


def _distribution(optuna: Any, name: str, one: Range | Sequence[Any]) -> Any:
    kinds = optuna.distributions
    if not isinstance(one, Range):
        return kinds.CategoricalDistribution(one)
    real = "float" in StudentConfig.__annotations__.get(name, "")
    return (kinds.FloatDistribution if real else kinds.IntDistribution)(*dataclasses.astuple(one))


def _tried(
    trial: Trial, top: dict[str, Any], search: Search, store: Store, data_dir: str | Path | None
) -> Trial:
    """A trial with its accuracy; settings that cannot be trained have a reason instead."""
    try:
        arm = arm_with(top, search, trial.settings)
    except InputError as error:
        return trial._replace(reason=str(error))
    try:
        contents = students(arm, range(FIRST_SEED, FIRST_SEED + search.seeds), store, data_dir)
    except TrainingError as error:
        return trial._replace(reason=str(error))
    accuracies = [accuracy(content, search.protocol) for content in contents]
    return trial._replace(accuracy=sum(accuracies) / len(accuracies))


def accuracy(content: Mapping[str, Any], protocol: str) -> float:
    """Validation accuracy of a student in %; what its file says of test images is not read."""
    epochs = content["epochs"]
    place = epochs.index(content["picked_epoch"]) if protocol == "picked" else len(epochs) - 1
    return 100 * content["right"]["validation"][place] / content["images"]["validation"]


def students(
    arm: Arm, seeds: Sequence[int], store: Store, data_dir: str | Path | None = None
) -> list[dict[str, Any]]:
    """What the files of an arm's students say; trained, with their teacher, where need be."""
    prepare(arm, store, data_dir)
    own = student_jobs(present(arm.student), arm.teacher, seeds)
    _do(own, store, data_dir)
    return [store.read(job.name) for job in own]


def prepare(arm: Arm, store: Store, data_dir: str | Path | None = None) -> None:
    """Have the arm's teacher trained, and its answers, where need be."""
    for job in plan(Experiment("search", "", "", (arm,)), 1):
        if job.seed is None:
            _do([job], store, data_dir)


def _do(jobs: Sequence[Job], store: Store, data_dir: str | Path | None) -> None:
    order = Order(str(store.root), "search", data_dir=None if data_dir is None else str(data_dir))
    left = [job for job in jobs if not _is_whole(store, job)]
    made = compute(left, store, order, lambda fraction, text: None) if left else []
    for job, result in zip(left, made, strict=True):
        store.write(job.name, *result)


def _is_whole(store: Store, job: Job) -> bool:
    return store.done(job.name) and not store.damage([job])
