"""Factors on emissions: a twin of the truth gives its own factors back."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from lantian.forecast import factors
from lantian.places.grid import Levels
from lantian.transport import door, idealised
from lantian.transport.boundary import Boundary
from lantian.transport.model import Model

START, HOURS = "2016-12-15T12", 3
SPECIES = ("SO2", "CO", "PPM25")
TRUTH = {("city", "SO2"): 2.0, ("city", "CO"): 0.6, ("city", "PM25"): 1.5}


@pytest.fixture(scope="module")
def world() -> dict[str, object]:
    domain = idealised.domain((10, 12), 10_000.0, levels=Levels((0.0, 40.0, 150.0, 600.0)))
    lon, lat = domain.grid.lon, domain.grid.lat
    town = [
        (float(lon[5, 6]), float(lat[5, 6]), 20.0, name, rate) for name, rate in (("SO2", 5), ("CO", 200), ("PPM25", 8))
    ]
    rates = {"SO2": 2e-10, "CO": 1e-8, "PPM25": 3e-10}
    return {
        "domain": domain,
        "weather": idealised.weather(domain, START, HOURS, x_wind=2.0, mixing_height=300.0),
        "parts": {
            "city": idealised.emissions(domain, START, HOURS, {}, points=town),
            "outside": idealised.emissions(domain, START, HOURS, rates),
        },
        "outside": Boundary(idealised.edges(domain, SPECIES, START, HOURS), idealised.start(domain, SPECIES)),
        "model": Model(SPECIES, chemistry=False),
    }


def observed(world: dict[str, object], truth: dict[tuple[str, str], float]) -> pl.DataFrame:
    """What six stations in and around the town measure."""
    domain, outside = world["domain"], world["outside"]
    forcing = door.open_forcing(
        domain, SPECIES, weather=world["weather"], emissions=factors.scaled(world["parts"], truth), edges=outside.edges
    )
    mean = world["model"].run(forcing, outside.start).mean
    cells = [(5, 6), (5, 7), (5, 8), (4, 7), (6, 8), (5, 9)]
    rows = []
    for t, time in enumerate(mean["time"].values):
        for j, i in cells:
            here = {item: float(mean[item].values[t, j, i]) for item in ("so2", "co", "pm25")}
            where = {"lon": float(domain.grid.lon[j, i]), "lat": float(domain.grid.lat[j, i])}
            rows.append({"time": time.astype("datetime64[us]").item(), "place": f"{j}-{i}", **where, **here})
    return pl.DataFrame(rows)


@pytest.mark.requirement("F4", part="emission factors by sector and area from stations, with bounds")
def test_a_twin_of_the_truth_is_found(world: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(factors, "SPREAD", 2.0)  # the prior is not to hold it back
    monkeypatch.setattr(factors, "CORRELATED", 1.0)
    names = ("model", "domain", "weather", "parts", "outside")
    told: list[str] = []
    found = factors.estimate(
        *(world[name] for name in names), observed(world, TRUTH), iterations=6, progress=lambda *p: told.append(p[2])
    )
    for key, factor in TRUTH.items():
        assert found.factors[key] == pytest.approx(factor, rel=0.15)
    assert found.misfit[1] < 0.25 * found.misfit[0]
    assert len(told) == found.evaluations
    assert set(found.table()["part"]) == {"city", "outside"}


def test_a_factor_stays_within_its_bounds(world: dict[str, object]) -> None:
    names = ("model", "domain", "weather", "parts", "outside")
    found = factors.estimate(*(world[name] for name in names), observed(world, {("city", "SO2"): 60.0}), iterations=3)
    assert 1.2 < found.factors["city", "SO2"] <= factors.MOST + 1e-6
    assert all(factor >= 1 / factors.MOST - 1e-6 for factor in found.factors.values())


def test_parts_are_summed_with_their_factors(world: dict[str, object]) -> None:
    plain = factors.scaled(world["parts"], {})
    doubled = factors.scaled(world["parts"], {("city", "SO2"): 2.0})
    city = world["parts"]["city"]["SO2"].values.sum()
    assert doubled["SO2"].values.sum() - plain["SO2"].values.sum() == pytest.approx(city, rel=1e-5)
    assert np.array_equal(doubled["CO"].values, plain["CO"].values)


def test_stations_beyond_the_domain_are_refused(world: dict[str, object]) -> None:
    far = observed(world, {}).with_columns(lon=pl.lit(80.0))
    names = ("model", "domain", "weather", "parts", "outside")
    with pytest.raises(ValueError, match="no station's hour"):
        factors.estimate(*(world[name] for name in names), far)
