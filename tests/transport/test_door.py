"""What a user is told of wrong inputs, and what right ones become."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from lantian.places.grid import Domain, Levels
from lantian.transport import deposition, idealised, inputs, photolysis, step
from lantian.transport.door import DEFAULT_LAND, DoorError, open_forcing, open_start
from lantian.transport.forcing import Forcing
from lantian.transport.hour import COURANT, HOUR, Hour, choose_steps
from lantian.transport.weather import Weather

NAMES = ("NO2", "SO2", "PPM25")
START, HOURS = "2026-01-10T00", 3
LEVELS = Levels((0, 40, 110, 250, 600, 1200))
Datasets = dict[str, Any]


@pytest.fixture(scope="module")
def domain() -> Domain:
    """Hills, and a map whose scale changes across 12 x 10 cells of 4 km."""
    return idealised.domain((10, 12), 4000.0, levels=LEVELS, hill=250.0)


@pytest.fixture(scope="module")
def made(domain: Domain) -> Datasets:
    wind = {"x_wind": idealised.power(4.0), "y_wind": lambda hour, height: 1 + 0.2 * hour - height / 600}
    return {
        "weather": idealised.weather(domain, START, HOURS, **wind, mixing_height=(150.0, 700.0)),
        "emissions": idealised.emissions(
            domain, START, HOURS, {"NO2": 1e-9}, points=[(116.4, 39.9, 150.0, "SO2", 0.2)]
        ),
        "edges": idealised.edges(domain, NAMES, START, HOURS),
    }


@pytest.fixture
def given(made: Datasets) -> Datasets:
    """Good inputs of which a test may spoil its own copy."""
    return {name: dataset.copy(deep=True) for name, dataset in made.items()}


@pytest.fixture(scope="module")
def forcing(domain: Domain, made: Datasets) -> Forcing:
    return open_forcing(domain, NAMES, **made)


def told(domain: Domain, given: Datasets, **more: Any) -> tuple[str, ...]:
    """The faults."""
    with pytest.raises(DoorError) as caught:
        open_forcing(domain, NAMES, **given, **more)
    assert isinstance(caught.value, ValueError)
    assert all(fault in str(caught.value) for fault in caught.value.faults[: inputs.TOLD])
    return caught.value.faults


def spoil(name: str, change: Callable[[xr.Dataset], xr.Dataset | None]) -> Callable[[Datasets], None]:
    def go(given: Datasets) -> None:
        changed = change(given[name])
        if changed is not None:
            given[name] = changed

    return go


def scaled(variable: str, factor: float, offset: float = 0.0) -> Callable[[xr.Dataset], None]:
    def go(dataset: xr.Dataset) -> None:
        dataset[variable].values[:] = dataset[variable].values * factor + offset

    return go


def put(variable: str, index: tuple[Any, ...], value: Any) -> Callable[[xr.Dataset], None]:
    def go(dataset: xr.Dataset) -> None:
        dataset[variable].values[index] = value

    return go


def said(variable: str, **attributes: str) -> Callable[[xr.Dataset], None]:
    return lambda dataset: dataset[variable].attrs.update(attributes)


FAULTS = {
    "a missing variable": (
        spoil("weather", lambda d: d.drop_vars("air_density")),
        "weather: air_density is missing; it must be (time 4, z 5, y 10, x 12) in kg m-3.",
    ),
    "a missing variable without unit": (
        spoil("weather", lambda d: d.drop_vars("cloud_area_fraction")),
        "weather: cloud_area_fraction is missing; it must be (time 4, y 10, x 12) in the unit 1 (a share of one).",
    ),
    "dimensions in another order": (
        spoil("weather", lambda d: d.assign(x_wind=d.x_wind.transpose("time", "x_face", "y", "z"))),
        "weather: x_wind is (time 4, x_face 13, y 10, z 5); it must be (time 4, z 5, y 10, x_face 13); only the order "
        "differs, transpose it.",
    ),
    "another shape": (
        spoil("emissions", lambda d: d.drop_vars(["x", "SO2"]).isel(x=slice(1, None))),
        "emissions: NO2 is (time 3, layer 3, y 10, x 11); it must be (time, layer, y 10, x 12).",
    ),
    "wind on centres": (
        spoil("weather", lambda d: d.assign(y_wind=d.air_density.assign_attrs(d.y_wind.attrs))),
        "weather: y_wind is (time 4, z 5, y 10, x 12); it must be (time 4, z 5, y_face 11, x 12).",
    ),
    "text": (
        spoil("weather", lambda d: d.assign(friction_velocity=d.friction_velocity.astype(str))),
        "weather: friction_velocity holds <U32 values; they must be numbers.",
    ),
    "degrees Celsius by unit": (
        spoil("weather", said("air_temperature", units="degC")),
        "weather: air_temperature is in 'degC'; it must be in K: add 273.15.",
    ),
    "degrees Celsius by value": (
        spoil("weather", scaled("air_temperature", 1, -273.15)),
        "air_temperature is out of bounds in 2400 cells, first at 2026-01-10 00:00, z 0, y 0, x 0; it ranges from -",
        "and must lie within 180 and 340 K. It looks like degrees Celsius: add 273.15.",
    ),
    "percent by unit": (
        spoil("weather", said("relative_humidity", units="%")),
        "weather: relative_humidity is in '%'; it must be in the unit 1 (a share of one): divide by 100.",
    ),
    "percent by value": (
        spoil("weather", scaled("relative_humidity", 100)),
        "it ranges from 60 to 60 and must lie within 0 and 1.2. It looks like percent: divide by 100.",
    ),
    "hectopascal": (spoil("weather", scaled("air_pressure", 0.01)), "It looks like hPa: multiply by 100."),
    "millimetres an hour": (
        spoil("weather", scaled("precipitation_flux", 0, 2)),
        "It looks like mm h-1: divide by 3600.",
    ),
    "the Obukhov length": (
        spoil("weather", scaled("inverse_obukhov_length", 0, -300)),
        "It looks like the Obukhov length itself: give its inverse.",
    ),
    "grams of cloud water": (
        spoil("weather", said("cloud_liquid_water_mixing_ratio", units="g/kg")),
        "cloud_liquid_water_mixing_ratio is in 'g/kg'; it must be in kg kg-1: divide by 1000.",
    ),
    "knots": (spoil("weather", said("x_wind", units="kt")), "weather: x_wind is in 'kt'; it must be in m s-1."),
    "no unit": (
        spoil("edges", lambda d: d.west.attrs.clear()),
        "edges: west has no units; it must be in ug kg-1 and say so.",
    ),
    "concentration for mixing ratio": (
        spoil("edges", said("top", units="ug m-3")),
        "edges: top is in 'ug m-3'; it must be in ug kg-1.",
    ),
    "another standard name": (
        spoil("weather", said("relative_humidity", standard_name="specific_humidity")),
        "weather: relative_humidity has the standard name 'specific_humidity'; it must be 'relative_humidity'.",
    ),
    "NaN": (
        spoil("weather", put("y_wind", ([1, 2], [2, 0], [3, 0], [4, 0]), [np.nan, np.inf])),
        "weather: y_wind is missing (NaN) or infinite in 2 cells, first at 2026-01-10 01:00, z 2, y_face 3, x 4.",
    ),
    "negative emission": (
        spoil("emissions", put("NO2", (1, 0, 2, 3), -1.0)),
        "emissions: NO2 is negative in 1 cell, first at 2026-01-10 01:00, layer 0, y 2, x 3; it ranges from -1 to",
    ),
    "negative concentration": (
        spoil("edges", put("south", (3, 4, 1, 11), -1e-9)),
        "edges: south is negative in 1 cell, first at 2026-01-10 03:00, z 4, SO2, x 11;",
    ),
    "an hour missing": (
        spoil("weather", lambda d: d.isel(time=[0, 1, 3])),
        "weather: 2026-01-10 02:00 is missing; there must be a time for every hour.",
    ),
    "hours missing": (
        spoil("weather", lambda d: d.isel(time=[0, 3])),
        "weather: the hours 2026-01-10 01:00 to 2026-01-10 02:00 are missing; there must be a time for every hour.",
    ),
    "one time": (
        spoil("weather", lambda d: d.isel(time=[0])),
        "weather: it has 1 time; a run of one hour needs two, its beginning and its end.",
    ),
    "times in disorder": (
        spoil("edges", lambda d: d.isel(time=[0, 2, 1, 3])),
        "edges: time must rise, but 2026-01-10 02:00 is followed by 2026-01-10 01:00.",
    ),
    "half hours": (
        spoil("weather", lambda d: d.assign_coords(time=d.time + np.timedelta64(30, "m"))),
        "weather: the time 2026-01-10 00:30 is no whole hour.",
    ),
    "a missing time": (
        spoil("weather", lambda d: d.assign_coords(time=[*d.time.values[:3], np.datetime64("NaT")])),
        "weather: time is missing (NaT) in 1 of 4 places.",
    ),
    "no times": (
        spoil("weather", lambda d: d.drop_vars("time")),
        "weather: the coordinate time is missing; it must hold whole hours of universal time.",
    ),
    "numbers for times": (
        spoil("weather", lambda d: d.assign_coords(time=np.arange(4))),
        "weather: time holds int64 values; they must be datetime64, universal time.",
    ),
    "emissions that end early": (
        spoil("emissions", lambda d: d.isel(time=slice(0, 2))),
        "emissions: 1 of the 3 times that the weather asks for is missing (2026-01-10 02:00); they must reach from "
        "2026-01-10 00:00 to 2026-01-10 02:00.",
    ),
    "edges that begin late": (
        spoil("edges", lambda d: d.isel(time=slice(2, None))),
        "edges: 2 of the 4 times that the weather asks for are missing (2026-01-10 00:00 to 2026-01-10 01:00);",
    ),
    "species missing in edges": (
        spoil("edges", lambda d: d.isel(species=[1])),
        "edges: the species NO2, PPM25 are missing; there are SO2.",
    ),
    "edges without names": (
        spoil("edges", lambda d: d.drop_vars("species")),
        "edges: the coordinate species is missing; it must name NO2, SO2, PPM25.",
    ),
    "an unknown species": (
        spoil("emissions", lambda d: d.rename(NO2="NOX")),
        "emissions: NOX is no species; known are ROC, NO, NO2",
    ),
    "too many layers": (
        spoil("emissions", lambda d: d.isel(layer=[0] * 6)),
        "emissions: 6 layers; there must be 1 to 5.",
    ),
    "another kind of object": (
        lambda given: given.update(emissions=given["emissions"]["NO2"]),
        "emissions: it must be an xarray Dataset, not DataArray.",
    ),
    "another place": (
        spoil("weather", lambda d: d.assign_coords(x=d.x + 8000)),
        "weather: the coordinate x goes from -14000 to 30000; that of grid 'd01' goes from -22000 to 22000 m.",
    ),
    "top down": (
        spoil("weather", lambda d: d.isel(z=slice(None, None, -1))),
        "weather: air_pressure rises with height, first at 2026-01-10 00:00, z",
        "(in 4 times); levels must count from the ground up.",
    ),
    "potential temperature": (
        spoil("weather", scaled("air_temperature", 1.1)),
        "weather: air_density differs from air_pressure / (287.05 air_temperature) by +10 % at 2026-01-10 ",
        "is one of them of another kind, for example potential temperature?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.requirement("F3", part="wrong units, NaN and missing hours are refused with a sentence that says where")
def test_each_fault_is_one_sentence_that_says_what_would_be_right(fault: str, domain: Domain, given: Datasets) -> None:
    change, *sentences = FAULTS[fault]
    change(given)
    faults = told(domain, given)
    assert len(faults) == 1, faults
    for sentence in sentences:
        assert sentence in faults[0]


def test_all_faults_are_told_together_and_at_most_twenty_of_them(domain: Domain, given: Datasets) -> None:
    put("x_wind", (0, 0, 0, 0), np.nan)(given["weather"])
    said("air_pressure", units="bar")(given["weather"])
    put("SO2", (0, 0, 0, 0), -1.0)(given["emissions"])
    given["edges"] = given["edges"].drop_vars("top")
    assert [fault.split(" ")[1] for fault in told(domain, given)] == ["air_pressure", "top", "x_wind", "SO2"]
    with pytest.raises(DoorError) as caught:
        open_forcing(domain, NAMES, **given)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # from a worker to who asked
    nothing = dict.fromkeys(given, xr.Dataset())
    with pytest.raises(DoorError, match=r"(?s)21 faults in the inputs of the model\n.*\nand 1 more$"):
        open_forcing(domain, NAMES, **nothing)


def test_the_same_unit_in_other_words_passes(domain: Domain, given: Datasets, forcing: Forcing) -> None:
    weather = given["weather"]
    said("x_wind", units="m/s")(weather)
    said("y_wind", units="meter second**-1")(weather)
    said("air_density", units="kg/m3")(weather)
    said("relative_humidity", units="kg kg-1")(weather)
    said("cloud_liquid_water_mixing_ratio", units="1")(weather)
    said("precipitation_flux", units="kg.m-2.s-1")(weather)
    said("boundary_layer_height", units="metres")(weather)
    del weather["x_wind"].attrs["standard_name"]
    for edge in given["edges"].data_vars:
        said(str(edge), units="µg/kg")(given["edges"])
    same(open_forcing(domain, NAMES, **given).hour(1), forcing.hour(1))


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("m s-1", "m/s", True), ("m s^-1", "m s**-1", True), ("kg/m2/s", "kg m-2 s-1", True),
        ("m2 s-1", "m s-1", False), ("1", "", True), ("1", "fraction", True), ("kg kg-1", "g kg-1", False),
        ("K", "degC", False),
        ("m s-1", "s m-1", False), ("1e-9 kg kg-1", "1", False), ("mm h-1", "kg m-2 s-1", False),
    ],
)  # fmt: skip
def test_units(one: str, other: str, equal: bool) -> None:
    assert inputs.same_unit(one, other) is equal


@pytest.mark.requirement("F3", part="winds that do not close are refused with the hour, the place and the speed")
def test_winds_that_do_not_close_are_refused(domain: Domain, given: Datasets) -> None:
    given["weather"]["x_wind"].values[1, :, 4, 6] += 6.0  # between cells 5 and 6, all the way up
    (fault,) = told(domain, given)
    # 6 m/s through a face of 1200 m height over a cell of 4 km length.
    assert "continuity asks for -1." in fault
    assert (
        "through the top at 2026-01-10 01:00, y 4, x 5; at most 0.5 m s-1 may pass there, which 2 hours exceed" in fault
    )
    assert isinstance(open_forcing(domain, NAMES, **given, top_velocity=3.0), Forcing)


def test_air_that_the_winds_did_not_bring_is_refused(domain: Domain, given: Datasets) -> None:
    """A jump of a tenth in an hour, of density and pressure, needs 0.03 m/s through the top of 1200 m of air."""
    for name in ("air_density", "air_pressure"):
        given["weather"][name].values[2:] *= 1.1
    (fault,) = told(domain, given, top_velocity=0.02)
    assert "continuity asks for -0.0" in fault
    assert isinstance(open_forcing(domain, NAMES, **given), Forcing)


def test_winds_that_not_even_the_most_steps_can_hold_are_refused(given: Datasets) -> None:
    narrow = idealised.domain((4, 5), 150.0, levels=LEVELS)
    weather = idealised.weather(narrow, START, 1, x_wind=80.0)
    edges = idealised.edges(narrow, NAMES, START, 1)
    (fault,) = told(narrow, {"weather": weather, "emissions": xr.Dataset(), "edges": edges})
    assert fault.startswith("weather: the winds are too fast for the cells: in 2.5 s, the shortest step, 1.3")
    assert "of a cell's air leaves it at 2026-01-10 00:00, along x in z " in fault
    calm = idealised.weather(narrow, START, 1, x_wind=50.0)
    hour = open_forcing(narrow, NAMES, weather=calm, emissions=xr.Dataset(), edges=edges).hour(0)
    assert float(choose_steps(hour, jnp.asarray(300.0))[1]) <= COURANT


def test_times_beyond_the_weather_and_species_in_another_order_are_taken_where_they_belong(
    domain: Domain, given: Datasets, forcing: Forcing
) -> None:
    one = {**given, "weather": given["weather"].isel(time=slice(1, 3)), "edges": given["edges"].isel(species=[2, 0, 1])}
    cut = open_forcing(domain, NAMES, **one)
    assert cut.hours == 1
    assert cut.times[0] == np.datetime64("2026-01-10T01")
    same(cut.hour(0), forcing.hour(1))


def test_emitted_species_that_are_not_carried_are_named(domain: Domain, given: Datasets) -> None:
    given["emissions"] = given["emissions"].assign(BC=given["emissions"]["NO2"])
    assert open_forcing(domain, NAMES, **given).left_out == ("BC",)


@pytest.mark.parametrize("units", ["kg m-2 s-1", "kg/m2/s", "kg s**-1 m**-2"])
def test_emission_by_area_is_the_same_as_by_cell(units: str, domain: Domain, given: Datasets, forcing: Forcing) -> None:
    by_area = given["emissions"]["NO2"] / domain.grid.cell_area
    given["emissions"]["NO2"] = by_area.assign_attrs(units=units)
    np.testing.assert_allclose(
        open_forcing(domain, NAMES, **given).hour(2).emission, forcing.hour(2).emission, rtol=1e-6
    )


def test_an_hour_holds_what_the_contract_says(domain: Domain, given: Datasets) -> None:
    """Each array against its formula in double precision, written out anew."""
    weather = given["weather"]
    generator = np.random.default_rng(2)
    weather["air_density"].values[:] *= generator.uniform(0.99, 1.01, weather["air_density"].shape)
    weather["horizontal_diffusivity"] = weather["air_density"] * 0 + 70.0
    weather["horizontal_diffusivity"].attrs = {"units": "m2 s-1"}
    with jax.enable_x64(True):
        hour = open_forcing(domain, NAMES, **given, top_velocity=9.0, dtype=np.float64).hour(1)
    nz, ny, nx = domain.thickness.shape
    shapes = {name: getattr(hour, name).shape for name in Hour._fields if name not in ("edges", "drive")}
    assert shapes == {
        "mass": (2, nz, ny, nx), "flux_x": (2, nz, ny, nx + 1), "flux_y": (2, nz, ny + 1, nx),
        "flux_z": (2, nz + 1, ny, nx), "exchange": (2, nz - 1, ny, nx), "swap_x": (2, nz, ny, nx + 1),
        "swap_y": (2, nz, ny + 1, nx), "drain": (2, 3, ny, nx), "emission": (3, 3, ny, nx),
        "ground_density": (2, ny, nx),
    }  # fmt: skip
    at = weather.isel(time=slice(1, 3))
    rho = at["air_density"].values.astype(float)
    expected = {"mass": rho * domain.volume, "ground_density": rho[:, 0]}
    expected["flux_x"] = np.empty((2, nz, ny, nx + 1))
    for i in range(nx + 1):
        mean = (rho[..., max(i - 1, 0)] + rho[..., min(i, nx - 1)]) / 2
        expected["flux_x"][..., i] = mean * at["x_wind"].values[..., i] * domain.face_area_x[..., i]
    k = at["atmosphere_heat_diffusivity"].values
    expected["exchange"] = (rho[:, 1:] + rho[:, :-1]) / 2 * k * domain.grid.cell_area / domain.distance_z
    inside = (rho[:, :, 1:] + rho[:, :, :-1]) / 2 * 70 * domain.face_area_y[:, 1:-1] / domain.distance_y[1:-1]
    expected["swap_y"] = np.pad(inside, ((0, 0), (0, 0), (1, 1), (0, 0)))
    emitted = np.zeros((3, 3, ny, nx))
    emitted[:, :2] = 1e9 * np.stack([given["emissions"][name].values[1] for name in ("NO2", "SO2")], 1)
    expected["emission"] = emitted
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(hour, name), value, rtol=1e-6, atol=1e-6 * np.abs(value).max(), err_msg=name)
    # Continuity at both ends, and with it the whole hour.
    for end in (0, 1):
        into = (
            -np.diff(hour.flux_x[end], axis=2) - np.diff(hour.flux_y[end], axis=1) - np.diff(hour.flux_z[end], axis=0)
        )
        np.testing.assert_allclose(into, np.diff(hour.mass, axis=0)[0] / HOUR, atol=1e-6)
    sun = photolysis.cos_zenith(domain.grid.lon, domain.grid.lat, np.datetime64("2026-01-10T02"))
    np.testing.assert_allclose(hour.drive.cos_zenith[1], sun, rtol=1e-6)
    np.testing.assert_allclose(hour.edges.west, given["edges"]["west"].values[1:3], rtol=1e-6)
    np.testing.assert_allclose(hour.edges.top, given["edges"]["top"].values[1:3], rtol=1e-6)


def test_dry_deposition_is_that_of_the_default_land(domain: Domain, forcing: Forcing) -> None:
    hour = forcing.hour(0)
    fraction = np.zeros((len(deposition.CLASSES), *domain.terrain.shape))
    for name, share in DEFAULT_LAND.items():
        fraction[deposition.CLASSES.index(name)] = share
    fraction = jnp.asarray(fraction, jnp.float32)
    land = deposition.Land(fraction, deposition.roughness(fraction), jnp.zeros_like(fraction[0]))  # January: bare
    weather: Weather = jax.tree.map(lambda a: a[0], hour.drive)
    height = jnp.asarray(domain.thickness[0] / 2, jnp.float32)
    velocity = deposition.dry_velocity(NAMES, weather, land, height, forcing.parameters)
    expected = hour.ground_density[0] * velocity * domain.grid.cell_area
    np.testing.assert_allclose(hour.drain[0], expected, rtol=1e-5)


def test_land_decides_what_deposits(domain: Domain, given: Datasets, forcing: Forcing) -> None:
    water = land(domain, ("water", "urban"), (1.0, 0.0))
    wet = open_forcing(domain, NAMES, **given, land=water).hour(0).drain
    assert np.all(np.asarray(wet[:, 1]) > 1.2 * np.asarray(forcing.hour(0).drain[:, 1]))  # SO2 dissolves
    green = water.assign(greenness=(("y", "x"), np.ones(domain.terrain.shape), {"units": "1"}))
    green = green.assign(roughness_length=(("y", "x"), np.full(domain.terrain.shape, 0.5), {"units": "m"}))
    rough = open_forcing(domain, NAMES, **given, land=green)
    assert float(rough.land.roughness_length[0, 0]) == 0.5
    assert float(rough.land.greenness[0, 0]) == 1.0


def land(domain: Domain, names: tuple[str, ...], shares: tuple[float, ...]) -> xr.Dataset:
    fraction = np.broadcast_to(np.array(shares)[:, None, None], (len(names), *domain.terrain.shape))
    return xr.Dataset({"land_fraction": (("class", "y", "x"), fraction, {"units": "1"})}, {"class": list(names)})


def test_faults_of_land_are_told(domain: Domain, given: Datasets) -> None:
    assert told(domain, given, land=land(domain, ("urban", "water"), (0.4, 0.4))) == (
        "land: land_fraction adds up to 0.800 at y 0, x 0; it must add up to 1.",
    )
    assert told(domain, given, land=land(domain, ("urban", "sea"), (0.4, 0.6))) == (
        "land: the coordinate class holds urban, sea; known are urban, cropland, forest, grass, bare, water.",
    )
    assert told(domain, given, land=xr.Dataset()) == (
        "land: land_fraction is missing; it must be (class, y 10, x 12) in the unit 1 (a share of one).",
    )


def test_leaves_come_and_go_with_the_season(domain: Domain, given: Datasets) -> None:
    """By the time of year alone; bare in January, in full leaf in July."""
    for month, greenness in (("01", 0.0), ("07", 1.0)):
        shift = np.datetime64(f"2026-{month}-10") - np.datetime64("2026-01-10")
        moved = {name: dataset.assign_coords(time=dataset.time + shift) for name, dataset in given.items()}
        assert float(open_forcing(domain, NAMES, **moved).land.greenness[0, 0]) == greenness


def test_a_changed_parameter_reaches_deposition_and_a_wrong_one_is_refused(
    domain: Domain, given: Datasets, forcing: Forcing
) -> None:
    changed = open_forcing(domain, NAMES, **given, parameters={"particle_uptake": 0.006, "oh_noon": 1e6})
    drain, before = changed.hour(0).drain, forcing.hour(0).drain
    assert np.all(np.asarray(drain[:, 2]) > 1.5 * np.asarray(before[:, 2]))
    np.testing.assert_array_equal(drain[:, :2], before[:, :2])
    with pytest.raises(ValueError, match="particle_uptake = 2"):
        open_forcing(domain, NAMES, **given, parameters={"particle_uptake": 2.0})
    with pytest.raises(ValueError, match="unknown parameter 'particle_upteak'"):
        open_forcing(domain, NAMES, **given, parameters={"particle_upteak": 0.002})


def test_hours_are_the_same_forth_and_back(domain: Domain, given: Datasets, forcing: Forcing) -> None:
    other = open_forcing(domain, NAMES, **given)
    for i in (2, 1, 0, 2):
        same(other.hour(i), forcing.hour(i))
    for i in (-1, 3):
        with pytest.raises(IndexError, match=f"hour {i}: the forcing has the hours 0 to 2"):
            other.hour(i)


def test_only_the_hour_that_is_asked_for_is_read(
    domain: Domain, given: Datasets, forcing: Forcing, tmp_path: Path
) -> None:
    """From files: after the door has seen all, later times may go, and hour 0 still comes."""
    for name, dataset in given.items():
        chunks = {variable: {"chunks": (1, *dataset[variable].shape[1:])} for variable in dataset.data_vars}
        if "species" in dataset:
            dataset["species"] = dataset["species"].astype(object)
        dataset.to_zarr(tmp_path / name, zarr_format=3, consolidated=False, encoding=chunks)
    lazy = {name: xr.open_zarr(tmp_path / name, chunks=None, consolidated=False) for name in given}
    opened = open_forcing(domain, NAMES, **lazy)
    for name in given:
        for chunk in [*tmp_path.glob(f"{name}/*/c/2"), *tmp_path.glob(f"{name}/*/c/3")]:
            for file in [*chunk.rglob("*")] if chunk.is_dir() else [chunk]:
                if file.is_file():
                    file.unlink()
    same(opened.hour(0), forcing.hour(0))
    assert not np.array_equal(opened.hour(1).mass, forcing.hour(1).mass)


def test_the_digest_tells_inputs_apart(domain: Domain, given: Datasets, forcing: Forcing) -> None:
    assert open_forcing(domain, NAMES, **given).digest() == forcing.digest()
    others = [open_forcing(domain, NAMES, **given, parameters={"particle_uptake": 0.003}).digest()]
    others.append(open_forcing(domain, NAMES[:2], **given).digest())
    given["emissions"]["SO2"].values[2, 1, 7, 7] += 1e-3
    others.append(open_forcing(domain, NAMES, **given).digest())
    assert len({*others, forcing.digest()}) == 4


def test_the_start_is_checked_and_ordered(domain: Domain) -> None:
    start = idealised.start(domain, ("PPM25", "SO2", "NO2", "CO")).copy(deep=True)
    q = open_start(domain, NAMES, start)
    assert q.shape == (5, 3, 10, 12)
    assert q.dtype == jnp.float32
    np.testing.assert_array_equal(q, start["mixing_ratio"].sel(species=list(NAMES)).values)
    start["mixing_ratio"].values[1, 2, 3, 4] = -1
    with pytest.raises(DoorError, match="start: mixing_ratio is negative in 1 cell, first at z 1, NO2, y 3, x 4;"):
        open_start(domain, NAMES, start)
    with pytest.raises(DoorError, match="start: the species PPM25 are missing; there are SO2, NO2"):
        open_start(domain, NAMES, start.isel(species=[1, 2]))
    with pytest.raises(DoorError, match="start: mixing_ratio is missing; it must be"):
        open_start(domain, NAMES, start.drop_vars("mixing_ratio"))


def test_double_precision_needs_to_be_switched_on(domain: Domain, given: Datasets) -> None:
    with pytest.raises(ValueError, match=r"float64 needs jax\.config\.update"):
        open_forcing(domain, NAMES, **given, dtype=np.float64)


@pytest.mark.requirement("F3", part="a uniform mixing ratio stays uniform over hills in sheared, divergent winds")
def test_a_uniform_mixing_ratio_stays_uniform(domain: Domain, given: Datasets) -> None:
    """Through the door, over hills, with winds that shear, turn, converge and change within the hour."""
    weather = given["weather"]
    y, x = np.meshgrid(np.linspace(0, 1, 10), np.linspace(0, 1, 13), indexing="ij")
    weather["x_wind"].values[:] *= (1 + 0.06 * np.sin(5 * x) * np.cos(4 * y)).astype(np.float32)
    weather["air_density"].values[2] *= 1.004
    weather["air_pressure"].values[2] *= 1.004
    # Nothing is emitted and nothing deposits: what is left is transport and mixing.
    edges = idealised.edges(domain, NAMES, START, HOURS, dict.fromkeys(NAMES, 37.0))
    hour = open_forcing(domain, NAMES, weather=weather, emissions=xr.Dataset(), edges=edges).hour(1)
    hour = hour._replace(drain=jnp.zeros_like(hour.drain))
    assert float(jnp.max(jnp.abs(hour.flux_z[:, -1]))) > 1e5  # air does pass the top
    q = open_start(domain, NAMES, idealised.start(domain, NAMES, dict.fromkeys(NAMES, 37.0)))
    steps, courant = choose_steps(hour, jnp.asarray(HOUR / 12))
    assert float(courant) <= COURANT
    after = jax.jit(step.advance)(q, hour, steps).q
    np.testing.assert_allclose(after, 37.0, rtol=1e-5)


PAGE = Path(__file__).parents[2] / "docs" / "transport" / "inputs.md"


def test_the_page_of_the_inputs_runs_and_names_each_variable_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    exec(page.split("```python\n")[1].split("```")[0], {})
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "6 (2, 15, 20, 30)"
    assert told[1] in page.replace("\n", " ")
    rows = [row.strip("| ").split(" | ") for row in page.splitlines() if row.startswith("| `") and row.count("|") == 6]
    documented = {
        first.split("`")[1]: (tuple(dims.split()), units, float(low), float(high))
        for first, dims, units, low, high in rows
    }
    weather = (*inputs.WEATHER, inputs.HORIZONTAL_DIFFUSIVITY)
    assert documented == {v.name: (v.dims, v.units[0], v.low, v.high) for v in weather}


def same(one: Hour, other: Hour) -> None:
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)
