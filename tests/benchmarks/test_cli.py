"""The benchmarks as a user types them."""

import json

import pytest


def test_a_small_benchmark(run, tmp_path):
    out = tmp_path / "bench"
    words = ["--quick", "--only", "W1", "--peers", "numpy", "--rounds", 1, "--out", out]
    code, printed, _ = run("benchmarks", *words)
    assert code == 0 and "Targets" in printed
    result = json.loads((out / "bench.json").read_text())
    assert {r["peer"] for r in result["records"]} == {"jqkd", "numpy"}
    assert "| n=3 B=64 | numpy |" in (out / "bench.md").read_text(encoding="utf-8")
    (out / "bench.md").unlink()
    code, printed, _ = run("benchmarks", "report", "--out", out, "--no-pictures")
    assert code == 0 and (out / "bench.md").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--only X9", "nothing called 'X9' to measure"),
        ("--peers cirq", "no peer 'cirq'"),
        ("--peer-python aer", "must be PEER=PYTHON, but 'aer' was given"),
        ("--peer-python cirq=python", "no peer 'cirq'"),
        ("report --out nowhere", "nowhere holds no bench.json"),
    ],
)
def test_bad_input_is_one_sentence(run, words, sentence):
    code, _, err = run("benchmarks", *words.split())
    assert code == 2 and sentence in err and err.count("\n") == 1
