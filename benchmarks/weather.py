"""How fast weather is made for a domain, and how well it knows the wind: `python -m benchmarks.weather`.

An hour of weather from the twelve stations of the example at 200 x 200 x 15 cells over the terrain around Beijing, what
the adjustment of the winds takes of it, and the same equation solved to the same residual by the named reference:
SciPy's conjugate gradients on the assembled sparse matrix, preconditioned by its diagonal, in double precision. Then
the wind at withheld stations in 2016. `--cells 40` is a look at it; a few minutes at full size on two quiet cores.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
import xarray as xr
from scipy import sparse  # type: ignore[import-untyped]
from scipy.sparse.linalg import cg  # type: ignore[import-untyped]

from benchmarks.report import Line, machine, table
from lantian.observations import readers
from lantian.places.grid import Domain, Levels, nests
from lantian.places.regrid import ground_height
from lantian.places.terrain import Terrain
from lantian.transport.forcing import to_faces
from lantian.weather import downscaling, finish, from_stations, mass_consistent, withheld
from lantian.weather.finish import Finisher
from lantian.weather.mass_consistent import CELL

DATA = Path(__file__).parents[1] / "examples" / "beijing" / "data"
WHOLE = 200
HOURS = np.array(["2016-12-17T00", "2016-12-17T12"], "datetime64[h]")


def stations(year: int = 2016) -> xr.Dataset:
    """The twelve stations in a year, heights from the example's terrain."""
    terrain = Terrain.open(DATA / "dem_north_china_30s.nc")
    files = sorted((DATA / "beijing_hourly").glob("PRSA_Data_*.csv.gz"))
    hours = pl.concat([readers.read(file).frames["hour"] for file in files], how="diagonal")
    places = pl.read_csv(DATA / "beijing_hourly" / "stations.csv").rename({"station": "code"})
    height = [terrain.at(lon, lat) for lon, lat in places.select("lon", "lat").rows()]
    return from_stations(
        hours.filter(pl.col("time").dt.year() == year), places.with_columns(elevation=pl.Series(height))
    )


def domain(cells: int = WHOLE) -> Domain:
    """Cells of 1 km around Beijing, 15 levels up to 3 km."""
    grid = nests(116.4, 39.9, (1000.0,), (cells,))[0]
    return Domain(grid, Levels(), ground_height(Terrain.open(DATA / "dem_north_china_30s.nc"), grid, beyond=500.0))


def run(cells: int = WHOLE, *, with_stations: xr.Dataset | None = None) -> Iterator[Line]:
    """Everything, each line as soon as it is there."""
    given = stations() if with_stations is None else with_stations
    place = domain(cells)
    yield Line("cells", f"{cells} x {cells} x {place.levels.n}", f"steepest slope {np.abs(place.slope_x).max():.2f}")
    land, reference = downscaling._land(place, None)
    finisher = Finisher(place, land.urban)
    hours = downscaling.whole_hours(given, HOURS)
    air = downscaling._from_stations(given, place, land, reference, hours, finisher)
    taken, iterations = [], []
    for hour in range(len(hours)):
        begun, used = time.perf_counter(), time.process_time()
        above, near = _ready(next(air))
        middle = time.perf_counter(), time.process_time()
        finisher(above, near)
        end = time.perf_counter(), time.process_time()
        if hour > 0:  # the first compiles
            taken.append((end[0] - begun, end[1] - used, end[0] - middle[0], end[1] - middle[1]))
            iterations.append(int(finisher.iterations[0]))
    whole, worked, closing, closed = np.median(np.array(taken), axis=0)
    yield Line("an hour of weather", f"{whole:.3f} s", f"wanted 1 s; processor {worked:.3f} s")
    yield Line("  of it closing and mixing", f"{closing:.3f} s", f"processor {closed:.3f} s")
    yield Line("  iterations", f"{np.median(iterations):.0f}", f"{min(iterations)} to {max(iterations)}")
    yield Line("  a column's air made or lost", f"{finisher.residual:.1e} /s")
    yield from solvers(finisher, above)
    for row in withheld(given).iter_rows(named=True):
        told = f"direction {row['direction']:.1f} degrees, speed {row['speed_bias']:+.2f} m/s; {row['n']} winds"
        yield Line(f"withheld, {row['sites']} sites: {row['method']}", f"{row['rmse']:.3f} m/s", told)


