"""jqkd predict: what the students of a finished run say of images."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from jqkd._checks import check_array, check_choice, fail
from jqkd._interrupts import keeps
from jqkd.cli.console import Output, spread, table
from jqkd.cli.effects import PREDICT_RULES, refuse_unread
from jqkd.cli.options import DataDir, Json, Plugins, deliver
from jqkd.common.arrays import Most, read_npz, write_npz
from jqkd.common.files import DamagedFile, plain, write_json, written_whole
from jqkd.common.outputs import check_out_file
from jqkd.data import DATASETS, load
from jqkd.quantum.sampling import check_shots
from jqkd.training.config import read_shots
from jqkd.training.predictions import Predictions
from jqkd.training.trained import TrainedRun, load_run

_ENDINGS, _ADVICE = (".json", ".npz", ".csv"), "give images as .npy, or as .npz with `images`"
_MOST = {"images": Most("uif", 2**30), "labels": Most("ui", 2**24)}
# Images whose classes are printed.
_SHOWN = 20


def predict(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Run, as `jqkd student --out` has written it.")],
    images: Annotated[
        Path | None,
        typer.Argument(help="File .npy, or .npz with `images` and, if known, `labels`."),
    ] = None,
    *,
    dataset: Annotated[
        str | None, typer.Option(help="In a file's place: this data set's images.")
    ] = None,
    split: Annotated[str, typer.Option(help="Its train or test images.")] = "test",
    shots: Annotated[
        str, typer.Option(help="For every circuit, or `exact`.", callback=read_shots)
    ] = "exact",
    seed: Annotated[int, typer.Option(help="Of the shots.")] = 0,
    logits: Annotated[bool, typer.Option("--logits", help="Write the logits too.")] = False,
    file: Annotated[
        Path | None, typer.Option("--out", help="Write all of it here: .json, .npz or .csv.")
    ] = None,
    data_dir: DataDir = None,
    json: Json = None,
    plugin: Plugins = None,
) -> None:
    """Classes and probabilities of images, by every student of a run and by majority.

    Example: jqkd predict runs/f7 --dataset fashion_mnist --out classes.csv
    """
    drawn: Any = shots  # Read by the option's callback.
    check_choice("split", split, ("train", "test"))
    if dataset is not None:
        DATASETS.build(dataset)
    if drawn is not None:
        check_shots(drawn)
    if file is not None:
        check_out_file("file", file, _ENDINGS)
    refuse_unread(ctx, PREDICT_RULES)
    run, output = load_run(folder), Output(json)
    keeps("nothing was changed")
    pixels, labels = _images(run, images, dataset, split, data_dir)
    said = run.predict(pixels, shots=drawn, seed=None if drawn is None else seed)
    output.say(_table(said, labels))
    result = _result(run, said, labels, logits) | {"shots": drawn, "seed": seed}
    if file is not None:
        _write(file, said, result)
        output.say(f"Predictions: {file}")
    deliver(result, json)


def _images(
    run: TrainedRun, path: Path | None, dataset: str | None, split: str, data_dir: Path | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Images, and their labels where these are known, as the data set numbers them."""
    if dataset is not None and path is None:
        data = load(dataset, data_dir=data_dir)
        labels = getattr(data, f"{split}_labels")
        chosen = np.isin(labels, run.config.class_numbers)
        return getattr(data, f"{split}_images")[chosen], labels[chosen]
    if dataset is not None or path is None:
        both = f"{path} beside dataset {dataset}" if path else "nothing"
        fail("images", "be a file, or left out for that of a data set", both)
    return _of_file(path)


def _of_file(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        if path.suffix == ".npy":
            # Mapped, it is as long as its header says, and holds no Python objects.
            return np.load(path, mmap_mode="r", allow_pickle=False), None
        arrays = read_npz(path, _MOST, _ADVICE, optional=("labels",))
    except FileNotFoundError:
        fail("images", "be a file that exists", str(path), _ADVICE)
    except DamagedFile:
        raise
    except (OSError, ValueError, EOFError) as error:
        raise DamagedFile(path, getattr(error, "strerror", None) or str(error), _ADVICE) from error
    labels = arrays.get("labels")
    if labels is not None:
        check_array("labels", labels, (len(arrays["images"]),), kinds="iu")
    return arrays["images"], labels


def _table(said: Predictions, labels: np.ndarray | None) -> Any:
    """The first images, and how many are right."""
    voted, count = said.majority, len(said.classes[0])
    arms = [f">{arm}\nmajority" for arm in voted]
    rows = table(">image", *arms, *([] if labels is None else [">label"]), ">seeds agree, %")
    agree = 100 * np.mean([said.classes[i] == voted[r.arm] for i, r in enumerate(said.runs)], 0)
    known = [] if labels is None else [labels]
    for i in range(min(count, _SHOWN)):
        cells = [str(one[i]) for one in (*voted.values(), *known)]
        rows.add_row(str(i), *cells, f"{agree[i]:.0f}")
    rows.add_section()
    if labels is not None:
        right = [spread(_right(said, labels, arm)) for arm in voted]
        rows.add_row(f"{count} images: right, %", *right, "", "")
        rows.add_row("by majority", *(spread((v == labels).mean()) for v in voted.values()), "", "")
    elif count > _SHOWN:
        rows.add_row(f"of {count}")
    return rows


def _right(said: Predictions, labels: np.ndarray, arm: str) -> np.ndarray:
    rows = [i for i, run in enumerate(said.runs) if run.arm == arm]
    return (said.classes[rows] == labels).mean(-1)


def _result(
    run: TrainedRun, said: Predictions, labels: np.ndarray | None, logits: bool
) -> dict[str, Any]:
    """Of docs/runs.md."""
    right = {} if labels is None else {arm: _right(said, labels, arm) for arm in said.majority}
    return {
        "schema": 1,
        "kind": "predictions",
        "digest": run.job.digest(),
        "class_numbers": list(said.class_numbers),
        "runs": [{"arm": one.arm, "seed": one.seed} for one in said.runs],
        "classes": said.classes,
        "probabilities": said.probabilities,
        "majority": said.majority,
        **({"accuracy": right} if right else {}),
        **({"logits": said.logits} if logits else {}),
    }


def _write(path: Path, said: Predictions, result: dict[str, Any]) -> None:
    """As its ending says; a table has a row for each image and student, and for each majority."""
    if path.suffix == ".json":
        write_json(path, result)
        return
    numbers = {k: result[k] for k in ("probabilities", "logits") if k in result}
    if path.suffix == ".npz":
        who = {"seeds": [r.seed for r in said.runs], "arms": [r.arm for r in said.runs]}
        voted = {f"majority_{arm}": classes for arm, classes in said.majority.items()}
        about = {"class_numbers": said.class_numbers, "classes": said.classes}
        write_npz(path, {**about, **who, **numbers, **voted})
        return
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        ["image", "arm", "seed", "class"]
        + [f"{name}_{number}" for name in numbers for number in said.class_numbers]
    )
    for image in range(len(said.classes[0])):
        for i, run in enumerate(said.runs):
            cells = [one for array in numbers.values() for one in plain(array[i, image])]
            rows.writerow([image, run.arm, run.seed, said.classes[i, image], *cells])
        for arm, classes in said.majority.items():
            rows.writerow([image, arm, "majority", classes[image]])
    with written_whole(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
