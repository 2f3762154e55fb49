"""The notebooks' loop with fewer calls of Aer: the shifted circuits of a step in one run."""

from __future__ import annotations

from functools import partial

from benchmarks.peers import notebooks

COMPILES = False
start = notebooks.start
ways = partial(notebooks.ways, together=True)
