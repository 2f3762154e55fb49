"""Frozen dataclasses as trees of JAX, built again without their checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import jax


def make_tree(cls: Any, fixed: Sequence[str] = ()) -> None:
    """Register a dataclass: its fields hold what is traced, but for those that are ``fixed``.

    ``jax.tree_util.register_dataclass`` would call ``__init__``, whose checks refuse what JAX puts
    into trees that are no data, such as shapes and axes.
    """

    def flatten(part: Any) -> tuple[list[Any], tuple[Any, ...]]:
        names = [field.name for field in fields(part)]
        traced = [getattr(part, name) for name in names if name not in fixed]
        return traced, tuple(getattr(part, name) for name in fixed)

    def unflatten(kept: tuple[Any, ...], traced: Sequence[Any]) -> Any:
        part = object.__new__(cls)
        names = [field.name for field in fields(cls) if field.name not in fixed]
        values = dict(zip(names, traced, strict=True)) | dict(zip(fixed, kept, strict=True))
        for name, value in values.items():
            object.__setattr__(part, name, value)
        return part

    jax.tree_util.register_pytree_node(cls, flatten, unflatten)
