"""The public face: what `import jqkd` offers, and what a reader finds there."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import pytest

import jqkd


def test_all_names_are_listed_once_and_described():
    assert sorted(jqkd._HOME_OF) == sorted(jqkd.__all__) == sorted(set(jqkd.__all__))
    assert set(jqkd.__all__) <= set(dir(jqkd))
    described = set(re.findall(r"\w+", jqkd.__doc__))
    assert set(jqkd.__all__) <= described


@pytest.mark.parametrize("name", jqkd.__all__)
def test_a_name_is_the_same_as_at_home_and_has_a_docstring(name):
    value = getattr(jqkd, name)
    assert value is getattr(sys.modules[jqkd._HOME_OF[name]], name)
    text = inspect.getdoc(value)
    if name not in ("InputError", "Experiment", "Arm", "Comparison"):
        assert ">>>" in text, "an example that runs"
    if not inspect.isclass(value):
        assert "Args:" in text or not inspect.signature(value).parameters
        assert "Raises:" in text or "Warns:" in text


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'jqkd' has no attribute 'circuit'"):
        jqkd.circuit  # noqa: B018


def test_importing_jqkd_and_circuits_is_light():
    code = (
        "import jqkd, sys; a = 'jax' in sys.modules; jqkd.Circuit; print(a, 'flax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
