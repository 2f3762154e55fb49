"""jqkd demo: the whole story in one command, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from jqkd.cli.console import Output, seconds_text, student_table
from jqkd.cli.fields import takes
from jqkd.cli.options import Json, deliver
from jqkd.cli.train import run_job
from jqkd.data import load
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.figures import demo_figure
from jqkd.training.student_run import StudentJob, splits_for
from jqkd.training.student_task import ALONE, DISTILLED


@takes(StudentConfig, only=("preset", "epochs"), preset="robust")
def demo(
    seeds: Annotated[int, typer.Option(help="Students of each kind.")] = 4,
    *,
    picture: Annotated[Path, typer.Option(help="Where the picture goes.")] = Path("demo.png"),
    json: Json = None,
    **fields: Any,
) -> None:
    """Watch a teacher teach a quantum student: digits 0-5, no network, about a minute.

    A LeNet teacher; 3-qubit students, alone and distilled, 5000 shots for every circuit,
    gradients by the parameter-shift rule; a table and a picture.
    """
    config = StudentConfig("digits", "0-5", 3, **fields)
    job = StudentJob(config, TeacherConfig("lenet", "digits", "0-5", 30, 32), tuple(range(seeds)))
    output = Output(json)
    output.say("Digits 0-5: a LeNet teaches a 3-qubit student.", style="bold")
    output.say("The student's circuit (angles from a small CNN; class c is the bit string c):")
    output.say(f"{config.spec.circuit}\n")
    result, block = run_job(job, output)
    output.say(student_table(result))
    output.say(verdict(result["gain"]["picked"]))
    output.say(compared_with_teacher(result))
    test = splits_for(config, load(config.dataset)).test
    last = block.logits(test)[[run.arm for run in block.runs].index(DISTILLED)]
    demo_figure(result, test, last.argmax(-1), picture)
    output.say(f"Picture: {picture}    {seconds_text(result['seconds'])}")
    deliver(result, json)


def compared_with_teacher(result: dict[str, Any]) -> str:
    """Whether there was anything to learn from the teacher."""
    alone = 100 * float(np.mean(result["arms"][ALONE]["test_accuracy"]["picked"]))
    teacher = 100 * float(result["teacher_result"]["test_accuracy"]["picked"])
    knows = "more" if teacher > alone else "no more"
    return (
        f"The teacher ({teacher:.1f} %) knows {knows} than the students alone ({alone:.1f} %), who "
        f"are drawn towards it."
    )


def verdict(gains: Any) -> str:
    """What the paired differences allow to say, by Student's t interval."""
    from scipy import stats

    gains = 100 * np.asarray(gains)
    if len(gains) < 2:
        return "One seed says nothing about distillation; use --seeds 4 or more."
    error = stats.sem(gains)
    half = stats.t.ppf(0.975, len(gains) - 1) * error
    size = f"{gains.mean():+.1f} points (95 % interval {gains.mean() - half:+.1f} to "
    size += f"{gains.mean() + half:+.1f}, {len(gains)} seeds)"
    if abs(gains.mean()) <= half:
        return f"Distillation changed the accuracy by {size}: not to be told from luck."
    return f"Distillation changed the accuracy by {size}."
