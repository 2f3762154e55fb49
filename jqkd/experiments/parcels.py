"""Jobs for workers that share no folder with us: what they read goes out, results come back."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jqkd.common.cache import cache_folder
from jqkd.common.files import written_whole
from jqkd.common.registry import KINDS
from jqkd.experiments.entrance import settle, work
from jqkd.experiments.planner import Task
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order, Outcome

# By where they lie.
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Parcel:
    """What a worker far away needs: an order, names of jobs, and files.

    Attributes:
        order: its ``root`` is chosen by the worker.
        names: of jobs.
        store: files of the store.
        plugins: sources.
        imported: files of the cache that users brought; ``None`` for what is not carried at first.
    """

    order: Order
    names: tuple[str, ...]
    store: Files
    plugins: Files
    imported: Mapping[str, bytes | None]


def pack(task: Task, order: Order) -> Parcel:
    """All that a task reads, but for images that come with jqkd or lie with the worker."""
    root, needs = Path(order.root), {name: None for job in task.jobs for name in job.needs}
    files = ["store.json", f"experiments/{order.name}.json", *_files(needs)]
    store = {file: (root / file).read_bytes() for file in files if (root / file).exists()}
    named, plugins = [], {}
    for name in order.plugins:
        path = Path(name)
        source = path.read_bytes() if path.is_file() else None
        if source is not None:
            name = f"{hashlib.sha256(source).hexdigest()[:16]}/{path.name}"
            plugins[name] = source
        named.append(name)
    left = tuple(name for name in task.names if not (root / f"{name}.json").exists())
    imported = dict.fromkeys(_imported(task))
    return Parcel(replace(order, plugins=tuple(named)), left, store, plugins, imported)


def _files(names: Iterable[str]) -> list[str]:
    """Of jobs; the one that makes a job count last."""
    return [f"{name}{suffix}" for name in names for suffix in (".npz", ".json")]


def _imported(task: Task) -> list[str]:
    """Files of what users brought and a task's configurations name."""
    configs = (task.jobs[0].teacher, task.jobs[0].student)
    about = json.dumps([config.to_json() for config in configs if config is not None])
    shelves = [registry.shelf for registry in KINDS.values() if registry.shelf is not None]
    titles = [(shelf, title) for shelf in shelves for title in shelf.titles() if title in about]
    paths = [path for shelf, title in titles for path in shelf.files(title)]
    return [str(path.relative_to(cache_folder())) for path in paths]


def with_imported(parcel: Parcel) -> Parcel:
    """A parcel with the files that a worker was found to lack."""
    full = {file: (cache_folder() / file).read_bytes() for file in parcel.imported}
    return replace(parcel, imported=full)


def open_parcel(parcel: Parcel, cores: int) -> tuple[Outcome | None, Files]:
    """Do a parcel's jobs, in a folder of their own.

    Returns:
        How they ended, and the files they left; ``None`` where imported things are lacking.
    """
    cache, imported = cache_folder(), parcel.imported
    if any(data is None and not (cache / file).exists() for file, data in imported.items()):
        return None, {}
    with tempfile.TemporaryDirectory(prefix="jqkd-") as folder:
        root, sources = Path(folder), cache / "plugins"
        _write(cache, {file: data for file, data in imported.items() if data is not None})
        _write(sources, parcel.plugins)
        _write(root, parcel.store)
        settle(cores)
        plugins = [str(sources / p) if p in parcel.plugins else p for p in parcel.order.plugins]
        order = replace(parcel.order, root=folder, plugins=tuple(plugins))
        outcome = work(asdict(order), parcel.names)
        files = (*_files(parcel.names), "log.jsonl")
        return outcome, {
            file: (root / file).read_bytes() for file in files if (root / file).exists()
        }


def keep(store: Store, names: Sequence[str], files: Files) -> None:
    """Write into a store what came back of some jobs, and no other file."""
    _write(store.root, {file: files[file] for file in _files(names) if file in files})
    for line in files.get("log.jsonl", b"").splitlines():
        store.log(json.loads(line))


def _write(folder: Path, files: Files) -> None:
    for file, data in files.items():
        with written_whole(folder / file) as temporary:
            temporary.write_bytes(data)
