"""The JSON Schema of experiment files, from the dataclasses that they become."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

from jqkd.common.options import Option, integer
from jqkd.common.registry import Registry
from jqkd.experiments.model import PROTOCOLS, Arm, Comparison, Experiment
from jqkd.experiments.search import SEARCHED, Range, Search
from jqkd.training.config import StudentConfig, TeacherConfig

# What is in the wheel; after a change of fields: `FILE.write_text(text())`.
FILE = Path(__file__).with_name("experiment.schema.json")
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
_TEACHER = {"arch": "teacher", "epochs": "teacher_epochs", "seed": "teacher_seed"}
_LIST = " A list makes an arm of each value."
_REFERS = {
    "against": "Arm that it is compared with, seed by seed: of a list, the one with equal values.",
    "family": "Comparisons whose p-values are corrected together (Holm); by default `taught` for "
    "arms with a teacher, and none for others.",
}


def schema() -> dict[str, Any]:
    """JSON Schema, draft 7; names of parts are examples, as plug-ins and imports add some.

    Example:
        >>> schema()["required"]
        ['name', 'arms']
    """
    fields = _fields()
    grids = {name: _or_list(value) for name, value in fields.items()}
    search = {name: _searched(value) for name, value in fields.items()}
    texts = {name: {"type": "string", "description": text} for name, text in _REFERS.items()}
    arm = {**_of(Arm, ("student", "teacher")), **grids, **texts}
    top = _of(
        Experiment,
        (
            *("arms", "comparisons", "contrasts", "curves", "paces"),
            *("published_protocol", "published_epochs"),
        ),
    )
    top["protocol"] |= {"enum": list(PROTOCOLS)}
    search |= _of(Search, ("space",))
    search["protocol"] |= {"enum": list(SEARCHED)}
    properties = {
        **top,
        "defaults": _table(grids, "Fields of every arm."),
        "arms": {"type": "array", "minItems": 1, "items": _table(arm, "An arm.", "name")},
        "comparisons": {
            "type": "array",
            "items": _table(_of(Comparison), "More of them.", "arm", "baseline"),
        },
        "search": _table(search, "What `jqkd search` tries."),
    }
    about = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Experiment of jqkd"}
    return about | _table(properties, "See docs/experiments.md.", "name", "arms")


def text() -> str:
    """As it stands in a file."""
    return json.dumps(schema(), indent=1) + "\n"


def _fields() -> dict[str, dict[str, Any]]:
    """Of a student, and of its teacher by their names in a file."""
    both = ((StudentConfig, None), (TeacherConfig, _TEACHER))
    return {
        names[field.name] if names else field.name: _property(config, field)
        for config, names in both
        for field in dataclasses.fields(config)
        if "option" in field.metadata and (names is None or field.name in names)
    }


def _property(config: type, field: dataclasses.Field[Any]) -> dict[str, Any]:
    option: Option = field.metadata["option"]
    hint = get_type_hints(config)[field.name]
    kind = next((one for one in get_args(hint) if one is not type(None)), hint)
    made: dict[str, Any] = {"description": option.help, "type": _TYPES[kind]}
    if option.read is not None:
        made["type"] = [_TYPES[kind], "string"]
    if isinstance(option.check, integer):
        made |= {"minimum": option.check.least, "maximum": option.check.most}
    names = getattr(option.check, "names", ())
    if isinstance(names, Registry):
        made["examples"] = [name for name in names if names.plugin_of(name) is None]
    elif names:
        made["enum"] = list(names)
    return made


def _or_list(value: dict[str, Any]) -> dict[str, Any]:
    items = {k: v for k, v in value.items() if k != "description"}
    many = {"type": "array", "items": items, "minItems": 1, "uniqueItems": True}
    return {"description": value["description"] + _LIST, "anyOf": [items, many]}


def _searched(value: dict[str, Any]) -> dict[str, Any]:
    """A list of values, or a range of numbers."""
    either = [one for one in _or_list(value)["anyOf"] if one["type"] == "array"]
    if value["type"] in ("integer", "number"):
        either.append(_table(_of(Range), "Numbers from low to high.", "low", "high"))
    return {"description": value["description"], "anyOf": either}


def _of(kind: Any, without: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    """Fields of a dataclass, described in its docstring."""
    hints, lines = get_type_hints(kind), inspect.cleandoc(kind.__doc__ or "")
    about = dict(re.findall(r"^    (\w+): ((?:.|\n {8})*)", lines, re.MULTILINE))
    made = {}
    for name in (field.name for field in dataclasses.fields(kind) if field.name not in without):
        kinds = [one for one in get_args(hints[name]) if one in _TYPES] or [hints[name]]
        made[name] = {"type": _TYPES[kinds[0]], "description": " ".join(about[name].split())}
    return made


def _table(properties: dict[str, Any], text: str, *required: str) -> dict[str, Any]:
    made = {"type": "object", "description": text, "additionalProperties": False}
    return made | {"properties": properties} | ({"required": list(required)} if required else {})
