"""What a store knows of an experiment's arms: tidy records, for tables and pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, takewhile
from typing import Any

import numpy as np
from jaxtyping import Float

from jqkd._checks import check_choice
from jqkd.experiments.model import PROTOCOLS, Arm, Experiment
from jqkd.experiments.planner import jobs_of, trained
from jqkd.experiments.store import DamagedJob, Store
from jqkd.training.students import shots_of_epochs


@dataclass(frozen=True, eq=False)
class ArmRecord:
    """What a store holds of an arm, seed by seed; R seeds, E epochs.

    Attributes:
        arm: which.
        seeds: those whose files are whole, ascending.
        right: protocol -> right test images, whole numbers, one for each seed.
        test_images: how many there are.
        epochs: after which there is a point of the curves.
        curves: ``train_loss``, ``test_accuracy`` and the like -> (R, E); accuracies in [0, 1].
        mechanism: name -> one number a seed; empty where it is not known.
        teacher_epochs: by architecture, where a teacher has to do with it.
        probe: name -> (R, 2, 3), before and after training, see ``training.probe``; empty where
            there is nothing to probe.
        shots: drawn in training up to these epochs; 0 where none are drawn.
    """

    arm: Arm
    seeds: list[int]
    right: dict[str, list[int]]
    test_images: int
    epochs: list[int]
    curves: dict[str, Float[np.ndarray, "R E"]]
    mechanism: dict[str, list[float]]
    teacher_epochs: dict[str, int]
    probe: dict[str, Float[np.ndarray, "R 2 3"]] = field(default_factory=dict)
    shots: Float[np.ndarray, "R E"] = field(default_factory=lambda: np.zeros((0, 0)))

    def accuracy(self, protocol: str) -> list[float]:
        """In % of the test images, one for each seed."""
        check_choice("protocol", protocol, PROTOCOLS)
        return [100 * right / self.test_images for right in self.right[protocol]]


def records(experiment: Experiment, store: Store) -> dict[str, ArmRecord]:
    """Every arm that has a whole file, by its name; ``Store.damage`` names the others."""
    known = ((arm, dict(_contents(arm, store))) for arm in experiment.arms)
    return {arm.name: _record(arm, contents) for arm, contents in known if contents}


def _contents(arm: Arm, store: Store) -> Iterator[tuple[int, dict[str, Any]]]:
    for seed in _seeds(arm, store):
        (job,) = jobs_of(arm, [seed], store.algorithm)
        with suppress(DamagedJob):
            yield seed, store.read(job.name)


def _seeds(arm: Arm, store: Store) -> list[int]:
    """Of the files that are there; teachers are numbered without gaps."""
    if not arm.is_teacher:
        return store.seeds(jobs_of(arm, [0], store.algorithm)[0].group)
    stored = lambda seed: store.done(jobs_of(arm, [seed], store.algorithm)[0].name)  # noqa: E731
    return list(takewhile(stored, count()))


def _record(arm: Arm, contents: dict[int, dict[str, Any]]) -> ArmRecord:
    every = list(contents.values())
    images, first = every[0]["images"], every[0]
    curves = {name: np.array([one["losses"][name] for one in every]) for name in first["losses"]}
    for part, size in images.items():
        right = np.array([one["right"][part] for one in every])
        curves[f"{part}_accuracy"] = right / size
    why = [one.get("mechanism") or {} for one in every]
    teacher = arm.teacher
    return ArmRecord(
        arm,
        list(contents),
        {name: [one["right"][name] for one in every] for name in PROTOCOLS},
        images["test"],
        first["epochs"],
        curves,
        {name: [one[name] for one in why] for name in (why[0] if all(why) else {})},
        {t.arch: t.epochs for t in (trained(teacher) if teacher else ()) if t.part.is_trained},
        _probes([one.get("probe") for one in every]),
        _shots(arm, every),
    )


def _shots(arm: Arm, contents: list[dict[str, Any]]) -> Float[np.ndarray, "R E"]:
    """As counted where a rule gives them out; else they follow from the configuration."""
    epochs, config = contents[0]["epochs"], arm.student
    if config is None:
        return np.zeros((len(contents), len(epochs)))
    if "shots" in contents[0]:
        return np.array([one["shots"] for one in contents], float)
    plain = [sum(shots_of_epochs(config, epoch, config.num_images)) for epoch in epochs]
    return np.tile(np.array(plain, float), (len(contents), 1))


def _probes(looks: list[dict[str, Any] | None]) -> dict[str, np.ndarray]:
    known = [look for look in looks if look]
    if len(known) < len(looks):
        return {}
    names = [name for name in known[0] if name != "epochs"]
    return {name: np.array([look[name] for look in known]) for name in names}


def machines(store: Store) -> tuple[list[str], float]:
    """On what a store's jobs were done, and how many seconds they took in all."""
    entries = store.times()
    made_on = {_machine(entry["environment"]) for entry in entries if "environment" in entry}
    return sorted(made_on), sum(
        entry["seconds"]["total"] for entry in entries if "seconds" in entry
    )


def _machine(environment: dict[str, Any]) -> str:
    return f"{environment['device']}, JAX {environment['jax']}" if environment else "unknown"
