"""Gradients over the weights of circuits, before and after training, against their number.

Matplotlib is imported when the chart is drawn.
"""

from __future__ import annotations

from typing import Any

from jqkd.experiments.model import present
from jqkd.report.charts import TWO_COLUMNS, Chart, looks
from jqkd.report.summary import Line, Summary
from jqkd.training.probe import SHOTS

_PANELS = {
    "over_angles": "variance over angles",
    "over_images": "variance over images",
    "signal_to_noise": f"signal to noise, {SHOTS} shots",
}


def draw_probes(summary: Summary) -> Chart:
    """Mean over seeds of what was probed, for each width of circuits; filled before training."""
    import matplotlib.pyplot as plt

    lines = [line for line in summary.students if line.record.probe]
    if not lines:
        return None
    size: dict[str, Any] = {"figsize": (TWO_COLUMNS, 2.7), "layout": "constrained"}
    figure, axes = plt.subplots(1, len(_PANELS), **size)
    kinds = looks(sorted({_kind(line) for line in lines}))
    handles: dict[str, Any] = {}
    for line in lines:
        kind, student = _kind(line), present(line.arm.student)
        qubits, taught = kind
        label = f"{qubits} qubits, {'taught' if taught else 'alone'}"
        for place, name in zip(axes, _PANELS, strict=True):
            # Of the loss as it is trained.
            values = line.record.probe[name][:, :, -1].mean(0)
            for value, face in zip(values, (kinds[kind].colour, "white"), strict=True):
                (dot,) = place.plot(
                    *([student.spec.circuit.num_weights], [value]),
                    **{"ls": "none", "markersize": 4, "marker": kinds[kind].marker},
                    **{"color": kinds[kind].colour, "markerfacecolor": face},
                )
                handles.setdefault(label, dot)
    for place, title in zip(axes, _PANELS.values(), strict=True):
        place.set(yscale="log", xlabel="angles", title=title, axisbelow=True)
        place.set_xscale("log", base=2)
        place.xaxis.set_major_formatter("{x:g}")
        place.yaxis.set_minor_formatter("")
        place.grid(lw=0.3, color="#dddddd")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4)
    return figure, (
        "Gradient of the loss over a circuit's weights, mean over seeds, against their number: "
        "filled before training, open after it. Variance over angles: of the mean over images; "
        "over images: mean over angles; signal to noise: norm of a step's gradient over the root "
        f"of its expected squared error by the shift rule with {SHOTS} shots."
    )


def _kind(line: Line) -> tuple[int, bool]:
    return present(line.arm.student).qubits, line.arm.teacher is not None
