"""The second source: a dense simulator in complex128 NumPy that shares nothing with the package.

Rotations are matrix exponentials of Pauli matrices, the rest are literal arrays; a gate becomes a
2**Q by 2**Q matrix by Kronecker products, the last factor being qubit 0 (the lowest bit).
"""

from __future__ import annotations

from functools import reduce

import numpy as np
from scipy.linalg import expm
from scipy.sparse import csr_array, kron

from jqkd.quantum import GATES, Circuit, Op

I2 = np.eye(2)
X = np.array([[0, 1], [1, 0]])
Y = np.array([[0, -1j], [1j, 0]])
Z = np.array([[1, 0], [0, -1]])
ONE = np.array([[0, 0], [0, 1]])  # |1><1|


def rotation(pauli: np.ndarray):
    """t -> exp(-i t/2 P)."""
    return lambda t: expm(-0.5j * t * pauli)


def phase(t: float) -> np.ndarray:
    """exp(i t |1><1|)."""
    return expm(1j * t * ONE)


def u3(theta: float, phi: float, lam: float) -> np.ndarray:
    """exp(i (phi + lam) / 2) RZ(phi) RY(theta) RZ(lam)."""
    turned = rotation(Z)(phi) @ rotation(Y)(theta) @ rotation(Z)(lam)
    return np.exp(0.5j * (phi + lam)) * turned


def controlled(pauli: np.ndarray):
    """t -> exp(-i t/2 |1><1| x P), the first wire controlling."""
    return rotation(np.kron(ONE, pauli))


def constant(matrix: np.ndarray):
    return lambda: np.asarray(matrix, complex)


MATRICES = {
    "I": constant(I2),
    "X": constant(X),
    "Y": constant(Y),
    "Z": constant(Z),
    "H": constant((X + Z) / np.sqrt(2)),
    "S": lambda: phase(np.pi / 2),
    "SDG": lambda: phase(-np.pi / 2),
    "T": lambda: phase(np.pi / 4),
    "TDG": lambda: phase(-np.pi / 4),
    "RX": rotation(X),
    "RY": rotation(Y),
    "RZ": rotation(Z),
    "P": phase,
    "U3": u3,
    "CX": constant([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]),
    "CZ": constant(np.diag([1, 1, 1, -1])),
    "CRX": controlled(X),
    "CRY": controlled(Y),
    "CRZ": controlled(Z),
    "SWAP": constant([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]),
    "RXX": rotation(np.kron(X, X)),
    "RYY": rotation(np.kron(Y, Y)),
    "RZZ": rotation(np.kron(Z, Z)),
    "SX": constant(expm(0.25j * np.pi * (I2 - X))),
    "SXDG": constant(expm(-0.25j * np.pi * (I2 - X))),
    "CY": constant(np.kron(I2 - ONE, I2) + np.kron(ONE, Y)),
    "CP": lambda t: expm(1j * t * np.kron(ONE, ONE)),
}


def embed(matrix: np.ndarray, wires: tuple[int, ...], num_qubits: int) -> csr_array:
    """A gate on the whole register: sum over its entries m[r, c] of |r><c| on its wires."""
    total = csr_array((2**num_qubits, 2**num_qubits), dtype=complex)
    for row, column in zip(*np.nonzero(matrix), strict=True):
        factors = [np.eye(2)] * num_qubits
        for i, wire in enumerate(wires):
            place = len(wires) - 1 - i
            unit = np.zeros((2, 2))
            unit[(row >> place) & 1, (column >> place) & 1] = 1
            factors[wire] = unit
        whole = reduce(lambda a, b: kron(a, b, format="csr"), factors[::-1], csr_array([[1.0]]))
        total = total + matrix[row, column] * whole
    return total


def simulate(circuit: Circuit, angles, state: np.ndarray | None = None) -> np.ndarray:
    """Final amplitudes ``(K,)`` in outcome order, from |0...0> or ``state`` (same order)."""
    angles = list(np.asarray(angles, float))
    vector = np.eye(2**circuit.num_qubits, dtype=complex)[0] if state is None else state
    for op in circuit.ops:
        if op.fixed is not None:
            values = op.fixed
        else:
            values = [angles.pop(0) for _ in range(GATES[op.name].num_angles)]
        vector = embed(MATRICES[op.name](*values), op.wires, circuit.num_qubits) @ vector
    assert not angles
    return vector


def random_circuit(seed: int, num_qubits: int, num_ops: int, names=None):
    """A circuit that draws its gates from ``names`` (all by default), and its angles."""
    rng = np.random.default_rng(seed)
    names = [n for n in names or GATES if GATES[n].num_wires <= num_qubits]
    ops = []
    for name in rng.choice(names, num_ops):
        gate = GATES[name]
        wires = rng.choice(num_qubits, gate.num_wires, replace=False)
        fixed = rng.uniform(-7, 7, gate.num_angles) if rng.random() < 0.2 else None
        ops.append(Op(str(name), tuple(wires), None if fixed is None else tuple(fixed)))
    circuit = Circuit(num_qubits, tuple(ops))
    return circuit, rng.uniform(-7, 7, circuit.num_angles)


def random_state(seed: int, num_qubits: int) -> np.ndarray:
    """A complex vector ``(K,)`` of length one."""
    rng = np.random.default_rng(seed)
    vector = rng.normal(size=2**num_qubits) + 1j * rng.normal(size=2**num_qubits)
    return vector / np.linalg.norm(vector)
