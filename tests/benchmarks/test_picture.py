"""The picture and the tables of the benchmarks, read back: every cell, peer and number in place."""

from __future__ import annotations

import pytest

from benchmarks import picture, report
from benchmarks.peers import PEERS
from benchmarks.summary import summarise
from benchmarks.targets import TARGETS
from benchmarks.workloads import Cell

from .test_report import record, result

matplotlib = pytest.importorskip("matplotlib")

CELLS = [Cell("W1", 3, 1), Cell("W1", 3, 64), Cell("W1", 3, 1024), Cell("W1", 8, 64)]
CELLS += [Cell("W3", 3, 1), Cell("W3", 3, 256), Cell("W4", 4, 64), Cell("T1", 3)]
SHAPES = {0: ("o", "#0072b2"), 1: ("s", "#d55e00"), 2: ("^", "#009e73")}
PLACE = {("W1", 1): 0, ("W1", 64): 1, ("W1", 1024): 2, ("W3", 1): 0, ("W3", 256): 2}
PLACE |= {("W4", 64): 1, ("T1", 1): 0}
RIVALS = ("qujax", "pennylane")


def steady(cell: Cell, peer: str) -> float:
    """Seconds, distinct for every cell and peer; qujax and PennyLane take turns in being faster."""
    place = CELLS.index(cell)
    if peer == "jqkd":
        return 0.001 + 0.0001 * place
    factor = (2 + place) if (place + RIVALS.index(peer)) % 2 else (20 + place)
    # The last but one is faster than we are.
    return (0.05 if place == len(CELLS) - 2 else 1) * factor * 0.0013


def first(cell: Cell, peer: str) -> float:
    return 1 + CELLS.index(cell) + 0.3 * ("jqkd", *RIVALS).index(peer)


@pytest.fixture(scope="module")
def summary():
    names = ("jqkd", *RIVALS)
    records = [record(p, c, steady(c, p), first=first(c, p)) for c in CELLS for p in names]
    peers = {name: {"versions": {name: f"{place}.5"}} for place, name in enumerate(names)}
    return summarise(result(*records, peers=peers))


def best(cell: Cell) -> tuple[float, str]:
    return min((steady(cell, peer), peer) for peer in RIVALS)


@pytest.fixture(scope="module")
def axes(summary):
    matplotlib.use("agg")
    figure = picture.draw_ratios(summary)
    yield figure.axes[0]
    matplotlib.pyplot.close(figure)


def test_every_cell_has_its_ratio_on_its_row(axes):
    ticks = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    names = {y: text.get_text() for y, text in ticks}
    rows = list(dict.fromkeys(f"{c.workload}  n={c.qubits}" for c in CELLS))
    assert [names[y] for y in sorted(names, reverse=True)] == rows
    low, high = axes.get_ylim()
    assert low < high
    shown = [
        (
            names[line.get_ydata()[0]],
            line.get_marker(),
            matplotlib.colors.to_hex(line.get_color()),
            pytest.approx(line.get_xdata()[0]),
        )
        for line in axes.lines
        if line.get_marker() != "None"
    ]
    expected = [
        (
            f"{cell.workload}  n={cell.qubits}",
            *SHAPES[PLACE[cell.workload, cell.batch]],
            best(cell)[0] / steady(cell, "jqkd"),
        )
        for cell in CELLS
    ]
    assert shown == expected


def test_right_of_the_line_is_faster(axes):
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "jqkd slower ← best peer's time / jqkd's → jqkd faster"
    marks = [line for line in axes.lines if line.get_marker() == "None"]
    assert [list(line.get_xdata()) for line in marks] == [[1, 1]]
    x = {line.get_xdata()[0] for line in axes.lines if line.get_marker() != "None"}
    assert min(x) < 1 < max(x)


