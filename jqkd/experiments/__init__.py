"""The paper's tables: rows as data, runs that survive being killed, statistics, a report."""

from __future__ import annotations
