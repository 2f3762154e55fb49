"""Where shots are taken: Aer, a made-up chip with its noise, any Qiskit SamplerV2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jqkd._checks import check_integer, check_seed, check_type
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.quantum.limits import check_num_qubits

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.primitives import BaseSamplerV2
    from qiskit.providers import BackendV2
    from qiskit_aer.noise import NoiseModel

# A circuit of a few qubits is done long before a second thread has started.
THREADS = {"max_parallel_threads": 1}
_CHUNK = 100
_MOST_OF_A_BACKEND = 100


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
        if self.chunk is not None:
            check_integer("chunk", self.chunk, 1, advice="use None for all circuits in one job")


def aer(noise: NoiseModel | None = None, name: str = "Aer", chunk: int | None = _CHUNK) -> Machine:
    """Aer's simulator, ideal or noisy; noise is simulated by density matrices.

    Example:
        >>> aer().name
        'Aer'
    """
    require_qiskit("qiskit_aer")
    from qiskit_aer.noise import NoiseModel
    from qiskit_aer.primitives import SamplerV2

    check_type("noise", noise, (NoiseModel, type(None)), "an Aer NoiseModel or None")
    if noise is None:
        options = THREADS | {"method": "statevector"}
    else:
        # A density matrix is one run a circuit, trajectories are one run a shot.
        options = THREADS | {"method": "density_matrix", "noise_model": noise}

    def sampler(seed: int) -> BaseSamplerV2:
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
    require_qiskit("qiskit_aer")
    # Its calibration data is a table of all pairs.
    num_qubits = check_num_qubits(num_qubits, _MOST_OF_A_BACKEND)
    seed = check_seed("seed", seed)
    from qiskit import transpile
    from qiskit.providers.fake_provider import GenericBackendV2
    from qiskit_aer import AerSimulator
    from qiskit_aer.primitives import SamplerV2

    # The class wants two qubits or more; a circuit of one uses the first.
    backend = GenericBackendV2(max(num_qubits, 2), seed=seed)
    simulator = AerSimulator.from_backend(backend, method="density_matrix", **THREADS)

    def prepare(quantum: QuantumCircuit) -> QuantumCircuit:
        return transpile(quantum, backend, optimization_level=1, seed_transpiler=seed)

    def sampler(new_seed: int) -> BaseSamplerV2:
        return SamplerV2.from_backend(simulator, seed=new_seed)

    return Machine("GenericBackendV2", sampler, prepare, chunk)


def from_sampler(
    sampler: BaseSamplerV2, name: str | None = None, backend: BackendV2 | None = None
) -> Machine:
    """Any SamplerV2 as a machine, in one PUB: real hardware, for example.

    Args:
        sampler: the sampler; it is used as it is, whatever the seed.
        name: for reports; the sampler's class if not given.
        backend: whose gates to transpile to; needed by samplers that take only those.

    Raises:
        InputError: no SamplerV2, a name that is no string, no backend.
    """
    require_qiskit("qiskit_aer")
    from qiskit import transpile
    from qiskit.primitives import BaseSamplerV2
    from qiskit.providers import BackendV2

    check_type("sampler", sampler, BaseSamplerV2, "a SamplerV2")
    check_type("name", name, (str, type(None)), "a string or None")
    check_type("backend", backend, (BackendV2, type(None)), "a BackendV2 or None")

    def prepare(quantum: QuantumCircuit) -> QuantumCircuit:
        return quantum if backend is None else transpile(quantum, backend, optimization_level=1)

    return Machine(name or type(sampler).__name__, lambda seed: sampler, prepare)
