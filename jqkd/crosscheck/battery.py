"""``jqkd crosscheck``: everything the simulator does, against Qiskit and Aer.

False alarms: deviations have limits that rounding never reaches; all p-values together go through
Holm's correction, so that a correct simulator is rejected with probability ``alpha`` at most.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from jqkd._checks import check_choice, check_integer, check_seed, check_type, fail
from jqkd.crosscheck import exact, shots, subject
from jqkd.crosscheck._qiskit import require_qiskit, versions
from jqkd.crosscheck.arguments import check_alpha, check_flag, check_progress, check_sequence
from jqkd.crosscheck.circuits import (
    MAX_QUBITS,
    MOST,
    gradient_circuits,
    random_circuits,
    template_circuits,
)
from jqkd.crosscheck.findings import Finding, judge
from jqkd.crosscheck.subject import Simulator
from jqkd.quantum import Circuit
from jqkd.quantum.measurement import check_shots

SCHEMA = 1
Progress = Callable[[int, int, str], None]


_MOST = {"random_circuits": MOST, "max_qubits": MAX_QUBITS, "encoded": MAX_QUBITS}


@dataclass(frozen=True)
class Size:
    """How much is checked.

    Attributes:
        random_circuits: number of random circuits.
        max_qubits: their largest width.
        templates: number of template circuits.
        encoded: largest width of the amplitude encoding.
        rows: angle vectors a circuit, an even number.
        shots: S of every sampled circuit.
        shot_qubits: widths of the circuits that are also sampled.
        gradients: number of gradient circuits.
        sampled_gradients: number of those that are also sampled.
        gradient_rows: angle vectors a gradient circuit, an even number.
        unitaries: precisions in which every gate alone is checked.
    """

    random_circuits: int = 200
    max_qubits: int = 8
    templates: int = len(template_circuits())
    encoded: int = 4
    rows: int = 4
    shots: int = 5000
    shot_qubits: tuple[int, ...] = tuple(range(1, 9))
    gradients: int = len(gradient_circuits())
    sampled_gradients: int = len(gradient_circuits())
    gradient_rows: int = 24
    unitaries: tuple[str, ...] = tuple(exact.LIMITS)

    def __post_init__(self) -> None:
        for name in ("random_circuits", "max_qubits", "templates", "encoded", "gradients"):
            check_integer(name, getattr(self, name), 1, _MOST.get(name))
        check_integer("sampled_gradients", self.sampled_gradients, 1, self.gradients)
        for name in ("rows", "gradient_rows"):
            if check_integer(name, getattr(self, name), 2) % 2:
                fail(name, "be an even number", getattr(self, name))
        check_shots(self.shots)
        for width in check_sequence("shot_qubits", self.shot_qubits, "integers"):
            check_integer("shot_qubits", width, 1)
        for name in self.unitaries:
            check_choice("unitaries", name, exact.LIMITS)


FULL = Size()
QUICK = Size(
    random_circuits=15,
    max_qubits=5,
    encoded=3,
    shot_qubits=(3, 4),
    sampled_gradients=2,
    gradient_rows=16,
    unitaries=("complex128",),
)
# In this order: shots reuse what the states have compiled.
GROUPS = (
    *(f"states, {kind}" for kind in exact.LIMITS),
    "sampled gradients",
    "shots",
    *(f"gates, {kind}" for kind in exact.LIMITS),
)


@dataclass(frozen=True)
class BatteryReport:
    """What was found, and what it takes to find it again.

    Attributes:
        agrees: whether every finding does.
        findings: one a check.
        simulator: name of the simulator under test.
        quick: which size.
        seed: of all circuits, angles and shots.
        alpha: probability that a correct simulator is rejected.
        seconds: wall time.
        versions: of everything involved.
    """

    agrees: bool
    findings: tuple[Finding, ...]
    simulator: str
    quick: bool
    seed: int
    alpha: float
    seconds: float
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain data with a schema version."""
        return {"schema": SCHEMA, "kind": "crosscheck"} | asdict(self)


