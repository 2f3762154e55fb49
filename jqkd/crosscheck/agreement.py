"""A trained student here and on Aer: do the two differ by more than their shots?"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
from scipy import stats
from scipy.special import log_softmax

from jqkd._checks import check_seed, check_type
from jqkd.crosscheck.aer_noise import to_aer_noise
from jqkd.crosscheck.arguments import check_alpha
from jqkd.crosscheck.execute import Progress, exact_probabilities, sample
from jqkd.crosscheck.findings import Finding, deviation, family, judge, p_value, total
from jqkd.crosscheck.machines import Machine, aer
from jqkd.crosscheck.simulator import DEFAULT, Simulator
from jqkd.crosscheck.statistics import chi_square_p_values, fit, homogeneity, mcnemar
from jqkd.crosscheck.trained import TrainedCircuit, check_trained

# Pretended runs from which the chance that two runs agree on an image is estimated.
_RUNS = 400
# Images whose pretended runs are predicted in one call.
_BATCH = 50
_LEAST_EXPECTED = 5.0


@dataclass(frozen=True)
class Agreement:
    """The comparison, image by image: here is the simulator, there the machine.

    Attributes:
        same_prediction: images on which the two agree.
        same_expected: images on which two independent runs agree on average.
        same_error: standard deviation of that number.
        only_here: images that only the simulator gets right.
        largest_deviation: of a frequency there from its exact value, in standard errors, over
            outcomes expected 5 times or more.
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
    student: TrainedCircuit,
    *,
    seed: int,
    alpha: float = 1e-3,
    machine: Machine | None = None,
    simulator: Simulator = DEFAULT,
    progress: Progress | None = None,
) -> Agreement:
    """Every test image here and on a machine, at the student's shots and with its noise.

    Args:
        student: what was trained.
        seed: of the shots on both sides.
        alpha: probability that two correct simulators are told apart.
        machine: Aer with the student's noise if not given.
        simulator: the side here.
        progress: called with (images done, N).

    Raises:
        InputError: no student, arrays that do not fit together, a seed, alpha or shots out of
            range, a reader that does not return logits for every image.
    """
    check_trained(student)
    seed, alpha = check_seed("seed", seed), check_alpha(alpha)
    check_type("simulator", simulator, Simulator, "a Simulator")
    circuit, shots, number = student.circuit, student.shots, len(student.labels)
    angles = np.asarray(student.angles, np.float32)
    keys = jax.random.split(jax.random.key(seed), number)
    if machine is None and student.noise is not None:
        machine = aer(to_aer_noise(student.noise), "Aer with the student's noise")
    ours = np.asarray(_counts(simulator, student, angles, keys), float)
    others = sample(circuit, angles, shots=shots, seed=seed, machine=machine, progress=progress)
    exact = exact_probabilities(circuit, angles, student.noise)
    guesses = [student.predict(counts / shots) for counts in (ours, others)]
    right = [guess == student.labels for guess in guesses]
    same = int((guesses[0] == guesses[1]).sum())
    chances = chance_to_agree(exact, student, np.random.default_rng(seed))
    only_here, only_there, p_mcnemar = mcnemar(*right)
    sums = np.full(number, float(shots))
    findings = [
        *as_recorded(student, simulator, exact),
        deviation(
            "as many shots as stated",
            [("here", ours.sum(-1), sums), ("there", others.sum(-1), sums)],
            0.0,
        ),
        p_value("same accuracy: McNemar, exact", p_mcnemar, number),
        p_value("same predictions as shot noise allows", _same_p(chances, same), number),
        p_value("largest deviation of a probability", _extreme_p(others, exact), others.size),
        *_fits("shots here", ours, exact),
        *_fits("shots there", others, exact),
        total("shots here against shots there", list(map(homogeneity, ours, others, exact))),
    ]
    return Agreement(
        images=number,
        accuracy_here=float(right[0].mean()),
        accuracy_there=float(right[1].mean()),
        accuracy_exact=float((student.predict(exact) == student.labels).mean()),
        same_prediction=same,
        same_expected=float(chances.sum()),
        same_error=float(np.sqrt((chances * (1 - chances)).sum())),
        only_here=only_here,
        only_there=only_there,
        largest_deviation=_largest(others, exact),
        findings=tuple(judge(findings, alpha)),
    )


def _counts(
    simulator: Simulator, student: TrainedCircuit, angles: np.ndarray, keys: jax.Array
) -> jax.Array:
    """Of the student's circuit here, with its shots and its noise."""
    noise = () if student.noise is None else (student.noise,)
    return simulator.counts(student.circuit, angles, keys, student.shots, *noise)


def as_recorded(student: TrainedCircuit, simulator: Simulator, exact: np.ndarray) -> list[Finding]:
    """The run's last evaluation again, from these angles: are they those of that student?

    Two students that are equally good differ in their loss. The simulator draws the run's own
    shots; a student without shots is read from Aer's exact probabilities ``(N, K)``.
    """
    run, frequencies = student.recorded, exact
    if run is None:
        return []
    if run.keys is not None:
        angles = np.asarray(student.angles, np.float32)
        counts = _counts(simulator, student, angles, run.keys)
        frequencies = np.asarray(counts) / student.shots
    logits = np.asarray(student.logits(frequencies), np.float64)
    loss = -log_softmax(logits, -1)[np.arange(len(logits)), student.labels].mean()
    accuracy = (logits.argmax(-1) == student.labels).mean()
    # A tie may be broken otherwise.
    one_image = max(1.5 / len(logits), run.limit)
    return [
        deviation("test loss as recorded", [("", loss, run.loss)], run.limit),
        deviation("test accuracy as recorded", [("", accuracy, run.accuracy)], one_image),
    ]


def chance_to_agree(
    exact: np.ndarray, student: TrainedCircuit, generator: np.random.Generator
) -> np.ndarray:
    """Probability ``(N,)``, image by image, that two independent runs predict the same class.

    From R pretended runs with n_c predictions of class c, without bias:
    ``sum_c n_c (n_c - 1) / (R (R - 1))``.
    """
    chances = []
    for rows in np.array_split(exact / exact.sum(-1, keepdims=True), -(-len(exact) // _BATCH)):
        drawn = generator.multinomial(student.shots, rows, (_RUNS, len(rows)))
        guesses = student.predict(drawn.reshape(-1, rows.shape[-1]) / student.shots)
        for of_image in guesses.reshape(_RUNS, -1).T:
            n = np.unique(of_image, return_counts=True)[1].astype(float)
            chances.append((n * (n - 1)).sum() / (_RUNS * (_RUNS - 1)))
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
    judged = np.minimum(exact, 1 - exact) * shots >= _LEAST_EXPECTED
    return float((np.abs(counts - exact * shots)[judged] / error[judged]).max(initial=0.0))


def _fits(name: str, counts: np.ndarray, exact: np.ndarray) -> list[Finding]:
    values = chi_square_p_values(list(map(fit, counts, exact)))
    return family(f"{name} against exact probabilities", values)
