"""jqkd audit as a user types it."""

import json
import sys

import pytest

from jqkd import cli

# Another augmentation than the preset's own: a run folder has to say so when it is read again.
WORDS = (
    "--dataset digits --classes 0-1 --qubits 1 --per-class 4 --shots exact --seeds 1 --epochs 1 "
    "--augmentation none --teacher-epochs 1"
)


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """Folder of one audit."""
    folder = tmp_path_factory.mktemp("audit")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["jqkd", "audit", *WORDS.split(), "--out", str(folder)])
        patch.setattr(cli, "setup", lambda: None)
        with pytest.raises(SystemExit) as stop:
            cli.main()
    assert not stop.value.code
    return folder


def test_an_audit_says_what_reaches_the_students(run, audited):
    found = json.loads((audited / "audit.json").read_text())
    assert [look["epoch"] for look in found["history"]] == [0, 1]
    assert [row["arm"] for row in found["runs"]] == ["alone", "distilled"]
    alone, distilled = found["history"][0]["gradients"]["norm"]
    assert alone[1] == 0 < distilled[1] and alone[0] == distilled[0] > 0
    assert set(found["history"][1]["agreement"]) == {"train", "validation"}
    assert 0 <= found["teacher"]["error"] <= 1


def test_a_finished_run_is_looked_at_as_it_ended(run, audited, tmp_path):
    before = (audited / "result.json").read_bytes()
    code, out, err = run("audit", "--run", audited, "--json", "-", "--out", tmp_path)
    assert code == 0, err
    found = json.loads(out)
    [look] = found["history"]
    assert look == json.loads((audited / "audit.json").read_text())["history"][-1]
    assert found == json.loads((tmp_path / "audit.json").read_text())
    assert "Gradients and angles" in err and "Readout scaled-probability" in err
    assert (audited / "result.json").read_bytes() == before


@pytest.mark.parametrize("command", ["audit", "student --audit"])
@pytest.mark.parametrize("term", ["constant", "kl * 0"])
def test_distillation_that_teaches_nothing_is_exit_code_2(run, command, term):
    code, out, err = run(*command.split(), *WORDS.split(), "--term", term)
    assert code == 2 and "teaches nothing" in err and f"term `{term}`" in err
    assert "Traceback" not in out + err and "students" not in out


@pytest.mark.parametrize("command", ["audit", "student --audit"])
def test_distillation_of_weight_zero_is_exit_code_2_and_leaves_no_folder(run, command, tmp_path):
    out_folder = tmp_path / "run"
    words = f"{WORDS} --weight 0 --teacher-epochs 1000 --out {out_folder}"
    code, _out, err = run(*command.split(), *words.split())
    assert code == 2 and "`--weight` must be above 0 where an audit is asked for" in err
    assert err.count("\n") == 1 and not out_folder.exists()


def test_a_student_with_an_audit_shows_both_tables(run, audited):
    code, out, err = run("student", *WORDS.split(), "--audit")
    assert code == 0, err
    assert "paired difference" in out and "Like the teacher" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--run nowhere", "has no result.json"),
        ("--run nowhere --seeds 3", "`--seeds` must not be given with `--run`"),
        ("--run nowhere --classes 0-1", "`--classes` must not be given with `--run`"),
        ("--term all", "`--term` must be one of kl, kl * 6/8"),
        (
            "--recipe hints --placebo smoothed",
            "`--placebo` must be one of none, shuffled, constant where the recipe is hints",
        ),
        ("--seeds 0", "`--seeds` must be an integer from 1 to 1000, but 0"),
    ],
)
def test_bad_input_is_one_sentence(run, words, sentence):
    code, out, err = run("audit", *words.split())
    assert code == 2 and sentence in err
    assert err.count("\n") == 1 and "Traceback" not in out + err
