"""Circuit <-> PennyLane, operation by operation: OpenQASM would freeze all angles."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from jqkd._checks import InputError, check_integer, check_type, fail, shown
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.exchange.naming import slots_of
from jqkd.quantum.exchange.packages import require_pennylane
from jqkd.quantum.expressions import DATA, WEIGHT, Expression, Slot, polynomial
from jqkd.quantum.ops import Op

# PennyLane's names of our gates.
_NAMES = {
    **{"I": "Identity", "X": "PauliX", "Y": "PauliY", "Z": "PauliZ", "H": "Hadamard"},
    **{"S": "S", "SDG": "Adjoint(S)", "T": "T", "TDG": "Adjoint(T)"},
    **{"SX": "SX", "SXDG": "Adjoint(SX)", "RX": "RX", "RY": "RY", "RZ": "RZ"},
    **{"P": "PhaseShift", "U3": "U3", "CX": "CNOT", "CY": "CY", "CZ": "CZ"},
    **{"CRX": "CRX", "CRY": "CRY", "CRZ": "CRZ", "CP": "ControlledPhaseShift"},
    **{"SWAP": "SWAP", "RXX": "IsingXX", "RYY": "IsingYY", "RZZ": "IsingZZ"},
}
_OURS = {name: gate for gate, name in _NAMES.items()}
_DROPPED = ("Barrier", "WireCut", "GlobalPhase", "Snapshot")


def to_pennylane(circuit: Circuit) -> Callable[..., None]:
    """What ``Circuit.to_pennylane`` documents."""
    require_pennylane()
    import pennylane

    def apply(data: Any = (), weights: Any = None) -> None:
        given = {
            kind: np.asarray(values) if isinstance(values, Sequence) else values
            for kind, values in ((DATA, data), (WEIGHT, weights))
        }
        angles = [e.at(lambda slot: given[slot.kind][..., slot.index]) for e in circuit.filled]
        for op, slots in circuit.slots():
            name = _NAMES[op.name]
            make = getattr(pennylane, name.removeprefix("Adjoint(").rstrip(")"))
            make = pennylane.adjoint(make) if "Adjoint" in name else make
            make(*(op.fixed or [angles[slot] for slot in slots]), wires=list(op.wires))

    return apply


def from_pennylane(circuit: Any, data: Any = None, weights: Any = None) -> Circuit:
    """What ``Circuit.from_pennylane`` documents."""
    require_pennylane()
    import pennylane

    device = getattr(circuit, "device", None)
    if isinstance(circuit, pennylane.tape.QuantumScript):
        tape = _named_tape(circuit, data, weights)
    else:
        tape = _traced(circuit, data, weights)
    labels = list((device and device.wires) or tape.wires)
    if all(isinstance(label, int) for label in labels):
        labels = sorted(labels)
    if not labels:
        fail("circuit", "act on at least one wire", "one that acts on none")
    qubits = {label: qubit for qubit, label in enumerate(labels)}
    return Circuit(len(labels), tuple(op for step in tape.operations for op in _ops(step, qubits)))


def _traced(circuit: Any, data: Any, weights: Any) -> Any:
    """The tape that a function records when it is called with slots in place of numbers."""
    import pennylane

    if isinstance(circuit, pennylane.QNode):
        if len(circuit.compile_pipeline):
            advice = "hand over the function itself, or a tape"
            fail("circuit", "be a QNode without transforms", "one with some", advice)
        circuit = circuit.func
    check_type("circuit", circuit, Callable, "a PennyLane QNode or function, or a tape")
    arguments: dict[str, Any] = {}
    for name, kind, shapes in (("data", DATA, data), ("weights", WEIGHT, weights)):
        arguments |= _symbols(name, kind, shapes, arguments)
    try:
        call = inspect.signature(circuit).bind(**arguments)
    except TypeError as error:
        must = "name the arguments of the function that have no default"
        fail("data", must, f"{', '.join(arguments) or 'none'} ({error})")
    try:
        return pennylane.tape.make_qscript(circuit)(*call.args, **call.kwargs)
    except InputError:
        raise
    except Exception as error:  # Whatever the function does with its arguments
        reason = " ".join(str(error).split())[:150]
        must = "compute its angles by sums and products of its arguments' entries"
        fail("circuit", must, f"a function that raised {type(error).__name__} ({reason})")


def _symbols(name: str, kind: str, shapes: Any, others: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays of slots, numbered through all arguments, or one slot where there are no axes."""
    must = "shapes by name of argument, such as {'x': 5, 'w': (2, 5), 'phi': ()}"
    check_type(name, {} if shapes is None else shapes, Mapping, f"a dictionary of {must}")
    symbols, first = {}, 0
    for argument, shape in (shapes or {}).items():
        if argument in others:
            fail(name, "name no argument that is in `data`", shown(argument))
        lengths = shape if isinstance(shape, tuple | list) else (shape,)
        size = math.prod(check_integer(name, n, 1, advice=f"give {must}") for n in lengths)
        slots = [Slot(kind, first + i) for i in range(size)]
        symbols[argument] = np.array(slots, object).reshape(lengths)[()]
        first += size
    return symbols


def _named_tape(tape: Any, data: Any, weights: Any) -> Any:
    """The tape, slots in place of those of its parameters that are named."""
    number = len(tape.get_parameters(trainable_only=False, operations_only=True))
    chosen = []
    for name, given in (("data", data), ("weights", weights)):
        if given is not None and (isinstance(given, str) or not np.iterable(given)):
            fail(name, "be numbers of the tape's parameters, such as range(5)", shown(given))
        chosen.append(given and [check_integer(name, i, 0, number - 1) for i in given])
    free = range(number) if None in chosen else []
    slots = slots_of(free, *chosen)
    # It takes them in ascending order, whatever the order of the numbers.
    numbers = sorted(slots)
    return tape.bind_new_parameters([slots[i] for i in numbers], numbers)


def _ops(step: Any, qubits: Mapping[Any, int]) -> Iterator[Op]:
    """One of our gates, or those that PennyLane decomposes it into."""
    if step.name in _DROPPED:
        return
    wires = tuple(qubits[label] for label in step.wires)
    if step.name in _OURS:
        # Slices of an array of slots are arrays without axes.
        values = [p.item() if isinstance(p, np.ndarray) and not p.ndim else p for p in step.data]
        if any(map(np.ndim, values)):
            fail("circuit", "have one number an angle", f"{step.name} with a batch of them")
        if any(isinstance(value, Expression) for value in values):
            filled = tuple(polynomial([]) + value for value in values)
            yield Op(_OURS[step.name], wires, filled=filled)
        else:
            yield Op(_OURS[step.name], wires, tuple(map(float, values)) or None)
        return
    for part in _parts(step):
        yield from _ops(part, qubits)


def _parts(step: Any) -> list[Any]:
    middle = any(word in step.name for word in ("Measure", "Conditional", "Reset"))
    try:
        if not middle and getattr(step, "has_decomposition", False):
            return step.decomposition()
    except Exception:
        # Some look at the values of their angles.
        pass
    must = f"hold only operations that decompose into {', '.join(_OURS)}"
    advice = "decompose it into these first: write them in its place"
    if middle:
        advice = "measure at the end only: jqkd's circuits have no measurement in the middle"
    fail("circuit", must, f"the operation {step.name}", advice)
