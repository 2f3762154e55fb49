"""Circuit <-> Qiskit's QuantumCircuit. Only Qiskit's own gates are appended, never our matrices."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from jqkd._checks import check_array, check_type, fail, shown
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.exchange.naming import slots_of
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.quantum.expressions import DATA, WEIGHT, Polynomial, Slot, polynomial
from jqkd.quantum.gates import GATES
from jqkd.quantum.ops import Op

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Instruction, Parameter

# Of a polynomial in a circuit's parameters; sines have no highest power.
_DEGREE = 6
# Where an expression and its polynomial are compared, so far from 0 that neither is small.
_POINT = 0.7310585786
_ADVICE = "transpile it with basis_gates=['rx', 'ry', 'rz', 'cx'] first"
_MIDDLE = "measure at the end only: jqkd's circuits have no measurement or reset in the middle"


def to_qiskit(
    circuit: Circuit, angles: ArrayLike | None = None, *, measure: bool = False
) -> QuantumCircuit:
    """The same circuit made of Qiskit's gates.

    Args:
        circuit: Q qubits, P slots.
        angles: shape ``(P,)``, radians, to bind. If not given, named slots are made of two
            ``ParameterVector``s called x and w, and slot k of a circuit without names is element k
            of one called t.
        measure: measure every qubit k into bit k of a register called meas.

    Returns:
        A ``QuantumCircuit`` of Q qubits; ``parameters`` of one without names are in slot order.

    Raises:
        InputError: no Qiskit, or a vector of angles of another shape.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> [step.operation.name for step in to_qiskit(h_ry(2))]
        ['h', 'h', 'ry', 'ry']
    """
    require_qiskit()
    check_type("circuit", circuit, Circuit, "a Circuit")
    check_type("measure", measure, (bool, np.bool_), "True or False")
    from qiskit import QuantumCircuit

    if angles is None:
        values = _parameters(circuit)
    else:
        values = np.asarray(check_array("angles", angles, (circuit.num_angles,)), float).tolist()
    quantum = QuantumCircuit(circuit.num_qubits)
    for op, slots in circuit.slots():
        parameters = [values[s] for s in slots] if op.fixed is None else op.fixed
        getattr(quantum, op.gate.qiskit)(*parameters, *op.wires)
    if measure:
        quantum.measure_all()
    return quantum


def _parameters(circuit: Circuit) -> Sequence[Any]:
    from qiskit.circuit import ParameterVector

    if not any(op.filled for op in circuit.ops):
        return list(ParameterVector("t", circuit.num_angles))
    sizes = {DATA: ("x", circuit.num_data), WEIGHT: ("w", circuit.num_weights)}
    vectors = {kind: ParameterVector(*size) for kind, size in sizes.items()}
    return [
        expression.at(lambda slot: vectors[slot.kind][slot.index]) for expression in circuit.filled
    ]


def from_qiskit(quantum: QuantumCircuit, data: Any = None, weights: Any = None) -> Circuit:
    """What ``Circuit.from_qiskit`` documents."""
    require_qiskit()
    from qiskit import QuantumCircuit

    check_type("quantum", quantum, QuantumCircuit, "a Qiskit QuantumCircuit")
    if not quantum.num_qubits:
        fail("quantum", "have at least one qubit", "none")
    free, used = _free(quantum), set(quantum.parameters)
    named = [_chosen(*given, free) for given in (("data", data), ("weights", weights))]
    if None not in named:
        free = [p for p in free if p in used]
    slots = slots_of(free, *named)
    wires = tuple(range(quantum.num_qubits))
    return Circuit(quantum.num_qubits, tuple(_ops(quantum, wires, slots)))


def _free(quantum: QuantumCircuit) -> list[Parameter]:
    """All parameters in order of appearance, a vector as a whole and in its own order."""
    free: dict[Parameter, None] = {}
    for step in quantum.data:
        for value in step.operation.params:
            for parameter in sorted(getattr(value, "parameters", ()), key=_family):
                free |= dict.fromkeys(getattr(parameter, "vector", [parameter]))
    return list(free)


def _family(parameter: Parameter) -> tuple[str, int]:
    """``x[3]``, ``x3``, ``x_3`` and OpenQASM's ``_x_3_`` are number 3 of x."""
    match = re.fullmatch(r"_?(.*?)[\[_]?(\d{1,9})[\]_]?", parameter.name)
    return (match[1], int(match[2])) if match else (parameter.name, -1)


def _chosen(name: str, given: Any, free: list[Parameter]) -> list[Parameter] | None:
    """Parameters that are given as such, as vectors, as names, or as a list of these."""
    from qiskit.circuit import Parameter, ParameterVector

    if given is None:
        return None
    listed = isinstance(given, Sequence | np.ndarray) and not isinstance(given, str)
    chosen: list[Parameter] = []
    for one in given if listed else [given]:
        if isinstance(one, str):
            chosen += _called(name, one, free)
        elif isinstance(one, Parameter | ParameterVector):
            chosen += [one] if isinstance(one, Parameter) else one
        else:
            must = "be a parameter, a vector of them, the name of either, or a list of these"
            fail(name, must, shown(given))
    return chosen


