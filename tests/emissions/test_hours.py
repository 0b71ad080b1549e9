"""Hour by hour, through the engine's door: time, height, plumes, species, factors."""

import datetime as dt
import tracemalloc

import numpy as np
import polars as pl
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from lantian.emissions import (
    Factors,
    Inventory,
    Sheet,
    areas_of,
    heights,
    hourly,
    output,
    prepare,
    profiles,
    speciation,
)
from lantian.emissions.inventory import AREAS, MONTHS, POINTS
from lantian.emissions.ledger import ConservationError
from lantian.emissions.sectors import SPECIES
from lantian.places.grid import Domain, Levels, nests
from lantian.transport import idealised
from lantian.transport.door import open_forcing
from lantian.transport.species import COMPACT, FULL

HOURS = np.arange("2016-12-16T12", "2016-12-17T12", dtype="datetime64[h]")
STACK = {"height": 180.0, "diameter": 5.0, "temperature": 400.0, "velocity": 20.0}


def city(*, stack: bool = True) -> Inventory:
    rows = [
        ("130602", "road", "NOX", 876.6), ("130606", "residential_coal", "PM25", 500.0),
        ("130000", "solvents", "NMVOC", 50.0), ("131002", "fertiliser", "NH3", 30.0),
        ("131002", "steel", "PM10", 80.0), ("131002", "steel", "PM25", 60.0),
        ("130606", "residential_coal", "BC", 100.0), ("131003", "construction_dust", "PM25", 20.0),
    ]  # fmt: skip
    point = {"enterprise": "E1", "sector": "power", "lon": 115.3, "lat": 39.6, **(STACK if stack else {})}
    points = [{**point, "species": species, "amount": amount} for species, amount in (("SO2", 700.0), ("NOX", 300.0))]
    return Inventory(
        "city", "某市", 2016, areas=pl.DataFrame(rows, schema=AREAS, orient="row"), points=pl.DataFrame(points, POINTS)
    )


@pytest.fixture(scope="module")
def weather(domain: Domain) -> xr.Dataset:
    return idealised.weather(domain, "2016-12-16T12", 24, x_wind=idealised.power(4.0), mixing_height=(150.0, 800.0))


@pytest.mark.requirement("F2", part="emissions pass the engine's door with plume rise")
def test_the_hours_pass_the_door(domain: Domain, sheet: Sheet, weather: xr.Dataset):
    weather = weather.isel(time=slice(0, 3))
    made = hourly(city(), domain, weather.time.values[:-1], weather=weather, sheet=sheet, species=FULL)
    edges = idealised.edges(domain, FULL, "2016-12-16T12", 2)
    forcing = open_forcing(domain, FULL, weather=weather, emissions=made, edges=edges)
    assert (forcing.left_out, forcing.emission_layers) == ((), made.sizes["layer"])
    assert set(hourly(city(), domain, HOURS[:1], sheet=sheet).data_vars) <= set(COMPACT)


@pytest.mark.requirement("F2", part="totals kept to 1e-6 at every step, each step's ledger")
def test_every_step_keeps_the_total_and_its_ledger_shows_it(domain, sheet, weather, tmp_path):
    made = prepare(city(), domain, HOURS, weather=weather, sheet=sheet, species=FULL)
    kg = output.write(made, tmp_path / "e.zarr")
    ledger = made.ledger.frame()
    assert set(ledger["step"]) == {"inventory", "space", "species", "year", "height", "hours"}
    assert ledger["error"].max() < 1e-6
    share = made.shares[:, made.sectors.index("power")].sum()
    assert kg["SO2"] == pytest.approx(700_000 * share, rel=1e-6)
    back = xr.open_zarr(tmp_path / "e.zarr", chunks=None, consolidated=False)
    lazy = made.dataset()
    for name in made.names:
        assert np.array_equal(back[name].values, lazy[name].values)
    assert back.attrs["inventory_digest"] == city().digest


def test_a_year_of_hours_emits_the_year_s_amount(domain, sheet):
    year = np.arange("2015-12-31T16", "2016-12-31T16", dtype="datetime64[h]")
    kg = prepare(city(), domain, year, sheet=sheet).expected()
    assert kg["SO2"] == pytest.approx(700_000, rel=1e-6)
    assert kg["NO"] * 46.006 / 30.006 + kg["NO2"] == pytest.approx(1_176_600, rel=1e-6)


