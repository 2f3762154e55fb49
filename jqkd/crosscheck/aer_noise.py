"""A noise model in Aer's terms, from Aer's own functions where it has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jqkd._checks import check_type
from jqkd.quantum import GATES, Op
from jqkd.quantum.exchange.aer import other_way_round
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.quantum.noise import (
    AmplitudeDamping,
    Channel,
    Depolarising,
    NoiseModel,
    Pauli,
    PhaseDamping,
    ThermalRelaxation,
)

if TYPE_CHECKING:
    from qiskit_aer.noise import NoiseModel as AerNoiseModel
    from qiskit_aer.noise import QuantumError


def to_aer_noise(noise: NoiseModel) -> AerNoiseModel:
    """Aer's model of the same noise, on every gate of the gate table.

    Raises:
        InputError: no noise model, no qiskit-aer, strengths that are traced.

    Example:
        >>> from jqkd.quantum.noise import After
        >>> to_aer_noise(NoiseModel((After(Depolarising(0.1), ("CX",)),))).noise_instructions
        ['cx']
    """
    check_type("noise", noise, NoiseModel, "a NoiseModel")
    require_qiskit("qiskit_aer")
    from qiskit_aer.noise import NoiseModel as AerNoiseModel
    from qiskit_aer.noise import ReadoutError

    model = AerNoiseModel()
    for gate in GATES.values():
        op = Op(gate.name, tuple(range(gate.num_wires)), (0.0,) * gate.num_angles or None)
        whole = None
        for rule in noise.after:
            for wires in rule.places(op)[:1]:
                error = _error(rule.channel, len(wires))
                if len(wires) < gate.num_wires:
                    error = error.tensor(error)
                whole = error if whole is None else whole.compose(error)
        if whole is not None:
            model.add_all_qubit_quantum_error(whole, [gate.qiskit])
    for qubit, (up, down) in enumerate(noise.readout):
        flip = ReadoutError([[1 - float(up), float(up)], [float(down), 1 - float(down)]])
        if len(noise.readout) == 1:
            model.add_all_qubit_readout_error(flip)
        else:
            model.add_readout_error(flip, [qubit])
    return model


def _error(channel: Channel, num_wires: int) -> QuantumError:
    from qiskit_aer.noise import errors

    made: Any = channel
    if isinstance(channel, Depolarising):
        return errors.depolarizing_error(float(made.probability), num_wires)
    if isinstance(channel, Pauli):
        x, y, z = (float(value) for value in (made.x, made.y, made.z))
        return errors.pauli_error([("I", 1 - x - y - z), ("X", x), ("Y", y), ("Z", z)])
    if isinstance(channel, PhaseDamping):
        return errors.phase_damping_error(float(made.gamma))
    if isinstance(channel, AmplitudeDamping):
        return errors.amplitude_damping_error(float(made.gamma))
    if isinstance(channel, ThermalRelaxation):
        times = (float(value) for value in (made.t1, made.t2, made.time))
        return errors.thermal_relaxation_error(*times)
    kraus = np.asarray(channel.kraus(num_wires))
    return errors.kraus_error(list(other_way_round(kraus, num_wires)))
