"""The catalogue 数据目录: which data there are, whose, how fresh and how good; who asked for them, who was granted what
and who read them.

In: the feeds' definitions and records, requests and decisions of departments. Out: entries, grants in force, the log of
access, and the same rights in PostgreSQL for departments that ask with SQL. See docs/catalogue.md.
"""

from lantian.observations.catalogue.access import log, readings
from lantian.observations.catalogue.entries import Entry, entries, entry, sample
from lantian.observations.catalogue.grants import Grant, decide, request, requests, revoke

__all__ = [
    "Entry",
    "Grant",
    "decide",
    "entries",
    "entry",
    "log",
    "readings",
    "request",
    "requests",
    "revoke",
    "sample",
]
