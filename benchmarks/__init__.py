"""Measurements of the platform: `make bench`, or `python -m benchmarks`; results so far in docs/benchmarks.md.

Nothing here is asserted: a measurement depends on the machine and on what else runs there, so each prints what it
found beside what was hoped for.
"""