def test_hours_are_computed_when_they_are_read_and_any_part_of_them(domain, sheet):
    made = hourly(city(), domain, HOURS, sheet=sheet)
    whole = made.NO.values
    assert whole.shape == (24, heights.layer_count(domain), 10, 10)
    for key in (
        {"time": 3},
        {"time": slice(2, 9, 3)},
        {"time": [5, 1], "y": [2, 7], "x": slice(1, 4)},
        {"layer": 0, "x": -1},
    ):
        assert np.array_equal(made.NO.isel(key).values, made.isel(key).NO.values)
        assert np.array_equal(made.NO.isel(key).values, xr.DataArray(whole, dims=made.NO.dims).isel(key).values)
    assert made.NO.isel(time=slice(0, 0)).values.shape[0] == 0


@pytest.mark.requirement("F2", part="72 hours on 200 x 200 cells in far less than 1 GiB")
def test_three_days_of_a_large_domain_need_no_more_memory_than_an_hour(sheet):
    domain = Domain(nests(115.5, 39.5, (1000.0,), (200,))[0], Levels(), np.zeros((200, 200)))
    made = hourly(city(), domain, np.arange("2016-12-16T12", "2016-12-19T12", dtype="datetime64[h]"), sheet=sheet)
    assert made.nbytes > 1e9
    tracemalloc.start()
    for at in range(0, 72, 24):
        assert made.variables["NO"][at].values.sum() > 0
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 200e6


@pytest.mark.requirement("F2", part="plume rise of point sources by the hour's weather")
def test_a_chimney_s_plume_rises_higher_in_a_light_wind_and_stays_under_the_inversion(domain, sheet):
    def mean_height(wind: float) -> float:
        air = idealised.weather(domain, "2016-12-16T12", 2, x_wind=idealised.power(wind), mixing_height=600.0)
        made = hourly(city(), domain, HOURS[:2], weather=air, sheet=sheet, sectors=["power"])
        column = made.SO2.isel(time=0).values.sum(axis=(1, 2))
        middles = (np.array(domain.levels.faces)[1:] + np.array(domain.levels.faces)[:-1]) / 2
        return float(column @ middles[: len(column)] / column.sum())

    assert mean_height(2.0) > mean_height(15.0) >= 180
    without = hourly(city(stack=False), domain, HOURS[:2], sheet=sheet, sectors=["power"]).SO2.isel(time=0).values
    assert without[0].sum() == 0
    assert without.sum() > 0


def test_area_sources_lie_between_their_heights_on_any_ground(domain):
    shares = heights.area_shares(domain, ((0, 40, 0.5), (40, 250, 0.5)))
    assert shares.sum(axis=0) == pytest.approx(1)
    stretch = domain.jacobian[0, 0]
    assert shares[0, 0, 0] == pytest.approx(0.5 if stretch >= 1 else 0.5 * stretch, abs=0.01)
    assert heights.area_shares(domain, ((5000, 6000, 1.0),))[-1] == pytest.approx(1)


def test_the_weather_s_cold_makes_the_boilers_burn(domain, sheet, weather):
    boilers = Inventory(
        "b", "x", 2016, areas=pl.DataFrame([("130602", "heating_boilers", "CO", 9.0)], AREAS, orient="row")
    )
    cold = weather.assign(air_temperature=weather.air_temperature - 20)
    full, usual = (
        prepare(boilers, domain, HOURS, weather=air, sheet=sheet).expected()["CO"] for air in (cold, weather)
    )
    assert full > 1.3 * usual
    told = prepare(
        boilers,
        domain,
        HOURS,
        weather=cold,
        sheet=sheet,
        temperature={dt.date(2016, 12, 16): 5.0, dt.date(2016, 12, 17): 5.0},
    )
    assert told.expected()["CO"] < usual * 1.2


def test_the_course_of_the_year_that_an_inventory_gives_itself_counts(domain, sheet):
    months = pl.DataFrame(
        [{"sector": "road", "month": m, "share": 1.0 if m == 12 else 0.0} for m in range(1, 13)], MONTHS
    )
    held = Inventory("a", "x", 2016, areas=city().areas, months=months)
    december = np.arange("2016-11-30T16", "2016-12-31T16", dtype="datetime64[h]")
    assert prepare(held, domain, december, sheet=sheet).expected(["road"])["NO2"] == pytest.approx(
        0.15 * 876_600, rel=1e-5
    )


