"""A store replayed: identical, damaged, forged, of another machine, of another version."""

from __future__ import annotations

import pytest

from jqkd._checks import InputError
from jqkd.experiments import verify
from jqkd.experiments.asked import Asked, ask
from jqkd.experiments.executors.here import Here
from jqkd.experiments.planner import plan, tasks_of
from jqkd.experiments.store import DamagedJob, Store
from jqkd.experiments.worker import Order

# Students alone and taught by a teacher's mean, one seed each.
TEXT = """
name = "two"
[defaults]
dataset = "digits"
classes = "0-1"
qubits = 1
preset = "robust"
epochs = 2
evaluate_every = 1
per_class = 20
[[arms]]
name = "alone"
[[arms]]
name = "constant"
teacher = "lenet"
teacher_epochs = 1
placebo = "constant"
against = "alone"
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store.create(tmp_path_factory.mktemp("results"))
    asking = Asked(TEXT, 1)
    ask(store, "two", asking)
    tasks = tasks_of(plan(asking.experiment(), 1), 1)
    outcome = Here().run(tasks, Order(str(store.root), "two"), lambda *_: None)
    assert not outcome.failed
    return store


def students(store):
    return [job for job in verify.stored_jobs(store) if job.seed is not None]


def replays(store):
    return list(verify.replay(store, verify.sample_students(store, 20)))


def verdicts(store):
    return [one.verdict for one in replays(store)]


@pytest.fixture
def forged(store):
    """Changes the taught student's numbers under a checksum that fits them, and back."""
    (job,) = (job for job in students(store) if job.teacher)
    before = store.read(job.name)

    def forge(change):
        content = store.read(job.name)
        change(content)
        store.write(job.name, content)

    yield forge
    store.write(job.name, before)


def test_what_was_made_here_is_identical(store):
    assert verdicts(store) == [verify.IDENTICAL] * 2


@pytest.mark.parametrize("readout", ["scaled-probability", "softmax"])
def test_a_student_is_replayed_by_itself_whatever_it_was_trained_beside(readout, tmp_path):
    text = TEXT.replace("[[arms]]", f'readout = "{readout}"\n[[arms]]', 1)
    store, asking = Store.create(tmp_path), Asked(text, 3, arms=("alone",))
    ask(store, "two", asking)
    jobs = plan(asking.experiment().select(asking.arms), 3)
    Here().run(tasks_of(jobs, 2), Order(str(store.root), "two"), lambda *_: None)
    assert verdicts(store) == [verify.IDENTICAL] * 3


def test_a_flipped_digit_is_damage(store):
    path = store.path(students(store)[1].name)
    before = path.read_text()
    digit = before.index(".", before.index("test_loss")) + 3
    path.write_text(before[:digit] + ("1" if before[digit] != "1" else "2") + before[digit + 1 :])
    # Whichever students are drawn.
    for seed in range(4):
        with pytest.raises(DamagedJob, match="its numbers are not those written"):
            verify.sample_students(store, 1, seed)
    path.write_text(before)


def test_a_damaged_teacher_is_damage(store):
    (path,) = store.root.glob("answers/*.npz")
    before = path.read_bytes()
    path.write_bytes(before[:100])
    with pytest.raises(DamagedJob, match="npz cannot be read or is damaged"):
        verify.sample_students(store, 1)
    path.write_bytes(before)


@pytest.mark.parametrize("name", ["test_loss", "train_loss"])
def test_a_forged_loss_is_different(store, forged, name):
    def forge(content):
        content["losses"][name][-1] += 1e-6

    forged(forge)
    alone, taught = replays(store)
    assert (alone.verdict, taught.verdict) == (verify.IDENTICAL, verify.DIFFERENT)
    assert taught.reason == f"{name} differ" and 0 < taught.largest < 2e-6 and taught.right == 0


@pytest.mark.parametrize("name", ["final", "test"])
def test_a_forged_right_answer_is_different(store, forged, name):
    def forge(content):
        right = content["right"]
        right[name] = right[name] + 1 if name == "final" else [*right[name][:-1], 1]

    forged(forge)
    (taught,) = (one for one in replays(store) if one.verdict == verify.DIFFERENT)
    assert taught.reason == f"{name} differ" and taught.right >= 1 and taught.largest == 0


@pytest.mark.parametrize("name", ["mechanism", "data_digest", "parameters"])
def test_all_else_that_is_stored_is_compared(store, forged, name):
    forged(lambda content: content.update({name: "other"}))
    (taught,) = (one for one in replays(store) if one.verdict == verify.DIFFERENT)
    assert taught.reason == f"{name} differ"


def test_a_last_digit_of_another_machine_is_rounding(store, forged):
    def round_otherwise(content):
        content["losses"]["test_loss"][-1] += 1e-6

    forged(round_otherwise)
    log = store.root / "log.jsonl"
    lines = log.read_text()
    log.write_text(lines.replace('"jaxlib": "', '"jaxlib": "9.'))
    alone, taught = replays(store)
    log.write_text(lines)
    assert (alone.verdict, taught.verdict) == (verify.IDENTICAL, verify.ROUNDING)
    assert taught.reason.startswith("made with jaxlib 9.")


def test_another_seed_is_no_rounding(store, forged, monkeypatch):
    """Whatever the machine."""
    other = next(job for job in students(store) if job.teacher is None)
    forged(lambda content: content.update(losses=store.read(other.name)["losses"]))
    monkeypatch.setattr(verify, "_changes", lambda made: ["jaxlib 9"])
    assert verdicts(store) == [verify.IDENTICAL, verify.DIFFERENT]


def test_an_older_version_is_told(store):
    with pytest.raises(InputError, match="made by version 1 of the algorithm"):
        verify.sample_students(Store(store.root, algorithm=1), 2)


def test_a_sample_is_some_students_each_once(store):
    every = students(store)
    assert len({job.name for job in every}) == len(every) == 2
    drawn = [verify.sample_students(store, 1, seed)[0].name for seed in range(8)]
    assert set(drawn) == {job.name for job in every}


def test_a_store_without_students(tmp_path):
    with pytest.raises(InputError, match="holds no student to be replayed; run an experiment"):
        verify.sample_students(Store.create(tmp_path), 1)


def test_probes_agree_up_to_rounding():
    """Sums of a block of another size; a tenth more is another number."""
    looks = {"epochs": [0, 2], "over_angles": [[1.0, 0.0], [2.0, 3.0]]}
    near = looks | {"over_angles": [[1.001, 0.0], [2.0, 3.0]]}
    far = looks | {"over_angles": [[1.1, 0.0], [2.0, 3.0]]}
    assert verify._alike(looks, near) and not verify._alike(looks, far)
    assert verify._alike(None, None) and not verify._alike(None, looks)
    assert not verify._alike(looks, None) and not verify._alike({}, looks)
