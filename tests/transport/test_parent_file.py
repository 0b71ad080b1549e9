"""Files of larger models: what is read exactly, which units and axes are understood, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lantian.places.grid import Domain, nests
from lantian.places.levels import Levels, stretched
from lantian.transport import door, idealised
from lantian.transport.background import WINTER, Profile
from lantian.transport.lonlat import standard_height
from lantian.transport.parent_file import CAMS, Part, from_file
from lantian.transport.species import COMPACT, FULL, REGISTRY

START = np.datetime64("2025-01-10T00", "ns")
LON, LAT = np.arange(114.0, 119.1, 0.4), np.arange(41.6, 37.9, -0.4)
ALTITUDE = np.array([0.0, 300.0, 900.0, 1800.0, 3200.0])
PRESSURE = np.array([700.0, 850.0, 925.0, 1000.0])
HOURS = idealised.whole_hours(START, 7)
Field = Callable[..., np.ndarray]


@pytest.fixture
def domain() -> Domain:
    grid = nests(116.4, 39.9, (10_000.0,), ((8, 9),))[0]
    return Domain(grid, Levels(stretched(5, 60.0, 2000.0)), np.linspace(20.0, 700.0, 72).reshape(8, 9))


def linear(lon, lat, z, hour):
    return 40.0 + 2.0 * (lon - 116) - 3.0 * (lat - 40) + 0.01 * z + 1.5 * hour


def larger(
    field: Field = linear,
    name: str = "go3",
    units: str = "ug kg-1",
    level: np.ndarray = ALTITUDE,
    level_attrs: dict | None = None,
    every: int = 3,
    **attrs: str,
) -> xr.Dataset:
    """One species in a file every ``every`` hours, by default at heights above the sea."""
    hours = np.arange(0, 7, every)
    values = field(LON, LAT[:, None], level[:, None, None], hours[:, None, None, None])
    level_attrs = {"units": "m", "standard_name": "altitude"} if level_attrs is None else level_attrs
    shape = hours.size, level.size, LAT.size, LON.size
    return xr.Dataset(
        {
            name: (
                ("time", "level", "latitude", "longitude"),
                np.broadcast_to(values, shape).copy(),
                {"units": units, **attrs},
            )
        },
        {
            "time": START + hours * np.timedelta64(1, "h"),
            "level": ("level", level, level_attrs),
            "latitude": ("latitude", LAT, {"units": "degrees_north"}),
            "longitude": ("longitude", LON, {"units": "degrees_east"}),
        },
    )


def at_middles(domain: Domain, hour: int) -> np.ndarray:
    middle = (domain.heights[1:] + domain.heights[:-1]) / 2
    return linear(domain.grid.lon, domain.grid.lat, middle, hour)


def test_what_is_linear_in_place_height_and_time_is_exact(domain):
    edges, start = from_file(larger(), domain, ("O3",), HOURS)
    np.testing.assert_allclose(start["mixing_ratio"][:, 0], at_middles(domain, 0), rtol=1e-5)
    lon, lat = domain.grid.projection.inverse(np.full(domain.grid.ny, domain.grid.x_faces[0]), domain.grid.y)
    middle = (domain.heights[1:, :, 0] + domain.heights[:-1, :, 0]) / 2
    for hour in range(7):
        np.testing.assert_allclose(edges["west"][hour, :, 0], linear(lon, lat, middle, hour), rtol=1e-5)
        top = linear(domain.grid.lon, domain.grid.lat, domain.heights[-1], hour)
        np.testing.assert_allclose(edges["top"][hour, 0], top, rtol=1e-5)


def test_a_run_may_begin_between_two_times_of_the_file(domain):
    for first in (1, 4):
        _, start = from_file(larger(), domain, ("O3",), HOURS[first : first + 2])
        np.testing.assert_allclose(start["mixing_ratio"][:, 0], at_middles(domain, first), rtol=1e-5)


def test_heights_above_the_ground_follow_the_terrain(domain):
    file = larger(
        lambda lon, lat, z, hour: 5 + 0.02 * z + 0 * lon * lat * hour,
        level_attrs={"units": "m", "standard_name": "height"},
    )
    edges, start = from_file(file, domain, ("O3",), HOURS)
    middle = (domain.heights[1:] + domain.heights[:-1]) / 2 - domain.terrain
    np.testing.assert_allclose(start["mixing_ratio"][:, 0], 5 + 0.02 * middle, rtol=1e-6)
    np.testing.assert_allclose(edges["top"][0, 0], 5 + 0.02 * (domain.heights[-1] - domain.terrain), rtol=1e-6)


PRESSURES = {"units": "hPa", "standard_name": "air_pressure"}


def test_pressures_stand_at_their_height_in_the_standard_atmosphere(domain):
    file = larger(
        lambda lon, lat, p, hour: standard_height(p * 100) + 0 * lon * lat * hour, level=PRESSURE, level_attrs=PRESSURES
    )
    edges, start = from_file(file, domain, ("O3",), HOURS)
    middle = (domain.heights[1:] + domain.heights[:-1]) / 2
    low = standard_height(np.array(100_000.0))
    np.testing.assert_allclose(start["mixing_ratio"][:, 0], np.maximum(middle, low), rtol=1e-5)
    assert "US Standard Atmosphere" in edges.attrs["notes"]


@pytest.mark.parametrize(
    ("pressure", "height"), [(101_325, 0), (85_000, 1457), (70_000, 3012), (22_632, 11_000), (10_000, 16_180)]
)
def test_standard_atmosphere(pressure, height):
    """The table of the US Standard Atmosphere, geopotential metres."""
    assert standard_height(np.array(float(pressure))) == pytest.approx(height, abs=2)


def test_the_files_own_geopotential_goes_before(domain):
    file = larger(
        lambda lon, lat, p, hour: 12.0 * (1000 - p) + 0 * lon * lat * hour, level=PRESSURE, level_attrs=PRESSURES
    )
    file["z"] = 9.80665 * (file["go3"] * 0.7 + 5)
    file["z"].attrs = {"units": "m**2 s**-2", "standard_name": "geopotential"}
    edges, start = from_file(file, domain, ("O3",), HOURS)
    middle = (domain.heights[1:] + domain.heights[:-1]) / 2
    np.testing.assert_allclose(start["mixing_ratio"][:, 0], (middle - 5) / 0.7, rtol=1e-5)
    assert "Standard" not in edges.attrs["notes"]


@pytest.mark.parametrize(
    ("units", "attrs", "scale"),
    [
        ("kg kg**-1", {}, 1e-9),
        ("kg/kg", {}, 1e-9),
        ("µg kg-1", {}, 1.0),
        ("1", {"standard_name": "mass_fraction_of_ozone_in_air"}, 1e-9),
        ("mol mol-1", {}, 1e-9 * 28.9647 / 47.998),
        ("ppb", {}, 28.9647 / 47.998),
        ("nmol/mol", {}, 28.9647 / 47.998),
        ("1e-9", {"standard_name": "mole_fraction_of_ozone_in_air"}, 28.9647 / 47.998),
        ("1e-6 mol mol-1", {}, 1e-3 * 28.9647 / 47.998),
    ],
)
def test_units_of_mass_and_mole(domain, units, attrs, scale):
    file = larger(lambda *at: scale * linear(*at), units=units, **attrs)
    _, start = from_file(file, domain, ("O3",), HOURS)
    np.testing.assert_allclose(start["mixing_ratio"][:, 0], at_middles(domain, 0), rtol=1e-5)


def cams() -> xr.Dataset:
    """All variables of CAMS, 1 ug kg-1 each, as its store hands them out."""
    one = larger(lambda *at: 1e-9 + 0 * linear(*at), level=PRESSURE, level_attrs={"units": "hPa"}, units="kg kg**-1")
    file = one.drop_vars("go3").rename(level="pressure_level")
    for name in CAMS:
        file[name] = one["go3"].rename(level="pressure_level")
    lead = file["time"].values - START
    file = file.rename(time="forecast_period").assign_coords(forecast_period=lead)
    file = file.expand_dims(forecast_reference_time=[START], axis=1)
    return file.assign_coords(valid_time=(("forecast_period", "forecast_reference_time"), (START + lead)[:, None]))


@pytest.mark.requirement("F3", part="edges and start from a file of a larger model")
@pytest.mark.parametrize("ending", ["nc", "zarr"])
def test_a_cams_forecast_becomes_our_species(domain, tmp_path, ending):
    path = tmp_path / f"cams.{ending}"
    if ending == "nc":
        cams().to_netcdf(path, engine="h5netcdf")
    else:
        cams().to_zarr(path, zarr_format=3, consolidated=False)
    made = from_file(path, domain, FULL, HOURS, background=WINTER)
    of = dict(zip(FULL, made.start["mixing_ratio"].values[0, :, 0, 0], strict=True))
    for name in ("O3", "NO", "NO2", "SO2", "CO", "SO4"):
        assert of[name] == pytest.approx(1.0), name
    assert of["BC"] == pytest.approx(2.0)
    assert of["DUST"] == pytest.approx(2.0)
    assert of["SOA"] == pytest.approx(2.0)
    assert of["TNO3"] == pytest.approx(1 + 62.005 / 63.013)
    assert of["TNH4"] == pytest.approx(1 + 18.038 / 17.031)
    assert of["PPM25"] == pytest.approx(1.5 / 4.3 + 1.4)
    assert of["PMC"] == pytest.approx(0.5 / 4.3 + 0.4 + 0.6 + 1)
    assert of["ROC"] == pytest.approx(WINTER.at(["ROC"], (domain.heights[0, 0, 0] + domain.heights[1, 0, 0]) / 2)[0])
    assert "ROC: not in the file, from background 'north China winter'" in made.edges.attrs["notes"]
    weather = idealised.weather(domain, START, 6)
    emissions = idealised.emissions(domain, START, 6)
    door.open_forcing(domain, FULL, weather=weather, emissions=emissions, edges=made.edges)


def test_fine_particles_that_are_not_carried_count_as_primary_ones(domain):
    made = from_file(cams(), domain, COMPACT, HOURS, background=WINTER)
    of = dict(zip(COMPACT, made.start["mixing_ratio"].values[0, :, 0, 0], strict=True))
    assert of["PPM25"] == pytest.approx(1.5 / 4.3 + 1.4 + 6.0)


def test_what_the_file_lacks_of_a_lump_is_noted(domain):
    made = from_file(cams().drop_vars(["nh3", "aermr17"]), domain, ("TNH4", "O3"), HOURS)
    assert "without nh3, which the file lacks" in made.start.attrs["notes"]


def test_names_of_ones_own(domain):
    _, start = from_file(larger(name="ozone"), domain, ("O3",), HOURS, {"ozone": (Part("O3", 0.5),)})
    np.testing.assert_allclose(start["mixing_ratio"][:, 0], at_middles(domain, 0) / 2, rtol=1e-5)


def test_no_new_extremum_and_nothing_negative(domain):
    rng = np.random.default_rng(5)
    file = larger()
    file["go3"][:] = rng.gamma(0.3, 10.0, file["go3"].shape)
    edges, start = from_file(file, domain, ("O3",), HOURS)
    low, high = float(file["go3"].min()), float(file["go3"].max())
    for values in (*(edges[name] for name in edges.data_vars), start["mixing_ratio"]):
        assert low * (1 - 1e-6) <= float(values.min())
        assert float(values.max()) <= high * (1 + 1e-6)


def test_missing_below_the_ground_is_the_lowest_known_value(domain):
    file = larger(lambda lon, lat, z, hour: 5 + 0.02 * z + 0 * lon * lat * hour)
    file["go3"] = file["go3"].where(file["level"] > 100)
    _, start = from_file(file, domain, ("O3",), HOURS)
    middle = (domain.heights[1:] + domain.heights[:-1]) / 2
    np.testing.assert_allclose(start["mixing_ratio"][:, 0], 5 + 0.02 * np.maximum(middle, 300), rtol=1e-6)


def test_longitudes_of_the_other_turn_and_latitudes_from_the_south(domain):
    file = larger()
    file = file.assign_coords(longitude=("longitude", LON - 360, {"units": "degrees_east"})).isel(
        latitude=slice(None, None, -1)
    )
    _, start = from_file(file, domain, ("O3",), HOURS)
    np.testing.assert_allclose(start["mixing_ratio"][:, 0], at_middles(domain, 0), rtol=1e-5)


def gap(file: xr.Dataset) -> xr.Dataset:
    return file.isel(time=[0, 1, 3])


def hole(file: xr.Dataset) -> xr.Dataset:
    file["go3"][1, 3, 4, 4] = np.nan
    return file


def negative(file: xr.Dataset) -> xr.Dataset:
    file["go3"][0, 1, 4, 4] = -1.0
    return file


def without_units(file: xr.Dataset, name: str) -> xr.Dataset:
    file[name].attrs.pop("units")
    return file


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (larger(units="ug m-3"), "go3: units 'ug m-3'; expected a mass mixing ratio"),
        (larger(units="1"), "go3: units '1'; .* standard name mass_fraction_of_"),
        (without_units(larger(), "go3"), "go3: units None"),
        (larger(name="sulphur"), "the file has none of go3; it has sulphur"),
        (
            larger().isel(time=slice(0, 2)),
            "reaches from 2025-01-10 00:00 to 2025-01-10 03:00; needed .* 2025-01-10 06:00",
        ),
        (gap(larger(every=2)), "nothing between 2025-01-10 02:00 and 2025-01-10 06:00; elsewhere .* every 2 hours"),
        (larger().isel(longitude=slice(0, 6)), "covers longitude 114.000 to 116.000; needed are"),
        (larger().isel(latitude=slice(0, 4)), "covers latitude 40.400 to 41.600; needed are"),
        (larger(level_attrs={}), "level 'level': units None, .* expected pressures"),
        (larger(level_attrs={"units": "m"}), "level 'level': units 'm', .*height above the ground"),
        (
            larger(level_attrs={"units": "1", "standard_name": "atmosphere_hybrid_sigma_pressure_coordinate"}),
            "Levels of the model itself",
        ),
        (larger().isel(level=0), "expected a time, a level, a latitude"),
        (larger().drop_vars("latitude"), "expected a time, a level, a latitude"),
        (larger().expand_dims(number=[0, 1]), "the file holds 2 of number; choose one"),
        (hole(larger()), "go3 at 2025-01-10 03:00: 1 of .* missing above the ground"),
        (negative(larger()), "go3 at 2025-01-10 00:00 is negative, down to -1"),
    ],
)
def test_what_is_wrong_is_named(domain, file, says):
    with pytest.raises(ValueError, match=says):
        from_file(file, domain, ("O3",), HOURS)


def test_a_lump_in_moles_is_refused(domain):
    with pytest.raises(ValueError, match="aermr11: a mole fraction, but its molar mass is not known"):
        from_file(larger(name="aermr11", units="ppb"), domain, ("SO4",), HOURS)


def test_a_missing_species_asks_for_a_background(domain):
    with pytest.raises(ValueError, match="the file gives no NO2; give a background"):
        from_file(larger(), domain, ("O3", "NO2"), HOURS)
    with pytest.raises(ValueError, match="background 'bare' has no NO2"):
        from_file(larger(), domain, ("O3", "NO2"), HOURS, background=Profile("bare", (0.0,), {"O3": (1.0,)}))


def test_a_file_that_is_not_there(domain):
    with pytest.raises(ValueError, match="no file at"):
        from_file(Path("nowhere.nc"), domain, ("O3",), HOURS)


def test_default_names_give_known_species():
    assert {part.species for parts in CAMS.values() for part in parts} == set(REGISTRY) - {"ROC"}
