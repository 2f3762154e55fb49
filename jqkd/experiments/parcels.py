"""Jobs for workers that share no folder with us: what they read goes out, results come back."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jqkd.common.cache import cache_folder
from jqkd.common.files import written_whole
from jqkd.common.registry import KINDS
from jqkd.data import DATASETS, load
from jqkd.experiments.planner import Task
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order, Outcome, serve_jobs

# Bytes by where they lie: below ``store/`` or ``cache/``.
Files = Mapping[str, bytes]


def inputs_of(task: Task, order: Order) -> tuple[Order, list[dict[str, Path]]]:
    """What a worker far away needs.

    Returns:
        The order, its plug-ins by where they will lie; all files that the task reads, in groups
        that other tasks may need too: where each will lie, and where it lies here.
    """
    root, cache = Path(order.root), cache_folder()
    plugins = {name: _place(Path(name)) for name in order.plugins if Path(name).is_file()}
    asked = ["store.json", f"experiments/{order.name}.json"]
    needs = [_files([name]) for job in task.jobs[:1] for name in job.needs]
    groups = [{f"store/{file}": root / file for file in files} for files in [asked, *needs]]
    groups += [{place: Path(name)} for name, place in plugins.items()]
    for files in _brought(task, order.data_dir):
        groups.append({f"cache/{file.relative_to(cache)}": file for file in files})
    order = replace(order, plugins=tuple(plugins.get(name, name) for name in order.plugins))
    return order, groups


def _files(names: Iterable[str]) -> list[str]:
    """Of jobs; the one that makes a job count last."""
    return [f"{name}{suffix}" for name in names for suffix in (".npz", ".json")]


def _place(plugin: Path) -> str:
    """One for each content, so that a worker loads it once."""
    return f"cache/plugins/{hashlib.sha256(plugin.read_bytes()).hexdigest()[:16]}/{plugin.name}"


def _brought(task: Task, data_dir: str | None) -> list[list[Path]]:
    """Files of images and of what users imported, if a task's configurations name them."""
    job = task.jobs[0]
    configs = [config for config in (job.teacher, job.student) if config is not None]
    about, dataset = json.dumps([config.to_json() for config in configs]), configs[-1].dataset
    shelves = [registry.shelf for registry in KINDS.values() if registry.shelf is not None]
    titles = [(shelf, title) for shelf in shelves for title in shelf.titles() if title in about]
    files = [shelf.files(title) for shelf, title in titles]
    if DATASETS[dataset].needs_data_dir:
        load(dataset, data_dir=data_dir)
        files.append([cache_folder() / "data" / f"{dataset}.npz"])
    return files


def do_parcel(
    order: Order, names: Sequence[str], cores: int, groups: Iterable[Files]
) -> tuple[Outcome, Files]:
    """Do jobs in a folder of their own.

    Returns:
        How they ended, and the files they left.
    """
    files = {file: data for group in groups for file, data in group.items()}
    with tempfile.TemporaryDirectory(prefix="jqkd-") as folder:
        places = {"store": Path(folder), "cache": cache_folder()}
        paths = {file: places[file[:5]] / file[6:] for file in files}
        for file, path in paths.items():
            with written_whole(path) as temporary:
                temporary.write_bytes(files[file])
        plugins = tuple(str(paths.get(name, name)) for name in order.plugins)
        outcome = serve_jobs(replace(order, root=folder, plugins=plugins), names, cores)
        left = [file for file in (*_files(names), "log.jsonl") if (Path(folder) / file).exists()]
        return outcome, {file: (Path(folder) / file).read_bytes() for file in left}


def keep(store: Store, names: Sequence[str], files: Files) -> None:
    """Write into a store what came back of some jobs, and no other file."""
    for file in _files(names):
        if file in files:
            with written_whole(store.root / file) as temporary:
                temporary.write_bytes(files[file])
    for line in files.get("log.jsonl", b"").splitlines():
        store.log(json.loads(line))
