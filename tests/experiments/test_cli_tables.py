"""The command line over real training of the small table, and its answers to bad input."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from jqkd._checks import InputError
from jqkd.cli.tables import app
from jqkd.experiments.plan import plan_units
from jqkd.experiments.presets import Settings
from jqkd.experiments.rows import select
from jqkd.experiments.store import Store

SMALL = ["run", "--table", "demo", "--epochs", "1", "--lenet-epochs", "1", "--block", "2"]


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables") / "out"
    done = call(*SMALL, "--seeds", 2, "--out", folder)
    assert done.exit_code == 0, done.output
    assert "4 units done" in done.output
    return folder


def test_a_second_run_has_nothing_to_do(trained):
    again = call(*SMALL, "--seeds", 2, "--out", trained)
    assert again.exit_code == 0
    assert "0 units done" in again.output


def test_results_do_not_depend_on_how_seeds_are_grouped(trained, tmp_path):
    done = call(*SMALL, "--seeds", 2, "--block", 1, "--out", tmp_path)
    assert "7 units done" in done.output
    stores = [Store.open(folder) for folder in (trained, tmp_path)]
    rows, settings = select("demo"), stores[0].settings
    arms = {unit.arm for unit in plan_units(rows, settings, 1)[1:]}
    assert len(arms) == 3
    assert all(stores[0].runs(arm) == stores[1].runs(arm) for arm in arms)


def test_status_and_report(trained):
    shown = call("status", "--out", trained)
    assert shown.exit_code == 0
    assert "teacher lenet digits 0-1" in shown.output
    assert call("report", "--no-pictures", "--out", trained).exit_code == 0
    assert (trained / "report" / "report.html").exists()


def test_a_damaged_unit_ends_in_exit_code_1(trained):
    path = min(trained.rglob("seeds-*.json"))
    whole = path.read_text()
    path.write_text(whole[:100])
    found = call(*SMALL, "--seeds", 2, "--out", trained)
    assert found.exit_code == 1
    assert "is damaged" in found.output
    status = call("status", "--out", trained)
    assert path.name in status.output and status.exit_code == 1
    redone = call(*SMALL, "--seeds", 2, "--redo", "--out", trained)
    assert redone.exit_code == 0
    assert path.read_text() == whole


def test_a_damaged_teacher_is_told_and_redone(trained):
    path = min((trained / "teachers").glob("*.npz"))
    whole, contents = path.read_bytes(), bytearray(path.read_bytes())
    contents[60:90] = bytes(30)
    path.write_bytes(contents)
    found = call(*SMALL, "--seeds", 2, "--out", trained)
    assert found.exit_code == 1 and path.name in "".join(found.output.split())
    redone = call(*SMALL, "--seeds", 2, "--redo", "--out", trained)
    assert redone.exit_code == 0, redone.output
    assert path.read_bytes() == whole


def test_a_dry_run_leaves_nothing(tmp_path):
    shown = call("run", "--dry-run", "--out", tmp_path / "none")
    assert shown.exit_code == 0
    assert "36 rows, 142 units" in shown.output
    assert "mnist-0-5-3q-lenet" in shown.output
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--rows", "cifar*"], "`patterns` must match rows of table all, but 'cifar\\*'"),
        (["--preset", "paper"], "`preset` must be one of paper-code, paper-text"),
        (["--table", "3"], "`table` must be one of 1, 2, all, demo"),
        (["--shots", "many"], "`shots` must be a whole number .* or `notebook`"),
        (["--preset", "paper-text", "--shots", "notebook"], "`shots` must be a number where"),
        (["--seeds", "0"], "`seeds` must be an integer from 1 to 1000, but 0"),
        (["--ensemble", "both"], "`ensemble` must be one of average, joint"),
    ],
)
def test_bad_input(arguments, match, tmp_path):
    done = call("run", *arguments, "--out", tmp_path / "none")
    assert isinstance(done.exception, InputError)
    with pytest.raises(InputError, match=match):
        raise done.exception
    assert not (tmp_path / "none").exists()


def test_another_preset(trained):
    done = call("run", "--table", "demo", "--preset", "paper-text", "--out", trained)
    assert "made with preset paper-code, but preset paper-text" in str(done.exception)


def test_a_folder_without_results(tmp_path):
    for command in ("status", "report"):
        found = call(command, "--out", tmp_path)
        assert "has no tables.json" in str(found.exception)
    Store.create(tmp_path, Settings(), ["mnist-0-5-3q-alone"], 2)
    assert "hold at least one finished row" in str(call("report", "--out", tmp_path).exception)
