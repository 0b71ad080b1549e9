"""An office's tables become an hourly field of 1 km: every tonne accounted for, on the map and in the hours."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import xarray as xr

from lantian.emissions import Library, Sheet, allocate, output, prepare, profiles, tables
from lantian.emissions.inventory import AREAS, Inventory
from lantian.places.grid import Domain, Levels, nests
from lantian.transport import idealised
from lantian.transport.door import open_forcing
from lantian.transport.species import FULL

TABLES = {
    "areas": """region,sector,PM25,NMVOC,NH3,BC
130602,民用散煤,500,,,100
131003,construction_dust,20,,,
131002,fertiliser,,,30,
130602,solvents,,50,,
""",
    "points": """\
enterprise,outlet,line,sector,lon,lat,height,diameter,temperature,velocity,species,activity,factor,control,amount
E1,DA001,1,power,115.50,39.50,180,5,400,20,SO2,70000,10,,700
E1,DA001,1,power,115.50,39.50,180,5,400,20,NOX,600000,1,50%,
E2,DA001,1,steel,116.80,39.50,100,3,400,15,PM10,,,,80
""",
    "lines": """line,name,sector,path,species,amount
G4,京港澳,road,115.30 39.50; 115.70 39.50,NOX,876.6
""",
    "inventory": "field,value\nid,city-2016\nyear,2016\ntitle,某市 2016\n",
}
FRIDAY = np.datetime64("2016-12-16", "h") - 8
"""Local midnight as universal time."""


@pytest.fixture(scope="module")
def kilometre() -> Domain:
    """44 x 44 cells of 1 km around the corner where the four counties meet; parts of each lie outside."""
    return Domain(
        nests(115.5, 39.5, (1000.0,), (44,))[0], Levels((0, 50, 100, 150, 200, 300, 450, 700, 1400)), np.zeros((44, 44))
    )


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """The tables as an office fills them in, read, kept as a version and opened again."""
    folder = tmp_path_factory.mktemp("office")
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    library = Library(folder / "versions")
    library.add(tables.read(folder))
    return library.open("city-2016")


def freshening(hour: float, height: np.ndarray) -> np.ndarray:
    """Little wind on the first day, much on the second."""
    return idealised.power(2.0 if hour < 24 else 10.0)(hour, height)


@pytest.mark.requirement("F2")
def test_tables_become_hours_of_one_kilometre_with_a_ledger_and_a_map(
    version: Inventory, kilometre: Domain, sheet: Sheet, tmp_path: Path
) -> None:
    given = dict(version.totals("species").iter_rows())
    assert given == {"SO2": 700, "NOX": 1176.6, "PM25": 520, "PM10": 80, "NMVOC": 50, "NH3": 30, "BC": 100}
    hours = FRIDAY + np.arange(48)
    weather = idealised.weather(kilometre, hours[0], 48, x_wind=freshening, mixing_height=(150.0, 900.0))
    made = prepare(version, kilometre, hours, weather=weather, sheet=sheet, species=FULL)
    written = output.write(made, tmp_path / "hours.nc")
    ledger = made.ledger.frame()
    assert set(ledger["step"]) == {"inventory", "space", "species", "year", "height", "hours"}
    assert ledger["error"].max() <= 1e-6

    # on the map: what lies in the cells and what lies elsewhere is what the office wrote down
    chart = allocate(version, kilometre.grid, sheet).dataset().amount
    space = {row["item"]: row for row in ledger.filter(step="space").iter_rows(named=True)}
    for species, total in given.items():
        inside = float(chart.sel(species=species).sum())
        assert inside + space[species]["elsewhere"] == pytest.approx(total, rel=1e-9)
    assert space["PM10"]["elsewhere"] == 80  # the mill lies beyond
    assert space["SO2"]["elsewhere"] == 0
    j, i = kilometre.grid.locate(115.5, 39.5)
    assert float(chart.sel(species="SO2", sector="power")[j, i]) == 700
    road = chart.sel(species="NOX", sector="road").values
    assert road.sum() == pytest.approx(876.6)
    assert np.all(np.abs(np.nonzero(road)[0] - j) <= 1)  # along its parallel
    assert np.count_nonzero(road) >= 34
    coal = chart.sel(species="PM25", sector="residential_coal").values
    assert 0 < coal.sum() < 500  # the other part of the county lies outside
    assert len(np.unique(coal[coal > 0])) > 20  # not even: where people are

    # in the hours: the file holds what annual amounts and the shares of its hours make
    with xr.open_dataset(tmp_path / "hours.nc", engine="h5netcdf") as field:
        assert dict(field.sizes) == {"time": 48, "layer": made.layers, "y": 44, "x": 44}
        assert field.NO.attrs["units"] == "kg s-1"
        kg = {name: 3600 * float(field[name].sum(dtype=np.float64)) for name in made.names}
        assert kg == pytest.approx(written, rel=1e-6)
        year = made.shares[:, [made.sectors.index(sector) for sector in ("power", "road")]].sum(axis=0)
        nox = kg["NO"] * 46.006 / 30.006 + kg["NO2"]
        assert nox == pytest.approx(1000 * (year[0] * 300 + year[1] * 876.6), rel=1e-6)
        assert kg["SO2"] == pytest.approx(700_000 * year[0], rel=1e-6)
        # traffic keeps its hours and has fewer of them on a Saturday
        street = field.NO[:, 0].sum(("y", "x")).values
        wanted = profiles.load().sectors["road"]
        assert street[8] / street[3] == pytest.approx(wanted.hours[8] / wanted.hours[3], rel=1e-4)
        assert street[32] / street[8] == pytest.approx(wanted.rest, rel=1e-4)
        assert dt.date(2016, 12, 17).weekday() == 5
        # the chimney's plume stands over the stack, lower when the wind has freshened
        column = field.SO2[:, :, j, i].values
        assert column.sum() == pytest.approx(float(field.SO2.sum()))
        assert np.all(column[:, :3] == 0)  # 150 m lie below its mouth
        faces = np.array(kilometre.levels.faces)
        middle = column @ ((faces[1:] + faces[:-1]) / 2)[: made.layers] / column.sum(axis=1)
        assert 180 < middle[30] < middle[6] - 50
    soot = ledger.filter(step="species", item="BC").row(0, named=True)
    assert (soot["elsewhere"], soot["note"]) == (0, "part of PM25")

    # and the engine takes it
    edges = idealised.edges(kilometre, FULL, hours[8], 1)
    air = weather.isel(time=slice(8, 10))
    forcing = open_forcing(kilometre, FULL, weather=air, emissions=made.dataset(), edges=edges)
    rate = np.asarray(forcing.hour(0).emission)
    assert rate.sum(axis=(0, 2, 3))[FULL.index("SO2")] == pytest.approx(1e9 * float(column[8].sum()), rel=1e-5)


def test_soot_and_carbon_beyond_the_particles_are_left_out_and_the_ledger_says_so(
    kilometre: Domain, sheet: Sheet
) -> None:
    """An inventory of black and organic carbon alone has no PM2.5 for them to be part of."""
    rows = [("130602", "road", "BC", 40.0), ("130602", "road", "PM25", 30.0), ("130602", "road", "OC", 90.0)]
    alone = Inventory("soot", "x", 2016, areas=pl.DataFrame(rows, AREAS, orient="row"))
    ledger = prepare(alone, kilometre, [FRIDAY], sheet=sheet, species=FULL).ledger.frame().filter(step="species")
    told = {row["item"]: row for row in ledger.iter_rows(named=True)}
    assert told["BC"]["elsewhere"] / told["BC"]["before"] == pytest.approx(0.25)
    assert told["OC"]["elsewhere"] / told["OC"]["before"] == pytest.approx(2 / 3)
    assert "left out: more than PM25 holds" in told["BC"]["note"]
    assert "left out: more than PM25 holds" in told["OC"]["note"]
