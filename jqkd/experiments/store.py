"""A store: one file for each job of any experiment, written whole or not at all, checked when read.

store.json                     schema, and the version of the algorithm that made all of it
experiments/<name>.json        what was asked for: an experiment, seeds, arms
teachers/<job>.json .npz       curves and right answers; logits for the students' images
answers/<job>.json .npz        what a teacher says of the views of a student's images
students/<arm>/seed-007.json   losses and right answers of one student
students/<arm>/seeds.json      the same of many, see ``packs``
log.jsonl                      seconds, machine and block of every job; nothing else depends on time
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError
from jqkd.common.arrays import Most, arrays_digest, read_npz, write_npz
from jqkd.common.digests import json_digest
from jqkd.common.files import DamagedFile, plain, read_json, remove_leftovers, write_json
from jqkd.common.locks import holder, note, tried
from jqkd.experiments.packs import FILE, drop, packed
from jqkd.experiments.planner import Job
from jqkd.training.algorithm import ALGORITHM

SCHEMA = 2
_HEADER_ADVICE = "choose another folder, or delete that file: the jobs beside it are kept"
_ADVICE = "run again with --redo to do it anew"
_SEED = re.compile(r"seed-(\d+)")
# Answers to all views of all images; hidden layers are the largest of it.
_MOST = {"ids": Most("iu", 2**20), "logits": Most("f", 2**26), "features": Most("f", 2**26)}


class DamagedJob(DamagedFile):
    """A job's file that is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason, _ADVICE)


