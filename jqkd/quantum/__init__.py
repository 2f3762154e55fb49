"""Circuits, and what a circuit does to a state. Knows nothing of the rest of the package."""

from jqkd.quantum.adjoint import run_adjoint
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.drawing import draw
from jqkd.quantum.expressions import Polynomial, Slot, data, weight
from jqkd.quantum.gates import GATES, Gate
from jqkd.quantum.gradient import (
    NOTEBOOK_RULE,
    TWO_TERM_RULE,
    ShiftRule,
    outcome_probabilities,
)
from jqkd.quantum.measurement import expectation_from_counts, outcomes, probabilities
from jqkd.quantum.observables import PauliSum, expectation
from jqkd.quantum.ops import Op
from jqkd.quantum.sampling import sample_counts
from jqkd.quantum.statevector import run
from jqkd.quantum.templates import (
    amplitude_angles,
    amplitude_encoding,
    angle_encoding,
    h_ry,
    hardware_efficient,
    rotations,
    ry_layer,
)

__all__ = [
    "GATES",
    "NOTEBOOK_RULE",
    "TWO_TERM_RULE",
    "Circuit",
    "Gate",
    "Op",
    "PauliSum",
    "Polynomial",
    "ShiftRule",
    "Slot",
    "amplitude_angles",
    "amplitude_encoding",
    "angle_encoding",
    "data",
    "draw",
    "expectation",
    "expectation_from_counts",
    "h_ry",
    "hardware_efficient",
    "outcome_probabilities",
    "outcomes",
    "probabilities",
    "rotations",
    "run",
    "run_adjoint",
    "ry_layer",
    "sample_counts",
    "weight",
]
