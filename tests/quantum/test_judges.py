"""Tests of repeatability are tests too: each is handed a sampler with a fault, and must fail."""

from __future__ import annotations

from itertools import count

import jax
import jax.numpy as jnp
import pytest

from jqkd.quantum import sample_counts

from . import test_reproducible as reproducible


def key_ignored(key, p, shots):
    return sample_counts(jax.random.key(0), p, shots)


def seed_halved(key, p, shots):
    """Seeds 0 and 1 draw the same."""
    data = jax.random.key_data(key)
    return sample_counts(jax.random.wrap_key_data(data // 2), p, shots)


def nothing_drawn(key, p, shots):
    """Expected counts, the same for every key."""
    return p / p.sum() * shots


class Fresh:
    """A state of its own: other numbers at every call, whatever the key."""

    def __init__(self) -> None:
        self.calls = count()

    def __call__(self, key, p, shots):
        shift = jax.random.fold_in(key, next(self.calls))
        return sample_counts(shift, p, shots)


KEYS = reproducible.test_key_decides
SHAPES = reproducible.test_vmap_over_some_arguments_only


@pytest.mark.parametrize(
    ("check", "fault"),
    [(KEYS, key_ignored), (KEYS, seed_halved), (KEYS, nothing_drawn), (SHAPES, Fresh())],
    ids=["key ignored", "seed halved", "nothing drawn", "a state of its own"],
)
def test_a_faulty_sampler_does_not_pass(check, fault, monkeypatch):
    monkeypatch.setattr(reproducible, "sample_counts", fault)
    with pytest.raises(AssertionError):
        check()


def test_equal_keys_for_samples_that_should_differ_are_seen():
    """Twelve circuits of one batch: two of them are equal by chance in fewer than 1 of 10**6."""
    draw = jax.jit(jax.vmap(lambda key: sample_counts(key, jnp.ones(8), 10**6)))
    different = draw(jax.random.split(jax.random.key(3), 12))
    equal = draw(jnp.broadcast_to(jax.random.key(3), 12))
    assert len({tuple(row.tolist()) for row in different}) == 12
    assert len({tuple(row.tolist()) for row in equal}) == 1
