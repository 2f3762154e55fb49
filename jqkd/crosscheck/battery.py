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
from itertools import islice
from typing import Any

import numpy as np

from jqkd._checks import check_choice, check_integer, check_seed, check_type, fail
from jqkd.crosscheck import circuits, exact, shots
from jqkd.crosscheck import simulator as simulators
from jqkd.crosscheck.arguments import check_alpha, check_flag, check_progress, check_sequence
from jqkd.crosscheck.findings import Finding, judge
from jqkd.crosscheck.simulator import Simulator
from jqkd.crosscheck.versions import versions
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.quantum.sampling import check_shots

SCHEMA = 1
KINDS = tuple(exact.LIMITS)
# In this order: shots reuse what the states have compiled.
GROUPS = (
    *(f"states, {kind}" for kind in KINDS),
    "sampled gradients",
    "shots",
    *(f"gates, {kind}" for kind in KINDS),
)
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Size:
    """How much is checked: how many circuits, how wide, how many angle vectors each.

    ``rows`` and ``gradient_rows`` are even; ``shot_qubits`` are the widths that are also sampled;
    ``encoded`` is the largest width of the amplitude encoding; ``unitaries`` are the precisions in
    which every gate alone is checked.
    """

    random_circuits: int = 200
    max_qubits: int = circuits.MAX_QUBITS
    templates: int = len(circuits.template_circuits())
    encoded: int = 4
    rows: int = 4
    shots: int = 5000
    shot_qubits: tuple[int, ...] = tuple(range(1, circuits.MAX_QUBITS + 1))
    gradients: int = len(circuits.gradient_circuits())
    sampled_gradients: int = len(circuits.gradient_circuits())
    gradient_rows: int = 24
    unitaries: tuple[str, ...] = KINDS

    def __post_init__(self) -> None:
        widest = circuits.MAX_QUBITS
        most = {"random_circuits": circuits.MOST, "max_qubits": widest, "encoded": widest}
        for name in ("random_circuits", "max_qubits", "templates", "encoded", "gradients"):
            check_integer(name, getattr(self, name), 1, most.get(name))
        check_integer("sampled_gradients", self.sampled_gradients, 1, self.gradients)
        for name in ("rows", "gradient_rows"):
            if check_integer(name, getattr(self, name), 2) % 2:
                fail(name, "be an even number", getattr(self, name))
        check_shots(self.shots)
        for width in check_sequence("shot_qubits", self.shot_qubits, "integers"):
            check_integer("shot_qubits", width, 1)
        for name in self.unitaries:
            check_choice("unitaries", name, KINDS)


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


@dataclass(frozen=True)
class BatteryReport:
    """One finding a check, and what it takes to see them again.

    ``alpha`` is the probability that a correct simulator is rejected.
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
    require_qiskit("qiskit_aer")
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
    simulator = simulator or (simulators.QUICK if quick else simulators.DEFAULT)
    groups = _Battery.draw(simulator, size, seed).groups()
    findings = judge(_run({n: groups[n] for n in GROUPS if n in only}, progress), alpha)
    return BatteryReport(
        agrees=all(f.agrees for f in findings),
        findings=tuple(findings),
        simulator=simulator.name,
        quick=quick,
        seed=seed,
        alpha=alpha,
        seconds=time.perf_counter() - start,
        versions=versions(),
    )


Group = Callable[[], list[Finding]]


def _run(groups: dict[str, Group], progress: Progress | None) -> list[Finding]:
    """Groups run side by side: compilation and Aer leave Python's lock; their order is kept."""
    done: dict[str, list[Finding]] = {}
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        waiting = {pool.submit(group): name for name, group in groups.items()}
        for future in as_completed(waiting):
            done[waiting[future]] = future.result()
            if progress:
                progress(len(done), len(groups), waiting[future])
    return [finding for name in groups for finding in done[name]]


@dataclass(frozen=True)
class _Battery:
    """What is compared: circuits, angles, and a generator for each precision."""

    simulator: Simulator
    size: Size
    seed: int
    templates: list[exact.Case]
    randoms: list[exact.Case]
    slopes: list[exact.Case]
    streams: dict[str, np.random.Generator]

    @classmethod
    def draw(cls, simulator: Simulator, size: Size, seed: int) -> _Battery:
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(6)]
        random = circuits.random_circuits(streams[0], size.random_circuits, size.max_qubits)
        randoms = exact.make_cases(streams[1], random, size.rows)
        first = dict(islice(circuits.template_circuits().items(), size.templates))
        templates = exact.make_cases(streams[2], first, size.rows)
        steep = dict(islice(circuits.gradient_circuits().items(), size.gradients))
        slopes = exact.make_cases(streams[3], steep, size.gradient_rows)
        own = dict(zip(KINDS, streams[4:], strict=True))
        return cls(simulator, size, seed, templates, randoms, slopes, own)

    def groups(self) -> dict[str, Group]:
        """Independent of each other, so that their order does not matter."""
        return {
            **{f"states, {kind}": partial(self.states, kind) for kind in KINDS},
            "sampled gradients": self.sampled_gradients,
            "shots": self.shots,
            **{f"gates, {kind}": partial(self.gates, kind) for kind in KINDS},
        }

    def states(self, kind: str) -> list[Finding]:
        return [
            exact.worst(f"states of {name}", kind, partial(exact.states, self.simulator, cases))
            for name, cases in (("templates", self.templates), ("random circuits", self.randoms))
        ]

    def gates(self, kind: str) -> list[Finding]:
        size, stream = self.size, self.streams[kind]
        checks = {
            "gate unitaries": partial(exact.unitaries, self.simulator, stream),
            "Pauli expectations": partial(exact.expectations, self.simulator, self.measured),
            "shift-rule gradients": partial(exact.gradients, self.simulator, self.slopes, stream),
            "amplitude encoding": partial(
                exact.encoding, self.simulator, stream, size.encoded, size.rows
            ),
        }
        if kind not in size.unitaries:
            del checks["gate unitaries"]
        return [exact.worst(name, kind, pairs) for name, pairs in checks.items()]

    @property
    def measured(self) -> list[exact.Case]:
        return self.templates[:4]

    def shots(self) -> list[Finding]:
        widths, number = self.size.shot_qubits, self.size.shots
        cases = [c for c in self.templates + self.randoms if c.circuit.num_qubits in widths]
        draws = shots.take(self.simulator, cases, self.seed, number)
        paulis = shots.paulis(self.simulator, self.measured, self.seed, number)
        return [shots.bookkeeping(draws, number), *shots.counts(draws), paulis]

    def sampled_gradients(self) -> list[Finding]:
        slopes = self.slopes[: self.size.sampled_gradients]
        return shots.gradients_by_shots(self.simulator, slopes, self.seed, self.size.shots)