def solvers(finisher: Finisher, air: Any) -> Iterator[Line]:
    """The full equation by ours and by the reference, from no guess, to the same residual."""
    cells = finisher.cells
    density, u, v, lift, beta = finish._first_guess(finisher.lid, finisher.middles, air)
    weights = mass_consistent._Weights(
        to_faces(density, 2) * cells.area_x,
        to_faces(density, 1) * cells.area_y,
        (density[1:] + density[:-1]) / 2 * cells.cell_area,
        beta,
    )
    operator = jax.jit(partial(mass_consistent._operator, cells, weights))
    still = jnp.zeros_like(cells.distance_z)
    right = mass_consistent._divergence(*mass_consistent._fluxes(cells, weights, u, v, still), lift * cells.cell_area)
    enough = density * cells.volume * CELL

    @jax.jit
    def solve(right: jax.Array) -> tuple[jax.Array, jax.Array]:
        return mass_consistent._conjugate_gradients(
            operator, mass_consistent._preconditioner(cells, weights), right, jnp.zeros_like(right), enough
        )

    _ready(solve(right))
    begun, used = time.perf_counter(), time.process_time()
    found, count = _ready(solve(right))
    wall, processor = time.perf_counter() - begun, time.process_time() - used
    matrix = assembled(operator, right.shape)
    wanted = np.asarray(right, np.float64).ravel()
    left = wanted - matrix @ np.asarray(found, np.float64).ravel()
    size = float(np.linalg.norm(left) / np.linalg.norm(wanted))
    yield Line("the equation by ours", f"{wall:.2f} s", f"processor {processor:.2f} s, {int(count)} iterations")
    steps: list[int] = []
    begun, used = time.perf_counter(), time.process_time()
    scale = sparse.diags_array(1 / matrix.diagonal())
    cg(matrix, wanted, rtol=size, maxiter=20_000, M=scale, callback=lambda _: steps.append(1))
    theirs, work = time.perf_counter() - begun, time.process_time() - used
    note = f"processor {work:.2f} s, {len(steps)} iterations to a residual of {size:.0e} of the right side"
    yield Line("  by SciPy, diagonal preconditioner", f"{theirs:.2f} s", note)
    yield Line("  reference over ours, processor", f"{work / processor:.0f}")


def _ready(result: Any) -> Any:
    return jax.block_until_ready(result)  # type: ignore[no-untyped-call]


def assembled(operator: Any, shape: tuple[int, ...]) -> sparse.csr_array:
    """The matrix of an operator that reaches two cells up and down and one sideways, found by 45 probes."""
    index = np.arange(np.prod(shape)).reshape(shape)
    places = np.indices(shape)
    rows, columns, values = [], [], []
    for probe in np.ndindex(5, 3, 3):
        lit = np.all([at % period == part for at, period, part in zip(places, (5, 3, 3), probe, strict=True)], axis=0)
        answer = np.asarray(operator(jnp.asarray(lit, jnp.float32)), np.float64)
        # the one lit cell that a cell can feel
        source = [
            at + (part - at + reach) % period - reach
            for at, period, reach, part in zip(places, (5, 3, 3), (2, 1, 1), probe, strict=True)
        ]
        inside = np.all([(at >= 0) & (at < n) for at, n in zip(source, shape, strict=True)], axis=0) & (answer != 0)
        rows.append(index[inside])
        columns.append(index[tuple(at[inside] for at in source)])
        values.append(answer[inside])
    matrix = sparse.csr_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(index.size, index.size)
    )
    return (matrix + matrix.T) / 2  # single precision leaves it symmetric to rounding only


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.weather", description=__doc__)
    parser.add_argument("--cells", type=int, default=WHOLE, help="along x and y")
    print(table([machine()]), flush=True)
    for each in run(parser.parse_args(arguments).cells):
        print(f"{each.what:<52}  {each.measured:>14}  {each.wanted}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
