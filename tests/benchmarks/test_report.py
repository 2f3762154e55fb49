"""From records to medians, ratios, verdicts and pages; numbers put in by hand."""

import json

import pytest

from benchmarks import command, report
from benchmarks.runner import Plan
from benchmarks.summary import summarise
from benchmarks.targets import TARGETS
from benchmarks.workloads import Cell
from jqkd._checks import InputError
from jqkd.common.files import write_json


def record(peer, cell, *steady, way="a", first=1.0, wrong=None, left_out=None):
    times = {"first": [first], "steady": list(steady), "peak_mb": 100.0}
    return {
        "peer": peer,
        "cell": vars(cell),
        "way": way,
        "wrong": wrong,
        "left_out": left_out,
        **times,
    }


W2, W1 = Cell("W2", 3, 64), Cell("W1", 3, 64)
T1 = Cell("T1", 3)


def result(*records, **more):
    about = {name: {"versions": {name: "1.0"}} for name in ("jqkd", "numpy", "aer", "qujax")}
    return {
        "schema": 1,
        "kind": "bench",
        "made": "2030-01-01T00:00:00",
        "environment": {
            "processor": "P",
            "device": "2 CPU cores",
            "jqkd": "0",
            "jax": "0",
            "python": "3",
        },
        "plan": {"rounds": 3, "share": 0.1},
        "load": {"W1": [1.0, 1.0, 1.0]},
        "peers": about | {"lightning": {"missing": ["pennylane"]}},
        "records": list(records),
        **more,
    }


FULL = (
    record("jqkd", W2, 0.002, 0.001, 0.001, first=3.0),
    record("numpy", W2, 0.0005),
    record("numpy-multinomial", W2, 0.0004),
    record("qujax", W2, 0.03, way="a", first=1.5),
    record("qujax", W2, 0.02, way="b", first=2.5),
    record("qujax", W2, 0.0001, way="c", wrong="4999 of 5000"),
    record("aer", W2, left_out="no answer within 60 s"),
    record("jqkd", W1, 0.002),
    record("numpy", W1, 0.001),
    record("jqkd", T1, 0.0005),
    record("notebooks", T1, 0.1),
)


@pytest.fixture
def summary():
    return summarise(result(*FULL, studies={"T2": {"title": "t", "cold": 11.0, "warm": 3.0}}))


def test_medians_and_the_best_right_way(summary):
    assert summary.steady(W2) == 0.001
    assert summary.best[W2, "qujax"].way == "b"
    assert summary.rival(W2) == ("qujax", 0.02) and summary.ratio(W2) == 20
    assert summary.missing[W2, "aer"] == "no answer within 60 s"


def test_numpy_is_a_rival_where_nothing_is_sampled(summary):
    assert summary.rival(W1) == ("numpy", 0.001) and summary.ratio(W1) == 0.5
    assert summary.rival(W2, numpy=True) == ("numpy", 0.0005)


def test_the_first_call_is_compared_with_the_jax_peers(summary):
    assert summary.first_ratio(W2) == pytest.approx(3.0 / 2.5)
    assert summary.first_ratio(W1) is None


def verdict(summary, start):
    (target,) = (t for t in TARGETS if t.text.startswith(start))
    return target.judge(summary)


@pytest.mark.parametrize(
    ("start", "word", "value"),
    [
        ("T1, training step", "reached", 200),
        ("W1, every cell", "missed", 0.5),
        ("W2, n <= 4 and B >= 64 against", "reached", 20),
        ("W2, n <= 4 and B >= 64, time over NumPy", "reached", 2.5),
        ("T2, a row from a cold", "missed", 11),
        ("T2, with a warm", "reached", 3),
        ("First call", "reached", 1.2),
        ("W5", "not measured", None),
    ],
)
def test_targets(summary, start, word, value):
    found = verdict(summary, start)
    assert found.word == word
    if value is not None:
        assert found.values[0][1] == pytest.approx(value)


def test_the_worst_comes_first(summary):
    more = record("jqkd", Cell("W1", 4, 64), 0.001), record("numpy", Cell("W1", 4, 64), 0.003)
    found = verdict(summarise(result(*FULL, *more)), "W1, every cell")
    assert [value for _, value in found.values] == [0.5, 3.0] and found.good == 1


