"""What a user brought, by name: plain facts and plain arrays, kept under their own digest.

An entry is called ``NAME@DIGEST``, twelve hex digits of all that it holds. That text stands in
configurations, so that one name never means two things; ``NAME`` alone is short for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import check_type, fail, shown
from jqkd.common.arrays import Most, arrays_digest, read_npz, write_npz
from jqkd.common.cache import cache_folder, check_cache
from jqkd.common.digests import json_digest
from jqkd.common.files import EXACT, DamagedFile, plain, read_json, write_json

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TITLE = re.compile(rf"({_NAME.pattern})@([0-9a-f]{{12}})")
_ADVICE = "import it again"


class Shelf:
    """Entries of one kind, in the cache folder.

    Args:
        kind: what an entry is called; its folder under ``imported/`` too.

    Example:
        >>> import os, tempfile
        >>> os.environ["JQKD_CACHE"] = tempfile.mkdtemp()
        >>> shelf = Shelf("dataset")
        >>> title = shelf.add("tiny", {"classes": ["no", "yes"]}, {"labels": np.arange(2)})
        >>> title == shelf.resolve("tiny"), shelf.facts(title), shelf.arrays(title)["labels"].sum()
        (True, {'classes': ['no', 'yes']}, np.int64(1))
        >>> del os.environ["JQKD_CACHE"]
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    @property
    def folder(self) -> Path:
        """Where entries lie: a ``.json`` each, and an ``.npz`` where it has arrays."""
        return cache_folder() / "imported" / self.kind

    def titles(self) -> list[str]:
        """All entries, each as ``NAME@DIGEST``."""
        return sorted(p.stem for p in self.folder.glob("*.json") if _TITLE.fullmatch(p.stem))

    def resolve(self, text: str) -> str | None:
        """``NAME@DIGEST`` of an entry that is called so, or by its name; ``None`` for none."""
        if _TITLE.fullmatch(text):
            return text if (self.folder / f"{text}.json").is_file() else None
        named = [title for title in self.titles() if title.partition("@")[0] == text]
        return named[0] if named else None

    def add(
        self,
        name: str,
        facts: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray] | None = None,
        *,
        replace: bool = False,
        origin: str = "",
    ) -> str:
        """Keep an entry; the same contents under the same name are kept once.

        Args:
            name: letters, digits, ``.``, ``_`` and ``-``, at most 64.
            facts: what JSON can hold.
            arrays: numbers or texts.
            replace: whether an entry of that name and other contents goes.
            origin: where it comes from, for a reader; the digest does not cover it.

        Returns:
            ``NAME@DIGEST``.

        Raises:
            InputError: a name that cannot be one, or that other contents have; the cache folder
                cannot be written.
        """
        self.check_name(name)
        arrays = {key: np.asarray(value) for key, value in (arrays or {}).items()}
        facts = plain(dict(facts), EXACT)
        sealed = arrays_digest(arrays)
        title = f"{name}@{json_digest([facts, sealed], 12)}"
        others = [t for t in self.titles() if t.partition("@")[0] == name and t != title]
        if others and not replace:
            must = f"be new, as {others[0]} has other contents"
            fail("name", must, shown(name), "choose another name, or remove that one first")
        check_cache(self.folder)
        sizes = {key: [array.dtype.kind, array.size] for key, array in arrays.items()}
        about = {"facts": facts, "arrays": sizes, "arrays_digest": sealed, "origin": origin}
        self._write(title, about, arrays)
        for other in others:
            self.remove(other)
        return title

    def check_name(self, name: Any) -> None:
        """It can be an entry's name, and no path; raises ``InputError`` where it cannot."""
        check_type("name", name, str, "a text")
        if not _NAME.fullmatch(name):
            must = "be letters, digits, ., _ and - only, 64 at most, the first a letter or digit"
            fail("name", must, shown(name))

    def _write(self, title: str, about: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        if arrays:
            write_npz(self.folder / f"{title}.npz", arrays)
        # Last, as it makes the entry count.
        write_json(self.folder / f"{title}.json", about, EXACT)

    def remove(self, title: str) -> None:
        """Take an entry off the shelf."""
        for path in self.files(title):
            path.unlink(missing_ok=True)

    def files(self, title: str) -> list[Path]:
        """The files of an entry, the one that makes it count last: a copy of them is the entry."""
        paths = [self.folder / f"{title}{suffix}" for suffix in (".npz", ".json")]
        return [path for path in paths if path.exists()]

    def facts(self, title: str) -> dict[str, Any]:
        """What an entry says of itself.

        Raises:
            FileNotFoundError: there is no such entry.
            DamagedFile: it is not what was kept.
        """
        return self._about(title)["facts"]

    def origin(self, title: str) -> str:
        """Where an entry comes from; see ``facts``."""
        return str(self._about(title).get("origin", ""))

    def arrays(self, title: str) -> dict[str, np.ndarray]:
        """An entry's arrays, by name.

        Raises:
            FileNotFoundError: there is no such entry.
            DamagedFile: they are not what was kept.
        """
        about, path = self._about(title), self.folder / f"{title}.npz"
        sizes = {name: Most(*size) for name, size in about["arrays"].items()}
        try:
            arrays = read_npz(path, sizes, _ADVICE) if sizes else {}
        except FileNotFoundError as error:
            raise DamagedFile(path, "it is missing", _ADVICE) from error
        if arrays_digest(arrays) != about["arrays_digest"]:
            raise DamagedFile(path, "its contents are others", _ADVICE)
        return arrays

    def _about(self, title: str) -> dict[str, Any]:
        path = self.folder / f"{title}.json"
        about = read_json(path, _ADVICE)
        try:
            digest = json_digest([about["facts"], about["arrays_digest"]], 12)
            fits = isinstance(about["facts"], dict) and digest == title.partition("@")[2]
            sizes = about["arrays"].values()
            fits &= all(isinstance(k, str) and isinstance(n, int) for k, n in sizes)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DamagedFile(path, f"{type(error).__name__}: {error}", _ADVICE) from error
        if not fits:
            raise DamagedFile(path, "its contents are others", _ADVICE)
        return about
