"""Teachers, one part each: LeNet, a reduced AlexNet, and the two together (the paper's 4.3)."""

from __future__ import annotations

# The first that is listed.
from jqkd.models.teachers.lenet import LeNet

# isort: split
from jqkd.models.teachers.alexnet import AlexNet
from jqkd.models.teachers.architecture import TEACHERS, Architecture, Network, build_teacher
from jqkd.models.teachers.ensembles import JointEnsemble, average_probabilities

__all__ = [
    "TEACHERS",
    "AlexNet",
    "Architecture",
    "JointEnsemble",
    "LeNet",
    "Network",
    "average_probabilities",
    "build_teacher",
]
