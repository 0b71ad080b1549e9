"""The region's air from its cities."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
import xarray as xr

from lantian.forecast import region
from lantian.transport import door, idealised
from lantian.transport.particulate import concentrations
from lantian.transport.species import COMPACT

SPECIES = (*COMPACT, "PMC")
ITEMS = {"so2": 40.0, "no2": 80.0, "co": 3.0, "o3_8h": 20.0, "pm25": 250.0, "pm10": 300.0}


def test_cities_make_the_edges_and_the_start() -> None:
    domain = idealised.domain((12, 14), 30_000.0)
    weather = idealised.weather(domain, "2016-12-16T12", 30, mixing_height=300.0)
    lon, lat = float(domain.grid.lon[5, 1]), float(domain.grid.lat[5, 1])
    days = [date(2016, 12, d) for d in (15, 16, 17, 18)]
    cities = pl.DataFrame([{"place": "130100", "lon": lon, "lat": lat, "date": day, **ITEMS} for day in days])
    outside = region.boundary(domain, SPECIES, weather, cities)

    door.open_start(domain, SPECIES, outside.start)
    forcing = door.open_forcing(
        domain,
        SPECIES,
        weather=weather,
        emissions=idealised.emissions(domain, "2016-12-16T12", 30, {"CO": 1e-9}),
        edges=outside.edges,
    )
    assert forcing.hours == 30
    air = (weather[n].values[0, 0] for n in ("air_temperature", "relative_humidity", "air_density"))
    pm25 = np.asarray(concentrations(outside.start["mixing_ratio"].values[0], SPECIES, *air)["pm25"])
    assert pm25[5, 1] > 120 > 3 * pm25[5, 13]  # the city's air at the city, background far away
    primary = SPECIES.index("PPM25")
    assert outside.edges["west"].values[0, 0, primary, 5] > 5 * outside.edges["east"].values[0, 0, primary, 5]


def test_days_go_over_into_each_other() -> None:
    domain = idealised.domain((6, 6), 30_000.0)
    weather = idealised.weather(domain, "2016-12-16T04", 24)
    where = {"place": "110000", "lon": 116.4, "lat": 39.9}
    fine = [day for day in ITEMS if day != "o3_8h"]
    cities = pl.DataFrame(
        [
            {**where, "date": date(2016, 12, 16), **ITEMS},
            {**where, "date": date(2016, 12, 17), **{k: v * (0.1 if k in fine else 1) for k, v in ITEMS.items()}},
        ]
    )
    west = region.boundary(domain, SPECIES, weather, cities).edges["west"].values[:, 0, SPECIES.index("PPM25"), 3]
    assert np.all(np.diff(west) < 0)
    assert west[12] == pytest.approx((west[0] + west[24]) / 2, rel=1e-3)


def test_without_cities_it_is_the_seasons_background() -> None:
    domain = idealised.domain((6, 6), 30_000.0)
    weather = idealised.weather(domain, "2016-07-16T04", 3)
    none = pl.DataFrame(
        schema={"place": pl.String, "lon": pl.Float64, "lat": pl.Float64, "date": pl.Date}
        | dict.fromkeys(ITEMS, pl.Float64)
    )
    outside = region.boundary(domain, SPECIES, weather, none)
    assert region.profile(date(2016, 7, 16)).name == "north China summer"
    ozone = SPECIES.index("O3")
    assert outside.edges["top"].values[0, ozone].mean() > outside.start["mixing_ratio"].values[0, ozone].mean()


def test_days_of_background_air_alone_are_told() -> None:
    domain = idealised.domain((6, 6), 30_000.0)
    inside = {"place": "110000", "lon": float(domain.grid.lon[2, 2]), "lat": float(domain.grid.lat[2, 2])}
    outside = {"place": "310000", "lon": 121.5, "lat": 31.2}
    nothing = dict.fromkeys(ITEMS)
    rows = [
        {**inside, "date": date(2016, 12, 16), **nothing, "o3_8h": 20.0},
        {**outside, "date": date(2016, 12, 17), **ITEMS},
        {**inside, "date": date(2016, 12, 18), **nothing},
        {**inside, "date": date(2016, 12, 19), **ITEMS},
    ]
    cities = pl.DataFrame(rows, infer_schema_length=None)
    days = region.background_days(domain, cities, date(2016, 12, 15), date(2016, 12, 19))
    assert days == [date(2016, 12, 15), date(2016, 12, 17), date(2016, 12, 18)]
    every = region.background_days(domain, cities.clear(), date(2016, 12, 15), date(2016, 12, 16))
    assert every == [date(2016, 12, 15), date(2016, 12, 16)]
    # what is told is what the model gets: on those days the air at the city is that without any cities
    weather = idealised.weather(domain, "2016-12-17T04", 1)  # noon in Beijing
    told, none = (region.boundary(domain, SPECIES, weather, each) for each in (cities, cities.clear()))
    assert told.start.equals(none.start)


def test_a_days_end_is_drawn_to_the_cities() -> None:
    domain = idealised.domain((8, 8), 30_000.0)
    moment = idealised.weather(domain, "2016-12-16T16", 1).isel(time=0)
    start = idealised.start(domain, SPECIES)
    mean = xr.Dataset({item: (("y", "x"), np.full((8, 8), 60.0)) for item in ("pm25", "so2", "no2")})
    cities = pl.DataFrame([{"place": "a", "lon": 116.4, "lat": 39.9, "date": date(2016, 12, 16), **ITEMS}])
    drawn = region.redrawn(domain, start, moment, cities, mean)
    ratio = (
        drawn["mixing_ratio"].values[0, SPECIES.index("PPM25")]
        / start["mixing_ratio"].values[0, SPECIES.index("PPM25")]
    )
    assert 1.5 < ratio.max() < 250 / 60
    assert np.array_equal(
        drawn["mixing_ratio"].values[:, SPECIES.index("CO")], start["mixing_ratio"].values[:, SPECIES.index("CO")]
    )
