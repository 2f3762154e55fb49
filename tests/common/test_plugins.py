"""Plug-ins: files, modules and installed entry points whose parts are registered."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jqkd.common import plugins
from jqkd.common.plugins import load_plugin
from jqkd.models import ANSATZE
from tests.edges.wrong import check_refused

SOURCE = """
from dataclasses import dataclass
from jqkd.models import ANSATZE, Ansatz
from jqkd.quantum import Circuit

@ANSATZE.register("{name}")
@dataclass(frozen=True)
class Mine(Ansatz):
    layers: int = {layers}

    def circuit(self, qubits):
        return Circuit(qubits)
"""


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch):
    """What a test has loaded is gone after it."""
    monkeypatch.setattr(plugins, "_loaded", {})
    monkeypatch.setattr(ANSATZE, "_classes", dict(ANSATZE._classes))
    monkeypatch.setattr(ANSATZE, "_plugins", dict(ANSATZE._plugins))
    modules = set(sys.modules)
    plugins.load_installed.cache_clear()
    yield
    plugins.load_installed.cache_clear()
    for name in set(sys.modules) - modules:
        if name.startswith(("jqkd_plugin_", "my_")):
            del sys.modules[name]


def write(path, name="mine", layers=1):
    path.write_text(SOURCE.format(name=name, layers=layers))
    return str(path)


def test_a_file_registers_its_parts_once(tmp_path):
    plugin = load_plugin(write(tmp_path / "my_parts.py"))
    assert plugin.name == "my_parts.py" and len(plugin.digest) == 16
    assert ANSATZE.text(ANSATZE.build("mine:layers=3")) == "mine:layers=3"
    assert ANSATZE.plugin_of("mine:layers=3") == plugin
    assert ANSATZE.plugin_of("entangling") is None
    assert load_plugin(str(tmp_path / "my_parts.py")) is plugin


def test_the_digest_names_the_source(tmp_path):
    (tmp_path / "copy").mkdir()
    digests = [
        load_plugin(write(tmp_path / "my_one.py", "one")).digest,
        load_plugin(write(tmp_path / "my_two.py", "two")).digest,
        load_plugin(write(tmp_path / "my_three.py", "three", layers=2)).digest,
    ]
    assert len(set(digests)) == 3
    plugins._loaded.clear()
    del ANSATZE._classes["one"]
    assert load_plugin(write(tmp_path / "copy" / "my_one.py", "one")).digest == digests[0]


def test_a_module_is_named_by_all_its_files(tmp_path, monkeypatch):
    package = tmp_path / "my_package"
    package.mkdir()
    write(package / "__init__.py", "packed")
    helper = package / "helper.py"
    helper.write_text("WIDTH = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    first = load_plugin("my_package")
    assert first.name == "my_package" and ANSATZE.plugin_of("packed") == first
    plugins._loaded.clear()
    helper.write_text("WIDTH = 2\n")
    assert load_plugin("my_package").digest != first.digest


def test_two_plugins_with_one_name_are_refused(tmp_path):
    load_plugin(write(tmp_path / "my_first.py", "both"))
    second = write(tmp_path / "my_second.py", "both")
    check_refused(
        lambda: load_plugin(second),
        r"`name` .*'both', which plug-in my_first\.py has, was given; choose another",
    )
    assert ANSATZE.plugin_of("both").name == "my_first.py"


def test_a_plugin_may_not_take_a_name_of_jqkd(tmp_path):
    path = write(tmp_path / "my_parts.py", "entangling")
    check_refused(lambda: load_plugin(path), "'entangling', which jqkd itself has")
    assert plugins.loading() is None


BROKEN = {
    "an error": ("1 / 0", "can be imported, but .*my_parts.py .ZeroDivisionError: division"),
    "no Python": ("def :", "SyntaxError"),
    "no such import": ("import my_nowhere", "ModuleNotFoundError: No module named 'my_nowhere'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_plugin_that_cannot_be_imported_is_refused(tmp_path, monkeypatch, name):
    source, pattern = BROKEN[name]
    (tmp_path / "my_parts.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        check_refused(lambda: load_plugin("my_parts.py"), "`plugin` .*" + pattern)


@pytest.mark.parametrize("name", ["my_nowhere.py", "my_nowhere", "my_nowhere.parts", "", 3])
def test_a_plugin_that_is_not_here_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    check_refused(lambda: load_plugin(name), "`plugin` must be a")


INSTALLED = """
from jqkd.models import ANSATZE
assert "mine" not in ANSATZE
print(ANSATZE.text(ANSATZE.build("mine:layers=2")), ANSATZE.plugin_of("mine").name)
"""


def test_an_installed_plugin_is_found_when_its_part_is_named(tmp_path):
    write(tmp_path / "my_installed.py")
    folder = tmp_path / "my_distribution-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: my-distribution\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[jqkd.plugins]\nparts = my_installed\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{INSTALLED}"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "mine:layers=2 my_installed\n"
