"""What trackers write, read back by their own readers; live, of a finished run, and of a store."""

import dataclasses
import importlib.util
import json
import shutil
import struct

import numpy as np
import pytest

from jqkd import load_run
from jqkd._checks import InputError
from jqkd.common import plugins
from jqkd.experiments.analysis import records
from jqkd.experiments.asked import Asked
from jqkd.tracking import TRACKERS, tracker_of
from jqkd.training.student_job import StudentJob
from jqkd.training.student_run import run_student
from tests.experiments.pretended import fill
from tests.small import LENET, STUDENT

pytestmark = pytest.mark.quick
CONFIG = dataclasses.replace(STUDENT, epochs=3, evaluate_every=2)
TEACHER = dataclasses.replace(LENET, classes="0-3")
JOB = StudentJob(CONFIG, TEACHER, (0, 1))


class Noted:
    """A tracker of one's own: what it was told of each student."""

    def __init__(self):
        self.runs = []

    def start(self, config):
        self.runs.append({"config": config, "curves": {}})
        return self.runs[-1]

    def log(self, run, step, values):
        for name, value in values.items():
            run["curves"].setdefault(name, []).append((step, value))

    def finish(self, run, result):
        assert "result" not in run
        run["result"] = result


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run's folder, and what a tracker was told while it trained."""
    noted, folder = Noted(), tmp_path_factory.mktemp("tracked") / "f7"
    run_student(JOB, out=folder, tracker=noted)
    return folder, noted.runs


def of_result(folder):
    """The same by ``result.json``."""
    result = json.loads((folder / "result.json").read_text())
    for arm, kept in result["arms"].items():
        for row, seed in enumerate(kept["seeds"]):
            numbers = {name: values[row] for name, values in kept["test_accuracy"].items()}
            if arm == "distilled":
                numbers |= {f"gain_{name}": values[row] for name, values in result["gain"].items()}
            curves = {
                name: [*zip((2, 3), curve[row], strict=True)]
                for name, curve in kept["curves"].items()
            }
            yield f"{arm}/seed-{seed}", curves, numbers


def tensorboard_runs(place):
    reader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="needs tensorboard"
    )
    for file in sorted(place.rglob("events*")):
        events = reader.EventAccumulator(str(file.parent)).Reload()
        tags = events.Tags()["scalars"]
        scalars = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags}
        data = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        plugin = pytest.importorskip("tensorboard.plugins.hparams.plugin_data_pb2")
        start = plugin.HParamsPluginData.FromString(data).session_start_info.hparams
        values = {name: getattr(v, v.WhichOneof("kind")) for name, v in start.items()}
        yield values, scalars


def mlflow_runs(place):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{place}")
    for experiment in client.search_experiments(filter_string="name != 'Default'"):
        for run in client.search_runs([experiment.experiment_id]):
            assert run.info.status == "FINISHED" and experiment.name == run.data.params["name"]
            history = {
                name: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)]
                for name in run.data.metrics
            }
            yield run.data.params, history


def leveldb_records(data):
    """Of a log in LevelDB's format, blocks of 32 KiB, after W&B's own seven bytes."""
    at, whole = 7, b""
    while at + 7 <= len(data):
        left = 2**15 - at % 2**15
        if left < 7:
            at += left
            continue
        length, kind = struct.unpack_from("<HB", data, at + 4)
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last piece of one
            yield whole
            whole = b""


def wandb_runs(place):
    from wandb.proto import wandb_internal_pb2

    def values(items):
        keys = ((".".join(item.nested_key) or item.key, item.value_json) for item in items)
        return {key: json.loads(value) for key, value in keys}

    for file in sorted(place.rglob("*.wandb")):
        config, curves = {}, {}
        for data in leveldb_records(file.read_bytes()):
            record = wandb_internal_pb2.Record.FromString(data)
            config |= values(record.run.config.update)
            row = values(record.history.item)
            for name, value in row.items():
                curves.setdefault(name, []).append((row.get("_step"), value))
            for name, value in values(record.summary.update).items():
                if name.startswith("result"):
                    curves[name] = [(0, value)]
        yield config, curves


READERS = {"tensorboard": tensorboard_runs, "mlflow": mlflow_runs, "wandb": wandb_runs}


@pytest.fixture(params=READERS)
def tracker(request, tmp_path):
    """A text, and what reads back all that was written under it."""
    name = request.param
    if importlib.util.find_spec(TRACKERS[name].package) is None:
        pytest.skip(f"needs the {name} extra")
    place = tmp_path / "written"
    if name == "mlflow":
        pytest.importorskip("sqlalchemy", reason="needs the mlflow extra")
        return f"mlflow:uri=sqlite:///{place}", lambda: [*mlflow_runs(place)]
    return f"{name}:folder={place}", lambda: [*READERS[name](place)]


def test_what_is_exported_is_what_the_result_says(run, trained, tracker):
    folder, _ = trained
    text, read = tracker
    code, out, err = run("export", folder, "--to", text)
    assert (code, err) == (0, "") and "4 curves" in out
    runs = {config["run"]: (config, curves) for config, curves in read()}
    assert len(runs) == 4
    for name, curves, numbers in of_result(folder):
        config, written = runs[name]
        assert config["name"] == "f7" and config["student.ansatz"] == CONFIG.ansatz
        assert float(config["seed"]) == int(name[-1]) and config["teacher.arch"] == "lenet"
        for curve, points in curves.items():
            np.testing.assert_allclose(written[curve], points, rtol=1e-6)
        for number, value in numbers.items():
            np.testing.assert_allclose(written[f"result/{number}"][-1][1], value, rtol=1e-6)


