"""Parts that exist for as long as a test does."""

from __future__ import annotations

from contextlib import contextmanager


@contextmanager
def registered(registry, name, part):
    """``part`` under ``name``, and afterwards no longer."""
    registry.register(name)(part)
    try:
        yield part
    finally:
        del registry._classes[name]
        registry._plugins.pop(name, None)
