"""A README's generated shares: what stands between two markers, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from jqkd._checks import InputError, check_type, fail
from jqkd.common.outputs import write_text


def markers(name: str) -> tuple[str, str]:
    """The lines around a share.

    Example:
        >>> markers("bench")
        ('<!-- bench: begin -->', '<!-- bench: end -->')
    """
    check_type("name", name, str, "a text")
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def with_share(text: str, name: str, share: str) -> str:
    """A text whose share of that name is ``share``; raises ``InputError`` without the markers.

    Example:
        >>> print(with_share("<!-- a: begin -->old<!-- a: end -->", "a", "new"))
        <!-- a: begin -->
        new
        <!-- a: end -->
    """
    check_type("text", text, str, "a text")
    check_type("share", share, str, "a text")
    begin, end = markers(name)
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        given = f"a text that lacks the lines {begin} and {end}"
        fail("readme", "have a place for the table", given, "add them where it belongs")
    return pattern.sub(lambda _: f"{begin}\n{share}\n{end}", text)


def check_share(path: Path, name: str) -> None:
    """A README is there and has a share of that name, or ``InputError``; before work begins."""
    try:
        with_share(path.read_text(encoding="utf-8"), name, "")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        raise InputError(f"{path} cannot be read ({reason}); name a README.") from error


def update_share(path: Path, name: str, share: str) -> None:
    """Bring a README's share of that name up to date; raises ``InputError`` as ``check_share``."""
    check_share(path, name)
    write_text(path, with_share(path.read_text(encoding="utf-8"), name, share))
