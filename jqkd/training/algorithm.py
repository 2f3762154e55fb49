"""The version of all that decides a run's numbers beside its configuration and its data.

One question has one answer for each version: it stands in every result, and results of two versions
are never mixed in one folder. It is raised when draws, their order, a loss, an optimiser or a
rounding changes; ``tests/training/golden.json`` holds runs that notice when it should have been.

=  ================================================================================
1  Up to 0.1.0.
2  A teacher draws from a stream of its own: before, a teacher and a student of one
   seed began with the same random words.
3  Readouts are static and as wide as they need be: other roundings of students.
=  ================================================================================
"""

from __future__ import annotations

ALGORITHM = 3
