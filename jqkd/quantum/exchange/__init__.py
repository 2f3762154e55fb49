"""Circuits from and for other libraries: one translation each way.

Qubit k here is qubit k of Qiskit and wire k of PennyLane. Outcome c is Qiskit's integer c, as
``jqkd.quantum.measurement`` says; PennyLane spells the same bits backwards, wire 0 leftmost. The
global phase is dropped: no probability depends on it. The libraries are imported when they are
used.
"""
