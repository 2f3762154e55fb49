"""Teachers, students, and the quantum layer, in Flax NNX."""

from jqkd.models.ansatze import ANSATZE, Ansatz
from jqkd.models.encodings import ENCODINGS, Encoding
from jqkd.models.features import FEATURES, Features
from jqkd.models.imported import import_circuit
from jqkd.models.layers import count_parameters
from jqkd.models.presets import PRESETS, Preset, build_student
from jqkd.models.quantum_layer import QuantumLayer
from jqkd.models.readouts import READOUTS, Readout
from jqkd.models.spec import GRADIENTS, PARTS, StudentSpec
from jqkd.models.stand_ins import STAND_INS, StandIn
from jqkd.models.students import Forward, Student
from jqkd.models.teachers import (
    TEACHERS,
    AlexNet,
    JointEnsemble,
    LeNet,
    average_probabilities,
    build_teacher,
)
from jqkd.models.twins import AmplitudeLayer, Twin

__all__ = [
    "ANSATZE",
    "ENCODINGS",
    "FEATURES",
    "GRADIENTS",
    "PARTS",
    "PRESETS",
    "READOUTS",
    "STAND_INS",
    "TEACHERS",
    "AlexNet",
    "AmplitudeLayer",
    "Ansatz",
    "Encoding",
    "Features",
    "Forward",
    "JointEnsemble",
    "LeNet",
    "Preset",
    "QuantumLayer",
    "Readout",
    "StandIn",
    "Student",
    "StudentSpec",
    "Twin",
    "average_probabilities",
    "build_student",
    "build_teacher",
    "count_parameters",
    "import_circuit",
]
