"""Circuits that a user brought, as ansatze by name: kept as plain data under their digest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jqkd._checks import fail
from jqkd.models.ansatze import ANSATZE, Ansatz
from jqkd.models.arguments import check_width
from jqkd.quantum import Circuit
from jqkd.quantum.exchange.foreign import as_circuit
from jqkd.quantum.exchange.plain import from_plain, to_plain

# Where the circuit stands among the facts of an entry.
_FACT = "circuit"


@ANSATZE.imported
@dataclass(frozen=True)
class ImportedCircuit(Ansatz):
    """A circuit of weights follows the encoding; one that reads data itself is the whole circuit.

    Attributes:
        title: ``NAME@DIGEST``.
    """

    title: str

    def circuit(self, qubits: int) -> Circuit:
        whole = _read(self.title)
        if whole.num_qubits != qubits:
            must = f"be {whole.num_qubits} with ansatz {self.title}, a circuit of so many"
            fail("qubits", must, qubits)
        return whole

    def join(self, encoding: Circuit) -> Circuit:
        own = self.circuit(encoding.num_qubits)
        if not own.num_data:
            return encoding.then(own)
        must = f"only scale numbers to angles, as ansatz {self.title} reads data itself"
        if any(len(op.wires) > 1 for op in encoding.ops):
            fail("encoding", must, "one with gates on several qubits", "use angle")
        if encoding.num_data != own.num_data:
            must = f"make {own.num_data} numbers, which ansatz {self.title} reads"
            given = f"one that makes {encoding.num_data}"
            fail("encoding", must, given, f"use angle:features={own.num_data}")
        return own


def import_circuit(
    name: str, circuit: Any, data: Any = None, weights: Any = None, *, replace: bool = False
) -> str:
    """Keep a circuit as an ansatz of that name, for students on this machine.

    One with weights only follows the student's encoding. One that reads data is the student's
    whole circuit, its data being the encoding's angles: ``encoding="angle:features=D"`` where
    there is not one a qubit.

    Args:
        name: letters, digits, ``.``, ``_`` and ``-``.
        circuit: a ``Circuit``, or one of Qiskit, PennyLane or OpenQASM; without names all slots
            are data. Controlled rotations are split into gates that the shift rule fits.
        data: what is data in a circuit of another library; see ``Circuit.from_qiskit``.
        weights: likewise.
        replace: whether another circuit of that name goes.

    Returns:
        ``NAME@DIGEST``, as it stands in results; ``NAME`` also does where an ansatz is asked for.

    Raises:
        InputError: a name that is taken or cannot be one; a circuit that cannot be translated, or
            of more than 10 qubits.

    Example:
        >>> import os, tempfile
        >>> from jqkd.quantum import Op, weight
        >>> os.environ["JQKD_CACHE"] = tempfile.mkdtemp()
        >>> title = import_circuit("ring", Circuit(2, (Op("RXX", (0, 1), filled=weight(0)),)))
        >>> print(title.partition("@")[0], ANSATZE.build("ring").circuit(2).num_weights)
        ring 1
        >>> del os.environ["JQKD_CACHE"]
    """
    own = as_circuit(circuit, data, weights).shiftable()
    check_width("circuit", own.num_qubits)
    if not any(op.filled for op in own.ops):
        own = own.as_data()
    # Refuses one of which only some slots have names.
    facts = {"data": own.num_data, "weights": own.num_weights}
    return ANSATZE.text(ANSATZE.keep(name, {_FACT: to_plain(own)} | facts, {}, replace=replace))


@lru_cache(maxsize=64)
def _read(title: str) -> Circuit:
    """What a title stands for never changes."""
    assert ANSATZE.shelf is not None
    return from_plain(ANSATZE.shelf.facts(title)[_FACT])
