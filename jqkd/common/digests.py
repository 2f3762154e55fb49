"""The one digest of plain data: it names configurations, jobs and results."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def json_digest(value: Any, length: int = 16) -> str:
    """So many hex digits that name what JSON can write; the order of names does not matter.

    Example:
        >>> json_digest({"a": [1, 2.5], "b": None}), json_digest({"b": None, "a": [1, 2.5]}, 4)
        ('68982516a4a37116', '6898')
    """
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]
