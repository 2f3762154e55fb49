"""Experiments: arms and comparisons as data, jobs, who does them, and where results lie."""
