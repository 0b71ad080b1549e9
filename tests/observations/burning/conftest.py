"""A platform with two invented counties, and people."""

from datetime import UTC, datetime

import pytest

from lantian.kernel.accounts import Account, Grant
from lantian.places.outlines import Outline, OutlineSet
from lantian.places.regions import Region
from lantian.places.store import PlaceStore

NOW = datetime(2016, 12, 15, 6, tzinfo=UTC)  # 14:00 in Beijing
WEST, EAST = "110113", "110112"


def square(lon, lat, size=0.5):
    return (((lon, lat), (lon + size, lat), (lon + size, lat + size), (lon, lat + size)),)


@pytest.fixture
def city(platform):
    """Places and the clock."""
    store = PlaceStore(platform.engine)
    regions = [Region("110000", "北京市"), Region(WEST, "顺义区"), Region(EAST, "通州区")]
    store.put_regions(regions, "test")
    outlines = {
        WEST: Outline(WEST, "顺义区", (square(116.5, 40.0),)),
        EAST: Outline(EAST, "通州区", (square(117.0, 40.0),)),
    }
    store.put_outlines(OutlineSet("counties", outlines), "test")
    platform.clock.set_simulated(NOW, paused=True)
    return platform


def account(login, role, region=None):
    """Somebody with a role."""
    grants = (Grant(role, frozenset({"burning.handle", "alerts.read"}), region=region),)
    return Account(1, login, f"示例{login}", region=region, grants=grants)
