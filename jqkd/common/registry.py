"""One table for each kind of part: a class is registered under a name, and built from a text.

A part is a frozen dataclass; its fields are its options, and all have defaults. As text it is its
name and the options that differ from their defaults: ``conv``, ``conv:dropout_rate=0.5``. That text
stands in configurations, results and digests, and builds an equal part again. What a user has
imported is a part too, whose text is ``NAME@DIGEST``.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints
from weakref import WeakValueDictionary

from jqkd._checks import check_choice, fail, shown
from jqkd.common import plugins
from jqkd.common.shelf import Shelf

T = TypeVar("T")
Class = TypeVar("Class", bound=type)
_ELSEWHERE = "name the file or module that registers it with --plugin"
_WORDS = {"none": None, "true": True, "false": False}
# Every kind of part there is, the first of a name; for lists of parts, and keys of jobs.
KINDS: WeakValueDictionary[str, Registry[Any]] = WeakValueDictionary()


class Registry(Mapping[str, type[T]], Generic[T]):
    """The parts of one kind, by name.

    Args:
        kind: what a part of this kind is called, as the argument that names it: ``ansatz``.
        base: class of all parts of the kind.
        has_shelf: whether parts of the kind can be imported.

    Example:
        >>> shapes = Registry("shape", object)
        >>> @shapes.register("box")
        ... @dataclasses.dataclass(frozen=True)
        ... class Box:
        ...     width: float = 1.0
        >>> shapes.build("box:width=2"), shapes.text(Box(2.0)), list(shapes)
        (Box(width=2.0), 'box:width=2.0', ['box'])
    """

    def __init__(self, kind: str, base: type[T], *, has_shelf: bool = False) -> None:
        self.kind, self.base = kind, base
        self.shelf = Shelf(kind) if has_shelf else None
        self._imported: type[Any] | None = None
        self._classes: dict[str, type[T]] = {}
        self._plugins: dict[str, plugins.Plugin] = {}
        KINDS.setdefault(kind, self)

    def register(self, name: str) -> Callable[[Class], Class]:
        """Decorates a frozen dataclass: makes it the part of that name.

        Raises:
            InputError: the name is taken, or cannot stand in a text; the class is not such a part.
        """

        def add(given: Class) -> Class:
            part: Any = given
            if not isinstance(name, str) or not name or set(name) & set(":,= \t\n"):
                fail("name", "be a text without : , = and spaces", shown(name))
            self._check_class(part)
            loading = plugins.loading()
            if name in self._classes and self._classes[name] is not part:
                holder = self._plugins.get(name)
                owner = f"plug-in {holder.name}" if holder else "jqkd itself"
                must = f"be a name that no other {self.kind} has"
                fail("name", must, f"{name!r}, which {owner} has,", "choose another name")
            self._classes[name] = part
            if loading is not None:
                self._plugins[name] = loading
            return given

        return add

    def imported(self, given: Class) -> Class:
        """Decorates the class of all that is on the shelf: its only field is ``title``."""
        self._imported = given
        return given

    def keep(self, name: str, facts: Mapping[str, Any], arrays: Mapping[str, Any], **how: Any) -> T:
        """Put what a user brought on the shelf, under a name that no part has.

        Returns:
            The part that it is.

        Raises:
            InputError: the name is taken, or cannot be one; see ``Shelf.add``.
        """
        assert self.shelf is not None
        if name in self._classes:
            fail("name", f"be a name that no {self.kind} of jqkd has", shown(name))
        return self.build(self.shelf.add(name, facts, arrays, **how))

    def title_of(self, text: Any) -> str | None:
        """``NAME@DIGEST`` of what is on the shelf and called so; ``None`` for all else."""
        if self.shelf is None or not isinstance(text, str) or text in self._classes:
            return None
        return self.shelf.resolve(text)

    def _check_class(self, part: Any) -> None:
        frozen = dataclasses.is_dataclass(part) and part.__dataclass_params__.frozen
        if not isinstance(part, type) or not issubclass(part, self.base) or not frozen:
            base = "" if self.base is object else f" derived from {self.base.__name__}"
            fail(self.kind, f"be a frozen dataclass{base}", shown(part))
        bare = [field.name for field in _fields(part) if not _has_default(field)]
        if bare:
            fail(self.kind, "have a default for each option", f"none for {', '.join(bare)}")

    def __getitem__(self, name: str) -> type[T]:
        return self._classes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)

    def build(self, text: str | T, argument: str = "") -> T:
        """A part from its text; a part itself is handed back.

        Args:
            text: ``name``, or ``name:option=value,option=value``.
            argument: name of the argument that holds it, for errors; by default the kind's.

        Raises:
            InputError: an unknown name or option, or a value that the option cannot have.
        """
        argument = argument or self.kind
        if not isinstance(text, str):
            if isinstance(text, self.base):
                self.name_of(text)
                return text
            check_choice(argument, text, self._classes)
        title = self.title_of(text)
        if title is not None and self._imported is not None:
            return self._imported(title)
        name, _, rest = str(text).partition(":")
        self.check(name, argument)
        if name not in self._classes:
            fail(argument, "have no options where it is imported", shown(text))
        options = dict(_option(argument, piece) for piece in rest.split(",") if rest)
        part, hints = self._classes[name], get_type_hints(self._classes[name])
        names = [field.name for field in _fields(part)]
        for option in options:
            if option not in names:
                allowed = f"set options that {name} has ({', '.join(names) or 'it has none'})"
                fail(argument, allowed, option)
        values = {k: _value(argument, k, v, hints[k]) for k, v in options.items()}
        return part(**values)

    def check(self, name: str, argument: str = "", *, words: Iterable[str] = ()) -> None:
        """There is a part of that name, here or in an installed plug-in; or it is one of ``words``.

        Raises:
            InputError: there is none; lists those that there are.
        """
        if self.title_of(name) is not None:
            return
        if not isinstance(name, str) or name not in (*self._classes, *words):
            plugins.load_installed()
        imported = self.shelf.titles() if self.shelf else ()
        choices = (*self._classes, *(title.partition("@")[0] for title in imported), *words)
        check_choice(argument or self.kind, name, choices, unlike=_ELSEWHERE)

    def name_of(self, part: T) -> str:
        """Under which name a part's class is registered; of what is imported its title.

        Raises:
            InputError: it is not.
        """
        if self._imported is not None and isinstance(part, self._imported):
            return part.title
        for name, known in self._classes.items():
            if type(part) is known:
                return name
        advice = "decorate its class with `register`"
        fail(self.kind, "be registered", shown(part), advice)

    def text(self, part: T) -> str:
        """A part as text: its name, and the options that are not as by default."""
        if self._imported is not None and isinstance(part, self._imported):
            return part.title
        changed = [
            f"{field.name}={as_text(getattr(part, field.name))}"
            for field in _fields(part)
            if getattr(part, field.name) != _default(field)
        ]
        name = self.name_of(part)
        return f"{name}:{','.join(changed)}" if changed else name

    def plugin_of(self, text: str) -> plugins.Plugin | None:
        """The plug-in that a part comes from; ``None`` for one of jqkd's own."""
        return self._plugins.get(text.partition(":")[0])


