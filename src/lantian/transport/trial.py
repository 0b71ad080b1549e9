"""A winter day over a city, made up: what speed is measured on, with the winds, steps and values of a real one.

The wind grows from 5 m/s in the lowest layer, 25 m thick, to 15 m/s at 3 km; it veers with height and with the hours,
crosses a hill of 300 m, and converges and diverges gently, so that air rises and sinks. Days are mixed to 900 m, nights
to 200 m; a shower passes every day. Sources stand at the ground and as chimneys in the city's middle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lantian.places.grid import Domain
from lantian.transport import idealised
from lantian.transport.door import open_forcing
from lantian.transport.forcing import Forcing
from lantian.transport.idealised import Point
from lantian.transport.species import COMPACT

START: Final = np.datetime64("2026-01-10T00")
GROUND_WIND, TOP_WIND = 5.0, 15.0
"""m s-1 in the lowest and the uppermost layer."""
GUST: Final = 0.05
"""Share of the wind that waves of 40 by 50 km add and take away: air rises through the top at up to 0.3 m s-1."""
EMITTED: Final = {"ROC": 6.0, "NO": 2.5, "NO2": 0.4, "SO2": 1.0, "TNH4": 0.8, "CO": 30.0, "PPM25": 2.0, "SO4": 0.05,
                  "PMC": 1.5, "BC": 0.3, "DUST": 0.5}  # fmt: skip
"""t km-2 in a year, in the mean over the domain; round numbers for a dense plain."""
CHIMNEYS: Final = (60.0, 120.0, 240.0)
"""m"""


def datasets(cells: int, names: Sequence[str] = COMPACT, hours: int = 1) -> tuple[Domain, dict[str, xr.Dataset]]:
    """``cells`` by ``cells`` cells of 1 km and 15 layers: the domain; weather, emissions, edges and start by name."""
    domain = idealised.domain(cells, hill=300.0)
    weather = idealised.weather(
        domain, START, hours, x_wind=_wind(np.cos), y_wind=_wind(np.sin), mixing_height=(200.0, 900.0), humidity=0.7,
        cloud_water=2e-5, cloud_cover=0.3,
    )  # fmt: skip
    x, y = (2 * np.pi * 1e-3 * (a - a[0]) for a in (domain.grid.x_faces, domain.grid.y))
    weather["x_wind"].values[:] *= _wave(y / 50, x / 40)
    x, y = (2 * np.pi * 1e-3 * (a - a[0]) for a in (domain.grid.x, domain.grid.y_faces))
    weather["y_wind"].values[:] *= _wave(y / 50, x / 40)
    shower = (np.arange(hours + 1) % 24 == 1).astype(np.float32) * np.float32(3e-4)
    weather["precipitation_flux"] = weather["precipitation_flux"] + xr.DataArray(shower, dims="time")
    weather["precipitation_flux"].attrs.update(units="kg m-2 s-1", standard_name="precipitation_flux")
    return domain, {
        "weather": weather,
        "emissions": _emissions(domain, names, hours),
        "edges": idealised.edges(domain, names, START, hours),
        "start": idealised.start(domain, names),
    }


def forcing(cells: int, names: Sequence[str] = COMPACT, hours: int = 1) -> tuple[Forcing, xr.Dataset]:
    """The same through the door, and the start."""
    domain, made = datasets(cells, names, hours)
    weather, emissions, edges = (made[name] for name in ("weather", "emissions", "edges"))
    return open_forcing(domain, names, weather=weather, emissions=emissions, edges=edges), made["start"]


def _wind(part: Callable[[Any], Any]) -> idealised.Wind:
    """The wind's part along x (cosine) or y (sine)."""

    def speed(hour: float, height: NDArray[np.float64]) -> NDArray[np.float64]:
        share = np.log(height / height[0]) / np.log(height[-1] / height[0])
        blown = GROUND_WIND * (TOP_WIND / GROUND_WIND) ** share
        toward = np.radians(50 - 35 * share + 15 * np.sin(2 * np.pi * hour / 24))
        along: NDArray[np.float64] = blown * part(toward)
        return along

    return speed


def _wave(y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float32]:
    return (1 + GUST * np.cos(y)[:, None] * np.sin(x)).astype(np.float32)


def _emissions(domain: Domain, names: Sequence[str], hours: int) -> xr.Dataset:
    """Patchy sources at the ground and a few chimneys; the same at all hours, so that they take memory once."""
    rng = np.random.default_rng(3)
    patchy = rng.gamma(0.5, 2.0, domain.terrain.shape)
    yearly = 1e-3 / (365 * 86400)
    fields = {name: EMITTED[name] * yearly * patchy for name in names if name in EMITTED}
    j, i = (n // 2 for n in domain.terrain.shape)
    lon, lat = float(domain.grid.lon[j, i]), float(domain.grid.lat[j, i])
    stacks = [Point(lon, lat, height, name, 0.05) for height in CHIMNEYS for name in fields if name != "TNH4"]
    one = idealised.emissions(domain, START, 1, fields, points=stacks)
    times = idealised.whole_hours(START, hours)
    return one.isel(time=0, drop=True).expand_dims(time=times)