def test_the_page_says_all(summary):
    page = report.page(summary, [])
    assert "| n=3 B=64 | qujax | 20.0 | 1.00 | 0.500 | 0.400 | 20.0 |" in page
    assert "- qujax, W2, c: 4999 of 5000 (n=3 B=64)" in page
    assert "- aer, W2 n=3 B=64: no answer within 60 s" in page
    assert "- lightning: not installed (pennylane)" in page
    assert "| T1, training step against the notebooks' loop | reached | ≥ 150x | 200x |" in page


def test_files_and_readme(tmp_path, summary):
    readme = tmp_path / "README.md"
    readme.write_text(f"above\n{report.BEGIN}\nformer\n{report.END}\nbelow\n", encoding="utf-8")
    write_json(tmp_path / "bench" / "bench.json", summary.result)
    command.report(tmp_path / "bench", readme)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("above\n") and text.endswith("\nbelow\n") and "former" not in text
    assert "(bench/bench.png)" in text and "20.0 (20.0 to 20.0)" in text
    names = {path.name for path in (tmp_path / "bench").iterdir()}
    assert names == {"bench.json", "bench.md", "bench.png", "bench.svg", "bench.pdf"}
    # The same numbers give the same files.
    again = {name: (tmp_path / "bench" / name).read_bytes() for name in names}
    command.report(tmp_path / "bench", readme)
    assert again == {name: (tmp_path / "bench" / name).read_bytes() for name in names}


def test_a_readme_without_markers_is_refused(tmp_path, summary):
    readme = tmp_path / "README.md"
    readme.write_text("nothing")
    with pytest.raises(InputError, match="lacks the lines"):
        report.update_readme(readme, summary, None)


def test_results_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no bench.json"):
        command.load(tmp_path)
    (tmp_path / "bench.json").write_text(json.dumps({"kind": "bench", "schema": 0}))
    with pytest.raises(InputError, match="of another version"):
        command.load(tmp_path)
    (tmp_path / "bench.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        command.load(tmp_path)


def test_what_is_done_is_kept_when_stopped(tmp_path, monkeypatch):
    def measure(plan, say):
        if plan.workloads == ("W2",):
            raise KeyboardInterrupt
        found = {"records": [record("jqkd", W1, 0.1)], "load": {}, "peers": {"jqkd": {"a": 1}}}
        return found

    monkeypatch.setattr(command, "measure", measure)
    with pytest.raises(KeyboardInterrupt):
        command.run(Plan(("W1", "W2")), [], print, tmp_path)
    assert command.load(tmp_path).cells == [W1]


def test_a_folder_is_added_to_by_the_same_machine_only(tmp_path, monkeypatch):
    """Other workloads and studies stay; those measured again, or elsewhere, do not."""
    times = iter([0.1, 0.2, 0.3, 0.4])

    def measure(plan, say):
        cell = {"W1": W1, "W2": W2}[plan.workloads[0]]
        return {"records": [record("jqkd", cell, next(times))], "load": {}, "peers": {"jqkd": {}}}

    def medians():
        summary = command.load(tmp_path)
        return {cell.workload: summary.steady(cell) for cell in summary.cells}

    monkeypatch.setattr(command, "measure", measure)
    monkeypatch.setattr(command, "run_studies", lambda names: {"T2": {"cold": 5.0}})
    command.run(Plan(("W1",), ("qujax",)), [], print, tmp_path)
    command.run(Plan(("W2",), ("qujax",)), ["T2"], print, tmp_path)
    assert medians() == {"W1": 0.1, "W2": 0.2}
    result = command.run(Plan(("W1",), ("qujax",)), [], print, tmp_path)
    assert medians() == {"W1": 0.3, "W2": 0.2}
    assert result["studies"] == {"T2": {"cold": 5.0}}
    assert set(result["parts"]) == {"W1", "W2", "T2"}
    monkeypatch.setattr(command, "processor", lambda: "another one")
    command.run(Plan(("W2",), ("qujax",)), [], print, tmp_path)
    assert medians() == {"W2": 0.4}
