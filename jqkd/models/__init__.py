"""Teachers, students, and the quantum layer, in Flax NNX."""

from jqkd.models.heads import HEADS
from jqkd.models.layers import count_parameters
from jqkd.models.presets import NETWORKS, PRESETS, VARIANTS, Preset, base_of, build_student
from jqkd.models.quantum_layer import QuantumLayer
from jqkd.models.students import Student
from jqkd.models.teachers import (
    TEACHERS,
    AlexNet,
    JointEnsemble,
    LeNet,
    average_probabilities,
    build_teacher,
)

__all__ = [
    "HEADS",
    "NETWORKS",
    "PRESETS",
    "TEACHERS",
    "VARIANTS",
    "AlexNet",
    "JointEnsemble",
    "LeNet",
    "Preset",
    "QuantumLayer",
    "Student",
    "average_probabilities",
    "base_of",
    "build_student",
    "build_teacher",
    "count_parameters",
]
