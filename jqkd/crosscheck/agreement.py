"""A trained student here and on Aer: do the two differ by more than their shots?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np
from scipy import stats
from scipy.special import log_softmax

from jqkd._checks import check_seed, check_type
from jqkd.crosscheck.arguments import check_alpha, check_labels
from jqkd.crosscheck.execute import Machine, Progress, check_batch, exact_probabilities, sample
from jqkd.crosscheck.findings import Finding, deviation, judge, p_value
from jqkd.crosscheck.noise import Predict, check_guesses
from jqkd.crosscheck.shots import total
from jqkd.crosscheck.statistics import (
    chi_square_p_values,
    fit,
    holm,
    homogeneity,
    mcnemar,
    uniform,
)
from jqkd.crosscheck.subject import DEFAULT, Simulator
from jqkd.quantum import Circuit
from jqkd.quantum.measurement import check_shots

# Pretended runs from which the chance that two runs agree on an image is estimated.
_RUNS = 400
# Images whose pretended runs are predicted in one call.
_BATCH = 50
_LEAST_EXPECTED = 5.0


@dataclass(frozen=True)
class Recorded:
    """What a run wrote down about a student, and what it takes to see it again.

    Attributes:
        loss: mean cross-entropy on the test images after the last epoch, nats.
        accuracy: on the same images.
        logits: frequencies ``(N, K)`` -> logits ``(N, L)``.
        keys: ``(N,)``, of the shots of that evaluation; ``None`` for exact probabilities.
        limit: largest deviation of the loss that rounding explains, nats.
    """

    loss: float
    accuracy: float
    logits: Callable[[np.ndarray], np.ndarray]
    keys: jax.Array | None = None
    limit: float = 1e-4


@dataclass(frozen=True)
class Student:
    """A trained student, reduced to what a quantum computer and its reader need.

    Attributes:
        name: for reports.
        circuit: Q qubits, P slots.
        angles: ``(N, P)``, radians, of every test image.
        labels: ``(N,)``, whole numbers.
        predict: frequencies ``(N, K)`` -> labels ``(N,)``.
        shots: S per image.
        digests: of weights and data, by name.
        recorded: what its run says of it; nothing is compared without.
    """

    name: str
    circuit: Circuit
    angles: np.ndarray
    labels: np.ndarray
    predict: Predict
    shots: int
    digests: dict[str, str]
    recorded: Recorded | None = None


@dataclass(frozen=True)
class Agreement:
    """The comparison, image by image.

    Attributes:
        images: N.
        accuracy_here: of the simulator's shots.
        accuracy_there: of the machine's shots.
        accuracy_exact: of exact probabilities.
        same_prediction: images on which the two agree.
        same_expected: images on which two independent runs agree on average.
        same_error: standard deviation of that number.
        only_here: images that only the simulator gets right.
        only_there: images that only the machine gets right.
        largest_deviation: of a frequency there from its exact value, in standard errors, over
            outcomes expected 5 times or more.
        findings: p-values and deviations with verdicts.
    """

    images: int
    accuracy_here: float
    accuracy_there: float
    accuracy_exact: float
    same_prediction: int
    same_expected: float
    same_error: float
    only_here: int
    only_there: int
    largest_deviation: float
    findings: tuple[Finding, ...]

    @property
    def agrees(self) -> bool:
        """Whether every test passes."""
        return all(finding.agrees for finding in self.findings)


def compare(
    student: Student,
    *,
    seed: int,
    alpha: float = 1e-3,
    machine: Machine | None = None,
    simulator: Simulator = DEFAULT,
    progress: Progress | None = None,
) -> Agreement:
    """Every test image here and on a machine without noise, at the student's shots.

    Args:
        student: what was trained.
        seed: of the shots on both sides.
        alpha: probability that two correct simulators are told apart.
        machine: Aer if not given.
        simulator: the side here.
        progress: called with (images done, N).

    Raises:
        InputError: no student, arrays that do not fit together, a seed, alpha or shots out of
            range, a ``predict`` that does not return one label an image.
    """
    check_student(student)
    seed, alpha = check_seed("seed", seed), check_alpha(alpha)
    check_type("simulator", simulator, Simulator, "a Simulator")
    s = student
    keys = jax.random.split(jax.random.key(seed), len(s.angles))
    angles = np.asarray(s.angles, np.float32)
    here = np.asarray(simulator.counts(s.circuit, angles, keys, s.shots), float)
    there = sample(s.circuit, angles, shots=s.shots, seed=seed, machine=machine, progress=progress)
    exact = exact_probabilities(s.circuit, angles)
    guesses = [
        check_guesses(s.predict(counts / s.shots), len(s.angles)) for counts in (here, there)
    ]
    right = [guess == s.labels for guess in guesses]
    chances = chance_to_agree(exact, s, np.random.default_rng(seed))
    same = int((guesses[0] == guesses[1]).sum())
    only_here, only_there, p_mcnemar = mcnemar(*right)
    findings = [
        *as_recorded(s, simulator, exact),
        _complete(s.shots, here, there),
        p_value("same accuracy: McNemar, exact", p_mcnemar, len(s.labels)),
        p_value("same predictions as shot noise allows", _same_p(chances, same), len(s.labels)),
        p_value("largest deviation of a probability", _extreme_p(there, exact), there.size),
        *_fits("shots here", here, exact),
        *_fits("shots there", there, exact),
        total("shots here against shots there", list(map(homogeneity, here, there, exact))),
    ]
    return Agreement(
        images=len(s.labels),
        accuracy_here=float(right[0].mean()),
        accuracy_there=float(right[1].mean()),
        accuracy_exact=float((s.predict(exact) == s.labels).mean()),
        same_prediction=same,
        same_expected=float(chances.sum()),
        same_error=float(np.sqrt((chances * (1 - chances)).sum())),
        only_here=only_here,
        only_there=only_there,
        largest_deviation=_largest(there, exact),
        findings=tuple(judge(findings, alpha)),
    )


def as_recorded(student: Student, simulator: Simulator, exact: np.ndarray) -> list[Finding]:
    """The run's last evaluation again, from these angles: are they those of that student?

    Two students that are equally good differ in their loss.

    Args:
        student: nothing is compared where its ``recorded`` is ``None``.
        simulator: draws the run's own shots.
        exact: Aer's probabilities ``(N, K)``, for a student without shots.
    """
    s, run = student, student.recorded
    if run is None:
        return []
    frequencies = exact
    if run.keys is not None:
        angles = np.asarray(s.angles, np.float32)
        frequencies = np.asarray(simulator.counts(s.circuit, angles, run.keys, s.shots)) / s.shots
    logits = np.asarray(run.logits(frequencies), np.float64)
    loss = -log_softmax(logits, -1)[np.arange(len(logits)), s.labels].mean()
    accuracy = (logits.argmax(-1) == s.labels).mean()
    # A tie may be broken otherwise.
    one_image = max(1.5 / len(logits), run.limit)
    return [
        deviation("test loss as recorded", [("", loss, run.loss)], run.limit),
        deviation("test accuracy as recorded", [("", accuracy, run.accuracy)], one_image),
    ]


def _complete(shots: int, here: np.ndarray, there: np.ndarray) -> Finding:
    sides = (("here", here), ("there", there))
    pairs = [(side, counts.sum(-1), np.full(len(counts), float(shots))) for side, counts in sides]
    return deviation("as many shots as stated", pairs, 0.0)


def check_student(student: Student) -> None:
    """A student's arrays fit together, and it can be run."""
    check_type("student", student, Student, "a jqkd.crosscheck.Student")
    check_type("name", student.name, str, "a string")
    check_shots(student.shots)
    values = check_batch(student.circuit, student.angles)
    check_labels("labels", student.labels, len(values))
    check_type("predict", student.predict, Callable, "a function from frequencies to labels")
    check_type("digests", student.digests, dict, "a dictionary")