def _called(name: str, given: str, free: list[Parameter]) -> list[Parameter]:
    """The parameter of a name, or all that are called so with a number, as a vector's are."""
    family = sorted((p for p in free if _family(p)[0] == given), key=_family)
    chosen = [p for p in free if p.name == given] or family
    if not chosen or _family(chosen[-1])[1] - _family(chosen[0])[1] + 1 != len(chosen):
        names = shown(", ".join(p.name for p in free) or "none")[1:-1]
        advice = "a name stands for x, or for all of x0, x1, ... without a gap"
        fail(name, f"name parameters of the circuit: {names}", shown(given), advice)
    return chosen


def _ops(
    quantum: QuantumCircuit, wires: tuple[int, ...], slots: dict[Parameter, Slot]
) -> Iterator[Op]:
    """Our gates; in place of another one those that Qiskit defines it by."""
    measured: set[int] = set()
    for step in quantum.data:
        gate, on = step.operation, tuple(wires[quantum.find_bit(q).index] for q in step.qubits)
        if gate.name == "barrier":
            continue
        if measured & set(on):
            fail("quantum", "have no operation after a measurement", gate.name, _MIDDLE)
        if gate.name == "measure":
            measured |= set(on)
            bit = quantum.find_bit(step.clbits[0]).index
            if bit != on[0]:
                fail("quantum", "measure qubit k into bit k", f"qubit {on[0]} into bit {bit}")
        elif name := _name(gate):
            if any(getattr(value, "parameters", ()) for value in gate.params):
                yield Op(name, on, filled=tuple(_angle(p, gate, slots) for p in gate.params))
            else:
                yield Op(name, on, tuple(map(float, gate.params)) or None)
        else:
            yield from _ops(_definition(gate), on, slots)


def _definition(gate: Instruction) -> QuantumCircuit:
    from qiskit.circuit import ControlFlowOp

    definition = None if isinstance(gate, ControlFlowOp) else gate.definition
    if definition is None or definition.clbits:
        allowed = f"hold only the gates {', '.join(g.qiskit for g in GATES.values())}"
        middle = isinstance(gate, ControlFlowOp) or gate.name in ("reset", "measure")
        must = f"{allowed}, and gates defined by them"
        fail("quantum", must, f"the gate {gate.name}", _MIDDLE if middle else _ADVICE)
    return definition


@cache
def _standard() -> dict[str, tuple[type, str]]:
    """Qiskit's class and our name of every gate, by Qiskit's name."""
    from qiskit.circuit.library import get_standard_gate_name_mapping

    gates = get_standard_gate_name_mapping()
    return {gate.qiskit: (gates[gate.qiskit].base_class, gate.name) for gate in GATES.values()}


def _name(gate: Instruction) -> str | None:
    """Our name of a gate; one that a program defines under a known name has to do the same."""
    from qiskit.quantum_info import Operator

    known, name = _standard().get(gate.name, (None, None))
    if known is None or name is None or gate.base_class is known:
        return name
    definition, number = gate.definition, GATES[name].num_angles
    if definition is None or definition.clbits or len(gate.params) != number:
        return None
    point = {p: _POINT + 0.1 * i for i, p in enumerate(definition.parameters)}
    try:
        values = [_at(value, point) for value in gate.params]
        same = Operator(definition.assign_parameters(point)).equiv(Operator(known(*values)))
    except Exception:  # Whatever has no matrix
        same = False
    return name if same else None


def _at(value: Any, point: dict[Parameter, float]) -> float:
    left = getattr(value, "parameters", ())
    return float(value.bind({p: point[p] for p in left}) if left else value)


def _angle(value: Any, gate: Instruction, slots: dict[Parameter, Slot]) -> Slot | Polynomial:
    free = sorted(getattr(value, "parameters", ()), key=lambda p: p.name)
    point = {p: _POINT + 0.1 * i for i, p in enumerate(free)}
    try:
        terms = list(_terms(value, free, ()))
        got = sum(c * math.prod(point[p] for p in factors) for factors, c in terms)
        exact = _at(value, point)
    except (TypeError, ValueError, ArithmeticError, RuntimeError):
        terms, got, exact = [], math.nan, 0.0
    if not abs(got - exact) <= 1e-9 * (1 + abs(exact)):
        must = "have angles that are sums of products of its parameters"
        advice = "compute other functions beforehand, and hand their values to a parameter"
        fail("quantum", must, f"{shown(str(value))[1:-1]} in {gate.name}", advice)
    return polynomial((tuple(slots[p] for p in factors), c) for factors, c in terms)


def _terms(
    value: Any, free: list[Parameter], factors: tuple[Parameter, ...]
) -> Iterator[tuple[tuple[Parameter, ...], float]]:
    """Taylor's series about 0, which ends: each product of parameters and its coefficient."""
    left: set[Parameter] = set(getattr(value, "parameters", ()))
    orders = math.prod(map(math.factorial, Counter(factors).values()))
    yield factors, _at(value, dict.fromkeys(left, 0.0)) / orders
    if left and len(factors) == _DEGREE:
        raise ValueError("no polynomial")
    for i, parameter in enumerate(free):
        if parameter in left:
            yield from _terms(value.gradient(parameter), free[i:], (*factors, parameter))