def _fields(part: Any) -> tuple[dataclasses.Field[Any], ...]:
    """Of a part or its class: that it is a dataclass is looked at when it is registered."""
    return dataclasses.fields(part)


def _has_default(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


def _default(field: dataclasses.Field[Any]) -> Any:
    factory = field.default_factory
    return field.default if factory is dataclasses.MISSING else factory()


def _option(argument: str, piece: str) -> tuple[str, str]:
    name, equals, value = piece.partition("=")
    if not equals or not value.strip():
        fail(argument, "name options as option=value, separated by commas", shown(piece))
    return name.strip().replace("-", "_"), value.strip()


def as_text(value: Any) -> str:
    """A value as it stands in a part's text."""
    if isinstance(value, (tuple, list)):
        return "+".join(map(as_text, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _value(argument: str, name: str, text: str, hint: Any) -> Any:
    """A text as what the option holds: by its annotation."""
    if get_origin(hint) in (typing.Union, types.UnionType):
        if text == "none" and type(None) in get_args(hint):
            return None
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    if get_origin(hint) is tuple:
        return tuple(_value(argument, name, one, get_args(hint)[0]) for one in text.split("+"))
    if hint is bool and text in ("true", "false"):
        return _WORDS[text]
    try:
        if hint in (int, float, str):
            return hint(text)
    except ValueError:
        pass
    kind = {int: "an integer", float: "a number", bool: "true or false"}.get(hint, "something else")
    fail(argument, f"have {kind} as its option {name}", shown(text))


def plugins_of(fields: Mapping[str, Any]) -> list[plugins.Plugin]:
    """Plug-ins whose parts some fields name, each by its kind; by name, each once."""
    sources = (
        KINDS[kind].plugin_of(text)
        for kind, text in fields.items()
        if kind in KINDS and isinstance(text, str)
    )
    return sorted({plugin for plugin in sources if plugin is not None})
