"""jqkd predict: the classes of images, by the students of a finished run."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from jqkd._checks import check_array, fail
from jqkd._interrupts import keeps
from jqkd.cli.console import Output, spread, table
from jqkd.cli.effects import PREDICT_RULES, refuse_unread
from jqkd.cli.options import DataDir, Json, Plugins, deliver
from jqkd.common.arrays import Most, read_npz
from jqkd.common.files import written_whole
from jqkd.common.outputs import check_out_file
from jqkd.data import DATASETS, load
from jqkd.quantum.sampling import check_shots
from jqkd.training.config import read_shots
from jqkd.training.predictions import Predictions
from jqkd.training.trained import load_run

_ADVICE = "write it with numpy.savez(FILE, images=..., labels=...)"
_MOST = {"images": Most("uif", 2**30), "labels": Most("ui", 2**24)}
# Images whose classes are printed.
_SHOWN = 20


def predict(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Run of `jqkd student --out`.")],
    images: Annotated[
        str,
        typer.Argument(
            help="File .npz with `images` and perhaps `labels`; or a data set, whose test images "
            "of the run's classes are taken."
        ),
    ],
    *,
    shots: Annotated[
        str, typer.Option(help="For every circuit, or `exact`.", callback=read_shots)
    ] = "exact",
    seed: Annotated[int, typer.Option(help="Of the shots.")] = 0,
    csv_file: Annotated[
        Path | None, typer.Option("--out", help="Write a .csv: a row for each image and student.")
    ] = None,
    data_dir: DataDir = None,
    json: Json = None,
    plugin: Plugins = None,
) -> None:
    """Classes and probabilities of images, by every student of a run and by majority.

    Example: jqkd predict runs/f7 fashion_mnist --out classes.csv
    """
    is_file = images.endswith(".npz")
    if not is_file:
        DATASETS.check(images, "images", words=("FILE.npz",))
    if csv_file is not None:
        check_out_file("csv_file", csv_file, (".csv",))
    drawn: Any = shots  # Read by the option's callback.
    if drawn is not None:
        check_shots(drawn)
    refuse_unread(ctx, PREDICT_RULES, is_file=is_file)
    pixels, labels = _of_file(Path(images)) if is_file else (None, None)
    trained, output = load_run(folder), Output(json)
    keeps("nothing was changed")
    if pixels is None:
        data = load(images, data_dir=data_dir)
        chosen = np.isin(data.test_labels, trained.config.class_numbers)
        pixels, labels = data.test_images[chosen], data.test_labels[chosen]
    predictions = trained.predict(pixels, shots=drawn, seed=None if drawn is None else seed)
    right = {} if labels is None else _right(predictions, labels)
    output.say(_table(predictions, labels, right))
    if csv_file is not None:
        _write(csv_file, predictions)
        output.say(f"Predictions: {csv_file}")
    result = {
        "schema": 1,
        "kind": "predictions",
        "digest": trained.job.digest(),
        "shots": drawn,
        "class_numbers": predictions.class_numbers,
        "runs": [{"arm": one.arm, "seed": one.seed} for one in predictions.runs],
        **{n: getattr(predictions, n) for n in ("classes", "probabilities", "majority")},
        "accuracy": right,
    }
    deliver(result, json)


def _of_file(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Images, and their labels where these are known, as the data set numbers them."""
    try:
        arrays = read_npz(path, _MOST, _ADVICE, optional=("labels",))
    except FileNotFoundError:
        fail("images", "be a file that exists, or a data set", str(path), _ADVICE)
    labels = arrays.get("labels")
    if labels is not None:
        check_array("labels", labels, (len(arrays["images"]),), kinds="iu")
    return arrays["images"], labels


def _right(predictions: Predictions, labels: np.ndarray) -> dict[str, Any]:
    """By arm, the accuracy of each student, and that of their majority."""
    each = (predictions.classes == labels).mean(-1)
    return {
        arm: {"students": each[predictions.rows(arm)], "majority": (voted == labels).mean()}
        for arm, voted in predictions.majority.items()
    }


def _table(predictions: Predictions, labels: np.ndarray | None, right: dict[str, Any]) -> Any:
    """The first images, and how many are right."""
    voted, columns = predictions.majority, {}
    for arm, classes in voted.items():
        rows = predictions.rows(arm)
        agree = (predictions.classes[rows] == classes).sum(0)
        columns[f">{arm}"] = [f"{c} ({n}/{len(rows)})" for c, n in zip(classes, agree, strict=True)]
    if labels is not None:
        columns[">label"] = [*map(str, labels)]
    made = table(">image", *columns, title="Class by majority (how many of the students)")
    count = len(predictions.classes[0])
    for i in range(min(count, _SHOWN)):
        made.add_row(str(i), *(cells[i] for cells in columns.values()))
    if count > _SHOWN:
        made.add_row(f"... {count} in all", *[""] * len(columns))
    made.add_section()
    for name in ("students", "majority") if right else ():
        made.add_row(f"right, {name}, %", *(spread(one[name]) for one in right.values()))
    return made


def _write(path: Path, predictions: Predictions) -> None:
    with written_whole(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        chances = [f"probability_{number}" for number in predictions.class_numbers]
        rows.writerow(["image", "arm", "seed", "class", *chances])
        for image in range(len(predictions.classes[0])):
            for i, run in enumerate(predictions.runs):
                cells = predictions.probabilities[i, image]
                rows.writerow([image, run.arm, run.seed, predictions.classes[i, image], *cells])
            for arm, classes in predictions.majority.items():
                rows.writerow([image, arm, "majority", classes[image]])