def run_battery(
    *,
    quick: bool = False,
    seed: int = 0,
    simulator: Simulator | None = None,
    alpha: float = 1e-3,
    size: Size | None = None,
    only: Sequence[str] = GROUPS,
    progress: Progress | None = None,
) -> BatteryReport:
    """All checks of a simulator against Qiskit and Aer.

    Args:
        quick: fewer and smaller circuits.
        seed: of all circuits, angles and shots.
        simulator: what is tested; the package's own if not given, compiled as in training unless
            ``quick``.
        alpha: probability that a correct simulator is rejected by one of the sampled checks.
        size: replaces what ``quick`` says about the amount.
        only: names of ``GROUPS``; all of them if not given.
        progress: called with (groups done, groups, name of the last one).

    Raises:
        InputError: no Qiskit 2, a seed that no key can tell from others, an alpha outside (0, 1),
            an unknown group, or none.

    Example:
        >>> run_battery(quick=True, only=["gates, complex128"]).agrees
        True
    """
    require_qiskit()
    seed, alpha = check_seed("seed", seed), check_alpha(alpha)
    check_flag("quick", quick)
    check_type("simulator", simulator, (Simulator, type(None)), "a Simulator or None")
    check_type("size", size, (Size, type(None)), "a Size or None")
    check_progress(progress)
    only = check_sequence("only", only, "names of groups")
    for name in only:
        check_choice("only", name, GROUPS)
    start = time.perf_counter()
    size = size or (QUICK if quick else FULL)
    simulator = simulator or (subject.QUICK if quick else subject.DEFAULT)
    groups = {n: g for n, g in _groups(simulator, size, seed).items() if n in only}
    findings = judge(_run(groups, progress), alpha)
    return BatteryReport(
        all(f.agrees for f in findings),
        tuple(findings),
        simulator.name,
        quick,
        seed,
        alpha,
        time.perf_counter() - start,
        versions(),
    )


Group = Callable[[], list[Finding]]


def _run(groups: dict[str, Group], progress: Progress | None) -> list[Finding]:
    """Groups run side by side: compilation and Aer leave Python's lock; their order is kept."""
    found: dict[str, list[Finding]] = {}
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        waiting = {pool.submit(group): name for name, group in groups.items()}
        for future in as_completed(waiting):
            found[waiting[future]] = future.result()
            if progress:
                progress(len(found), len(groups), waiting[future])
    return [finding for name in groups for finding in found[name]]


def _groups(simulator: Simulator, size: Size, seed: int) -> dict[str, Group]:
    """Independent groups of checks; each has its own generator, so that order does not matter."""
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(6)]
    randoms = random_circuits(streams[0], size.random_circuits, size.max_qubits)
    cases = exact.make_cases(streams[1], randoms, size.rows)
    templates = exact.make_cases(streams[2], _first(template_circuits(), size.templates), size.rows)
    steep = _first(gradient_circuits(), size.gradients)
    slopes = exact.make_cases(streams[3], steep, size.gradient_rows)
    sampled = [c for c in templates + cases if c.circuit.num_qubits in size.shot_qubits]
    measured = templates[:4]
    groups: dict[str, Group] = {
        "shots": partial(_shots, simulator, sampled, measured, size.shots, seed),
        "sampled gradients": partial(
            shots.gradients, simulator, slopes[: size.sampled_gradients], seed, size.shots
        ),
    }
    for stream, kind in zip(streams[4:], exact.LIMITS, strict=True):
        groups[f"states, {kind}"] = partial(_states, simulator, templates, cases, kind)
        groups[f"gates, {kind}"] = partial(_gates, simulator, measured, slopes, stream, size, kind)
    return {name: groups[name] for name in GROUPS}


def _first(circuits: dict[str, Circuit], number: int) -> dict[str, Circuit]:
    return dict(list(circuits.items())[:number])


def _states(
    simulator: Simulator, templates: list[exact.Case], cases: list[exact.Case], kind: str
) -> list[Finding]:
    return [
        exact.states(simulator, templates, "templates", kind),
        exact.states(simulator, cases, "random circuits", kind),
    ]


def _gates(
    simulator: Simulator,
    templates: list[exact.Case],
    gradients: list[exact.Case],
    stream: np.random.Generator,
    size: Size,
    kind: str,
) -> list[Finding]:
    alone = [exact.unitaries(simulator, stream, kind)] if kind in size.unitaries else []
    return [
        *alone,
        exact.expectations(simulator, templates, kind),
        exact.gradients(simulator, gradients, stream, kind),
        exact.encoding(simulator, stream, size.encoded, size.rows, kind),
    ]


def _shots(
    simulator: Simulator,
    sampled: list[exact.Case],
    measured: list[exact.Case],
    number: int,
    seed: int,
) -> list[Finding]:
    draws = shots.draw(simulator, sampled, seed, number)
    return [
        shots.bookkeeping(draws, number),
        *shots.counts(draws),
        *shots.paulis(simulator, measured, seed, number),
    ]
