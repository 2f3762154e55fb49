"""jqkd data: import, list, show and remove data sets of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from jqkd._checks import fail, shown
from jqkd._interrupts import keeps
from jqkd.cli.console import Output, table
from jqkd.cli.edge import Command
from jqkd.cli.options import DataDir, Json, Plugins, deliver
from jqkd.common.outputs import write_figure
from jqkd.data import DATASETS, Dataset, import_data, load
from jqkd.data.drawing import draw_classes
from jqkd.data.imported import shelf
from jqkd.training.result import RESULT_SCHEMA

app = typer.Typer(help="Data sets of your own: import, list, show, remove.", no_args_is_help=True)
_SOURCES = "A .npz; 2, 4 or 6 .npy; one or two .csv; a folder of class folders; or tfds:NAME."
_NAME = "What it is called; NAME@DIGEST, as it stands in results, also does."
Name = Annotated[str, typer.Argument(help=_NAME)]


def _list(help: str, kind: type[Any] = str) -> Any:
    """An option of texts or numbers with commas between."""

    def read(param: typer.CallbackParam, text: str | None) -> list[Any] | None:
        try:
            return None if text is None else [kind(one.strip()) for one in text.split(",")]
        except ValueError:
            fail(param.name or "", "be numbers with commas between", shown(text))

    return typer.Option(help=help, callback=read)


@app.command("import", cls=Command)
def import_(
    name: Annotated[str, typer.Argument(help="What it will be called.")],
    sources: Annotated[list[str], typer.Argument(help=_SOURCES)],
    keys: Annotated[
        str | None, _list("Keys of the .npz, images and labels in turns: x_train,y_train,...")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(help="Column of the .csv that holds labels (default: label).")
    ] = None,
    drop: Annotated[str | None, _list("Columns of the .csv that are left out.")] = None,
    class_names: Annotated[
        str | None, _list("Names of the classes, in the order of the labels.")
    ] = None,
    split: Annotated[
        str | None, _list("Shares of train, validation, test: 0.7,0.15,0.15.", float)
    ] = None,
    split_seed: Annotated[int | None, typer.Option(help="Draws the split (default: 0).")] = None,
    resize: Annotated[
        str | None, _list("Rows and columns of pictures, such as 28,28.", int)
    ] = None,
    mode: Annotated[str | None, typer.Option(help="L (grey) or RGB, of pictures.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Read a data set of your own and keep it, decoded, under its digest.

    From then on it is a data set like any other: `jqkd student --dataset NAME --classes 0-2`.

    Example: jqkd data import iris iris.csv --label-column species --split 0.7,0.15,0.15
    """
    keeps("nothing was imported")
    title = import_data(
        name, *sources, keys=keys, label_column=label_column, drop=drop, class_names=class_names,
        split=split, split_seed=split_seed, resize=resize, mode=mode, data_dir=data_dir,
    )  # fmt: skip
    _say(Output(), load(title))


@app.command("list", cls=Command)
def list_data(plugin: Plugins = None) -> None:
    """Every data set that is known by name.

    Example: jqkd data list
    """
    rows = table("name", ">classes", "shape", "from")
    for name in (*DATASETS, *shelf().titles()):
        part = DATASETS.build(name)
        rows.add_row(name, str(part.num_classes), _shape(part.image_shape), _origin(name))
    Output().say(rows)


@app.command(cls=Command)
def show(
    name: Name,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the first image of each class here.")
    ] = None,
    json: Json = None,
    data_dir: DataDir = None,
    plugin: Plugins = None,
) -> None:
    """Classes, images of each, shape, digest and origin of a data set.

    Example: jqkd data show digits --picture digits.png
    """
    DATASETS.build(name, "name")
    dataset = load(name, data_dir=data_dir)
    result = _say(Output(json), dataset)
    if picture is not None:
        write_figure(draw_classes(dataset), picture)
    deliver(result, json)


@app.command(cls=Command)
def remove(name: Name) -> None:
    """Take an imported data set away; students that were trained on it stay.

    Example: jqkd data remove iris
    """
    title = DATASETS.title_of(name)
    if title is None:
        fail("name", "be an imported data set", shown(name), "`jqkd data list` has them")
    shelf().remove(title)
    Output().say(f"{title} is gone.")


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if len(shape) > 1 else f"{shape[0]} features"


def _origin(name: str) -> str:
    return shelf().origin(name) if DATASETS.title_of(name) else "jqkd"


def _say(output: Output, dataset: Dataset) -> dict[str, Any]:
    """Print what a data set is; and as a result."""
    source: Any = dataset.source
    held_out, names = source.validation_per_class, dataset.class_names
    train, test = (
        np.bincount(labels, minlength=len(names)).tolist()
        for labels in (dataset.train_labels, dataset.test_labels)
    )
    facts = {
        "schema": RESULT_SCHEMA,
        "kind": "dataset",
        "name": dataset.name,
        "origin": _origin(dataset.name),
        "image_shape": dataset.image_shape,
        "dtype": str(dataset.train_images.dtype),
        "digest": dataset.digest,
        "classes": [
            {"name": name, "train": one - held_out, "validation": held_out, "test": other}
            for name, one, other in zip(names, train, test, strict=True)
        ],
        "is_scaled": hasattr(source, "minimum"),
    }
    output.say(f"{dataset.name}: {_shape(dataset.image_shape)}", style="bold")
    rows = table("", "class", ">train", ">validation", ">test")
    for label, about in enumerate(facts["classes"]):
        rows.add_row(str(label), *map(str, about.values()))
    rows.add_section()
    default = source.train_per_class, held_out, source.test_per_class
    rows.add_row("", "a student takes, by default, of each", *map(str, default))
    output.say(rows)
    output.say(f"From {facts['origin']}; {facts['dtype']}, SHA-256 {dataset.digest}")
    if facts["is_scaled"]:
        output.say("Features were scaled by minimum and maximum of the train rows, and clipped.")
    return facts
