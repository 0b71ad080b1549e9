"""Weather in, from end to end: a real file and real stations through nests of 30, 10, 3 and 1 km to the transport."""

from collections.abc import Callable
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest
import xarray as xr

from lantian.places.grid import Domain, Levels, nests, stretched
from lantian.places.regrid import ground_height
from lantian.places.terrain import Terrain
from lantian.transport import door, idealised
from lantian.transport.advection import convergence
from lantian.transport.hour import HOUR, choose_steps, close
from lantian.weather import downscale, mass_consistent, read, write
from lantian.weather.lid import FASTEST

ROOT = Path(__file__).parents[2]
DEM = ROOT / "examples" / "beijing" / "data" / "dem_north_china_30s.nc"
HURRICANE = ROOT.parent / "shared" / "data" / "weather_samples" / "wrfout_d01_katrina_3d.nc"
INTERVAL = 300.0
"""s, in which the engine takes a whole number of steps."""


def beijing(month: xr.Dataset) -> tuple[xr.Dataset, list[Domain], tuple[str, str]]:
    """Twelve stations, the real terrain of the city and its mountains, a winter noon."""
    grids, terrain = nests(116.4, 39.9, cells=((8, 9),) * 4), Terrain.open(DEM)
    ground = [ground_height(terrain, grid) for grid in grids]
    base = min(float(field.min()) for field in ground)
    levels = Levels(stretched(10, 25.0, 3000.0))
    domains = [Domain(grid, levels, field, base) for grid, field in zip(grids, ground, strict=True)]
    return month, domains, ("2016-12-17T04", "2016-12-17T05")


def hurricane(_: xr.Dataset) -> tuple[xr.Dataset, list[Domain], tuple[str, str]]:
    """WRF output over the sea, every three hours, at 9 km; an island of 400 m is put into it."""
    if not HURRICANE.exists():
        pytest.skip(f"the sample {HURRICANE.name} is not beside this checkout")
    domains = []
    for grid in nests(-90.2, 24.2, cells=((8, 9),) * 4):
        x, y = np.meshgrid(grid.x, grid.y)
        island = 400 * np.exp(-(x**2 + y**2) / 20_000.0**2)
        domains.append(Domain(grid, Levels(stretched(10, 25.0, 3000.0)), island, 0.0))
    return read(HURRICANE), domains, ("2005-08-28T16", "2005-08-28T17")


@pytest.mark.requirement("F1")
@pytest.mark.parametrize("given", [beijing, hurricane], ids=["stations", "wrf"])
def test_on_every_nest_the_transport_sees_winds_that_close(
    given: Callable[[xr.Dataset], tuple[xr.Dataset, list[Domain], tuple[str, str]]],
    month: xr.Dataset,
    withheld_month: pl.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Made or lost is what the engine's continuity finds to pass the top of a column, beside what was meant to."""
    meant: list[np.ndarray] = []
    adjust = mass_consistent.adjust

    def watched(*winds: object, **more: object) -> mass_consistent.Closed:
        meant.append(np.asarray(more["top"]))
        return adjust(*winds, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(mass_consistent, "adjust", watched)
    source, domains, hours = given(month)
    assert [domain.grid.spacing for domain in domains] == [30_000, 10_000, 3_000, 1_000]
    for domain in domains:
        meant.clear()
        if domain is domains[-1]:
            made = write(source, domain, tmp_path / "weather.zarr", hours)
        else:
            made = downscale(source, domain, hours)
        emissions, edges = (make(domain, hours[0], 1) for make in (idealised.emissions, clean))
        hour = door.open_forcing(domain, ("CO",), weather=made, emissions=emissions, edges=edges).hour(0)
        seconds = INTERVAL / int(choose_steps(hour, jnp.float32(INTERVAL))[0])
        # every cell, as the air changes from hour to hour
        gain = sum(convergence(flux, axis) for flux, axis in ((hour.flux_x, 3), (hour.flux_y, 2), (hour.flux_z, 1)))
        kept = gain - (hour.mass[1] - hour.mass[0]) / HOUR
        assert float(jnp.max(jnp.abs(kept) / hour.mass)) * seconds <= 1e-6
        # every column, the air of each of both hours by itself
        column = np.asarray(hour.mass.sum(1))
        for end, lid in enumerate(meant):
            both = [jnp.stack([part[end], part[end]]) for part in (hour.mass, hour.flux_x, hour.flux_y)]
            left = np.asarray(close(*both)[0, -1]) - lid * domain.grid.cell_area
            assert np.abs(left / column[end]).max() * seconds <= 1e-6
        assert made.attrs["largest_divergence"] * seconds <= 1e-6
        assert np.abs(np.stack(meant)).max() <= FASTEST * float(made["air_density"][:, -1].max())
    # and between the stations the wind is better known than by the nearest one or by distance
    error = dict(withheld_month.select("method", "rmse").rows())
    assert error["analysis"] < 0.98 * min(error["inverse distance"], error["nearest neighbour"])


def clean(domain: Domain, start: str, hours: int) -> xr.Dataset:
    """Edges of clean air."""
    return idealised.edges(domain, ("CO",), start, hours)
