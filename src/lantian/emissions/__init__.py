"""Emissions 源清单: who emits how much, where, when, how high and of what.

Inventories in versions come in from tables and gridded files; allocation in space, time, height and species makes of
them the hourly emissions of any domain, with totals kept. A library: no clock, no database.
"""

from lantian.emissions.allocation import Allocation, allocate
from lantian.emissions.factors import Factors, areas_of
from lantian.emissions.faults import EmissionError, Fault
from lantian.emissions.hours import Prepared, hourly, prepare
from lantian.emissions.inventory import Gridded, Inventory
from lantian.emissions.ledger import ConservationError, Ledger
from lantian.emissions.proxies import Sheet
from lantian.emissions.sectors import SECTORS, SPECIES, Sector

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
    "Prepared",
    "Sector",
    "Sheet",
    "allocate",
    "areas_of",
    "hourly",
    "prepare",
]
