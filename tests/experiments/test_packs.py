"""Seeds in one file: the same answers, and the same care about damage."""

import json

import pytest

from jqkd._checks import InputError
from jqkd.experiments.analysis import records
from jqkd.experiments.asked import Asked
from jqkd.experiments.packs import FILE, pack
from jqkd.experiments.planner import plan
from jqkd.experiments.store import DamagedJob, Store

from .pretended import fill

DEMO = Asked("demo", 3).experiment()


@pytest.fixture
def store(tmp_path):
    return fill(tmp_path / "out", "demo", 3, lambda job, seed: 90 + seed)


def students(seeds=3):
    return [job for job in plan(DEMO, seeds) if job.seed is not None]


def told(store):
    return {job.name: store.about(job.name) for job in students()}


def packs(store):
    return sorted((store.root / "students").glob(f"*/{FILE}"))


def test_a_packed_store_says_the_same(store):
    before, seeds = told(store), [store.seeds(job.group) for job in students()]
    assert pack(store) == len(before) == 9
    assert len(packs(store)) == 3 and not list(store.root.glob("students/*/seed-*"))
    assert told(store) == before
    assert [store.seeds(job.group) for job in students()] == seeds
    assert all(store.done(job.name) for job in students()) and not store.done("students/x/seed-000")
    assert {name: one.right for name, one in records(DEMO, store).items()} == {
        arm.name: records(DEMO, store)[arm.name].right for arm in DEMO.arms
    }
    assert pack(store) == 0 and told(store) == before


def test_later_seeds_join_a_pack_and_a_new_file_goes_before(store):
    pack(store)
    job = students()[0]
    newer = store.read(job.name) | {"parameters": 7}
    store.write(job.name, newer)
    assert store.read(job.name) == newer
    assert pack(store) == 1
    assert store.read(job.name) == newer and store.done(students()[1].name)
    assert len(told(store)) == 9


def test_a_flipped_digit_in_a_pack_is_that_seeds_damage(store):
    pack(store)
    path = packs(store)[0]
    about = json.loads(path.read_text())
    one = about["seeds"]["seed-001"]["content"]
    one["right"]["final"] += 1
    path.write_text(json.dumps(about))
    damaged = store.damage(students())
    assert [error.path.stem for error in damaged] == ["seed-001"]
    with pytest.raises(DamagedJob, match="not those written"):
        store.read(f"students/{path.parent.name}/seed-001")
    with pytest.raises(DamagedJob):
        pack(store) or store.read(f"students/{path.parent.name}/seed-001")
    store.forget(damaged)
    lost = [job for job in students() if not store.done(job.name)]
    assert [job.seed for job in lost] == [1] and store.damage(students()) == []


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 2}', '{"alike": {}, "seeds": []}'])
def test_a_pack_that_cannot_be_read_loses_its_seeds_alone(store, content):
    pack(store)
    packs(store)[0].write_text(content)
    damaged = store.damage(students())
    assert len(damaged) == 3
    store.forget(damaged)
    assert sum(store.done(job.name) for job in students()) == 6


def test_what_somebody_works_at_is_left(store):
    job = students()[0]
    with Store(store.root).claim(job.name):
        store.note_holder(job.name, "another")
        assert pack(store) == 6
    assert pack(store) == 3


def test_damage_is_not_packed(store):
    job = students()[0]
    path = store.path(job.name)
    about = json.loads(path.read_text())
    about["content"]["right"]["final"] += 1
    path.write_text(json.dumps(about))
    with pytest.raises(InputError, match="not those written"):
        pack(store)
    assert path.exists()
