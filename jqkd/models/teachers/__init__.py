"""Teachers, one part each: the paper's LeNet and reduced AlexNet, the two together, and others."""

from __future__ import annotations

# The first that is listed.
from jqkd.models.teachers.lenet import LeNet

# isort: split
from jqkd.models.teachers.alexnet import AlexNet
from jqkd.models.teachers.architecture import TEACHERS, Architecture, Network, build_teacher
from jqkd.models.teachers.ensembles import JointEnsemble, average_probabilities
from jqkd.models.teachers.imported import Imported
from jqkd.models.teachers.normalised import VGG, ResNet
from jqkd.models.teachers.plain import Conv1d, Plain
from jqkd.models.teachers.quantum import QuantumTeacher

__all__ = [
    "TEACHERS",
    "VGG",
    "AlexNet",
    "Architecture",
    "Conv1d",
    "Imported",
    "JointEnsemble",
    "LeNet",
    "Network",
    "Plain",
    "QuantumTeacher",
    "ResNet",
    "average_probabilities",
    "build_teacher",
]
