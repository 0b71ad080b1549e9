"""Observations: what was measured, where, when, and since when we know it.

In: frames of hourly or daily values, and files in any of the layouts that `readers` knows. Out: lazy Polars frames in
the platform's names and units, as they were known at any moment; coverage, revisions and splices of them.

Values lie in Parquet segments under `<home>/observations`, entered in a manifest in PostgreSQL: a batch is acknowledged
when its manifest rows are committed, and not before every byte of it is on the disk. See docs/observations.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lantian.observations.store import ObservationStore, Receipt, open_store

__all__ = ["ObservationStore", "Receipt", "open_store"]


def __getattr__(name: str) -> Any:
    """Import the store only when it is asked for: the file readers below this package work without a database."""
    if name in __all__:
        from lantian.observations import store

        return getattr(store, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
