"""Files and modules that register parts of their own: loaded when asked for, named by their source.

An installed distribution offers a module under the entry point group ``jqkd.plugins``; a file or a
module is named by hand (``--plugin``). The digest of its source goes into the keys of all that its
parts take part in.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from jqkd._checks import InputError, check_type, fail, shown

GROUP = "jqkd.plugins"


class Plugin(NamedTuple):
    """Where parts come from.

    Attributes:
        name: of the module, or of the file.
        digest: sixteen hex digits that name its source.
    """

    name: str
    digest: str


_loading: ContextVar[Plugin | None] = ContextVar("loading", default=None)
_loaded: dict[str, tuple[Plugin, ModuleType]] = {}


def loading() -> Plugin | None:
    """The plug-in that is being loaded now, if one is."""
    return _loading.get()


def loaded() -> list[Plugin]:
    """All plug-ins that are loaded by now."""
    return [plugin for plugin, _ in _loaded.values()]


def load_plugin(name: str) -> Plugin:
    """Run a file (``my_circuit.py``) or import a module, so that its parts are registered.

    Args:
        name: path of a Python file, or the name of a module.

    Raises:
        InputError: it cannot be imported, or names what is taken.

    Example:
        >>> load_plugin("json").name
        'json'
    """
    check_type("plugin", name, str, "a Python file or the name of a module")
    return _load(name)[0]


def load_function(argument: str, text: str) -> tuple[Callable[..., Any], Plugin]:
    """A function by ``module:function`` or ``file.py:function``, and where it comes from.

    Raises:
        InputError: it cannot be imported, or has no such function.
    """
    place, _, name = text.rpartition(":")
    try:
        plugin, module = _load(place)
    except InputError as error:
        raise InputError(str(error).replace("`plugin`", f"`{argument}`")) from error
    function = getattr(module, name, None)
    if not callable(function):
        fail(argument, f"name a function of {place}", shown(name))
    return function, plugin


def _load(name: str) -> tuple[Plugin, ModuleType]:
    path = Path(name)
    is_file = name.endswith(".py") or path.is_file()
    known = str(path.resolve()) if is_file else name
    if known not in _loaded:
        source = _source(path) if is_file else _module_source(name)
        plugin = Plugin(path.name if is_file else name, hashlib.sha256(source).hexdigest()[:16])
        with _as_loading(plugin):
            _loaded[known] = plugin, _run(name, path if is_file else None)
    return _loaded[known]


@cache
def load_installed() -> None:
    """Load every plug-in that an installed distribution offers.

    Raises:
        InputError: one cannot be imported.
    """
    for entry in metadata.entry_points(group=GROUP):
        load_plugin(entry.module)


@contextmanager
def _as_loading(plugin: Plugin) -> Generator[None]:
    token = _loading.set(plugin)
    try:
        yield
    finally:
        _loading.reset(token)


def _run(name: str, path: Path | None) -> ModuleType:
    try:
        if path is None:
            return importlib.import_module(name)
        place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
        unique = f"jqkd_plugin_{path.stem}_{place}"
        spec = importlib.util.spec_from_file_location(unique, path)
        if spec is None or spec.loader is None:
            fail("plugin", "be a Python file (.py)", str(path))
        module = importlib.util.module_from_spec(spec)
        # Dataclasses look their module up by name.
        sys.modules[unique] = module
        spec.loader.exec_module(module)
        return module
    except InputError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        fail("plugin", "be a file or module that can be imported", f"{name} ({reason})")


def _source(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fail("plugin", "be a file that can be read", f"{path} ({error.strerror})")


def _module_source(name: str) -> bytes:
    """All Python files of a module or package."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError) as error:
        fail("plugin", "be a file or module that can be imported", f"{name} ({error})")
    if spec is None:
        fail("plugin", "be a file or module that can be imported", f"{name}, which is not here,")
    roots = spec.submodule_search_locations
    files = [Path(spec.origin)] if spec.origin else []
    if roots:
        files = sorted(path for root in roots for path in Path(root).rglob("*.py"))
    return b"".join(path.read_bytes() for path in files)
