"""Small trainings that files share, and with them the programs that are compiled once a run.

Epochs, seeds, rates and weights are no part of a program; data, classes, qubits, preset, batch,
recipe, the number of runs side by side, and whether there are shots are. Teachers are those of the
demo and of commands, but for their epochs.
"""

from jqkd.training.config import StudentConfig, TeacherConfig

STUDENT = StudentConfig("digits", "0-3", 2, epochs=1, per_class=10)
LENET = TeacherConfig("lenet", "digits", "0-1", epochs=2)
