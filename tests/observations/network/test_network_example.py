"""Coverage of the example's 28 cities."""

from datetime import date
from pathlib import Path

import pytest

from lantian.observations.network import Size, cities, counties
from lantian.places.folder import read_folder

EXAMPLE = Path(__file__).parents[3] / "examples" / "beijing"


@pytest.mark.requirement("M11")
def test_every_county_of_the_28_cities_has_its_gap() -> None:
    folder = read_folder(EXAMPLE)
    day = date(2016, 12, 16)
    found = counties(folder.regions.values(), folder.stations.values(), day)
    needs = {one.region.code: one for one in found}
    assert len(found) == 327
    dongcheng, zhengding, xinji = needs["110101"], needs["130123"], needs["130181"]
    assert (dongcheng.kind, dongcheng.stations, dongcheng.missing) == ("district", ("1003A", "1004A"), 0)
    assert (zhengding.kind, zhengding.needed, zhengding.missing) == ("county", 2, 2)
    assert (xinji.region.name, xinji.kind) == ("辛集市", "county")
    running = [one for one in folder.stations.values() if one.runs(day)]
    assert sum(len(one.stations) for one in found) == len(running)  # each counts once
    assert (sum(one.missing > 0 for one in found), sum(one.missing for one in found)) == (248, 441)
    sizes = {"110000": Size("110000", 1880, 1400, 2015)}
    beijing = next(one for one in cities(folder.regions.values(), folder.stations.values(), sizes, day) if one.size)
    assert (beijing.needed, len(beijing.stations), beijing.missing) == (24, 11, 13)  # 定陵 is a control point
