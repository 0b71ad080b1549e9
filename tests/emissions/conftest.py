"""A country of four square counties in two provinces, and the example's inventory."""

import numpy as np
import pytest

from lantian.emissions import Inventory, Sheet, proxies
from lantian.places.grid import Domain, Grid, Levels, nests
from lantian.places.outlines import Outline
from tests.emissions import north_china as once


def square(code: str, west: float, south: float, size: float = 0.5) -> Outline:
    ring = ((west, south), (west + size, south), (west + size, south + size), (west, south + size))
    return Outline(code, code, ((ring,),))


@pytest.fixture(scope="session")
def counties() -> list[Outline]:
    """Two counties of Baoding in the west, two of Langfang in the east, from 115 to 116 E, 39 to 40 N."""
    return [
        square("130602", 115.0, 39.0),
        square("130606", 115.0, 39.5),
        square("131002", 115.5, 39.0),
        square("131003", 115.5, 39.5),
    ]


@pytest.fixture(scope="session")
def sheet(counties: list[Outline]) -> Sheet:
    return proxies.build(counties, stations=[(115.2, 39.7)], step=1 / 60)


@pytest.fixture(scope="session")
def grid() -> Grid:
    """10 x 10 cells of 20 km: all four counties, and room around them."""
    return nests(115.5, 39.5, (20_000,), (10,))[0]


@pytest.fixture(scope="session")
def domain(grid: Grid) -> Domain:
    hills = np.add.outer(np.linspace(0, 300, grid.ny), np.zeros(grid.nx))
    return Domain(grid, Levels((0, 40, 110, 250, 500, 900, 1400, 2000)), hills)


@pytest.fixture(scope="session")
def inventory() -> Inventory:
    """The example's."""
    return once.inventory()


@pytest.fixture(scope="session")
def north_china() -> Sheet:
    """The example's sheet, four times coarser than usual."""
    return once.sheet()
