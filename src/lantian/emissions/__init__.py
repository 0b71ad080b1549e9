"""Emissions 源清单: who emits how much, where, when, how high and of what.

Inventories in versions come in from tables and gridded files; allocation in space, time, height and species makes of
them the hourly emissions of any domain, with totals kept. A library: no clock, no database.

``inventory``, ``library``, ``tables`` and ``sectors`` need only frames; the rest, which brings xarray and, for plumes,
JAX, is imported when one of these names is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lantian.emissions.allocation import Allocation, allocate
    from lantian.emissions.factors import Factors, areas_of
    from lantian.emissions.faults import EmissionError, Fault
    from lantian.emissions.hours import Prepared, hourly, prepare
    from lantian.emissions.inventory import Gridded, Inventory
    from lantian.emissions.ledger import ConservationError, Ledger
    from lantian.emissions.library import Library
    from lantian.emissions.sectors import SECTORS, SPECIES, Sector
    from lantian.emissions.sheet import Sheet
    from lantian.emissions.tables import read, template

_HOME = {
    "SECTORS": "sectors",
    "SPECIES": "sectors",
    "Allocation": "allocation",
    "ConservationError": "ledger",
    "EmissionError": "faults",
    "Factors": "factors",
    "Fault": "faults",
    "Gridded": "inventory",
    "Inventory": "inventory",
    "Ledger": "ledger",
    "Library": "library",
    "Prepared": "hours",
    "Sector": "sectors",
    "Sheet": "sheet",
    "allocate": "allocation",
    "areas_of": "factors",
    "hourly": "hours",
    "prepare": "hours",
    "read": "tables",
    "template": "tables",
}

__all__ = [
    "SECTORS",
    "SPECIES",
    "Allocation",
    "ConservationError",
    "EmissionError",
    "Factors",
    "Fault",
    "Gridded",
    "Inventory",
    "Ledger",
    "Library",
    "Prepared",
    "Sector",
    "Sheet",
    "allocate",
    "areas_of",
    "hourly",
    "prepare",
    "read",
    "template",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"lantian.emissions.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
