"""Parts as text and back, for every part of every kind; and what is refused."""

from __future__ import annotations

import dataclasses

import pytest

import jqkd.experiments.catalogue
import jqkd.models
import jqkd.training.recipes  # noqa: F401
from jqkd._checks import InputError
from jqkd.common.plugins import Plugin
from jqkd.common.registry import KINDS, Registry, plugins_of
from tests.edges.wrong import check_refused

PARTS = [(kind, name) for kind, registry in sorted(KINDS.items()) for name in registry]


def changed(value):
    """Another value of the same kind, ``value`` itself where none is known to be allowed."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value / 2
    if isinstance(value, tuple):
        return value[:-1] if len(value) > 2 else value[::-1]
    return value


def test_every_kind_has_parts():
    assert {"ansatz", "dataset", "encoding", "features", "readout", "recipe", "teacher"} <= {*KINDS}
    assert all(len(registry) for registry in KINDS.values())


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_a_text_builds_an_equal_part(kind, name):
    registry = KINDS[kind]
    part = registry.build(name)
    assert registry.text(part) == name == registry.name_of(part)
    assert registry.build(part) is part
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        other = dataclasses.replace(part, **{field.name: changed(value)})
        assert registry.build(registry.text(other)) == other
        assert (registry.text(other) == name) == (other == part)


class Base:
    """Of all shapes."""


@dataclasses.dataclass(frozen=True)
class Shape(Base):
    """Options of all kinds."""

    width: float = 1.0
    sides: int = 4
    filled: bool = False
    colour: str = "red"
    holes: int | None = None
    names: tuple[str, ...] = ("a",)


@pytest.fixture
def shapes():
    registry = Registry("test-shape", Base)
    registry.register("box")(Shape)
    return registry


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("box", Shape()),
        ("box:width=2", Shape(width=2.0)),
        ("box: width = 1e-3 , sides=3", Shape(width=1e-3, sides=3)),
        ("box:filled=true", Shape(filled=True)),
        ("box:holes=2", Shape(holes=2)),
        ("box:names=a+b", Shape(names=("a", "b"))),
        ("box:colour=blue", Shape(colour="blue")),
    ],
)
def test_texts_of_all_kinds_of_options(shapes, text, part):
    assert shapes.build(text) == part == shapes.build(shapes.text(part))


def test_none_is_a_value_of_an_option_that_may_be_none(shapes):
    shapes.register("ring")(
        dataclasses.make_dataclass("Ring", [("holes", int | None, 1)], frozen=True, bases=(Base,))
    )
    part = shapes.build("ring:holes=none")
    assert part.holes is None and shapes.text(part) == "ring:holes=none"


WRONG = {
    "unknown": ("bow", "be one of box, but 'bow' was given; perhaps 'box' is meant"),
    "no text": (3, "be one of box, but 3"),
    "empty": ("", "be one of box, but ''"),
    "another option": ("box:depth=1", "set options that box has .*width, sides.*, but depth"),
    "no value": ("box:width", "name options as option=value, separated by commas, but 'width'"),
    "an empty value": (
        "box:width=",
        "name options as option=value, separated by commas, but 'width='",
    ),
    "a word for a number": ("box:width=wide", "have a number as its option width, but 'wide'"),
    "a fraction": ("box:sides=2.5", r"have an integer as its option sides, but '2\.5'"),
    "yes": ("box:filled=yes", "have true or false as its option filled, but 'yes'"),
    "none": ("box:sides=none", "have an integer as its option sides, but 'none'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_texts_are_refused(shapes, name):
    text, pattern = WRONG[name]
    check_refused(lambda: shapes.build(text), "`test-shape` must " + pattern)
    check_refused(lambda: shapes.build(text, "shape"), "`shape` must " + pattern)


@dataclasses.dataclass(frozen=True)
class Bare(Base):
    """An option without a default."""

    width: float


@dataclasses.dataclass
class Soft(Base):
    """Not frozen."""


@pytest.mark.parametrize(
    ("name", "part", "pattern"),
    [
        ("box", Soft, "frozen dataclass"),
        ("bare", Bare, "a default for each option, but none for width"),
        ("plain", object, "frozen dataclass derived from Base"),
        (
            "box",
            dataclasses.make_dataclass("Other", [], frozen=True, bases=(Base,)),
            "'box', which jqkd itself",
        ),
        ("a:b", Shape, "without : , = and spaces, but 'a:b'"),
        ("", Shape, "without : , = and spaces, but ''"),
    ],
)
def test_what_cannot_be_registered(shapes, name, part, pattern):
    check_refused(lambda: shapes.register(name)(part), pattern)
    assert list(shapes) == ["box"]


def test_a_class_may_be_registered_again_under_its_name(shapes):
    assert shapes.register("box")(Shape) is Shape


def test_a_part_of_another_class_is_refused(shapes):
    with pytest.raises(InputError, match="`test-shape` must be registered"):
        shapes.text(Bare(1.0))


def test_plugins_of_the_parts_that_fields_name(shapes, monkeypatch):
    monkeypatch.setitem(KINDS, "test-shape", shapes)
    fields = {"test-shape": "box:width=2", "ansatz": "none", "epochs": 3}
    assert plugins_of(fields) == []
    source = Plugin("shapes.py", "0" * 16)
    monkeypatch.setitem(shapes._plugins, "box", source)
    assert shapes.plugin_of("box:width=2") == source
    assert plugins_of(fields | {"shape": "box"}) == [source]
