"""Quality control 数据审核: what in the measurements may be wrong, said by rules and decided by people.

In: hours of stations and devices. Out: flags with the check's name, its figures and a plain sentence; decisions of the
analyst, which go to the observation store as reviewed statements. Nothing is deleted: a flag that a revision cures is
ended and kept, a decision can be taken back. See docs/quality.md.

`checks` are pure and read their thresholds from `checks.yaml` (`kinds`); `service` runs them at arrival and at night;
`review` keeps what people decide.
"""

from lantian.observations.quality.kinds import Book, BookError, Kind, book

__all__ = ["Book", "BookError", "Kind", "book"]
