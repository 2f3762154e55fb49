"""The one door to Qiskit: one sentence when it is missing or too old."""

from __future__ import annotations

import importlib
import platform
from importlib.metadata import PackageNotFoundError, version

from jqkd import __version__
from jqkd._checks import InputError

LEAST = (2, 0)


def require_qiskit(package: str = "qiskit_aer") -> None:
    """Refuse to go on without Qiskit 2.0 or newer and ``package``, an import name.

    Raises:
        InputError: a package is missing, or Qiskit is older than 2.0; says what to install.

    Example:
        >>> require_qiskit()
    """
    for name in ("qiskit", package):
        try:
            importlib.import_module(name)
        except ImportError:
            missing = f"the package {name.replace('_', '-')}, which is not installed"
            raise _refusal(missing) from None
    installed = version_of("qiskit")
    if tuple(int(part) for part in installed.split(".")[:2] if part.isdigit()) < LEAST:
        least = ".".join(map(str, LEAST))
        raise _refusal(f"Qiskit {least} or newer, but {installed} is installed")


def _refusal(need: str) -> InputError:
    return InputError(f'The cross-check needs {need}; run `pip install "jqkd[qiskit]"`.')


def version_of(package: str) -> str:
    """Version of an installed distribution, ``"0"`` if it has none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "0"


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