def chance_to_agree(
    exact: np.ndarray, student: Student, generator: np.random.Generator
) -> np.ndarray:
    """Probability, image by image, that two independent runs predict the same class.

    From R pretended runs with n_c predictions of class c, without bias:
    ``sum_c n_c (n_c - 1) / (R (R - 1))``.

    Args:
        exact: ``(N, K)``.
        student: its shots and its ``predict``.
        generator: of the pretended shots.

    Returns:
        Shape ``(N,)``.
    """
    chances = []
    for rows in np.array_split(exact / exact.sum(-1, keepdims=True), -(-len(exact) // _BATCH)):
        drawn = generator.multinomial(student.shots, rows, (_RUNS, len(rows)))
        guesses = student.predict(drawn.reshape(-1, rows.shape[-1]) / student.shots)
        for own in guesses.reshape(_RUNS, -1).T:
            found = np.unique(own, return_counts=True)[1].astype(float)
            chances.append((found * (found - 1)).sum() / (_RUNS * (_RUNS - 1)))
    return np.array(chances)


def _same_p(chances: np.ndarray, same: int) -> float:
    """Two-sided tail of the number of agreements, a sum of unequal coins, computed exactly."""
    mass = np.ones(1)
    for chance in chances:
        mass = np.convolve(mass, [1 - chance, chance])
    return float(min(1.0, 2 * min(mass[: same + 1].sum(), mass[same:].sum())))


def _extreme_p(counts: np.ndarray, exact: np.ndarray) -> float:
    """Smallest two-sided binomial tail of any count, times the number of counts (Bonferroni)."""
    shots = counts.sum(-1, keepdims=True)
    p = np.clip(exact, 0, 1)
    tails = np.minimum(stats.binom.cdf(counts, shots, p), stats.binom.sf(counts - 1, shots, p))
    return float(min(1.0, 2 * tails.min() * counts.size))


def _largest(counts: np.ndarray, exact: np.ndarray) -> float:
    shots = counts.sum(-1, keepdims=True)
    error = np.sqrt(np.maximum(exact * (1 - exact), 0) * shots)
    judged = (exact * shots >= _LEAST_EXPECTED) & ((1 - exact) * shots >= _LEAST_EXPECTED)
    if not judged.any():
        return 0.0
    return float((np.abs(counts - exact * shots)[judged] / error[judged]).max())


def _fits(name: str, counts: np.ndarray, exact: np.ndarray) -> list[Finding]:
    values = chi_square_p_values([fit(n, p) for n, p in zip(counts, exact, strict=True)])
    if not len(values):
        return []
    family = f"{name} against exact probabilities"
    return [
        p_value(f"{family}: smallest, Holm", holm(values).min(), len(values)),
        p_value(f"{family}: uniform, KS", uniform(values), len(values)),
    ]
