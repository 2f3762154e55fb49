"""Running circuits elsewhere: exact states from Aer, sampled shots from any machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from jqkd._checks import check_array, check_seed, check_type, fail
from jqkd.crosscheck.aer_noise import to_aer_noise
from jqkd.crosscheck.arguments import check_progress
from jqkd.crosscheck.machines import THREADS, Machine, aer
from jqkd.quantum import Circuit
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.quantum.exchange.qiskit import to_qiskit
from jqkd.quantum.limits import check_memory
from jqkd.quantum.noise import NoiseModel
from jqkd.quantum.sampling import check_shots

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

# Called with (done, of how many).
Progress = Callable[[int, int], None]

# Aer (0.18) leaves out parameter sets or angles of these gates when it binds a batch, without an
# error. Circuits that hold them are bound here, one by one.
_BIND_ONE_BY_ONE = {"crx", "cry", "crz", "cp"}


def sample(
    circuit: Circuit,
    angles: ArrayLike,
    *,
    shots: int,
    seed: int,
    machine: Machine | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Counts of every circuit of a batch, taken on a machine.

    Args:
        circuit: Q qubits, P slots.
        angles: shape ``(B, P)``, radians.
        shots: S per circuit.
        seed: every job gets its own, derived from it.
        machine: Aer without noise if not given.
        progress: called with (circuits done, B) after every job.

    Returns:
        Shape ``(B, K)``, int64, in outcome order.

    Raises:
        InputError: no Qiskit, angles of another shape, shots out of range.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> sample(h_ry(1), [[0.5 * np.pi], [-0.5 * np.pi]], shots=100, seed=0).tolist()
        [[0, 100], [100, 0]]
    """
    values = check_batch(circuit, angles)
    check_shots(shots)
    seeds = np.random.SeedSequence(check_seed("seed", seed))
    check_progress(progress)
    machine = aer() if machine is None else machine
    check_type("machine", machine, Machine, "a Machine")
    quantum = machine.prepare(to_qiskit(circuit.unnamed(), measure=True))
    counts = []
    step = machine.chunk or len(values)
    for start in range(0, len(values), step):
        rows = values[start : start + step]
        job_seed = int(seeds.spawn(1)[0].generate_state(1)[0] >> 1)
        result = machine.sampler(job_seed).run(_pubs(quantum, rows, shots)).result()
        arrays = [pub.data.meas.array for pub in result]
        bits = np.concatenate([array.reshape(-1, *array.shape[-2:]) for array in arrays])
        counts.append(_tally(bits, 2**circuit.num_qubits))
        if progress:
            progress(start + len(rows), len(values))
    return np.concatenate(counts)


def _pubs(quantum: QuantumCircuit, values: np.ndarray, shots: int) -> list[tuple]:
    """One PUB for a batch, or one PUB a row where a batch cannot be bound."""
    if not _binds_in_batch(quantum):
        return [(_bound(quantum, row), None, shots) for row in values]
    # Columns go by name, since Qiskit sorts x10 before x2.
    columns = {p.name: values[:, _slot(p)] for p in quantum.parameters}
    return [(quantum, {tuple(columns): np.stack(list(columns.values()), -1)}, shots)]


def _slot(parameter: Parameter) -> int:
    """k of the parameter ``t[k]``."""
    return int(parameter.name[2:-1])


def _bound(quantum: QuantumCircuit, row: np.ndarray) -> QuantumCircuit:
    return quantum.assign_parameters({p: row[_slot(p)] for p in quantum.parameters})


def _binds_in_batch(quantum: QuantumCircuit) -> bool:
    free = {step.operation.name for step in quantum.data if step.operation.params}
    return bool(quantum.parameters) and not free & _BIND_ONE_BY_ONE


def _tally(bits: np.ndarray, num_outcomes: int) -> np.ndarray:
    """Packed bits ``(B, S, bytes)``, big-endian, to counts ``(B, K)``."""
    weights = 256 ** np.arange(bits.shape[-1])[::-1]
    cells = bits.astype(np.int64) @ weights + num_outcomes * np.arange(len(bits))[:, None]
    return np.bincount(cells.ravel(), minlength=len(bits) * num_outcomes).reshape(len(bits), -1)


def exact_states(circuit: Circuit, angles: ArrayLike) -> np.ndarray:
    """State vectors of a batch from Aer, in double precision.

    Args:
        circuit: Q qubits, P slots.
        angles: shape ``(B, P)``, radians.

    Returns:
        Shape ``(B, K)``, complex128, in outcome order.

    Example:
        >>> from jqkd.quantum import ry_layer
        >>> exact_states(ry_layer(1), [[np.pi]]).real.round(3).tolist()
        [[0.0, 1.0]]
    """
    values = check_batch(circuit, angles)
    require_qiskit("qiskit_aer")
    from qiskit_aer import AerSimulator

    quantum = to_qiskit(circuit.unnamed())
    quantum.save_statevector()  # ty: ignore[missing-attribute]  Aer adds it.
    simulator = AerSimulator(method="statevector", **THREADS)
    if _binds_in_batch(quantum):
        binds = {p: list(values[:, _slot(p)]) for p in quantum.parameters}
        result = simulator.run(quantum, parameter_binds=[binds]).result()
    else:
        result = simulator.run([_bound(quantum, row) for row in values]).result()
    return np.stack([np.asarray(result.get_statevector(b)) for b in range(len(values))])


def exact_probabilities(
    circuit: Circuit, angles: ArrayLike, noise: NoiseModel | None = None
) -> np.ndarray:
    """Outcome probabilities of a batch from Aer: shape ``(B, K)``, float64.

    With noise, those of its density matrices; what is read wrongly is worked out here.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> exact_probabilities(h_ry(1), [[0.0]]).round(3).tolist()
        [[0.5, 0.5]]
    """
    if noise is None:
        return np.abs(exact_states(circuit, angles)) ** 2
    values, qubits = check_batch(circuit, angles), circuit.num_qubits
    model = to_aer_noise(noise)
    from qiskit_aer import AerSimulator

    quantum = to_qiskit(circuit.unnamed())
    quantum.save_probabilities()  # ty: ignore[missing-attribute]  Aer adds it.
    simulator = AerSimulator(method="density_matrix", noise_model=model, **THREADS)
    result = simulator.run([_bound(quantum, row) for row in values], shots=1).result()
    rows = np.stack([np.asarray(result.data(b)["probabilities"]) for b in range(len(values))])
    for qubit, (up, down) in enumerate(noise.readout * (1 if len(noise.readout) > 1 else qubits)):
        bits = rows.reshape(len(rows), -1, 2, 2**qubit)
        flips = np.array([[1 - up, down], [up, 1 - down]], float)
        rows = np.einsum("ij,bxjy->bxiy", flips, bits).reshape(len(rows), -1)
    return rows


def check_batch(circuit: Circuit, angles: ArrayLike) -> np.ndarray:
    """``angles`` as float64 of shape ``(B, P)``, B at least 1; an ``InputError`` otherwise."""
    check_type("circuit", circuit, Circuit, "a Circuit")
    values = np.asarray(check_array("angles", angles), np.float64)
    check_memory("circuit", circuit.num_qubits, bytes_each=16 * max(len(np.atleast_1d(values)), 1))
    if values.ndim != 2 or values.shape[1] != circuit.num_angles or not len(values):
        fail("angles", f"have shape (B, {circuit.num_angles})", f"shape {values.shape}")
    return values
