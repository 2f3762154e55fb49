"""jqkd report: what the experiments of a store say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jqkd._checks import fail
from jqkd.cli.console import Output
from jqkd.cli.effects import REPORT_RULES, refuse_unread
from jqkd.cli.options import DataDir, Known, Pictures, Plugins, Readme, StoreFolder
from jqkd.common.outputs import check_out_folder
from jqkd.experiments.asked import names_in
from jqkd.experiments.jobs import Datasets
from jqkd.experiments.store import Store
from jqkd.report.document import readme_block, share, write_report
from jqkd.report.figures import draw_all
from jqkd.report.introduction import outcome
from jqkd.report.readme import check_share, update_share
from jqkd.report.stored import known_name, summary_of


def report(
    ctx: typer.Context,
    name: Known = None,
    out: StoreFolder = Path("runs"),
    to: Annotated[
        Path | None,
        typer.Option(help="Where it goes (default: reports/ in the store, a folder for each)."),
    ] = None,
    readme: Readme = None,
    pictures: Pictures = True,
    data_dir: DataDir = None,
    plugin: Plugins = None,
) -> None:
    """Say what came out: for each published number, reproduced, higher, lower or undecidable.

    Writes Markdown, CSV, LaTeX and one HTML page, and pictures as PNG, SVG and PDF.

    Example: jqkd report paper-code --readme README.md
    """
    refuse_unread(ctx, REPORT_RULES)
    store, output = Store.open(out), Output()
    names = names_in(store) if name is None else [known_name(name, store)]
    found = {one: summary for one in names if (summary := summary_of(one, store)).lines}
    if not found:
        fail("out", "hold at least one finished arm", f"{store.root} without any")
    folder = store.root / "reports" if to is None else check_out_folder("to", to)
    if readme is not None:
        for summary in found.values():
            check_share(readme, share(summary.experiment.name))
    datasets = Datasets(data_dir)
    for one, summary in found.items():
        # A folder that was asked for is that of the only experiment, if one was named.
        place = folder if to is not None and name is not None else folder / one
        drawn = draw_all(summary, place, datasets.__getitem__) if pictures else []
        written = write_report(summary, place, drawn)
        if readme is not None:
            update_share(readme, share(summary.experiment.name), readme_block(summary))
        output.say(summary.experiment.title, style="bold")
        for paragraph in outcome(summary):
            output.say(paragraph)
        output.say(f"Written: {', '.join(map(str, written))}")
