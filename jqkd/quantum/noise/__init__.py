"""Noise: channels behind gates, wrong readout, and what they do to a circuit's outcomes."""

from jqkd.quantum.noise.channels import (
    AmplitudeDamping,
    Channel,
    Depolarising,
    Kraus,
    Pauli,
    PauliChannel,
    PhaseDamping,
    ThermalRelaxation,
)
from jqkd.quantum.noise.model import After, NoiseModel, readout_of

__all__ = [
    "After",
    "AmplitudeDamping",
    "Channel",
    "Depolarising",
    "Kraus",
    "NoiseModel",
    "Pauli",
    "PauliChannel",
    "PhaseDamping",
    "ThermalRelaxation",
    "readout_of",
]