def test_the_legend_names_the_batches(axes):
    (legend,) = axes.figure.legends
    pairs = zip(legend.get_texts(), legend.legend_handles, strict=True)
    shown = {
        t.get_text(): (h.get_marker(), matplotlib.colors.to_hex(h.get_color())) for t, h in pairs
    }
    labels = "batch of 1", "8 to 64", "256 (W3), 1024"
    assert shown == dict(zip(labels, SHAPES.values(), strict=True))
    assert list(shown) == [*labels]


def lines_of(sheet) -> list[dict[str, str]]:
    return [dict(zip(sheet.header, cells, strict=True)) for cells in sheet.cells]


def three_digits(value: float) -> str:
    return f"{value:.3g}" if value >= 100 else f"{value:#.3g}"


@pytest.mark.parametrize("workload", ["W1", "W3", "W4", "T1"])
def test_times_are_milliseconds_of_the_right_peer(summary, workload):
    cells = [cell for cell in CELLS if cell.workload == workload]
    for line, cell in zip(lines_of(report.time_sheet(summary, workload)), cells, strict=True):
        seconds, rival = best(cell)
        expected = {"cell": f"n={cell.qubits} B={cell.batch}", "best peer": rival}
        expected["best peer / jqkd"] = three_digits(seconds / steady(cell, "jqkd"))
        times = {p: three_digits(1000 * steady(cell, p)) for p in ("jqkd", *RIVALS)}
        assert line == expected | times


def test_first_calls_are_seconds_of_the_right_peer(summary):
    cells = [cell for cell in CELLS if cell.workload == "W1"]
    for line, cell in zip(lines_of(report.first_sheet(summary, "W1")), cells, strict=True):
        quickest = min(first(cell, peer) for peer in RIVALS)
        assert line["over the quickest"] == three_digits(first(cell, "jqkd") / quickest)
        for peer in ("jqkd", *RIVALS):
            assert line[f"{peer}, s (MB)"] == f"{three_digits(first(cell, peer))} (100)"


def test_targets_show_their_worst_cell(summary):
    shown = {cells[0]: cells[1:] for cells in report.target_sheet(summary).cells}
    assert list(shown) == [target.text for target in TARGETS]
    ratios = sorted((best(c)[0] / steady(c, "jqkd"), c) for c in CELLS if c.workload == "W1")
    word, wanted, worst, where, middle, count = shown["W1, every cell against the best peer"]
    assert (word, wanted, count) == ("reached", "≥ 1x", "4/4")
    assert (worst, where) == (f"{three_digits(ratios[0][0])}x", "W1 n=3 B=1")
    assert middle == f"{three_digits(ratios[2][0])}x"
    assert shown["W4, every cell against the best peer"][0] == "missed"
    assert shown["First call over the quickest JAX peer's"][1] == "≤ 1.5x"


def test_the_readmes_short_form(summary):
    text = report.readme_block(summary, "p.png")
    ratios = sorted(best(c)[0] / steady(c, "jqkd") for c in CELLS if c.workload == "W1")
    low, middle, high = (three_digits(ratios[i]) for i in (0, 2, 3))
    peers = ", ".join(sorted({best(c)[1] for c in CELLS if c.workload == "W1"}))
    assert f"| W1 | all probabilities of H+RY | {middle} ({low} to {high}) | {peers} |" in text
    words = [target.judge(summary).word for target in TARGETS]
    measured = len(words) - words.count("not measured")
    assert f"{words.count('reached')} of {measured} targets reached" in text
    assert text.index("(p.png)") < text.index("| W1 |")


def test_usage_names_every_peers_version(summary):
    shown = {cells[0]: cells[1:] for cells in report.usage_sheet(summary).cells}
    assert list(shown) == list(PEERS)
    assert [shown[p][1] for p in ("jqkd", *RIVALS)] == ["jqkd 0.5", "qujax 1.5", "pennylane 2.5"]
    assert all(shown[name][0] == peer.usage for name, peer in PEERS.items())
    assert shown["aer"][1] == "not asked"