class Store:
    """A folder of results. Get it with ``Store.create`` or ``Store.open``."""

    def __init__(self, root: Path, algorithm: int = ALGORITHM) -> None:
        self.root, self.algorithm = root, algorithm

    @classmethod
    def open(cls, root: Path, argument: str = "out") -> Store:
        """A store of whatever version of the algorithm.

        Raises:
            InputError: no store, one of an earlier layout, or a damaged one; names ``argument``.
        """
        path = root / "store.json"
        try:
            about = read_json(path, _HEADER_ADVICE)
            if about["schema"] == SCHEMA and about["kind"] == "store":
                return cls(root, int(about["algorithm"]))
            reason = f"schema {about['schema']}, where this version of jqkd reads {SCHEMA}"
            raise DamagedFile(path, reason, _HEADER_ADVICE)
        except FileNotFoundError:
            raise _no_store(root, argument) from None
        except DamagedFile:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedFile(path, f"{type(error).__name__}: {error}", _HEADER_ADVICE) from error

    @classmethod
    def create(cls, root: Path) -> Store:
        """Open a folder for more work, or make a new one.

        Raises:
            InputError: another version of the algorithm made it, or it cannot be written.
        """
        if not (root / "store.json").exists() and not (root / "tables.json").exists():
            about = {"schema": SCHEMA, "kind": "store", "algorithm": ALGORITHM}
            write_json(root / "store.json", about)
        store = cls.open(root)
        store.check_algorithm()
        return store

    def check_algorithm(self, advice: str = "choose another folder") -> None:
        """Raise ``InputError`` where another version of the algorithm made what lies here."""
        if self.algorithm != ALGORITHM:
            raise InputError(
                f"The results in {self.root} were made by version {self.algorithm} of the "
                f"algorithm, but this is version {ALGORITHM}, which would find other numbers; "
                f"{advice}."
            )

    def path(self, name: str) -> Path:
        """The file that makes a job count."""
        return self.root / f"{name}.json"

    def done(self, name: str) -> bool:
        """Whether a job's file is there; ``read`` checks it."""
        path = self.path(name)
        with contextlib.suppress(DamagedFile):
            return path.exists() or path.stem in packed(path.parent)
        return True

    def seeds(self, arm: str) -> list[int]:
        """Seeds of an arm's folder that have a file, whole or damaged; ascending."""
        folder = self.root / arm
        stems = {path.stem for path in folder.glob("seed-*.json")}
        with contextlib.suppress(DamagedFile):
            stems |= packed(folder).keys()
        matches = map(_SEED.fullmatch, stems)
        return sorted(int(match[1]) for match in matches if match)

    def write(
        self, name: str, content: Mapping[str, Any], arrays: Mapping[str, Any] | None = None
    ) -> None:
        """Keep a job's result; its arrays first, the file that makes it count last."""
        path, content = self.path(name), dict(content)
        if arrays is not None:
            content |= {"arrays_sha256": arrays_digest(arrays)}
            write_npz(path.with_suffix(".npz"), arrays, compressed=True)
        content = plain(content)
        about = {"schema": SCHEMA, "job": name, "sha256": json_digest(content)}
        write_json(path, about | {"content": content})

    def read(self, name: str) -> dict[str, Any]:
        """A job's result, or ``DamagedJob``: its file is not what was written under that name."""
        return self.about(name)["content"]

    def about(self, name: str) -> dict[str, Any]:
        """A job's whole file, with the digest of its content; as ``read``."""
        path = self.path(name)
        try:
            pack = {} if path.exists() else packed(path.parent)
            about = pack[path.stem] if path.stem in pack else read_json(path, _ADVICE)
            if about["schema"] != SCHEMA or about["job"] != name:
                raise DamagedJob(path, "it is another job's, or of another version")
            if json_digest(about["content"]) != about["sha256"]:
                raise DamagedJob(path, "its numbers are not those written")
        except FileNotFoundError as error:
            raise DamagedJob(path, "it is missing") from error
        except KeyError as error:
            raise DamagedJob(path, f"it lacks {error}") from error
        except DamagedFile as error:
            raise DamagedJob(path, error.reason) from error
        return about

    def read_arrays(self, name: str) -> dict[str, np.ndarray]:
        """A teacher's logits (N, C) and image ids (N,), or its answers (V, N, C); as ``read``."""
        digest = self.read(name).get("arrays_sha256")
        path = self.path(name).with_suffix(".npz")
        try:
            arrays = read_npz(path, _MOST, _ADVICE, optional=("logits", "features"))
        except FileNotFoundError as error:
            raise DamagedJob(path, "it is missing") from error
        except DamagedFile as error:
            raise DamagedJob(path, error.reason) from error
        if arrays_digest(arrays) != digest:
            raise DamagedJob(path, "its numbers are not those written")
        return arrays

    def damage(self, jobs: Iterable[Job]) -> list[DamagedJob]:
        """What is damaged of some jobs' files."""
        damaged = []
        for job in jobs:
            read = self.read if job.seed is not None else self.read_arrays
            try:
                if self.done(job.name):
                    read(job.name)
            except DamagedJob as error:
                damaged.append(error)
        return damaged

    def forget(self, damaged: Iterable[DamagedJob]) -> None:
        """Remove damaged jobs, so that they are done again."""
        for error in damaged:
            path = error.path.with_suffix(".json")
            path.unlink(missing_ok=True)
            try:
                drop(path.parent, path.stem)
            except DamagedFile:
                (path.parent / FILE).unlink()

    @contextlib.contextmanager
    def claim(self, name: str) -> Generator[str | None]:
        """Hold a job; yields who holds it if we cannot, see ``locks.tried``."""
        with contextlib.ExitStack() as stack:
            try:
                who = stack.enter_context(tried(self._lock(name)))
                if who is None:  # Ours: half-written files here are those of a killed process.
                    path = self.path(name)
                    for ending in (".json", ".npz"):
                        remove_leftovers(path.parent, path.stem + ending, 0)
            except OSError as error:
                raise InputError(
                    f"{self.root} cannot be written ({error.strerror}); choose another place or "
                    "make room: what is finished is kept."
                ) from error
            yield who

    def holder(self, name: str) -> str | None:
        """Who is doing a job."""
        return holder(self._lock(name))

    def note_holder(self, name: str, who: str) -> None:
        """Say who does a job that this process holds for another."""
        note(self._lock(name), who)

    def at_work(self, group: str) -> list[str]:
        """Who is doing jobs of a group."""
        locks = (self.root / ".locks").glob(group.replace("/", "-") + "*.lock")
        return sorted({who for who in map(holder, locks) if who is not None})

    def _lock(self, name: str) -> Path:
        return self.root / ".locks" / f"{name.replace('/', '-')}.lock"

    def log(self, entry: dict[str, Any]) -> None:
        """Add a line to the log; a lost line costs a time, no number."""
        line = json.dumps(plain(entry)) + "\n"
        with contextlib.suppress(OSError), (self.root / "log.jsonl").open("a") as file:
            file.write(line)

    def times(self) -> list[dict[str, Any]]:
        """The log; lines that were cut short are left out."""
        entries = []
        with contextlib.suppress(OSError):
            for line in (self.root / "log.jsonl").read_text().splitlines():
                with contextlib.suppress(ValueError):
                    entries.append(json.loads(line))
        return entries


def _no_store(root: Path, argument: str) -> InputError:
    if (root / "tables.json").exists():
        return InputError(
            f"The results in {root} were made by version 1 of the algorithm, in the layout of "
            "jqkd 0.1; read them with that version of jqkd, or choose another folder."
        )
    return InputError(
        f"Argument `{argument}` must be a folder that `jqkd run` has written, but {root} has no "
        "store.json."
    )
