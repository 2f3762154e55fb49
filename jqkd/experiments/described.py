"""An experiment made in Python as a text, from which workers and reports make it again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from jqkd._checks import InputError, check_type
from jqkd.experiments.model import Arm, Comparison, Contrast, Curve, Experiment
from jqkd.experiments.toml import check_name
from jqkd.training.config import StudentConfig, TeacherConfig

_PARTS = {"comparisons": Comparison, "contrasts": Contrast, "curves": Curve}


def text_of(experiment: Experiment) -> str:
    """Plain JSON, the same for equal experiments.

    Raises:
        InputError: no experiment, or one whose name a file cannot have or the catalogue has.
    """
    check_type("experiment", experiment, Experiment, "an Experiment")
    check_name(experiment.name)
    configs = ("student", "teacher")
    about = vars(experiment) | {
        name: [asdict(c) for c in getattr(experiment, name)] for name in _PARTS
    }
    about["arms"] = [
        vars(arm) | {k: c and c.to_json() for k in configs for c in [getattr(arm, k)]}
        for arm in experiment.arms
    ]
    return json.dumps(about, indent=1) + "\n"


def experiment_from(text: str) -> Experiment:
    """The experiment of a text.

    Raises:
        InputError: it is not such a text.

    Example:
        >>> config = StudentConfig("digits", "0-1", 2)
        >>> one = Experiment("one", "One", "", (Arm("a", "A", "digits", config),))
        >>> experiment_from(text_of(one)) == one
        True
    """
    try:
        about: dict[str, Any] = json.loads(text)
        about["arms"] = tuple(map(_arm, about["arms"]))
        about |= {name: tuple(kind(**one) for one in about[name]) for name, kind in _PARTS.items()}
        return Experiment(**about)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"The experiment's text is damaged ({error}); ask for it again."
        ) from error


def _arm(about: dict[str, Any]) -> Arm:
    if about["student"] is not None:
        fields = {k: v for k, v in about["student"].items() if k != "schema"}
        about["student"] = StudentConfig(**fields)
    if about["teacher"] is not None:
        about["teacher"] = TeacherConfig.from_json(about["teacher"])
    return Arm(**about)