def test_factors_multiply_sectors_and_areas_and_one_sector_can_stand_alone(domain, sheet):
    made = prepare(city(), domain, HOURS[:2], sheet=sheet)
    plain = made.dataset()
    parts = [made.dataset(sectors=[sector]) for sector in made.sectors]
    assert sum(part.PPM25.values for part in parts) == pytest.approx(plain.PPM25.values, rel=1e-5, abs=1e-12)
    assert made.dataset(sectors=["residential"]).NO.values.sum() == 0
    areas = areas_of(domain.grid, sheet, ["130600", "131000"])
    assert set(np.unique(areas)) == {-1, 0, 1}
    values = xr.DataArray([[2.0, 0.0]], {"sector": ["transport"], "area": ["130600", "131000"]}, ("sector", "area"))
    changed = made.dataset(Factors(values, areas))
    assert changed.NO.values[0, 0][areas == 0] == pytest.approx(2 * plain.NO.values[0, 0][areas == 0], rel=1e-5)
    assert changed.PPM25.values == pytest.approx(plain.PPM25.values)
    by_species = Factors(xr.DataArray([0.0], {"species": ["SO2"]}, ("species",)))
    assert made.dataset(by_species).SO2.values.max() == 0
    assert made.dataset(by_species).NO.values == pytest.approx(plain.NO.values)
    with pytest.raises(ValueError, match="unknown sectors smoke"):
        made.dataset(sectors=["smoke"])


@pytest.mark.parametrize(
    ("values", "areas", "said"),
    [
        (xr.DataArray([1.0], {"sector": ["smoke"]}, ("sector",)), None, "unknown sectors smoke"),
        (xr.DataArray([1.0], dims="sector"), None, "expected named sector"),
        (xr.DataArray([-1.0], {"sector": ["road"]}, ("sector",)), None, "numbers of 0 or more"),
        (xr.DataArray([1.0], {"area": ["x"]}, ("area",)), None, "need the area of each cell"),
        (xr.DataArray([1.0], {"area": ["x"]}, ("area",)), np.full((2, 2), 3), "areas up to 3, but 1"),
    ],
)
def test_factors_that_cannot_be_are_refused(values, areas, said):
    with pytest.raises(ValueError, match=said):
        Factors(values, areas)


@pytest.mark.requirement("F2", part="NOX, VOC and PM speciation keeps atoms and particles")
@given(
    st.lists(st.floats(0, 1e6), min_size=len(SPECIES), max_size=len(SPECIES)),
    st.sampled_from(["road", "power", "soil_dust"]),
    st.sampled_from([COMPACT, FULL]),
)
def test_speciation_keeps_nitrogen_and_fine_particles(amounts, sector, carried):
    given_ = np.array(amounts)[:, None]
    made = speciation.speciate(given_, sector, profiles.load().sectors[sector], carried)
    total = dict(zip(SPECIES, amounts, strict=True))
    assert made["NO"] * 46.006 / 30.006 + made["NO2"] == pytest.approx(total["NOX"])
    fine = made["PPM25"] + 1.376 * made["SO4"] + made.get("BC", 0) + made.get("DUST", 0)
    assert fine == pytest.approx(total["PM25"])
    assert all(part.min() >= 0 for part in made.values())
    if "PMC" in made:
        assert made["PMC"] == pytest.approx(total["PMC"] or max(total["PM10"] - total["PM25"], 0))


def test_times_and_weather_that_do_not_fit_are_refused(domain, sheet, weather, tmp_path):
    with pytest.raises(ValueError, match="whole hours in order"):
        prepare(city(), domain, ["2016-12-16T12:30"], sheet=sheet)
    with pytest.raises(ValueError, match="the weather lacks 24 of the hours, first 2016-12-26"):
        prepare(city(), domain, HOURS + 240, weather=weather, sheet=sheet).expected()
    made = prepare(city(), domain, HOURS[:1], sheet=sheet)
    with pytest.raises(ValueError, match=r"ends in \.nc or \.zarr"):
        output.write(made, tmp_path / "e.csv")
    (tmp_path / "e.nc").touch()
    with pytest.raises(FileExistsError, match="is there already"):
        output.write(made, tmp_path / "e.nc")


def test_a_file_that_does_not_add_up_is_not_written(domain, sheet, tmp_path, monkeypatch):
    made = prepare(city(), domain, HOURS[:1], sheet=sheet)
    monkeypatch.setattr(type(made), "expected", lambda self, sectors=None: dict.fromkeys(self.names, 1e9))
    with pytest.raises(ConservationError):
        output.write(made, tmp_path / "e.nc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.requirement("F2", part="example inventory")
def test_the_example_emits_over_beijing_as_its_totals_say(inventory, north_china):
    domain = idealised.domain(12, 10_000.0)
    made = prepare(inventory, domain, HOURS, sheet=north_china)
    ledger = made.ledger.frame()
    inside = ledger.filter(step="space", item="NOX")["after"].item()
    assert 200_000 < inside < 700_000  # Beijing has 251 000 t, and parts of Hebei lie in the 120 km around it
    assert made.points.height >= 4
    assert "示例" in made.dataset().attrs["title"]
    assert made.dataset().attrs["example"]
