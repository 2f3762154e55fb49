"""Circuit <-> QuantumCircuit, OpenQASM 2 and 3 out and in.

Qubit k here is qubit k there, and outcome c is Qiskit's integer c: the bit order of
``jqkd.quantum.measurement``. Only Qiskit's own gates are appended, never a matrix of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from jqkd._checks import InputError, check_array, check_integer, check_type, fail, shown
from jqkd.common.outputs import check_picture, write_figure
from jqkd.crosscheck._qiskit import require_qiskit
from jqkd.crosscheck.arguments import check_flag
from jqkd.quantum import GATES, Circuit, Op
from jqkd.quantum.limits import check_num_qubits

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from qiskit.circuit.quantumcircuit import ParameterValueType as ParameterValue

_REGISTER = re.compile(r"\b(?:[qc]reg\s+\w+|qubit|bit)\s*\[\s*(\d+)")
BY_QISKIT_NAME = {gate.qiskit: gate.name for gate in GATES.values()}


def to_qiskit(
    circuit: Circuit, angles: ArrayLike | None = None, *, measure: bool = False
) -> QuantumCircuit:
    """The same circuit made of Qiskit's gates.

    Args:
        circuit: Q qubits, P slots.
        angles: shape ``(P,)``, radians, to bind; if not given, slot k is element k of one
            ``ParameterVector`` called t.
        measure: measure every qubit k into bit k of a register called meas.

    Returns:
        A ``QuantumCircuit`` of Q qubits whose ``parameters`` are in slot order.

    Raises:
        InputError: no Qiskit, or a vector of angles of another shape.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> [step.operation.name for step in to_qiskit(h_ry(2))]
        ['h', 'h', 'ry', 'ry']
    """
    require_qiskit()
    check_type("circuit", circuit, Circuit, "a Circuit")
    check_flag("measure", measure)
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector

    if angles is None:
        values = ParameterVector("t", circuit.num_angles)
    else:
        values = np.asarray(check_array("angles", angles, (circuit.num_angles,)), float).tolist()
    quantum = QuantumCircuit(circuit.num_qubits)
    for op, slots in circuit.slots():
        parameters = [values[s] for s in slots] if op.fixed is None else op.fixed
        getattr(quantum, op.gate.qiskit)(*parameters, *op.wires)
    if measure:
        quantum.measure_all()
    return quantum


def from_qiskit(quantum: QuantumCircuit) -> Circuit:
    """The same circuit as data: numbers become fixed angles, parameters become slots.

    Slots are numbered in order of appearance. Barriers and a closing measurement of qubit k into
    bit k are dropped, and so is the global phase.

    Args:
        quantum: gates of the gate table only.

    Raises:
        InputError: a gate outside the table (named), a parameter used twice or inside an
            expression, a gate with both numbers and parameters, any other measurement.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> from_qiskit(to_qiskit(h_ry(2))) == h_ry(2)
        True
    """
    require_qiskit()
    from qiskit import QuantumCircuit

    check_type("quantum", quantum, QuantumCircuit, "a Qiskit QuantumCircuit")
    if not quantum.num_qubits:
        fail("quantum", "have at least one qubit", "none")
    used: set[Parameter] = set()
    ops = tuple(_op(name, wires, params, used) for name, wires, params in _steps(quantum))
    return Circuit(quantum.num_qubits, ops)


def _steps(quantum: QuantumCircuit) -> Iterator[tuple[str, tuple[int, ...], list[ParameterValue]]]:
    """Name, wires and parameters of every gate; checks that nothing follows a measurement."""
    measured: set[int] = set()
    for step in quantum.data:
        wires = tuple(quantum.find_bit(bit).index for bit in step.qubits)
        name = step.operation.name
        if name == "barrier":
            continue
        if measured & set(wires):
            fail("quantum", "have no operation after a measurement", name)
        if name != "measure":
            yield name, wires, list(step.operation.params)
            continue
        bit = quantum.find_bit(step.clbits[0]).index
        if bit != wires[0]:
            fail("quantum", "measure qubit k into bit k", f"qubit {wires[0]} into bit {bit}")
        measured |= set(wires)


def _op(
    name: str, wires: tuple[int, ...], params: list[ParameterValue], used: set[Parameter]
) -> Op:
    from qiskit.circuit import Parameter, ParameterExpression

    if name not in BY_QISKIT_NAME:
        allowed = f"hold only the gates {', '.join(BY_QISKIT_NAME)}"
        fail("quantum", allowed, f"the gate {name}", "transpile it to these gates first")
    free = [p for p in params if isinstance(p, ParameterExpression) and p.parameters]
    if not free:
        return Op(BY_QISKIT_NAME[name], wires, tuple(float(p) for p in params) or None)
    if len(free) < len(params):
        fail("quantum", "have only numbers or only parameters in a gate", f"{name} with both")
    for p in free:
        if not isinstance(p, Parameter) or p in used:
            must = "use every parameter once and bare"
            fail("quantum", must, f"{p} in {name}", "bind the parameters first")
        used.add(p)
    return Op(BY_QISKIT_NAME[name], wires)


def to_qasm(circuit: Circuit, angles: ArrayLike | None = None, *, version: int = 3) -> str:
    """OpenQASM text.

    Args:
        circuit: Q qubits, P slots.
        angles: shape ``(P,)``, radians; OpenQASM 3 can do without (the slots become inputs).
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

    return qasm2.dumps(quantum) if version == 2 else qasm3.dumps(quantum)


def from_qasm(text: str) -> Circuit:
    """Circuit of an OpenQASM 2 or 3 program; ``InputError`` for what does not parse or translate.

    Example:
        >>> print(from_qasm("OPENQASM 3; include 'stdgates.inc'; qubit[2] q; cx q[0], q[1];"))
        q0: ─CX0─
        q1: ─CX1─
    """
    check_type("text", text, str, "a string of OpenQASM")
    for register in _REGISTER.finditer(text):
        # The parsers allocate whatever is declared.
        try:
            check_num_qubits(int(register[1][:30]))
        except InputError:
            fail("text", "declare registers of 1 to 10000 bits", shown(register[0]))
    require_qiskit("qiskit_qasm3_import")
    from qiskit import qasm2, qasm3
    from qiskit.circuit.library import RYYGate

    # Qiskit writes it into OpenQASM 2, but qelib1.inc does not define it.
    ryy = qasm2.CustomInstruction("ryy", 1, 2, RYYGate)  # ty: ignore[invalid-argument-type]  One angle.
    gates = [*qasm2.LEGACY_CUSTOM_INSTRUCTIONS, ryy]
    try:
        if "OPENQASM 2" in text:
            return from_qiskit(qasm2.loads(text, custom_instructions=gates))
        return from_qiskit(qasm3.loads(text))
    except InputError:
        raise
    except Exception as error:  # The two parsers raise several unrelated classes
        lines = str(error).strip().splitlines() or [type(error).__name__]
        reason = " ".join(lines[0].split())[:150].rstrip(".")
        fail("text", "be OpenQASM 2 or 3", f"one that could not be read ({reason})")


def save_picture(circuit: Circuit, path: str | Path) -> Path:
    """Qiskit's drawing of the circuit; the path's ending chooses the format (png, pdf, svg)."""
    require_qiskit("pylatexenc")
    path = check_picture("path", path)
    return write_figure(to_qiskit(circuit).draw("mpl", fold=30), path, bbox_inches="tight")
