"""The commands as a user types them: what they print, and what bad input ends in."""

import json

import pytest


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("student --dataset cifar", "`--dataset` must be one of mnist, fashion_mnist, digits"),
        ("student --classes 5-0", "`--classes` must be ranges from low to high"),
        ("student --classes 0-99", "`--classes` must stay within 0-9"),
        ("student --classes 0-7 --qubits 2", "8 classes need at least 3, but 2 was given"),
        ("student --shots 0", "`--shots` must be an integer of at least 1"),
        ("student --shots -1", "`--shots` must be an integer of at least 1"),
        ("student --shots many", "`--shots` must be a whole number of at least 1, or `exact`"),
        ("student --seeds 0", "`--seeds` must be an integer from 1 to 1000, but 0"),
        ("student --temperature 0", "`--temperature` must be a finite number above 0"),
        ("student --teacher swin", "`--teacher` must be one of lenet, alexnet"),
        ("student --preset mine", "`--preset` must be one of paper-code, paper-text"),
        ("student --ansatz mine", "`--ansatz` must be one of none, paper"),
        ("teacher --arch swin", "`--arch` must be one of lenet, alexnet"),
        ("teacher --epochs 0", "`--epochs` must be an integer of at least 1"),
        ("demo --seeds 0", "`--seeds` must be"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(run, words, sentence):
    code, out, err = run(*words.split())
    assert code == 2 and sentence in err
    assert err.count("\n") == 1 and "Traceback" not in out + err


def test_an_unknown_option_is_exit_code_2(run):
    code, _, err = run("student", "--colour", "blue")
    assert code == 2 and "No such option" in err


def test_data_that_cannot_be_had_is_one_sentence(run, monkeypatch, tmp_path):
    pytest.importorskip("tensorflow_datasets", reason="needs the data extra")
    import socket

    def no_network(*args, **options):
        raise OSError("network is unreachable")

    monkeypatch.setattr(socket, "create_connection", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path / "cache"))
    code, _, err = run("student", "--dataset", "mnist", "--data-dir", tmp_path / "nothing")
    assert code == 2 and "--dataset digits" in err and "Traceback" not in err


def test_an_unwritable_folder_is_exit_code_2(run, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run("student", "--dataset", "digits", "--out", tmp_path / "file" / "run")
    assert code == 2 and "`--out` must be a folder that can be written" in err


def test_help_shows_defaults_and_examples(run):
    code, out, _ = run("student", "--help")
    assert code == 0 and "5000" in out and "Example: jqkd student" in out


def test_a_student_from_the_command_line(run, tmp_path):
    words = "student --dataset digits --classes 0-3 --qubits 2 --per-class 10 --epochs 2 --seeds 2"
    code, out, err = run(*words.split(), "--teacher-epochs", 2, "--json", "-", "--out", tmp_path)
    assert code == 0, err
    result = json.loads(out)
    assert result["student"]["classes"] == "0-3" and set(result["arms"]) == {"alone", "distilled"}
    assert "paired difference" in err
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "result.json").read_text())["digest"] == result["digest"]


def test_a_demo_leaves_its_picture(run, tmp_path):
    picture = tmp_path / "demo.png"
    code, out, err = run("demo", "--epochs", 1, "--seeds", 2, "--picture", picture)
    assert code == 0, err
    out = " ".join(out.split())  # Lines are wrapped.
    assert "q0: ─H─RY(x0)─" in out and "paired difference" in out and "2 seeds" in out
    assert "The teacher (" in out
    assert picture.read_bytes().startswith(b"\x89PNG")
