"""Who is measured. A peer is a module beside this one, with three functions.

``start(workload)``: set the library up. ``ways(cell)``: how it answers a cell, a list of
``timing.Way``; raises ``timing.Unable`` where it has none.
"""

from __future__ import annotations

from dataclasses import dataclass

OURS = "jqkd"
# Draws shots from probabilities that are given; simulates nothing, so it is no peer but a floor.
FLOOR = "numpy-multinomial"


@dataclass(frozen=True)
class Peer:
    """One library, used as its documentation recommends.

    Attributes:
        name: for tables and ``--peers``.
        module: in this folder.
        packages: names on PyPI; all must be installed, of ``a|b`` one.
        workloads: those that it is asked.
        usage: how it is used.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    workloads: tuple[str, ...]
    usage: str


_CIRCUITS = ("W1", "W2", "W3", "W4", "W5", "W6", "W7")
PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer(
            *(OURS, "own", ("jax",), (*_CIRCUITS, "W8", "W9", "T1")),
            "jit(vmap(...)); `jqkd student` for T1",
        ),
        Peer(
            *("numpy", "plain", ("numpy",), (*_CIRCUITS, "W8")),
            "gate by gate over the batch; multinomial",
        ),
        Peer(FLOOR, "plain_floor", ("numpy",), ("W2", "W3"), "draws only, probabilities given"),
        Peer(
            *("pennylane", "pennylane_jax", ("pennylane", "jax"), (*_CIRCUITS, "W8")),
            "default.qubit, JAX, jit(vmap(...)); parameter-shift, backprop",
        ),
        Peer(
            *("lightning", "lightning", ("pennylane", "pennylane-lightning"), _CIRCUITS),
            "lightning.qubit, complex64; parameter-shift, adjoint",
        ),
        Peer(
            *("tensorcircuit", "tensorcircuit_jax", ("tensorcircuit-ng", "jax")),
            (*_CIRCUITS, "W8", "W9"),
            "JAX backend, jit(vmap(...)), complex64; parameter_shift_grad_v2",
        ),
        Peer("qujax", "qujax_jax", ("qujax", "jax"), (*_CIRCUITS, "W8"), "jit(vmap(...))"),
        Peer(
            *("aer", "aer", ("qiskit", "qiskit-aer"), ("W1", "W2", "W3", "W5", "W6", "W8", "W9")),
            "AerSimulator, single precision, a batch bound in one run",
        ),
        Peer(
            *("qiskit-ml", "qiskit_ml", ("qiskit-machine-learning", "qiskit-aer")),
            ("W2", "W3", "W4"),
            "SamplerQNN and EstimatorQNN on Aer, parameter-shift gradients",
        ),
        Peer(
            *("torchquantum", "torch_quantum", ("torch", "torchquantum|torchquantum-ng")),
            ("W1", "W2", "W4", "W5", "W7"),
            "QuantumDevice over the batch, PyTorch autograd",
        ),
        Peer(
            *("notebooks", "notebooks", ("torch", "qiskit", "qiskit-aer"), ("T1",)),
            "PyTorch CNN, one Aer run a circuit, one image a step",
        ),
        Peer(
            *("torch-aer", "torch_aer", ("torch", "qiskit", "qiskit-aer"), ("T1",)),
            "the same, with a step's shifted circuits in one Aer run",
        ),
    )
}
