"""The canonical datasets: what passes, and what is told of what does not."""

import numpy as np
import pytest
import xarray as xr

from lantian.weather import canonical
from lantian.weather.readers import rules

SIZES = {"time": 3, "level": 4, "y": 3, "x": 5}
VALUES = {"air_temperature": 280.0, "surface_air_pressure": 1e5, "specific_humidity": 0.003}
HEIGHTS = np.array([10.0, 100, 400, 900])[:, None, None]


@pytest.fixture
def fields() -> xr.Dataset:
    lon, lat = np.meshgrid(np.linspace(116, 117, 5), np.linspace(39, 40, 3))
    times = np.array(["2016-12-01T00", "2016-12-01T03", "2016-12-01T06"], "datetime64[s]")
    made = xr.Dataset(coords={"time": times, "lon": (("y", "x"), lon), "lat": (("y", "x"), lat)})
    for variable in (*canonical.FIELDS, *canonical.WANTED):
        values = np.full([SIZES[dim] for dim in variable.dims], VALUES.get(variable.name, 0.0))
        if variable.name == "height":
            values = values + HEIGHTS
        if variable.name == "air_pressure":
            values = values + 1e5 - 12 * HEIGHTS
        made[variable.name] = (variable.dims, values, canonical.attributes(variable.name))
    return made


@pytest.fixture
def stations() -> xr.Dataset:
    place = {name: ("station", values) for name, values in {"lon": [116.4, 116.5], "lat": [39.9, 40.0]}.items()}
    times = np.array(["2016-12-01T00", "2016-12-01T01"], "datetime64[s]")
    made = xr.Dataset(coords={"time": times, **place, "altitude": ("station", [40.0, 60.0])})
    given = (272.0, 265.0, 1e5, 3.0, 350.0, 0.0)
    for variable, value in zip(canonical.STATIONS, given, strict=True):
        made[variable.name] = (variable.dims, np.full((2, 2), value), {"units": variable.units[0]})
    return made.assign(anemometer_height=10.0)


def test_a_canonical_dataset_has_no_faults_whether_its_terrain_has_times_or_not(fields):
    assert canonical.check(fields) == ()
    fields["surface_altitude"] = fields["surface_altitude"].isel(time=0)
    assert canonical.check(fields) == ()
    assert canonical.check(fields.drop_vars([v.name for v in canonical.WANTED])) == ()


@pytest.mark.requirement("F1", part="a field that is missing is told with what it could be derived from")
def test_a_missing_field_is_told_with_what_it_could_be_derived_from(fields):
    (fault,) = canonical.check(fields.drop_vars("specific_humidity"))
    assert "specific_humidity is missing; it could be derived from humidity_mixing_ratio; or from" in fault
    assert "relative_humidity, air_temperature and air_pressure" in fault


def test_celsius_is_told_with_what_mends_it(fields):
    fields["air_temperature"] -= 273.15
    (fault,) = canonical.check(fields)
    assert "first at 2016-12-01 00:00, level 0, y 0, x 0" in fault
    assert "It looks like degrees Celsius: add 273.15." in fault
    assert canonical.check(fields, values=False) == ()


def test_levels_from_the_top_down_are_told(fields):
    faults = canonical.check(fields.isel(level=slice(None, None, -1)))
    assert any("height must rise with the level, from the ground up; it goes from 900 to 400" in f for f in faults)
    assert any("air_pressure must fall with the level" in f for f in faults)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.transpose("level", "time", "y", "x"), "only the order differs, transpose it"),
        (lambda d: d.drop_vars("lon"), "the coordinate lon is missing"),
        (lambda d: d.assign_coords(lat=d["lat"] + 60), "lat ranges from 99 to 100"),
        (lambda d: d.assign_coords(time=d["time"] + np.timedelta64(30, "m")), "is no whole hour"),
        (lambda d: d.assign(precipitation_flux=d["precipitation_flux"].assign_attrs(units="mm h-1")), "divide by 3600"),
    ],
)
def test_what_is_not_canonical_is_told(fields, change, told):
    assert any(told in fault for fault in canonical.check(change(fields)))


def test_missing_names_the_open_ways_of_needed_and_wanted_variables():
    names = ["eastward_wind", "northward_wind", "relative_humidity", "air_temperature", "air_pressure"]
    found = {one.name: one for one in canonical.missing(names)}
    assert "air_temperature" not in found
    assert found["specific_humidity"].needed
    assert found["specific_humidity"].open == (("relative_humidity", "air_temperature", "air_pressure"),)
    assert found["height"].open == ()
    assert not found["precipitation_flux"].needed
    assert found["precipitation_flux"].open == (("nothing: no rain",),)


def test_every_way_that_is_told_is_one_that_readers_go():
    names = [variable.name for variable in (*canonical.FIELDS, *canonical.WANTED)]
    assert {name: tuple(rules.RULES[name]) for name in names if name in rules.RULES} == canonical.WAYS
    assert set(canonical.LATER) == {variable.name for variable in canonical.WANTED}


def test_stations_may_have_gaps_in_their_values(stations):
    stations["wind_speed"][0, 1] = np.nan
    stations["dew_point_temperature"][:] = np.nan
    assert canonical.check_stations(stations) == ()


def test_what_is_wrong_with_stations_is_told(stations):
    stations["air_temperature"][0, 0] = np.nan
    faults = canonical.check_stations(
        stations.assign(air_temperature=stations["air_temperature"] - 273.15).drop_vars(["altitude", "wind_speed"])
    )
    assert len(faults) == 3
    assert "altitude is missing" in faults[0]
    assert "wind_speed is missing" in faults[1]
    assert "looks like degrees Celsius" in faults[2]
