"""The circuits of the battery: every gate, every template, random ones. Also what goes in them."""

from __future__ import annotations

from types import FunctionType

import numpy as np

from jqkd._checks import check_integer, check_type
from jqkd.quantum import (
    GATES,
    Circuit,
    Op,
    amplitude_encoding,
    angle_encoding,
    h_ry,
    hardware_efficient,
    rotations,
    ry_layer,
)
from jqkd.quantum.limits import check_num_qubits

MAX_QUBITS = 8
# More random circuits than any battery runs.
MOST = 10**6
_TEMPLATES: tuple[tuple[FunctionType, tuple[int | str, ...]], ...] = (
    (h_ry, (3,)),
    (rotations, (3,)),
    (ry_layer, (4,)),
    *((angle_encoding, (3, axis)) for axis in "XYZ"),
    (hardware_efficient, (4, 2)),
    (amplitude_encoding, (3,)),
    (amplitude_encoding, (4,)),
)


def gate_circuits() -> dict[str, Circuit]:
    """Every gate of the table inside three qubits; two-qubit gates upwards and downwards.

    Example:
        >>> sorted(gate_circuits())[:3]
        ['CP on (0, 2)', 'CP on (2, 1)', 'CRX on (0, 2)']
    """
    wires = {1: [(1,)], 2: [(0, 2), (2, 1)]}
    return {
        f"{gate.name} on {places}": Circuit(3, (Op(gate.name, places),))
        for gate in GATES.values()
        for places in wires[gate.num_wires]
    }


def template_circuits() -> dict[str, Circuit]:
    """Every template of ``jqkd.quantum.templates``, at the paper's sizes where it has some.

    Example:
        >>> list(template_circuits())[:4]
        ['h_ry(3)', 'rotations(3)', 'ry_layer(4)', 'angle_encoding(3, X)']
    """
    return {
        f"{make.__name__}({', '.join(map(str, sizes))})": make(*sizes) for make, sizes in _TEMPLATES
    }


def gradient_circuits() -> dict[str, Circuit]:
    """Circuits whose gradients are compared: the paper's, an entangling one, every shiftable gate.

    Example:
        >>> list(gradient_circuits())
        ['h_ry(3)', 'hardware_efficient(2) and RZ', 'every shiftable gate']
    """
    shiftable = [gate for gate in GATES.values() if gate.shiftable]
    every = tuple(Op("H", (k,)) for k in range(3)) + tuple(
        Op(gate.name, tuple((i + k) % 3 for k in range(gate.num_wires)))
        for i, gate in enumerate(shiftable)
    )
    # Without a last change of basis, the derivatives of phases would all be zero.
    mixed = Circuit(3, every).then(Op("RX", (k,), fixed=(0.9,)) for k in range(3))
    return {
        "h_ry(3)": h_ry(3),
        # Derivatives of the last RZ are 0 but scatter, unless both shifts share their shots' key.
        "hardware_efficient(2) and RZ": hardware_efficient(2).then(angle_encoding(2, "Z")),
        "every shiftable gate": mixed,
    }


def random_circuits(
    generator: np.random.Generator, number: int, max_qubits: int = MAX_QUBITS
) -> dict[str, Circuit]:
    """``number`` circuits on Q = 1 to ``max_qubits`` qubits, sizes in turn, of Q to 3 Q gates.

    Example:
        >>> circuits = random_circuits(np.random.default_rng(0), 10, 3)
        >>> [circuit.num_qubits for circuit in circuits.values()]
        [1, 2, 3, 1, 2, 3, 1, 2, 3, 1]
    """
    _check_generator(generator)
    check_integer("number", number, 0, MOST)
    check_integer("max_qubits", max_qubits, 1, MAX_QUBITS)
    return {f"random {i}": _any_gates(generator, 1 + i % max_qubits) for i in range(number)}


def _any_gates(generator: np.random.Generator, num_qubits: int) -> Circuit:
    names = [gate.name for gate in GATES.values() if gate.num_wires <= num_qubits]
    ops = []
    for _ in range(generator.integers(num_qubits, 3 * num_qubits + 1)):
        name = names[generator.integers(len(names))]
        wires = generator.permutation(num_qubits)[: GATES[name].num_wires]
        ops.append(Op(name, tuple(wires)))
    return Circuit(num_qubits, tuple(ops))


def random_angles(generator: np.random.Generator, circuit: Circuit, rows: int) -> np.ndarray:
    """Angles ``(rows, P)`` in [-2 pi, 2 pi), float32, so that both precisions see the same ones.

    Example:
        >>> random_angles(np.random.default_rng(0), h_ry(3), 2).shape
        (2, 3)
    """
    _check_generator(generator)
    check_type("circuit", circuit, Circuit, "a Circuit")
    check_integer("rows", rows, 0, MOST)
    drawn = generator.uniform(-2 * np.pi, 2 * np.pi, (rows, circuit.num_angles))
    return drawn.astype(np.float32)


def random_pauli(generator: np.random.Generator, num_qubits: int) -> str:
    """A Pauli string other than the identity.

    Example:
        >>> random_pauli(np.random.default_rng(0), 3)
        'ZYY'
    """
    num_qubits = check_num_qubits(num_qubits)
    while True:
        pauli = "".join(generator.choice(list("IXYZ"), num_qubits))
        if set(pauli) != {"I"}:
            return pauli


def _check_generator(generator: np.random.Generator) -> None:
    check_type("generator", generator, np.random.Generator, "a numpy.random.Generator")
