"""What a store was asked for: which experiment, how many seeds, which arms."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from jqkd._checks import check_integer, check_list, check_type, fail, shown
from jqkd.common.files import DamagedFile, read_json, write_json
from jqkd.common.locks import held
from jqkd.experiments import described, toml
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.model import Experiment
from jqkd.experiments.store import SCHEMA, Store

_ADVICE = "ask for the experiment again"


@dataclass(frozen=True)
class Asked:
    """What was asked for.

    Attributes:
        source: of the catalogue, ``paper-code:alexnet_epochs=1``; or the text of a TOML file, or
            of an experiment made in Python.
        seeds: students of every kind.
        teacher_seeds: teachers of every arm that is one.
        arms: patterns of names; none means all.
    """

    source: str
    seeds: int
    teacher_seeds: int = 1
    arms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_type("source", self.source, str, "a text")
        check_integer("seeds", self.seeds, 1)
        check_integer("teacher_seeds", self.teacher_seeds, 1)
        object.__setattr__(self, "arms", tuple(check_list("arms", self.arms, str, "texts")))

    @property
    def digest(self) -> str:
        """The SHA-256 of its source: of a file, the file's."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    def experiment(self) -> Experiment:
        """The whole of it, all arms."""
        return experiment_of(self.source)

    def joined(self, before: Asked) -> Asked:
        """This and what was asked before."""
        both = tuple(dict.fromkeys((*before.arms, *self.arms)))
        seeds, teachers = ("seeds", "teacher_seeds")
        most = {n: max(getattr(self, n), getattr(before, n)) for n in (seeds, teachers)}
        return replace(self, arms=both if self.arms and before.arms else (), **most)


def source_of(name: str | Experiment, store: Store | None = None, *, yes: bool = False) -> str:
    """What describes an experiment: a text of the catalogue, or that of a TOML file.

    Args:
        name: such a text or file, or what a store was asked for; or an experiment itself.
        store: that store.
        yes: whether a file may have any number of jobs.

    Raises:
        InputError: none of them, or a file that cannot be read.
    """
    if isinstance(name, Experiment):
        return described.text_of(name)
    check_type("name", name, str, "the name of an experiment, or a TOML file")
    if name.endswith(".toml"):
        return toml.read(Path(name), yes=yes)
    if store is not None and name in names_in(store):
        return asked(store, name).source
    return EXPERIMENTS.text(EXPERIMENTS.build(name, "name"))


def experiment_of(source: str) -> Experiment:
    """The experiment of a source.

    Raises:
        InputError: one sentence about what is wrong with it.

    Example:
        >>> experiment_of("demo:epochs=1").name
        'demo-epochs=1'
    """
    if source.startswith("{"):
        return described.experiment_from(source)
    # Names of the catalogue are one line without an equals sign of their own.
    if "\n" in source:
        return toml.experiment(source)
    return EXPERIMENTS.build(source, "name").experiment()


def ask(store: Store, name: str, asking: Asked) -> Asked:
    """Note what is asked of a store, beside what was asked before."""
    path = _path(store, name)
    with held(store.root / ".locks" / "asked.lock", "notes what was asked for"):
        before = asked(store, name) if path.exists() else None
        if before is not None and before.source == asking.source:
            asking = asking.joined(before)
        if asking != before:
            about = {"sha256": asking.digest, "seeds": asking.seeds, "arms": asking.arms}
            store.log({"asked": name, "time": datetime.now(UTC).isoformat("T", "seconds")} | about)
        write_json(path, {"schema": SCHEMA, "kind": "experiment"} | asdict(asking))
    return asking


def asked(store: Store, name: str) -> Asked:
    """What was asked of a store under a name, or under the text of the catalogue's."""
    if name not in names_in(store) and name.partition(":")[0] in EXPERIMENTS:
        name = EXPERIMENTS.build(name, "name").name
    path = _path(store, name)
    try:
        about = read_json(path, _ADVICE)
        fields = {field: about[field] for field in ("source", "seeds", "teacher_seeds", "arms")}
        return Asked(**fields)
    except FileNotFoundError:
        names = ", ".join(names_in(store)) or "none"
        fail("name", f"be an experiment that {store.root} was asked for", shown(name), names)
    except DamagedFile:
        raise
    except (KeyError, ValueError, TypeError) as error:
        raise DamagedFile(path, f"{type(error).__name__}: {error}", _ADVICE) from error


def names_in(store: Store) -> list[str]:
    """Of all experiments that a store was asked for."""
    return sorted(path.stem for path in (store.root / "experiments").glob("*.json"))


def _path(store: Store, name: str) -> Path:
    return store.root / "experiments" / f"{name}.json"
