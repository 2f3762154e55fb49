"""Running circuits elsewhere: exact states from Aer, sampled shots from any Qiskit SamplerV2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from jqkd._checks import check_array, check_integer, check_seed, check_type, fail
from jqkd.crosscheck._qiskit import require_qiskit
from jqkd.crosscheck.arguments import check_progress
from jqkd.crosscheck.translate import to_qiskit
from jqkd.quantum import Circuit
from jqkd.quantum.limits import check_memory, check_num_qubits
from jqkd.quantum.measurement import check_shots

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.primitives import BaseSamplerV2
    from qiskit_aer.noise import NoiseModel

Progress = Callable[[int, int], None]

# A circuit of a few qubits is done long before a second thread has started.
_THREADS = {"max_parallel_threads": 1}
_CHUNK = 100
_MOST_OF_A_BACKEND = 100
# Aer (0.18) leaves out parameter sets or angles of these gates when it binds a batch, without an
# error. Circuits that hold them are bound here, one by one.
_BIND_ONE_BY_ONE = {"crx", "cry", "crz"}


@dataclass(frozen=True)
class Machine:
    """Where shots are taken.

    Attributes:
        name: for reports.
        sampler: makes a SamplerV2 from a seed. Aer returns the same bits on every run of one
            seed, so each batch asks for a new sampler.
        prepare: turns the measured circuit into one that the machine can run (transpiles it).
        chunk: circuits per job, to show progress; ``None`` sends one PUB with all of them.

    Raises:
        InputError: a name that is no string, something that cannot be called, a chunk below 1.
    """

    name: str
    sampler: Callable[[int], BaseSamplerV2]
    prepare: Callable[[QuantumCircuit], QuantumCircuit] = lambda quantum: quantum
    chunk: int | None = None

    def __post_init__(self) -> None:
        check_type("name", self.name, str, "a string")
        check_type("sampler", self.sampler, Callable, "a function from a seed to a SamplerV2")
        check_type("prepare", self.prepare, Callable, "a function of a QuantumCircuit")
        _check_chunk(self.chunk)


def _check_chunk(chunk: int | None) -> None:
    if chunk is not None:
        check_integer("chunk", chunk, 1, advice="use None for all circuits in one job")


def aer(noise: NoiseModel | None = None, name: str = "Aer", chunk: int | None = _CHUNK) -> Machine:
    """Aer's simulator, ideal or noisy; noise is simulated by density matrices.

    Example:
        >>> aer().name
        'Aer'
    """
    require_qiskit()
    if noise is not None:
        from qiskit_aer.noise import NoiseModel

        check_type("noise", noise, NoiseModel, "an Aer NoiseModel or None")
    options: dict[str, Any] = dict(_THREADS, method="statevector")
    if noise is not None:
        # A density matrix is one run a circuit, trajectories are one run a shot.
        options |= {"method": "density_matrix", "noise_model": noise}

    def sampler(seed: int) -> BaseSamplerV2:
        from qiskit_aer.primitives import SamplerV2

        return SamplerV2(seed=seed, options={"backend_options": options})

    return Machine(name, sampler, chunk=chunk)


def generic_backend(num_qubits: int, *, seed: int, chunk: int | None = _CHUNK) -> Machine:
    """A ``GenericBackendV2``: a made-up chip with basis gates, calibration data and their noise.

    Args:
        num_qubits: Q.
        seed: of its calibration data and of the transpiler.
        chunk: circuits per job.

    Raises:
        InputError: no such number of qubits, seed or chunk.
    """
    require_qiskit()
    # Its calibration data is a table of all pairs.
    num_qubits = check_num_qubits(num_qubits, _MOST_OF_A_BACKEND)
    seed = check_seed("seed", seed)
    _check_chunk(chunk)
    from qiskit import transpile
    from qiskit.providers.fake_provider import GenericBackendV2
    from qiskit_aer import AerSimulator
    from qiskit_aer.primitives import SamplerV2

    # The class wants two qubits or more; a circuit of one uses the first.
    backend = GenericBackendV2(max(num_qubits, 2), seed=seed)
    simulator = AerSimulator.from_backend(backend, method="density_matrix", **_THREADS)

    def prepare(quantum: QuantumCircuit) -> QuantumCircuit:
        return transpile(quantum, backend, optimization_level=1, seed_transpiler=seed)

    def sampler(new_seed: int) -> BaseSamplerV2:
        return SamplerV2.from_backend(simulator, seed=new_seed)

    return Machine("GenericBackendV2", sampler, prepare, chunk)


def from_sampler(sampler: BaseSamplerV2, name: str | None = None, backend: Any = None) -> Machine:
    """Any SamplerV2 as a machine, in one PUB: real hardware, for example.

    Args:
        sampler: the sampler; it is used as it is, whatever the seed.
        name: for reports; the sampler's class if not given.
        backend: whose gates to transpile to; needed by samplers that take only those.

    Raises:
        InputError: no SamplerV2, a name that is no string, no backend.
    """
    require_qiskit()
    from qiskit import transpile
    from qiskit.primitives import BaseSamplerV2
    from qiskit.providers import BackendV2

    check_type("sampler", sampler, BaseSamplerV2, "a SamplerV2")
    check_type("name", name, (str, type(None)), "a string or None")
    check_type("backend", backend, (BackendV2, type(None)), "a BackendV2 or None")

    def prepare(quantum: QuantumCircuit) -> QuantumCircuit:
        return quantum if backend is None else transpile(quantum, backend, optimization_level=1)

    return Machine(name or type(sampler).__name__, lambda seed: sampler, prepare)


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
    seed = check_seed("seed", seed)
    check_progress(progress)
    machine = aer() if machine is None else machine
    check_type("machine", machine, Machine, "a Machine")
    quantum = machine.prepare(to_qiskit(circuit, measure=True))
    counts = np.zeros((len(values), 2**circuit.num_qubits), np.int64)
    seeds = np.random.SeedSequence(seed)
    for rows in _chunks(len(values), machine.chunk):
        job_seed = int(seeds.spawn(1)[0].generate_state(1)[0] >> 1)
        result = machine.sampler(job_seed).run(_pubs(quantum, values[rows], shots)).result()
        arrays = [pub.data.meas.array for pub in result]
        bits = np.concatenate([array.reshape(-1, *array.shape[-2:]) for array in arrays])
        counts[rows] = _tally(bits, counts.shape[1])
        if progress:
            progress(rows.stop, len(values))
    return counts


def _chunks(total: int, size: int | None) -> Iterator[slice]:
    for start in range(0, total, size or max(total, 1)):
        yield slice(start, min(start + (size or total), total))


def _pubs(quantum: QuantumCircuit, values: np.ndarray, shots: int) -> list[tuple[Any, ...]]:
    """One PUB for a batch, or one PUB a row where a batch cannot be bound."""
    if not quantum.parameters:
        return [(quantum, None, shots)] * len(values)
    if not _binds_in_batch(quantum):
        return [(_bound(quantum, row), None, shots) for row in values]
    # Columns go by name, since Qiskit sorts x10 before x2.
    columns = {p.name: values[:, _slot(p)] for p in quantum.parameters}
    return [(quantum, {tuple(columns): np.stack(list(columns.values()), -1)}, shots)]


def _slot(parameter: Any) -> int:
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
    found = bits.astype(np.int64) @ weights + num_outcomes * np.arange(len(bits))[:, None]
    return np.bincount(found.ravel(), minlength=len(bits) * num_outcomes).reshape(len(bits), -1)


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
    require_qiskit()
    from qiskit_aer import AerSimulator

    quantum = to_qiskit(circuit)
    quantum.save_statevector()
    simulator = AerSimulator(method="statevector", **_THREADS)
    if _binds_in_batch(quantum):
        binds = {p: list(values[:, _slot(p)]) for p in quantum.parameters}
        result = simulator.run(quantum, parameter_binds=[binds]).result()
    else:
        result = simulator.run([_bound(quantum, row) for row in values]).result()
    return np.stack([np.asarray(result.get_statevector(b)) for b in range(len(values))])


def exact_probabilities(circuit: Circuit, angles: ArrayLike) -> np.ndarray:
    """Outcome probabilities of a batch from Aer: shape ``(B, K)``, float64.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> exact_probabilities(h_ry(1), [[0.0]]).round(3).tolist()
        [[0.5, 0.5]]
    """
    return np.abs(exact_states(circuit, angles)) ** 2


def check_batch(circuit: Circuit, angles: ArrayLike) -> np.ndarray:
    """``angles`` as float64 of shape ``(B, P)``, B at least 1; an ``InputError`` otherwise."""
    check_type("circuit", circuit, Circuit, "a Circuit")
    values = np.asarray(check_array("angles", angles), np.float64)
    check_memory("circuit", circuit.num_qubits, bytes_each=16 * max(len(np.atleast_1d(values)), 1))
    if values.ndim != 2 or values.shape[1] != circuit.num_angles or not len(values):
        fail("angles", f"have shape (B, {circuit.num_angles})", f"shape {values.shape}")
    return values
