"""The JSON Schema of experiment files: up to date, and of one mind with what reads them."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from pathlib import Path

import pytest

from jqkd._checks import InputError
from jqkd.experiments import schema, search, toml
from jqkd.training.config import StudentConfig

EXAMPLE = Path(schema.__file__).with_name("example.toml").read_text(encoding="utf-8")
SCHEMA = schema.schema()
KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool}


def fits(value, rule) -> bool:
    """The words of JSON Schema that ours uses, by their definition."""
    kinds = rule.get("type", ())
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind == "object" and isinstance(value, dict):
            known = rule["properties"]
            whole = set(rule.get("required", ())) <= set(value) <= set(known)
            return whole and all(fits(one, known[name]) for name, one in value.items())
        if kind == "array" and isinstance(value, list):
            return len(value) >= rule.get("minItems", 0) and all(
                fits(v, rule["items"]) for v in value
            )
        is_bool = isinstance(value, bool)
        if kind in KINDS and isinstance(value, KINDS[kind]) and is_bool == (kind == "boolean"):
            number = isinstance(value, (int, float))
            low, high = rule.get("minimum", value), rule.get("maximum", value)
            return (not number or low <= value <= high) and value in rule.get("enum", [value])
    return any(fits(value, one) for one in rule.get("anyOf", ()))


def test_the_file_is_up_to_date():
    """After a change of fields: schema.FILE.write_text(schema.text())."""
    assert schema.FILE.read_text(encoding="utf-8") == schema.text()


def test_every_field_of_a_student_is_described():
    (arms,) = [SCHEMA["properties"]["arms"]["items"]["properties"]]
    for field in dataclasses.fields(StudentConfig):
        assert field.metadata["option"].help in arms[field.name]["description"]
    assert set(arms) == {*toml.FIELDS, *toml._OF_ARM, *toml._REFERS}
    assert set(SCHEMA["properties"]) == {*toml._TOP}
    assert set(SCHEMA["properties"]["comparisons"]["items"]["properties"]) == {*toml._OF_COMPARISON}
    assert set(SCHEMA["properties"]["search"]["properties"]) == {
        *toml.FIELDS,
        "arm",
        "seeds",
        "protocol",
    }
    texts = re.findall(r'"description": "(.*?)"', schema.text())
    assert len(texts) > 100 and all(texts)


def test_bounds_and_names():
    arms = SCHEMA["properties"]["arms"]["items"]["properties"]
    one, many = arms["epochs"]["anyOf"]
    assert one == {"type": "integer", "minimum": 1, "maximum": 10**6} and many["items"] == one
    # Closed lists are enums; parts, of which plug-ins add some, are examples.
    assert arms["schedule"]["anyOf"][0]["enum"] == ["constant", "cosine"]
    assert "digits" in arms["dataset"]["anyOf"][0]["examples"]
    assert "enum" not in arms["dataset"]["anyOf"][0]
    assert fits("exact", arms["shots"]) and fits([100, "exact"], arms["shots"])


def test_the_example_fits_and_is_an_experiment():
    assert fits(tomllib.loads(EXAMPLE), SCHEMA)
    assert [arm.student.dataset for arm in toml.experiment(EXAMPLE).arms] == ["digits"] * 6
    top = toml.parsed(EXAMPLE)
    assert search.search_of(top).seeds == 2
    del top["search"]["per_class"]
    with pytest.raises(InputError, match="which is 2 arms"):
        search.search_of(top)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "mine"', ""),
        ('name = "mine"', "name = 3"),
        ("seeds = 8 ", "seeds = 8.5 "),
        ('"final"', '"last"'),
        ("epochs = 20", "epochs = 0"),
        ("epochs = 20", "epochs = true"),
        ("epochs = 20", "epochs = []"),
        ("epochs = 20", "epoch = 20"),
        ("[10, 50]", "[10, 0]"),
        ("[10, 50]", '"all"'),
        ('against = "alone"', "against = 3"),
        ('baseline = "alone-per_class=10"', ""),
    ],
)
def test_what_does_not_fit_is_refused_too(old, new):
    """Whatever the schema calls wrong is no experiment."""
    assert old in EXAMPLE
    text = EXAMPLE.replace(old, new, 1)
    assert not fits(tomllib.loads(text), SCHEMA)
    with pytest.raises(InputError):
        toml.experiment(text)


def test_a_second_opinion():
    jsonschema = pytest.importorskip("jsonschema", reason="no second reader of JSON Schema")
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator(SCHEMA).validate(tomllib.loads(EXAMPLE))


def test_it_is_plain_json():
    assert json.loads(schema.text()) == SCHEMA
