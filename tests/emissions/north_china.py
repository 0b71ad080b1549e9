"""The example's inventory and its sheet, made once in a process for all tests that only read them."""

from functools import cache
from pathlib import Path

from lantian.emissions import Inventory, Sheet
from lantian.emissions.example import inventory as _inventory
from lantian.emissions.folder import sheet as _sheet

EXAMPLE = Path(__file__).parents[2] / "examples" / "beijing"


@cache
def inventory() -> Inventory:
    """Six provinces, 2015."""
    return _inventory(EXAMPLE)


@cache
def sheet() -> Sheet:
    """Its regions and proxies, four times coarser than usual."""
    return _sheet(EXAMPLE, step=1 / 30)
