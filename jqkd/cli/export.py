"""jqkd export: curves and final numbers of a run, or of a store, to a tracker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jqkd._checks import fail
from jqkd._interrupts import keeps
from jqkd.cli.console import Output
from jqkd.cli.options import Plugins
from jqkd.experiments.analysis import ArmRecord, records
from jqkd.experiments.asked import asked, names_in
from jqkd.experiments.store import Store
from jqkd.tracking import TRACKERS, Tracker, tell, tracker_of
from jqkd.training.following import Followers, fields_of
from jqkd.training.trained import load_run


def export(
    folder: Annotated[
        Path, typer.Argument(help="Run of `jqkd student --out`, or store of `jqkd run`.")
    ],
    *,
    tracker: Annotated[
        str,
        typer.Option("--to", help=f"One of {', '.join(TRACKERS)}; `jqkd list` has their options."),
    ],
    plugin: Plugins = None,
) -> None:
    """Write curves, final numbers and configuration of every student, each as a run of its own.

    Example: jqkd export runs/f7 --to tensorboard:folder=runs/boards
    """
    follows = tracker_of(tracker)
    keeps("what was exported stays; the same command begins anew")
    count = (_store if (folder / "store.json").exists() else _run)(follows, folder)
    Output().say(f"Exported to {tracker}: {count} curves of {folder}")


def _run(tracker: Tracker, folder: Path) -> int:
    run = load_run(folder)
    followers = Followers(tracker, run.job, folder.absolute().name)
    for epoch in run.epochs():
        followers.log(epoch)
    followers.finish(run.result)
    return len(run.runs)


def _store(tracker: Tracker, folder: Path) -> int:
    store = Store.open(folder, "folder")
    arms_of = [(one, records(asked(store, one).experiment(), store)) for one in names_in(store)]
    count = sum(_arm(tracker, name, arm) for name, arms in arms_of for arm in arms.values())
    if not count:
        fail("folder", "be a store with results", f"{folder}, which has none,")
    return count


def _arm(tracker: Tracker, name: str, record: ArmRecord) -> int:
    arm = record.arm
    fields = {"name": name, "arm": arm.name} | fields_of(arm.student, arm.teacher)
    for row, seed in enumerate(record.seeds):
        about = {"run": f"{arm.name}/seed-{seed}", "seed": seed} | fields
        followed = tell(tracker, "start", about)
        for look, step in enumerate(record.epochs):
            values = {k: float(curves[row, look]) for k, curves in record.curves.items()}
            tell(tracker, "log", followed, step, values)
        right = {k: counts[row] / record.test_images for k, counts in record.right.items()}
        tell(tracker, "finish", followed, right)
    return len(record.seeds)
