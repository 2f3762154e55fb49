"""What a report says before its tables: what was run, how it is judged, what came out."""

from __future__ import annotations

from collections import Counter

from jqkd import statistics as st
from jqkd.experiments.model import present
from jqkd.report.columns import teachers_epochs
from jqkd.report.curves import worth_sentences
from jqkd.report.pacing import pace_sentences
from jqkd.report.summary import Summary
from jqkd.report.text import WHEN, counts_text, p_text, sign_flip_text
from jqkd.report.turning import turning_sentences

_VERDICTS = ("reproduced", "higher", "lower", "undecidable")


def introduction(summary: Summary) -> list[str]:
    """What was run and how it is judged, then what came out."""
    judged = (*summary.shown, *summary.differences)
    rule = [_rule(summary)] if any(one.verdict for one in judged) else []
    head = [summary.declared] if summary.declared else []
    return [*head, what(summary), how(summary), *rule, *outcome(summary)]


def outcome(summary: Summary) -> list[str]:
    """Answers of curves, verdicts, gains that stand after correction, and what is missing."""
    judged = {
        "accuracies": Counter(line.verdict for line in summary.shown if line.verdict),
        "differences": Counter(one.verdict for one in summary.differences if one.verdict),
    }
    counts = [
        f"Published {name}: {', '.join(f'{c[word]} {word}' for word in _VERDICTS if c[word])}."
        for name, c in judged.items()
        if c
    ]
    families = dict.fromkeys(one.comparison.family for one in summary.differences)
    stand = [_stand(summary, family) for family in families if family]
    missing = [f"Not run yet: {', '.join(summary.missing)}."] if summary.missing else []
    answers = [*worth_sentences(summary), *pace_sentences(summary), *turning_sentences(summary)]
    return [text for text in (*answers, " ".join(counts), " ".join(stand), *missing) if text]


def _stand(summary: Summary, family: str) -> str:
    gains = [one.main for one in summary.differences if one.comparison.family == family]
    firm = [gain for gain in gains if present(gain.p_holm) < 0.05]
    better = sum(gain.mean > 0 for gain in firm)
    return (
        f"Differences ({family}): {better} of {len(gains)} above 0 and {len(firm) - better} below "
        f"with a corrected p under 0.05, {len(gains) - len(firm)} undecided."
    )


def what(summary: Summary) -> str:
    """What was run."""
    experiment, students = summary.experiment, summary.students
    sentences, epochs = [experiment.about.rstrip()], []
    if students:
        configs = [present(line.arm.student) for line in students]
        shots = {config.shots for config in configs if config.shots is not None}
        drawn = [counts_text(shots)] if shots else []
        exact = ["exact probabilities"] * any(config.shots is None for config in configs)
        sentences.append(f"Shots: {' or '.join(drawn + exact)}.")
        seeds = counts_text(len(line.values) for line in students)
        sentences.append(f"Seeds: {seeds} for each kind of student.")
        epochs.append(f"{counts_text(present(config.epochs) for config in configs)} for students")
    epochs += teachers_epochs(summary.shown)
    usual = experiment.published_epochs
    published = "" if usual is None else f" (published teachers: {usual})"
    same = ", as the published ones" * (experiment.protocol == experiment.published_protocol)
    return " ".join(
        [
            *sentences,
            f"Epochs: {', '.join(epochs)}{published}.",
            f"Accuracies are read {WHEN[experiment.protocol]}{same}.",
            f"Made on: {'; '.join(summary.machines) or 'unknown'}.",
        ]
    )


def how(summary: Summary) -> str:
    """How numbers are made of the runs."""
    text = "Test accuracy in %, mean ± standard deviation over seeds."
    if summary.differences:
        text += (
            " Differences: to what a line is compared with, seed by seed, in points, with their "
            "95 % BCa bootstrap interval."
        )
    tested = [one for one in summary.differences if one.comparison.family]
    if tested:
        seeds = [len(one.seeds) for one in tested]
        families = Counter(one.comparison.family for one in tested)
        sizes = ", ".join(f"{count} {family}" for family, count in families.items())
        test, most = sign_flip_text(*seeds), max(seeds)
        least = f"; with {most} seeds p is at least {p_text(2.0 ** (1 - most))}"
        least *= most <= st.EXACT_UP_TO
        text += f" p: {test}, corrected by Holm's method within families ({sizes}){least}."
    return text + f" Collapsed: no more than {st.COLLAPSE:g} points above guessing."


def _rule(summary: Summary) -> str:
    experiment = summary.experiment
    read = experiment.published_protocol
    when = "" if read in (None, experiment.protocol) else f" Published numbers are {WHEN[read]}."
    judged = experiment.published_epochs is not None
    epochs = "; or a teacher was not trained as the published one" * judged
    return (
        "Verdicts compare a published number, which comes from one run, with where one more run of "
        "ours would fall in 95 of 100 cases (mean ± t s sqrt(1 + 1/n), for differences the same "
        f"with two unrelated runs; ours {WHEN[experiment.protocol]}).{when} Higher or lower: ours "
        "is, the published number lies outside. Reproduced: it lies inside, and the interval "
        f"reaches no further than {st.WIDEST:g} points to either side (for a difference: than "
        "itself, or 1 point). Undecidable: the interval is wider, so that "
        f"nearly any number would fit; there are fewer than {st.FEWEST_RUNS} runs{epochs}. The "
        "seeds' distribution is often far from normal, so read the range beside it."
    )
