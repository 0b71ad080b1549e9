"""Made inputs are what their formulas say, and pass the door."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.places.grid import Domain, Levels
from lantian.transport import idealised
from lantian.transport.door import open_forcing, open_start
from lantian.transport.hour import close
from lantian.transport.idealised import Point
from lantian.transport.species import COMPACT, FULL

START, HOURS = "2026-01-10T00", 3
LEVELS = Levels((0, 40, 110, 250, 600, 1200))


@pytest.fixture(scope="module")
def domain() -> Domain:
    return idealised.domain((7, 9), 3000.0, levels=LEVELS, hill=300.0)


def through_top(domain: Domain, made: dict) -> float:
    """m s-1, the largest that continuity asks for at any height."""
    hour = open_forcing(domain, ("CO",), **made).hour(1)
    return float(jnp.max(jnp.abs(hour.flux_z)) / jnp.min(hour.drive.density * domain.grid.cell_area))


@settings(max_examples=12)
@given(
    x_wind=st.floats(-20, 20), y_wind=st.floats(-20, 20), hill=st.floats(0, 900), temperature=st.floats(250, 310),
    depth=st.one_of(st.floats(50, 2000), st.tuples(st.floats(50, 300), st.floats(300, 2000))),
)  # fmt: skip
def test_any_made_weather_passes_the_door_and_asks_for_no_vertical_wind(
    x_wind: float, y_wind: float, hill: float, temperature: float, depth: float | tuple[float, float]
) -> None:
    domain = idealised.domain((7, 9), 3000.0, levels=LEVELS, hill=hill)
    made = {
        "weather": idealised.weather(
            domain, START, 2, x_wind=x_wind, y_wind=y_wind, mixing_height=depth, temperature=temperature
        ),
        "emissions": idealised.emissions(domain, START, 2, {"CO": 1e-9}),
        "edges": idealised.edges(domain, ("CO",), START, 2),
    }
    assert through_top(domain, made) < 1e-4


def test_the_wind_is_what_was_asked_for_in_the_mean_and_faster_over_the_hill(domain: Domain) -> None:
    weather = idealised.weather(domain, START, HOURS, x_wind=6.0, y_wind=idealised.power(3.0, 0.3))
    heights = np.array([20, 75, 180, 425, 900])
    np.testing.assert_allclose(weather["x_wind"].mean(("time", "y", "x_face")), 6.0, rtol=0.02)
    np.testing.assert_allclose(weather["y_wind"].mean(("time", "y_face", "x")), 3.0 * (heights / 10) ** 0.3, rtol=0.02)
    # Over 300 of 1200 m the layers have 3/4 of their depth; the wind at the foot keeps its speed.
    speed = weather["x_wind"].isel(time=0, z=0)
    assert 1.2 < float(speed.isel(y=3, x_face=4) / speed.isel(y=0, x_face=0)) < 1.4


def test_the_wind_may_change_with_the_hours(domain: Domain) -> None:
    weather = idealised.weather(domain, START, HOURS, x_wind=lambda hour, height: hour + height / 1000)
    by_hour = weather["x_wind"].mean(("z", "y", "x_face")).values
    np.testing.assert_allclose(np.diff(by_hour), 1.0, rtol=0.02)


def test_the_air_is_in_hydrostatic_balance(domain: Domain) -> None:
    weather = idealised.weather(domain, START, HOURS, temperature=268.0).isel(time=0)
    p, t, rho = (weather[name].values.astype(float) for name in ("air_pressure", "air_temperature", "air_density"))
    np.testing.assert_allclose(rho, p / (287.05 * t), rtol=1e-6)
    middle = (domain.heights[1:] + domain.heights[:-1]) / 2
    np.testing.assert_allclose(
        np.diff(p, axis=0), -9.81 * (rho[1:] + rho[:-1]) / 2 * np.diff(middle, axis=0), rtol=2e-3
    )
    np.testing.assert_allclose(t, 268.0 - 0.0065 * middle, rtol=1e-6)


def test_day_and_night(domain: Domain) -> None:
    """Noon over Beijing is at 4 UTC; the mixing follows the sun an hour and a half later."""
    weather = idealised.weather(domain, "2026-01-10T00", 23, mixing_height=(150.0, 900.0))
    depth = weather["boundary_layer_height"].isel(x=0, y=0).values
    assert depth[16] == pytest.approx(150.0)
    assert depth.max() > 800.0
    assert depth.argmax() in (5, 6)
    inverse_obukhov = weather["inverse_obukhov_length"].isel(x=0, y=0).values
    assert inverse_obukhov[16] > 0 > inverse_obukhov[5]
    k = weather["atmosphere_heat_diffusivity"].isel(x=0, y=0, z_face=1).values
    assert k[5] > 20 * k[16] > 0
    raised = idealised.weather(
        domain, "2026-01-10T00", 23, mixing_height=(150.0, 900.0), parameters={"k_min_rural": 0.4}
    )
    assert raised["atmosphere_heat_diffusivity"].isel(time=16).min() == pytest.approx(0.4)
    assert weather["atmosphere_heat_diffusivity"].isel(time=16).min() < 0.05


def test_one_mixing_height_is_neutral_and_steady(domain: Domain) -> None:
    weather = idealised.weather(domain, START, HOURS, mixing_height=500.0, humidity=0.3, rain=1e-4, cloud_cover=0.5)
    assert not weather["inverse_obukhov_length"].any()
    assert float(weather["boundary_layer_height"].std()) == 0
    assert set(weather["relative_humidity"].values.flat) == {np.float32(0.3)}
    assert set(weather["precipitation_flux"].values.flat) == {np.float32(1e-4)}
    assert set(weather["cloud_area_fraction"].values.flat) == {np.float32(0.5)}
    k = idealised.weather(domain, START, HOURS, vertical_diffusivity=7.0)["atmosphere_heat_diffusivity"]
    assert set(k.values.flat) == {7.0}


def test_what_is_constant_in_time_is_there_once(domain: Domain) -> None:
    weather = idealised.weather(domain, START, 1000, mixing_height=500.0)
    emissions = idealised.emissions(domain, START, 1000, {"CO": 1e-9})
    for array in (weather["x_wind"], weather["atmosphere_heat_diffusivity"], weather["air_density"], emissions["CO"]):
        assert array.sizes["time"] in (1000, 1001)
        assert array.values.strides[0] == 0


def test_sources_stand_where_they_were_put(domain: Domain) -> None:
    lon, lat = float(domain.grid.lon[5, 2]), float(domain.grid.lat[5, 2])
    field = np.arange(3.0)[:, None, None] * 1e-9
    points = [Point(lon, lat, 60.0, "SO2", 0.2), Point(lon, lat, 60.0, "SO2", 0.1), (lon, lat, 240.0, "NO", 0.4)]
    made = idealised.emissions(domain, START, HOURS, {"CO": 1e-9, "NO": field}, points=points)
    assert set(made.data_vars) == {"CO", "NO", "SO2"}
    assert made.sizes["layer"] == 1 + int(np.searchsorted(np.cumsum(domain.thickness[:, 5, 2]), 240.0))
    np.testing.assert_allclose(made["CO"].sum(("layer", "y", "x")), 1e-9 * domain.grid.cell_area.sum(), rtol=1e-6)
    low = int(np.searchsorted(np.cumsum(domain.thickness[:, 5, 2]), 60.0))
    assert made["SO2"].isel(time=2, layer=low, y=5, x=2) == pytest.approx(0.3)
    assert float(made["SO2"].isel(time=2).sum()) == pytest.approx(0.3)
    by_hour = made["NO"].sum(("layer", "y", "x")).values
    np.testing.assert_allclose(by_hour, 0.4 + np.arange(3) * 1e-9 * domain.grid.cell_area.sum(), rtol=1e-6)


def test_sources_that_cannot_stand_there_are_refused(domain: Domain) -> None:
    lon, lat = float(domain.grid.lon[0, 0]), float(domain.grid.lat[0, 0])
    with pytest.raises(ValueError, match="its height lies outside the domain's 0 to"):
        idealised.emissions(domain, START, 1, points=[(lon, lat, 5000.0, "CO", 1.0)])
    with pytest.raises(ValueError, match=r"lies .* km south of grid"):
        idealised.emissions(domain, START, 1, points=[(lon, lat - 1, 50.0, "CO", 1.0)])
    with pytest.raises(ValueError, match="unknown species NOX"):
        idealised.emissions(domain, START, 1, {"NOX": 1e-9})


def test_background_air_comes_in_and_is_there_at_the_start(domain: Domain) -> None:
    profile = np.linspace(80.0, 100.0, 5)
    background = {"O3": profile, "CO": 300.0}
    edges = idealised.edges(domain, COMPACT, START, HOURS, background)
    start = idealised.start(domain, COMPACT, background)
    ozone = edges.sel(species="O3")
    for name in ("west", "east", "south", "north"):
        np.testing.assert_allclose(ozone[name].isel(time=3, **{ozone[name].dims[-1]: 0}), profile)
    np.testing.assert_allclose(ozone["top"], 100.0)
    np.testing.assert_allclose(start["mixing_ratio"].sel(species="O3").isel(y=2, x=3), profile)
    assert set(start["mixing_ratio"].sel(species="CO").values.flat) == {300.0}
    clean = open_start(domain, FULL, idealised.start(domain, FULL))
    assert bool(jnp.all(clean > 0))
    with pytest.raises(ValueError, match="unknown species OZONE"):
        idealised.start(domain, COMPACT, {"OZONE": 1.0})


def test_the_numbers_are_those_of_clean_winter_air() -> None:
    """In the units in which they are known: ppb, and ug m-3 at 1.3 kg m-3."""
    from lantian.transport.species import REGISTRY

    ppb = {name: float(REGISTRY[name].to_ppb(idealised.BACKGROUND[name])) for name in ("O3", "CO", "NO2", "SO2")}
    assert ppb == pytest.approx({"O3": 35, "CO": 200, "NO2": 3, "SO2": 2}, rel=0.06)
    assert set(idealised.BACKGROUND) == set(FULL)


def test_double_precision_closes_exactly(domain: Domain) -> None:
    """The flow through a layer is the same everywhere, up to the rounding of the wind."""
    weather = idealised.weather(domain, START, 1, x_wind=9.0, y_wind=-4.0)
    edges, emissions = idealised.edges(domain, ("CO",), START, 1), idealised.emissions(domain, START, 1)
    with jax.enable_x64(True):
        hour = open_forcing(domain, ("CO",), weather=weather, emissions=emissions, edges=edges, dtype=np.float64).hour(
            0
        )
        up = close(hour.mass, hour.flux_x, hour.flux_y)
    assert float(np.abs(up).max()) < 1e-5 * float(np.abs(hour.flux_x).max())
