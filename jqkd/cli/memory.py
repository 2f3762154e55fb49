"""Whether the students of a command fit into this machine's memory, before one is trained."""

from __future__ import annotations

from jqkd._checks import fail
from jqkd.quantum.limits import memory_text, physical_memory
from jqkd.training.student_run import StudentJob, student_parameters

# A number in single precision.
_BYTES = 4
# Weights, and Adam's two averages of their gradients.
_COPIES = 3


def check_memory(job: StudentJob, runs: int) -> None:
    """The students' weights, the teacher's answers and a step's circuits fit into memory.

    Args:
        job: what is to be done.
        runs: students side by side.

    Raises:
        InputError: they do not; names the option that asks for most.

    Example:
        >>> from jqkd.training.config import StudentConfig
        >>> check_memory(StudentJob(StudentConfig("digits", "0-1", 2), None, (0,)), 1)
    """
    config, limit = job.config, physical_memory()
    taught = 0 if job.teacher is None else config.views * config.num_images * config.num_classes
    angles = config.spec.circuit.num_angles if config.spec.is_quantum else 0
    circuits = config.batch_size * (2 * angles + 1) * 2**config.qubits
    needs = {
        "seeds": runs * student_parameters(config) * _COPIES,
        "epochs": taught,
        "batch_size": circuits,
    }
    name = max(needs, key=needs.__getitem__)
    need = sum(needs.values()) * _BYTES
    if need > limit:
        must = f"be so small that all fits into this machine's memory of {memory_text(limit)}"
        value = len(job.seeds) if name == "seeds" else getattr(config, name)
        fail(name, must, value, f"that would take {memory_text(need)}")
