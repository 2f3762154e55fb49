"""Circuit <-> OpenQASM 2 and 3, read and written by Qiskit."""

from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from jqkd._checks import InputError, check_integer, check_type, fail, shown
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.quantum.exchange.qiskit import from_qiskit, to_qiskit
from jqkd.quantum.limits import check_num_qubits

_REGISTER = re.compile(r"\b(?:[qc]reg\s+\w+|qubit|bit)\s*\[\s*(\d+)")
# Bytes; the largest circuit of the benchmarks' has a hundredth.
_LARGEST = 2**26


def to_qasm(circuit: Circuit, angles: ArrayLike | None = None, *, version: int = 3) -> str:
    """OpenQASM text.

    Args:
        circuit: Q qubits, P slots.
        angles: shape ``(P,)``, radians; OpenQASM 3 can do without: data and weights become inputs
            called x0, x1, ... and w0, w1, ..., slots without names t0, t1, ...
        version: 2 or 3.

    Raises:
        InputError: slots without angles in OpenQASM 2, another version.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> print(to_qasm(h_ry(1), [0.5], version=2).splitlines()[-1])
        ry(0.5) q[0];
    """
    check_integer("version", version, 2, 3)
    quantum = to_qiskit(circuit, angles)
    if version == 2 and quantum.parameters:
        fail("angles", "be given for OpenQASM 2, which has no free parameters", "None")
    from qiskit import qasm2, qasm3
    from qiskit.circuit import Parameter

    if version == 2:
        return qasm2.dumps(quantum)
    names = {p: Parameter(f"{p.name[0]}{p.index}") for p in quantum.parameters}
    return qasm3.dumps(quantum.assign_parameters(names))


def from_qasm(source: str | Path, data: Any = None, weights: Any = None) -> Circuit:
    """What ``Circuit.from_qasm`` documents."""
    text = _text(source)
    if not text.strip():
        fail("source", "be OpenQASM 2 or 3", "nothing")
    for register in _REGISTER.finditer(text):
        # The parsers allocate whatever is declared.
        try:
            check_num_qubits(int(register[1][:30]))
        except InputError:
            fail("source", "declare registers of 1 to 10000 bits", shown(register[0]))
    require_qiskit("qiskit_qasm3_import")
    from qiskit import qasm2, qasm3
    from qiskit.circuit.library import RYYGate

    # Qiskit writes it into OpenQASM 2, but qelib1.inc does not define it.
    ryy = qasm2.CustomInstruction("ryy", 1, 2, RYYGate)  # ty: ignore[invalid-argument-type]  One angle.
    gates = [*qasm2.LEGACY_CUSTOM_INSTRUCTIONS, ryy]
    # OpenQASM 3's parser prints where it fails.
    with contextlib.redirect_stderr(io.StringIO()) as printed:
        try:
            if "OPENQASM 2" in text:
                quantum = qasm2.loads(text, custom_instructions=gates)
            else:
                quantum = qasm3.loads(text)
        except Exception as error:  # The two parsers raise several unrelated classes
            quantum, failure = None, error
    if quantum is None:
        lines = (str(failure) or printed.getvalue()).strip().splitlines() or ["syntax"]
        reason = " ".join(lines[0].split())[:150].rstrip(".")
        fail("source", "be OpenQASM 2 or 3", f"one that could not be read ({reason})")
    return from_qiskit(quantum, data, weights)


def _text(source: str | Path) -> str:
    """The program itself, or the file that holds it: a path is one line, and ends in .qasm."""
    check_type("source", source, (str, os.PathLike), "a string of OpenQASM or the path of a file")
    if isinstance(source, str) and (not source.endswith(".qasm") or set(source) & set("\n;")):
        return source
    path = Path(source)
    try:
        if path.stat().st_size > _LARGEST:
            fail("source", f"be a file of at most {_LARGEST >> 20} MiB", str(path))
        return path.read_text(encoding="utf-8")
    except OSError as error:
        fail("source", "be a file that can be read", f"{path} ({error.strerror})")
    except UnicodeDecodeError:
        fail("source", "be a file that can be read", f"{path} (no text in UTF-8)")
