"""Stations into the start state: what it corrects, how far it reaches, what it leaves alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import xarray as xr

from lantian.forecast.assimilate import FLOOR, Analysis, Errors, analyse
from lantian.places.grid import Domain
from lantian.transport import idealised
from lantian.transport.particulate import concentrations

SPECIES = ("SO2", "CO", "NO", "NO2", "O3", "SO4", "TNO3", "TNH4", "PPM25", "PMC")
ITEMS = ("so2", "no2", "co", "o3", "pm25", "pm10")
CELLS = ((8, 8), (8, 11), (12, 10), (16, 16), (5, 14), (10, 5))


@pytest.fixture(scope="module")
def domain() -> Domain:
    return idealised.domain((24, 24), 3000.0, hill=300.0)


@pytest.fixture(scope="module")
def moment(domain: Domain) -> xr.Dataset:
    return idealised.weather(domain, "2016-12-16T12", 1, mixing_height=300.0).isel(time=0)


def ground(start: xr.Dataset, moment: xr.Dataset) -> dict[str, np.ndarray]:
    air = (moment[name].values[0] for name in ("air_temperature", "relative_humidity", "air_density"))
    made = concentrations(start["mixing_ratio"].values[0], SPECIES, *air)
    return {item: np.asarray(field, float) for item, field in made.items()}


def at_cells(domain: Domain, fields: dict[str, np.ndarray], cells: tuple[tuple[int, int], ...] = CELLS) -> pl.DataFrame:
    rows = [
        {"place": f"{j}-{i}", "lon": float(domain.grid.lon[j, i]), "lat": float(domain.grid.lat[j, i])}
        | {item: float(fields[item][j, i]) for item in ITEMS}
        for j, i in cells
    ]
    return pl.DataFrame(rows)


def error(analysis: Analysis, moment: xr.Dataset, truth: dict[str, np.ndarray], item: str) -> float:
    now = ground(analysis.start, moment)[item]
    return float(np.sqrt(np.mean((now - truth[item]) ** 2)))


@pytest.fixture(scope="module")
def truth(domain: Domain, moment: xr.Dataset) -> dict[str, np.ndarray]:
    """The model's air times a factor that changes over 40 km, another one for each item."""
    y, x = np.mgrid[0:24, 0:24] / 24
    fields = ground(idealised.start(domain, SPECIES), moment)
    made = {item: fields[item] * np.exp(0.9 + 0.3 * n * x - 0.4 * y) for n, item in enumerate(ITEMS)}
    made["pm10"] = np.maximum(made["pm10"], made["pm25"] * 1.2)
    return made


@pytest.mark.requirement("F4", part="start state by optimal interpolation of stations")
def test_the_field_between_the_stations_comes_nearer(
    domain: Domain, moment: xr.Dataset, truth: dict[str, np.ndarray]
) -> None:
    start = idealised.start(domain, SPECIES)
    analysis = analyse(domain, start, moment, at_cells(domain, truth))
    before = ground(start, moment)
    for item in ITEMS:
        apart = float(np.sqrt(np.mean((before[item] - truth[item]) ** 2)))
        assert error(analysis, moment, truth, item) < 0.5 * apart, item
    fit = analysis.fit.filter(item="pm25")
    assert ((fit["analysis"] - fit["measured"]).abs() < 0.35 * (fit["model"] - fit["measured"]).abs()).all()


def test_exact_stations_are_met(domain: Domain, moment: xr.Dataset, truth: dict[str, np.ndarray]) -> None:
    exact = analyse(domain, idealised.start(domain, SPECIES), moment, at_cells(domain, truth), Errors(station=1e-4))
    now = ground(exact.start, moment)
    for j, i in CELLS:
        assert now["so2"][j, i] == pytest.approx(truth["so2"][j, i], rel=0.01)
        # more ammonia and nitric acid bring more of the nitrate into particles: not quite the factor
        assert now["pm25"][j, i] == pytest.approx(truth["pm25"][j, i], rel=0.06)


def test_far_away_and_high_above_nothing_changes(
    domain: Domain, moment: xr.Dataset, truth: dict[str, np.ndarray]
) -> None:
    start = idealised.start(domain, SPECIES)
    near = Errors(regional=0.0, local_length=6000.0)
    analysis = analyse(domain, start, moment, at_cells(domain, truth, CELLS[:1]), near)
    assert float(analysis.factor["pm25"].values[20, 20]) == pytest.approx(1.0, abs=1e-3)
    ratio = analysis.start["mixing_ratio"].values / start["mixing_ratio"].values
    assert np.allclose(ratio[-1], 1.0, atol=1e-3)
    assert ratio[0, SPECIES.index("PPM25"), 8, 8] > 1.2


def test_composition_stays_the_models(domain: Domain, moment: xr.Dataset, truth: dict[str, np.ndarray]) -> None:
    start = idealised.start(domain, SPECIES)
    now = analyse(domain, start, moment, at_cells(domain, truth)).start["mixing_ratio"].values
    before = start["mixing_ratio"].values
    sulfate, primary = SPECIES.index("SO4"), SPECIES.index("PPM25")
    assert np.allclose(now[:, sulfate] / now[:, primary], before[:, sulfate] / before[:, primary], rtol=1e-4)


def test_missing_values_and_stations_beyond_are_left_out(domain: Domain, moment: xr.Dataset, truth: dict) -> None:
    start = idealised.start(domain, SPECIES)
    heard = at_cells(domain, truth).with_columns(so2=pl.lit(None, pl.Float64))
    far = heard.with_columns(lon=pl.lit(90.0), place=pl.lit("far"))
    analysis = analyse(domain, start, moment, pl.concat([heard, far]))
    assert set(analysis.fit["item"]) == {"no2", "co", "o3", "pm25", "pm10"}
    assert "far" not in set(analysis.fit["station"])
    so2 = SPECIES.index("SO2")
    assert np.array_equal(analysis.start["mixing_ratio"].values[:, so2], start["mixing_ratio"].values[:, so2])


def test_a_factor_has_bounds_and_air_stays_positive(domain: Domain, moment: xr.Dataset, truth: dict) -> None:
    start = idealised.start(domain, SPECIES)
    clean = at_cells(domain, {item: np.zeros((24, 24)) for item in ITEMS})
    now = analyse(domain, start, moment, clean).start["mixing_ratio"].values
    assert (now >= 0).all()
    scaled = [number for number, name in enumerate(SPECIES) if name != "O3"]
    assert (now[:, scaled] >= 0.099 * start["mixing_ratio"].values[:, scaled]).all()
    assert FLOOR["pm25"] > 0


def test_ozone_above_a_titrated_night_keeps_its_own(domain: Domain, moment: xr.Dataset, truth: dict) -> None:
    start = idealised.start(domain, SPECIES)
    ozone = SPECIES.index("O3")
    night = start["mixing_ratio"].values.copy()
    night[0, ozone] = 0.5  # eaten up by NO at the ground
    start = start.assign(mixing_ratio=start["mixing_ratio"].copy(data=night))
    heard = at_cells(domain, truth).with_columns(o3=pl.lit(4.0))
    now = analyse(domain, start, moment, heard).start["mixing_ratio"].values[:, ozone]
    assert now[0].mean() > 1.5
    assert (now[1:] - night[1:, ozone]).max() < 5.0  # by a few, not by the ground's factor of eight
