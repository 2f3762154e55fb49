"""The doors to Qiskit and PennyLane: one sentence when one is missing or too old."""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version

from jqkd._checks import InputError

LEAST = {"qiskit": (2, 0), "pennylane": (0, 45)}


def require_qiskit(*packages: str) -> None:
    """Refuse to go on without Qiskit 2.0 or newer and ``packages``, import names.

    Raises:
        InputError: a package is missing, or Qiskit is older than 2.0; says what to install.

    Example:
        >>> require_qiskit("qiskit_aer")
    """
    _require("qiskit", *packages)


def require_pennylane() -> None:
    """Refuse to go on without PennyLane, as ``require_qiskit`` does without Qiskit."""
    _require("pennylane")


def _require(extra: str, *packages: str) -> None:
    for name in (extra, *packages):
        try:
            importlib.import_module(name)
        except ImportError:
            missing = f"the package {name.replace('_', '-')}, which is not installed"
            raise _refusal(missing, extra) from None
    installed = version_of(extra)
    if tuple(int(part) for part in installed.split(".")[:2] if part.isdigit()) < LEAST[extra]:
        name = {"qiskit": "Qiskit", "pennylane": "PennyLane"}[extra]
        least = ".".join(map(str, LEAST[extra]))
        raise _refusal(f"{name} {least} or newer, but {installed} is installed", extra)


def _refusal(need: str, extra: str) -> InputError:
    return InputError(f'This needs {need}; run `pip install "jqkd[{extra}]"`.')


def version_of(package: str) -> str:
    """Version of an installed distribution, ``"0"`` if it has none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "0"
