"""What a circuit offers to other libraries, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from jqkd.quantum.circuit import Circuit


class Exchange:
    """The part of ``Circuit`` that speaks to Qiskit, PennyLane and OpenQASM."""

    @staticmethod
    def from_qiskit(quantum: QuantumCircuit, data: Any = None, weights: Any = None) -> Circuit:
        """A Qiskit circuit as data: numbers become fixed angles, parameters data and weights.

        Angles may be sums and products of parameters, which may be shared. Gates that jqkd does
        not have are replaced by those that define them. Barriers and a closing measurement of
        qubit k into bit k are dropped, and so is the global phase.

        Args:
            quantum: gates only; what cannot be translated is named.
            data: the parameters that are data, in order: parameters, ``ParameterVector``s, names
                of them, or a list of these; ``"x"`` is also x0, x1, ... by number. By default all
                that are not weights, in order of appearance, a vector's in its own order.
            weights: likewise; by default all that are not data, none where neither is given.

        Raises:
            InputError: no Qiskit, a gate or function that cannot be translated, a measurement in
                the middle, a parameter that is neither data nor weight, or both.

        Example:
            >>> from jqkd.quantum import Circuit
            >>> from qiskit import QuantumCircuit
            >>> from qiskit.circuit import ParameterVector
            >>> x, w, qc = ParameterVector("x", 2), ParameterVector("w", 1), QuantumCircuit(2)
            >>> qc.ry(2 * x[1], 0), qc.rzz(x[0] * w[0], 0, 1) # doctest: +ELLIPSIS
            (...)
            >>> print(Circuit.from_qiskit(qc, data=x, weights=w))
            q0: ─RY(2*x1)─RZZ0(x0*w0)─
            q1: ──────────RZZ1(x0*w0)─
        """
        from jqkd.quantum.exchange.qiskit import from_qiskit

        return from_qiskit(quantum, data, weights)

    @staticmethod
    def from_pennylane(circuit: Any, data: Any = None, weights: Any = None) -> Circuit:
        """A PennyLane circuit as data, read operation by operation, as ``from_qiskit`` does.

        Wire k becomes qubit k: labels that are not all integers are numbered as on the device of
        a QNode, or in order of appearance. Measurements are dropped.

        Args:
            circuit: a QNode or a function of operations; or a tape.
            data: of a function: shapes of the arguments that are data, by name, such as
                ``{"x": 5}``; their entries are data 0, 1, ... in that order. Of a tape: numbers
                of those of its parameters that are data; by default all that are no weights.
            weights: likewise; other arguments of a function keep their defaults, and parameters
                of a tape that are in neither stay fixed.

        Raises:
            InputError: no PennyLane, an operation or function that cannot be translated, a
                measurement in the middle, no such argument or parameter.

        Example:
            >>> import pennylane as qml
            >>> from jqkd.quantum import Circuit
            >>> def circuit(x, w):
            ...     qml.AngleEmbedding(x, wires=range(2), rotation="Y")
            ...     qml.CRZ(2 * w, wires=[0, 1])
            >>> print(Circuit.from_pennylane(circuit, data={"x": 2}, weights={"w": ()}))
            q0: ─RY(x0)─CRZ0(2*w0)─
            q1: ─RY(x1)─CRZ1(2*w0)─
        """
        from jqkd.quantum.exchange.pennylane import from_pennylane

        return from_pennylane(circuit, data, weights)

    @staticmethod
    def from_qasm(source: str | Path, data: Any = None, weights: Any = None) -> Circuit:
        """A circuit from OpenQASM 2 or 3, by Qiskit.

        Args:
            source: the program, or the path of a file that ends in ``.qasm``.
            data: names of inputs (``input float x0;`` of OpenQASM 3), as in ``from_qiskit``.
            weights: likewise.

        Raises:
            InputError: as ``from_qiskit``; a file or program that cannot be read.

        Example:
            >>> from jqkd.quantum import Circuit
            >>> print(Circuit.from_qasm("OPENQASM 3; qubit[2] q; input float x; U(x, 0, 0) q[1];"))
            q0: ────────────
            q1: ─U3(x0,0,0)─
        """
        from jqkd.quantum.exchange.qasm import from_qasm

        return from_qasm(source, data, weights)

    def to_qiskit(
        self, angles: ArrayLike | None = None, *, measure: bool = False
    ) -> QuantumCircuit:
        """Made of Qiskit's gates; see ``jqkd.to_qiskit``."""
        from jqkd.quantum.exchange.qiskit import to_qiskit

        return to_qiskit(cast(Any, self), angles, measure=measure)

    def to_pennylane(self) -> Callable[..., None]:
        """A function of data ``(..., D)`` and weights ``(W,)`` that PennyLane can call in a QNode.

        Raises:
            InputError: no PennyLane.

        Example:
            >>> import pennylane as qml
            >>> from jqkd.quantum import Circuit, Op, data
            >>> apply = Circuit(1, (Op("RY", (0,), filled=data(0)),)).to_pennylane()
            >>> print(qml.draw(apply)([0.5]).rstrip())
            0: ──RY(0.50)─┤
        """
        from jqkd.quantum.exchange.pennylane import to_pennylane

        return to_pennylane(cast(Any, self))

    def to_qasm(self, angles: ArrayLike | None = None, *, version: int = 3) -> str:
        """As OpenQASM; see ``jqkd.quantum.exchange.qasm.to_qasm``."""
        from jqkd.quantum.exchange.qasm import to_qasm

        return to_qasm(cast(Any, self), angles, version=version)
