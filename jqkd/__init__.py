"""Classical-to-quantum knowledge distillation, JAX-native.

Everything below is imported when it is first used, so that ``import jqkd`` is light::

    circuits    Circuit, Op, ShiftRule, PauliSum, outcome_probabilities, expectation, sample_counts
    models      QuantumLayer, Student, StudentSpec, import_circuit
    data        Dataset, load, student_splits
    training    StudentConfig, TeacherConfig, distill, train_students, Output, load_run, setup
    teachers    answer_teacher, import_teacher
    experiments Experiment, Arm, Comparison, run_experiment, report_experiment
    the rest    InputError, gain_of, load_plugin, to_qiskit
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0.dev0"

if TYPE_CHECKING:
    from jqkd._checks import InputError
    from jqkd.common.plugins import load_plugin
    from jqkd.data import Dataset, load, student_splits
    from jqkd.experiments.model import Arm, Comparison, Experiment
    from jqkd.experiments.run import run_experiment
    from jqkd.models import QuantumLayer, Student, StudentSpec, import_circuit
    from jqkd.quantum import (
        Circuit,
        Op,
        PauliSum,
        ShiftRule,
        expectation,
        outcome_probabilities,
        sample_counts,
    )
    from jqkd.quantum.exchange.qiskit import to_qiskit
    from jqkd.report.stored import report_experiment
    from jqkd.statistics import gain_of
    from jqkd.training.config import StudentConfig, TeacherConfig
    from jqkd.training.devices import setup
    from jqkd.training.distill import distill
    from jqkd.training.recipes import Output
    from jqkd.training.students import train_students
    from jqkd.training.teacher_answer import answer_teacher
    from jqkd.training.teacher_import import import_teacher
    from jqkd.training.trained import load_run

# Where each name is defined.
_HOMES = {
    "jqkd._checks": ("InputError",),
    "jqkd.common.plugins": ("load_plugin",),
    "jqkd.quantum.exchange.qiskit": ("to_qiskit",),
    "jqkd.data": ("Dataset", "load", "student_splits"),
    "jqkd.experiments.model": ("Arm", "Comparison", "Experiment"),
    "jqkd.experiments.run": ("run_experiment",),
    "jqkd.models": ("QuantumLayer", "Student", "StudentSpec", "import_circuit"),
    "jqkd.quantum": (
        *("Circuit", "Op", "PauliSum", "ShiftRule"),
        *("expectation", "outcome_probabilities", "sample_counts"),
    ),
    "jqkd.report.stored": ("report_experiment",),
    "jqkd.statistics": ("gain_of",),
    "jqkd.training.config": ("StudentConfig", "TeacherConfig"),
    "jqkd.training.devices": ("setup",),
    "jqkd.training.distill": ("distill",),
    "jqkd.training.recipes": ("Output",),
    "jqkd.training.students": ("train_students",),
    "jqkd.training.trained": ("load_run",),
    "jqkd.training.teacher_answer": ("answer_teacher",),
    "jqkd.training.teacher_import": ("import_teacher",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = [
    "Arm",
    "Circuit",
    "Comparison",
    "Dataset",
    "Experiment",
    "InputError",
    "Op",
    "Output",
    "PauliSum",
    "QuantumLayer",
    "ShiftRule",
    "Student",
    "StudentConfig",
    "StudentSpec",
    "TeacherConfig",
    "answer_teacher",
    "distill",
    "expectation",
    "gain_of",
    "import_circuit",
    "import_teacher",
    "load",
    "load_plugin",
    "load_run",
    "outcome_probabilities",
    "report_experiment",
    "run_experiment",
    "sample_counts",
    "setup",
    "student_splits",
    "to_qiskit",
    "train_students",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'jqkd' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOME_OF]
