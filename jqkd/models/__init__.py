"""Teachers, students, and the quantum layer, in Flax NNX."""

from jqkd.models.heads import HEADS
from jqkd.models.layers import count_parameters
from jqkd.models.quantum_layer import QuantumLayer
from jqkd.models.students import PRESETS, Student, build_student
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
    "PRESETS",
    "TEACHERS",
    "AlexNet",
    "JointEnsemble",
    "LeNet",
    "QuantumLayer",
    "Student",
    "average_probabilities",
    "build_student",
    "build_teacher",
    "count_parameters",
]
