"""jqkd verify: are the numbers of a store those that training gives?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from jqkd._interrupts import keeps
from jqkd.cli.bars import CountBar
from jqkd.cli.console import Output, table
from jqkd.cli.options import DataDir, Json, Plugins, deliver
from jqkd.experiments.store import Store
from jqkd.experiments.verify import DIFFERENT, Replay, replay, sample_students
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.result import environment


def verify(
    folder: Annotated[Path, typer.Argument(help="Store, as `jqkd run` has written it.")],
    sample: Annotated[int, typer.Option(help="Students to train again, drawn at random.")] = 20,
    seed: Annotated[int, typer.Option(help="Draws them.")] = 0,
    data_dir: DataDir = None,
    json: Json = None,
    plugin: Plugins = None,
) -> None:
    """Train some students of a store again, and compare every stored number.

    A student is identical, equal as far as another machine's rounding explains, or different;
    exit code 1 where one is different.

    Example: jqkd verify runs --sample 20
    """
    store, output = Store.open(folder, "folder"), Output(json)
    drawn = sample_students(store, sample, seed)
    keeps("nothing was changed")
    replays: list[Replay] = []
    with CountBar(output, "replaying", len(drawn)) as bar:
        for one in replay(store, drawn, data_dir=data_dir):
            replays.append(one)
            bar.move(len(replays), one.verdict)
    output.say(f"{store.root}: {len(replays)} students trained again", style="bold")
    rows = table("student", "verdict", ">loss differs by", ">right by", "reason")
    for one in replays:
        numbers = (f"{one.largest:.2g}", str(one.right))
        rows.add_row(one.name, one.verdict, *numbers, one.reason)
    output.say(rows)
    counts = Counter(one.verdict for one in replays)
    output.say(
        ", ".join(f"{count} of {len(replays)} {verdict}" for verdict, count in counts.items())
    )
    result = {"schema": 1, "kind": "verification", "algorithm": ALGORITHM, "seed": seed}
    values = {"replays": [vars(one) for one in replays], "environment": environment()}
    deliver(result | values, json)
    if DIFFERENT in counts:
        raise typer.Exit(1)
