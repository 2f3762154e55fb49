"""A results folder: one file for each unit, written whole or not at all, checked when read.

tables.json                 what all numbers have in common, and what was asked for
teachers/<unit>.json .npz   curves and accuracies; logits for the students' images
students/<arm>/<unit>.json  curves and accuracies of some seeds
log.jsonl                   seconds and machine of every unit; nothing else depends on time
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError, check_integer
from jqkd.common.arrays import arrays_digest, write_npz
from jqkd.common.files import DamagedFile, plain, read_json, write_json
from jqkd.experiments.files import STORE_SCHEMA, DamagedUnit, read_arrays, read_unit, write_unit
from jqkd.experiments.locks import claim, holder
from jqkd.experiments.plan import AnswerUnit, Arm, TeacherUnit, Unit
from jqkd.experiments.presets import Settings
from jqkd.training.algorithm import ALGORITHM

_ADVICE = "choose another --out, or delete that file: the units beside it are kept"
_BLOCK = re.compile(r"seeds-(\d+)-(\d+)\.json")


class Store:
    """A results folder. Open it with ``Store.create`` or ``Store.open``."""

    def __init__(
        self, root: Path, settings: Settings, asked: dict[str, Any], algorithm: int = ALGORITHM
    ) -> None:
        self.root, self.settings, self.asked = root, settings, asked
        self.algorithm = algorithm

    @classmethod
    def open(cls, root: Path, argument: str = "out") -> Store:
        """What is there.

        Args:
            root: the folder.
            argument: which gave it, for errors.

        Raises:
            InputError: no results folder, one of another version, or a damaged one.
        """
        path = root / "tables.json"
        try:
            about = read_json(path, _ADVICE)
            if about["kind"] != "tables":
                raise KeyError("kind")
            schema = (about["schema"], about["settings"].pop("schema"))
            if schema == _schemas():
                settings, asked = Settings(**about["settings"]), _checked(about["asked"])
                # Folders of 0.1 do not say.
                return cls(root, settings, asked, int(about.get("algorithm", 1)))
        except FileNotFoundError:
            raise InputError(
                f"Argument `{argument}` must be a folder that `jqkd tables run` has written, but "
                f"{root} has no tables.json."
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, DamagedFile):
                raise
            raise DamagedFile(path, f"{type(error).__name__}: {error}", _ADVICE) from error
        raise InputError(
            f"The results in {root} have schema {schema}, but this version of jqkd writes "
            f"{_schemas()}; choose another --out."
        )

    @classmethod
    def create(
        cls, root: Path, settings: Settings, rows: list[str], seeds: int, teacher_seeds: int = 1
    ) -> Store:
        """Open a folder for more work with the settings it has, or make a new one.

        Raises:
            InputError: the folder holds results of other settings, or cannot be written.
        """
        asked = {"rows": rows, "seeds": seeds, "teacher_seeds": teacher_seeds}
        if (root / "tables.json").exists():
            store = cls.open(root)
            _check_same(root, store.settings, settings)
            store.check_algorithm()
            before = store.asked
            asked["rows"] = before["rows"] + [r for r in rows if r not in before["rows"]]
            for name in ("seeds", "teacher_seeds"):
                asked[name] = max(asked[name], before[name])
            if asked == before:
                return store
        about = {"schema": STORE_SCHEMA, "kind": "tables", "algorithm": ALGORITHM}
        about |= {"settings": settings.to_json()}
        write_json(root / "tables.json", about | {"asked": asked})
        return cls(root, settings, asked)

    def check_algorithm(self, advice: str = "choose another folder") -> None:
        """What is done now fits what lies here: one question, one answer.

        Args:
            advice: what to do where it does not.

        Raises:
            InputError: another version of the algorithm made it.
        """
        if self.algorithm != ALGORITHM:
            raise InputError(
                f"The results in {self.root} were made by version {self.algorithm} of the "
                f"algorithm, but this is version {ALGORITHM}, which would find other numbers; "
                f"{advice}."
            )

    def path(self, unit: Unit) -> Path:
        """The file that makes a unit count."""
        return self.root / f"{unit.name}.json"

    def done(self, unit: Unit) -> bool:
        """Whether a unit's file is there; ``read`` checks it."""
        return self.path(unit).exists()

    def write(
        self, unit: Unit, content: dict[str, Any], arrays: dict[str, Any] | None = None
    ) -> None:
        """Keep a unit's result; its arrays first, the file that makes it count last.

        Raises:
            InputError: the folder cannot be written, or the disk is full.
        """
        path = self.path(unit)
        if arrays is not None:
            content = content | {"arrays_sha256": arrays_digest(arrays)}
            write_npz(path.with_suffix(".npz"), arrays, compressed=True)
        write_unit(path, unit.name, content)

    def read(self, unit: Unit) -> dict[str, Any]:
        """A unit's result.

        Raises:
            DamagedUnit: its file is not what was written.
        """
        return read_unit(self.path(unit), unit.name)

    def read_logits(self, unit: TeacherUnit | AnswerUnit) -> dict[str, np.ndarray]:
        """A teacher's logits (N, C) and image ids (N,), or its answers to views (V, N, C).

        Raises:
            DamagedUnit: the file is not what was written.
        """
        digest = self.read(unit).get("arrays_sha256")
        return read_arrays(self.path(unit).with_suffix(".npz"), digest)

    def blocks(self, arm: Arm) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every stored block of seeds of an arm: name and content.

        Raises:
            DamagedUnit: a file is not what was written.
        """
        for path in self._blocks(arm):
            name = f"{arm.name}/{path.stem}"
            yield name, read_unit(path, name)

    def runs(self, arm: Arm) -> dict[int, dict[str, Any]]:
        """Curves, accuracies and mechanism of an arm by seed, damaged files left out."""
        found: dict[int, dict[str, Any]] = {}
        for path in self._blocks(arm):
            with contextlib.suppress(DamagedUnit):
                content = read_unit(path, f"{arm.name}/{path.stem}")
                for index, seed in enumerate(content["seeds"]):
                    mine = {k: v[index] for k, v in content["test_accuracy"].items()}
                    curves = {k: v[index] for k, v in content["curves"].items()}
                    why = {k: v[index] for k, v in content.get("mechanism", {}).items()}
                    run = {"test_accuracy": mine, "curves": curves, "mechanism": why}
                    found.setdefault(seed, run)
        return dict(sorted(found.items()))

    def present(self, arm: Arm) -> set[int]:
        """Seeds of an arm that have a file, whole or damaged."""
        seeds: set[int] = set()
        for path in self._blocks(arm):
            first, last = map(int, _BLOCK.fullmatch(path.name).groups())
            seeds |= set(range(first, last + 1))
        return seeds

    def damage(
        self, units: Iterable[TeacherUnit | AnswerUnit], arms: Iterable[Arm]
    ) -> list[DamagedUnit]:
        """Every damaged file of some teachers, answers and students."""
        reads = [partial(self.read_logits, unit) for unit in units if self.done(unit)]
        for arm in arms:
            reads += [
                partial(read_unit, path, f"{arm.name}/{path.stem}") for path in self._blocks(arm)
            ]
        found = []
        for read in reads:
            try:
                read()
            except DamagedUnit as error:
                found.append(error)
        return found

    def _blocks(self, arm: Arm) -> list[Path]:
        folder = self.root / arm.name
        return sorted(p for p in folder.glob("seeds-*.json") if _BLOCK.fullmatch(p.name))

    @contextlib.contextmanager
    def claim(self, unit: Unit) -> Iterator[str | None]:
        """Hold a unit; yields who holds it if we cannot, see ``locks.claim``."""
        with contextlib.ExitStack() as stack:
            try:
                other = stack.enter_context(claim(self._lock(unit)))
                if other is None:  # Ours: half-written files here are those of a killed process.
                    path = self.path(unit)
                    for half in path.parent.glob(f".{path.stem}.*"):
                        half.unlink(missing_ok=True)
            except OSError as error:
                raise InputError(
                    f"{self.root} cannot be written ({error.strerror}); choose another place or "
                    "make room: what is finished is kept."
                ) from error
            yield other

    def holder(self, unit: Unit) -> str | None:
        """Who is doing a unit."""
        return holder(self._lock(unit))

    def at_work(self, arm: Arm) -> list[str]:
        """Who is doing units of an arm."""
        locks = (self.root / ".locks").glob(arm.name.replace("/", "-") + "-seeds-*")
        return sorted({who for who in map(holder, locks) if who is not None})

    def _lock(self, unit: Unit) -> Path:
        return self.root / ".locks" / unit.name.replace("/", "-")

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


def _schemas() -> tuple[int, int]:
    return (STORE_SCHEMA, Settings().to_json()["schema"])


def _checked(asked: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, if it can have been."""
    if not all(isinstance(row, str) for row in asked["rows"]):
        raise TypeError("rows are not names")
    for name in ("seeds", "teacher_seeds"):
        check_integer(name, asked[name], 1)
    return asked


def _check_same(root: Path, there: Settings, asked: Settings) -> None:
    old, new = there.to_json(), asked.to_json()
    for name, value in new.items():
        if old[name] != value:
            raise InputError(
                f"The results in {root} were made with {name} {old[name]}, but {name} {value} was "
                "asked for; choose another --out, or the same settings."
            )
