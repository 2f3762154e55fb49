"""Versions of the packages that a result depends on."""

from __future__ import annotations

import platform

from jqkd import __version__
from jqkd.quantum.exchange.packages import version_of


def versions() -> dict[str, str]:
    """Versions of the packages that a result depends on.

    Example:
        >>> sorted(versions())
        ['jax', 'jqkd', 'numpy', 'python', 'qiskit', 'qiskit-aer', 'scipy']
    """
    own = {"jqkd": __version__, "python": platform.python_version()}
    return own | {
        name: version_of(name) for name in ("jax", "numpy", "qiskit", "qiskit-aer", "scipy")
    }
