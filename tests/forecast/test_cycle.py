"""A run of the engine over nests: what it leaves, how it goes on after a cut, what stations bring to places without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import xarray as xr

from lantian import weather
from lantian.forecast import cycle, fields, gas_state
from lantian.forecast.cycle import Ingredients
from lantian.forecast.nests import over
from lantian.places.grid import Domain, nests
from lantian.places.terrain import Terrain
from lantian.transport import idealised
from lantian.transport.model import Model

ISSUE = datetime(2016, 12, 16, 14, tzinfo=UTC)
HOURS, BEFORE = 3, 2
SPECIES = ("SO2", "CO", "PPM25")
LON, LAT = 116.4, 39.9
SITES = {"a": (116.3, 39.85), "b": (116.5, 39.95), "c": (116.42, 39.9), "d": (116.36, 39.96)}


class Steady:
    """A town and the land around it, the same at all hours."""

    digest = "steady"

    def parts(self, domain: Domain, air: xr.Dataset) -> Mapping[str, xr.Dataset]:
        start, hours = air["time"].values[0], air.sizes["time"] - 1
        town = [(LON, LAT, 20.0, name, rate) for name, rate in (("SO2", 0.3), ("CO", 12.0), ("PPM25", 0.6))]
        return {
            "stacks-city": idealised.emissions(domain, start, hours, {}, points=town),
            "heating-around": idealised.emissions(domain, start, hours, {"SO2": 1e-9, "PPM25": 3e-9}),
        }

    def total(self, domain: Domain, air: xr.Dataset, factors: cycle.Factors) -> xr.Dataset:
        from lantian.forecast.factors import scaled

        return scaled(self.parts(domain, air), factors)


def sky() -> xr.Dataset:
    hours = [ISSUE + timedelta(hours=h) for h in range(-BEFORE, HOURS + 1)]
    rows = [
        {"place": place, "time": time, "temperature": -2.0 + n, "dew_point": -6.0, "pressure": 1022.0, "rain": 0.0}
        | {"wind_direction": 200.0 + 5 * n, "wind_speed": 1.5 + 0.2 * n}
        for n, place in enumerate(SITES)
        for time in hours
    ]
    sites = [{"code": place, "lon": lon, "lat": lat, "elevation": 50.0} for place, (lon, lat) in SITES.items()]
    return weather.from_stations(pl.DataFrame(rows), pl.DataFrame(sites))


def made(value: float = 180.0) -> Ingredients:
    grids = nests(LON, LAT, (9000.0, 3000.0), (10, 12))
    axis = np.linspace(-1.5, 1.5, 60)
    ground = Terrain(LON + axis, LAT + axis, np.add.outer(40 + 60 * (axis > 0) * axis, 0 * axis))
    heard = [
        {
            "place": place,
            "lon": lon,
            "lat": lat,
            "time": ISSUE - timedelta(hours=h),
            "pm25": value,
            "so2": 30.0,
            "co": 2.0,
        }
        for place, (lon, lat) in SITES.items()
        for h in (1, 2)
    ]
    days = [
        {"place": "110000", "lon": LON, "lat": LAT, "date": date(2016, 12, d), "so2": 20.0, "no2": 60.0, "co": 1.5}
        | {"pm10": 160.0, "pm25": 90.0, "o3_8h": 20.0}
        for d in (15, 16, 17)
    ]
    return Ingredients(
        issue=ISSUE,
        domains=tuple(over(grids, ground, layers=6)),
        weather=sky(),
        emissions=Steady(),
        observed=pl.DataFrame(heard),
        cities=pl.DataFrame(days),
        hours=HOURS,
        approach=BEFORE,
        iterations=1,
        model=Model(SPECIES, chemistry=False),
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ingredients, Path]:
    """A run that was cut off in its last stage and taken up again; the marks say what was done twice."""
    ingredients, path = made(), tmp_path_factory.mktemp("run") / "engine"
    told: list[tuple[str, str]] = []

    def tell(stage: str, _done: int, _total: int, text: str) -> None:
        told.append((stage, text))
        if stage == "forecast" and text.startswith("d02"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cycle.run(ingredients, path, tell)
    assert set(cycle.Folder(path).done()) == {"weather", "factors", "approach"}
    before = {stage: (path / f"{stage}.done").stat().st_mtime_ns for stage in ("weather", "factors", "approach")}
    told.clear()
    cycle.run(ingredients, path, lambda stage, *rest: told.append((stage, rest[2])))
    assert {stage for stage, _ in told} == {"forecast"}
    assert {stage: (path / f"{stage}.done").stat().st_mtime_ns for stage in before} == before
    return ingredients, path


@pytest.mark.requirement("F3", part="a run over nests with stages that are done once, taken up after a cut")
def test_a_cut_run_goes_on_and_gives_what_an_uncut_one_gives(whole: tuple[Ingredients, Path], tmp_path: Path) -> None:
    ingredients, path = whole
    again = cycle.run(ingredients, tmp_path / "uncut")
    for cut, uncut in zip(cycle.run(ingredients, path), again, strict=True):
        assert np.array_equal(cut.mean["pm25"].values, uncut.mean["pm25"].values)
        assert cut.mean.sizes["time"] == HOURS
        assert float(cut.mean["pm25"].min()) > 0


@pytest.mark.requirement("F4")
def test_a_station_that_was_not_heard_is_met_better(whole: tuple[Ingredients, Path], tmp_path: Path) -> None:
    ingredients, _ = whole
    heard = ingredients.observed.filter(pl.col("place") != "d")
    deaf, start, both = (
        _errors_at_d(replace(ingredients, observed=observed, iterations=iterations), tmp_path / name)
        for name, observed, iterations in (("deaf", heard.clear(), 0), ("start", heard, 0), ("both", heard, 1))
    )
    assert start[0] < 0.75 * deaf[0]
    assert both[0] < start[0]
    # What the start gave is blown away within hours; what the emissions gave stays.
    assert start[-1] < deaf[-1]
    assert both[-1] < 0.9 * start[-1]


def _errors_at_d(one: Ingredients, path: Path) -> list[float]:
    """By how much each hour misses what every station, this one too, goes on to measure."""
    found = cycle.run(one, path)[-1]
    nest = one.domains[-1]
    law = gas_state.as_in_law(found.mean, cycle.weather_of(path, nest))
    at = fields.at_stations(nest.grid, law, pl.DataFrame([{"place": "d", "lon": SITES["d"][0], "lat": SITES["d"][1]}]))
    return [abs(value - 180.0) for value in at.sort("time")["pm25"]]


def test_another_run_does_not_take_what_stands_there(whole: tuple[Ingredients, Path]) -> None:
    ingredients, path = whole
    folder = cycle.Folder(path)
    folder.of(cycle._fingerprint(ingredients))
    assert set(folder.done()) == set(cycle.STAGES)
    folder.of(cycle._fingerprint(made(value=200.0)))
    assert folder.done() == {}


def test_days_are_cut_at_midnight_in_beijing() -> None:
    assert cycle._days(datetime(2016, 12, 16, 12, tzinfo=UTC), 72) == [(0, 4), (4, 28), (28, 52), (52, 72)]
    assert cycle._days(datetime(2016, 12, 16, 16, tzinfo=UTC), 24) == [(0, 24)]