def test_live_is_told_what_the_result_says(trained):
    folder, noted = trained
    assert [one["config"]["run"] for one in noted] == [name for name, *_ in of_result(folder)]
    for one, (_, curves, numbers) in zip(noted, of_result(folder), strict=True):
        assert one["result"] == pytest.approx(numbers)
        for curve, points in curves.items():
            np.testing.assert_allclose(one["curves"][curve], points, atol=1e-6)


def test_who_goes_on_is_told_from_the_start(trained, tmp_path):
    """More epochs and a seed: the last look of three epochs is none of five's."""
    folder, noted = shutil.copytree(trained[0], tmp_path / "f7"), Noted()
    job = StudentJob(dataclasses.replace(CONFIG, epochs=5), TEACHER, (0, 1, 2))
    outcome = run_student(job, out=folder, tracker=noted)
    assert [one["config"]["seed"] for one in noted.runs] == [0, 1, 2] * 2
    curve = outcome.result["arms"]["alone"]["curves"]["test_loss"][1]
    assert noted.runs[1]["curves"]["test_loss"] == [*zip((2, 4, 5), curve, strict=True)]
    run = load_run(folder)
    for epoch in run.epochs():
        values = [dict(one["curves"]["test_loss"])[epoch.number] for one in noted.runs]
        np.testing.assert_array_equal(epoch.metrics["test_loss"], values)


def test_a_store_is_exported_arm_by_arm(run, tracker, tmp_path):
    text, read = tracker
    store = fill(tmp_path / "store", "demo", 2, lambda job, seed: 90 + seed)
    code, _, err = run("export", store.root, "--to", text)
    assert (code, err) == (0, "")
    runs = {config["run"]: curves for config, curves in read()}
    known = records(Asked("demo", 2).experiment(), store)
    assert {*runs} == {f"{arm}/seed-{seed}" for arm, kept in known.items() for seed in kept.seeds}
    for arm, kept in known.items():
        for row, seed in enumerate(kept.seeds):
            curves = runs[f"{arm}/seed-{seed}"]
            points = [*zip(kept.epochs, kept.curves["test_loss"][row], strict=True)]
            np.testing.assert_allclose(curves["test_loss"], points, rtol=1e-6)
            final = kept.accuracy("final")[row]
            np.testing.assert_allclose(100 * curves["result/final"][-1][1], final, rtol=1e-6)


class Broken(Noted):
    def log(self, run, step, values):
        raise ZeroDivisionError("mine")


def test_an_error_of_a_tracker_of_ones_own_is_its_authors(trained):
    with pytest.raises(ZeroDivisionError):
        run_student(JOB, out=trained[0], tracker=Broken())


@pytest.mark.parametrize("given", [3, object(), Noted, "", "tensorboard:colour=1", "tensorbord"])
def test_what_is_no_tracker_is_refused(given):
    with pytest.raises(InputError, match="Argument `tracker` must"):
        tracker_of(given)


def test_a_library_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for name in TRACKERS:
        with pytest.raises(InputError, match=rf'is not installed; run `pip install "jqkd\[{name}'):
            tracker_of(name)


def test_a_place_that_cannot_be_written_is_one_sentence(run, trained, tracker, tmp_path):
    text, _ = tracker
    (tmp_path / "written").mkdir()
    (tmp_path / "written" / "wandb").write_text("")
    (tmp_path / "written" / "f7").write_text("")
    code, out, err = run("export", trained[0], "--to", text)
    assert code == 2 and err.startswith("jqkd: Tracker ") and err.count("\n") == 1, out + err


PLUGIN = """
from dataclasses import dataclass

from jqkd.tracking import TRACKERS


@TRACKERS.register("lines")
@dataclass(frozen=True)
class Lines:
    file: str = "lines"

    def start(self, config):
        return config["run"]

    def log(self, run, step, values):
        with open(self.file, "a") as lines:
            print(run, step, values["test_loss"], file=lines)

    def finish(self, run, result):
        pass
"""


def test_a_tracker_from_a_plugin_is_one_of_the_command_line(run, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(plugins, "_loaded", {})
    monkeypatch.setattr(TRACKERS, "_classes", dict(TRACKERS._classes))
    monkeypatch.setattr(TRACKERS, "_plugins", dict(TRACKERS._plugins))
    (tmp_path / "mine.py").write_text(PLUGIN)
    to = f"lines:file={tmp_path / 'lines'}"
    code, _, err = run("export", trained[0], "--plugin", tmp_path / "mine.py", "--to", to)
    assert code == 0, err
    words = [line.split() for line in (tmp_path / "lines").read_text().splitlines()]
    points = [(n, s, v) for n, curves, _ in of_result(trained[0]) for s, v in curves["test_loss"]]
    assert sorted((name, int(step)) for name, step, _ in words) == sorted(p[:2] for p in points)
