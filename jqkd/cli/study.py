"""jqkd study: run, report. One question at a time: students that differ in one thing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from jqkd._checks import check_choice, fail
from jqkd.cli.console import Output
from jqkd.cli.edge import Command
from jqkd.cli.effects import STUDY_RULES, refuse_unread
from jqkd.cli.options import (
    BlockSize,
    DataDir,
    DryRun,
    Pictures,
    Readme,
    Redo,
    Students,
    Teachers,
    To,
)
from jqkd.cli.units import kind_of, show_plan, work_off
from jqkd.common.outputs import check_out_folder
from jqkd.experiments.plan import StudentUnit, Unit, answers_of
from jqkd.experiments.presets import Settings
from jqkd.experiments.readme import check_share
from jqkd.experiments.runner import check_teachers, default_block
from jqkd.experiments.store import Store
from jqkd.experiments.studies import STUDIES
from jqkd.experiments.study import (
    DATA,
    DEFAULT_DATA,
    MARK,
    Data,
    Study,
    arms_of,
    chosen_data,
    teachers_of,
    units_of,
)
from jqkd.experiments.study_chart import draw
from jqkd.experiments.study_report import introduction, share, update_readme, write
from jqkd.experiments.study_results import lines_of

app = typer.Typer(
    help="One question at a time: from the paper's student to a robust one, which recipe teaches, "
    "what a teacher that knows nothing does, what the circuit does.",
    no_args_is_help=True,
)
ALL = "all"
_NAMES = ", ".join((*STUDIES, ALL))
OutFolder = Annotated[
    Path, typer.Option(help="Results folder; several studies, and tables, may share one.")
]


@app.command(cls=Command)
def run(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=f"One of {_NAMES}.")],
    seeds: Students = 10,
    out: OutFolder = Path("runs/studies"),
    teachers: Teachers = "train",
    datasets: Annotated[str, typer.Option(help=f"Some of {', '.join(DATA)}.")] = ",".join(
        DEFAULT_DATA
    ),
    variants: Annotated[
        str, typer.Option(help="Only variants whose names match, such as robust*.")
    ] = "*",
    dry_run: DryRun = False,
    block: BlockSize = None,
    redo_damaged: Redo = False,
    data_dir: DataDir = None,
) -> None:
    """Run a study; started again, it goes on where it was stopped.

    Students that several studies need are trained once for one folder.

    Example: jqkd study run controls --seeds 10 --out runs/studies
    """
    studies, data = _chosen(name), chosen_data(datasets)
    refuse_unread(ctx, STUDY_RULES, chosen=data)
    arms = arms_of(studies, data, variants)
    block = default_block(seeds) if block is None else block
    plan = partial(units_of, arms, seeds, block=block)
    units, output = plan(), Output()  # Bad numbers are told before a folder is made.
    if dry_run:
        show_plan(output, f"Study {name}", units, partial(_kind, _labels(studies, data)))
        return
    check_teachers(units, teachers)
    store = Store.create(out, settings_of(out), [MARK + study.name for study in studies], seeds)
    damaged = store.damage([*teachers_of(arms), *answers_of(arms)], arms)
    options = {"teachers": teachers, "data_dir": data_dir}
    work_off(output, store, plan, damaged, redo_damaged, "jqkd study report", **options)


@app.command(cls=Command)
def report(
    out: OutFolder = Path("runs/studies"),
    to: To = None,
    readme: Readme = None,
    pictures: Pictures = True,
) -> None:
    """Write what each study of a results folder says: Markdown, CSV, and pictures.

    Example: jqkd study report --out results/studies --readme README.md
    """
    store, output = Store.open(out), Output()
    folder = store.root / "report" if to is None else to
    asked = [study for study in STUDIES.values() if MARK + study.name in store.asked["rows"]]
    found = {study.name: lines_of(study, store) for study in asked}
    if not any(found.values()):
        fail("out", "hold at least one finished line of a study", f"{store.root} without any")
    check_out_folder("to", folder)
    asked = [study for study in asked if found[study.name]]
    for study in asked if readme is not None else []:
        check_share(readme, share(study))
    for study in asked:
        lines = found[study.name]
        picture = draw(study, lines, folder) if pictures else None
        written = write(study, lines, folder, picture.name if picture else None)
        if readme is not None:
            update_readme(readme, study, lines)
        output.say(study.title, style="bold")
        for paragraph in introduction(study, lines)[2:]:
            output.say(paragraph)
        shown = [*written, *([picture] if picture else [])]
        output.say(f"Written: {', '.join(str(path) for path in shown)}")


def settings_of(out: Path) -> Settings:
    """Those of the tables that are in a folder already: no study depends on them."""
    return Store.open(out).settings if (out / "tables.json").exists() else Settings("robust")


def _chosen(name: str) -> list[Study]:
    check_choice("name", name, (*STUDIES, ALL))
    return list(STUDIES.values()) if name == ALL else [STUDIES[name]]


def _kind(labels: dict[str, str], unit: Unit) -> str:
    return labels[unit.arm.name] if isinstance(unit, StudentUnit) else kind_of(unit)


def _labels(studies: list[Study], data: list[Data]) -> dict[str, str]:
    """Of students, by the name of their arm; the first study that needs them names them."""
    labels: dict[str, str] = {}
    for study in studies:
        for variant in study.variants:
            for one in data:
                labels.setdefault(variant.arm(one).name, f"{one.label}: {variant.name}")
    return labels
