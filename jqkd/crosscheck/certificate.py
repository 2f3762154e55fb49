"""The certificate of a trained student: re-executed on Aer, then under noise."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import check_seed
from jqkd.common.files import EXACT, write_json
from jqkd.common.outputs import check_out_folder
from jqkd.crosscheck.agreement import compare
from jqkd.crosscheck.arguments import check_alpha, check_flag, check_progress
from jqkd.crosscheck.exact import LIMITS, precision
from jqkd.crosscheck.execute import Progress, exact_states
from jqkd.crosscheck.findings import Finding, deviation, judge
from jqkd.crosscheck.noise import probe, sweep
from jqkd.crosscheck.trained import TrainedCircuit, check_trained
from jqkd.crosscheck.versions import versions
from jqkd.models.noise import noise_text
from jqkd.quantum import run
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.quantum.exchange.qasm import from_qasm, to_qasm
from jqkd.quantum.measurement import flat

SCHEMA = 1
FILE = "certificate.json"
_ROUND_TRIPS = 10


def certify(
    student: TrainedCircuit,
    *,
    seed: int,
    alpha: float = 1e-3,
    noise: bool = True,
    directory: str | Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """Runs a student's test images again on Aer, ideal and noisy, and writes down what was seen.

    Args:
        student: circuit, angles, labels, how frequencies are read.
        seed: of all shots.
        alpha: probability that a correct student is rejected.
        noise: also measure accuracy under noise.
        directory: where ``certificate.json`` goes; nothing is written without.
        progress: called with (what, done, total).

    Returns:
        The certificate, plain data; ``agrees`` is its verdict.

    Raises:
        InputError: no Qiskit, arrays that do not fit together, shots, seed or alpha out of range,
            a directory that cannot be written.
    """
    require_qiskit("qiskit_qasm3_import")
    check_trained(student)
    seed, alpha = check_seed("seed", seed), check_alpha(alpha)
    check_flag("noise", noise)
    check_progress(progress)
    if directory is not None:
        check_out_folder("directory", directory)

    def step(what: str) -> Progress | None:
        return None if progress is None else partial(progress, what)

    # Half for the student's own shots, half for the noise.
    share = alpha / 2 if noise else alpha
    agreement = compare(student, seed=seed, alpha=share, progress=step("ideal"))
    trip = round_trip(student)
    points, probed = [], []
    if noise:
        points = sweep(student, seed=seed, progress=step("noise"))
        probed = judge([probe(seed)], share)
    certificate = {
        "schema": SCHEMA,
        "kind": "certificate",
        "student": student.name,
        "agrees": agreement.agrees and all(f.agrees for f in (trip, *probed)),
        "alpha": alpha,
        "seed": seed,
        "shots": student.shots,
        "machine": None if student.noise is None else noise_text(student.noise),
        "agreement": asdict(agreement),
        "round_trip": asdict(trip),
        "noise": [asdict(point) for point in points],
        "noise_probe": asdict(probed[0]) if probed else None,
        "circuit": to_qasm(student.circuit.unnamed()),
        "digests": _digests(student) | student.digests,
        "versions": versions(),
    }
    if directory is not None:
        write_json(Path(directory) / FILE, certificate, EXACT)
    return certificate


def round_trip(student: TrainedCircuit) -> Finding:
    """OpenQASM 3 written, read back and run in complex128, against Aer's states."""
    angles = np.asarray(student.angles[:_ROUND_TRIPS], np.float32).astype(float)
    pairs = []
    with precision("complex128") as real:
        for image, state in enumerate(exact_states(student.circuit, angles)):
            read = from_qasm(to_qasm(student.circuit, angles[image]))
            pairs.append((f"image {image}", np.asarray(flat(run(read, np.zeros(0, real)))), state))
    return deviation("OpenQASM 3 round trip", pairs, LIMITS["complex128"])


def _digests(student: TrainedCircuit) -> dict[str, str]:
    content = {
        "circuit": to_qasm(student.circuit.unnamed()).encode(),
        "angles": np.ascontiguousarray(student.angles, np.float32).tobytes(),
        "labels": np.ascontiguousarray(student.labels, np.int32).tobytes(),
    }
    return {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
