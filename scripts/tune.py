"""Choose the settings of an experiment of the catalogue by validation accuracy, all arms alike.

Usage: python -m scripts.tune [NAME] [--out FOLDER] [--workers N] [--arms PATTERN]

Trains the trials of each arm (see the experiment's file) with seeds 1000 to 1002 in a store of
their own, and writes the best of each, with all validation accuracies, beside the experiment's
file.
Started again it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from fnmatch import fnmatchcase
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from jqkd._checks import InputError
from jqkd.common.outputs import write_text
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.model import Arm
from jqkd.experiments.search import FIRST_SEED, accuracy, prepare, students
from jqkd.experiments.store import Store

SEEDS = range(FIRST_SEED, FIRST_SEED + 3)


def tried(arm: Arm, root: Path) -> list[float]:
    """Validation accuracies in %, one a seed."""
    return [accuracy(content, "final") for content in students(arm, SEEDS, Store.open(root))]


def main() -> None:
    """Train what is not there yet, and write the settings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="map")
    parser.add_argument("--out", type=Path, default=Path("runs/search"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--arms", default="*")
    options = parser.parse_args()
    try:
        entry: Any = EXPERIMENTS.build(options.name, "name")
    except InputError as error:
        parser.error(str(error))
    if not hasattr(entry, "trials"):
        parser.error(f"{options.name} is not tuned: it has no trials.")
    trials = {k: v for k, v in entry.trials().items() if fnmatchcase(k, options.arms)}
    store = Store.create(options.out / options.name)
    file = Path(sys.modules[type(entry).__module__].SETTINGS)
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    settings, tables = known.get("settings", {}), known.get("validation", {})
    fields = ("learning_rate", "weight", "temperature")
    for arms in trials.values():
        prepare(arms[0], store)
    context = get_context("spawn")
    with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
        every = [arm for arms in trials.values() for arm in arms]
        accuracies = pool.map(partial(tried, root=store.root), every)
        for name, arms in trials.items():
            taught = arms[0].teacher is not None
            read = fields if taught else fields[:1]
            rows = [{k: getattr(arm.student, k) for k in read} for arm in arms]
            means = [round(sum(own) / len(own), 3) for own in (next(accuracies) for _ in arms)]
            settings[name] = rows[means.index(max(means))]
            tables[name] = [row | {"accuracy": mean} for row, mean in zip(rows, means, strict=True)]
            print(name, settings[name], max(means), flush=True)
            ordered = {"settings": settings, "validation": tables}
            write_text(file, json.dumps(ordered, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
