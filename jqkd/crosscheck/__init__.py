"""Our circuits re-executed by Qiskit and Aer: translation, execution, battery, certificates.

Qiskit is imported inside the functions that use it; ``pip install "jqkd[qiskit]"`` brings it.
"""

from jqkd.crosscheck.agreement import Agreement, compare
from jqkd.crosscheck.battery import BatteryReport, run_battery
from jqkd.crosscheck.certificate import certify
from jqkd.crosscheck.execute import sample
from jqkd.crosscheck.machines import Machine, aer, from_sampler, generic_backend
from jqkd.crosscheck.noise import NoisePoint, noise_model, sweep
from jqkd.crosscheck.picture import save_picture
from jqkd.crosscheck.report import noise_picture, noise_table
from jqkd.crosscheck.simulator import DEFAULT, Simulator, build
from jqkd.crosscheck.trained import Recorded, TrainedCircuit

__all__ = [
    "DEFAULT",
    "Agreement",
    "BatteryReport",
    "Machine",
    "NoisePoint",
    "Recorded",
    "Simulator",
    "TrainedCircuit",
    "aer",
    "build",
    "certify",
    "compare",
    "from_sampler",
    "generic_backend",
    "noise_model",
    "noise_picture",
    "noise_table",
    "run_battery",
    "sample",
    "save_picture",
    "sweep",
]
