"""The layouts of other models' files: WRF-CMAQ (I/O API), WRF-Chem (wrfout), CAMS (the Atmosphere Data Store's NetCDF).

Gases are brought to mass in a cubic metre at the law's state of temperature and pressure: a volume mixing ratio needs
nothing else for it. Particles stay as in ambient air.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from lantian.standards import limits
from lantian.standards.codes import GASES

if TYPE_CHECKING:
    import xarray as xr

KINDS: Final = ("cmaq", "wrfchem", "cams")
"""Kinds of files."""

NAMES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "cmaq": {
        "pm25": ("PM25_TOT", "PM25", "PM2_5", "PM25_FRM", "ATOTIJ"),
        "pm10": ("PM10", "PM10_TOT"),
        "o3": ("O3",),
        "no2": ("NO2",),
        "so2": ("SO2",),
        "co": ("CO",),
    },
    "wrfchem": {
        "pm25": ("PM2_5_DRY",),
        "pm10": ("PM10",),
        "o3": ("o3",),
        "no2": ("no2",),
        "so2": ("so2",),
        "co": ("co",),
    },
    "cams": {
        "pm25": ("pm2p5", "pm2p5_conc"),
        "pm10": ("pm10", "pm10_conc"),
        "o3": ("go3", "o3", "o3_conc"),
        "no2": ("no2", "no2_conc"),
        "so2": ("so2", "so2_conc"),
        "co": ("co", "co_conc"),
    },
}
"""Kind -> item -> names of its variable, the first that is there counts."""

MOLAR_MASS: Final = {"o3": 47.998, "no2": 46.006, "so2": 64.064, "co": 28.010}
"""g/mol."""
MOLAR_MASS_AIR: Final = 28.9652
GAS_CONSTANT: Final = 8.314462618
PRESSURE: Final = 101_325.0
IOAPI_RADIUS: Final = 6_370_000.0
"""Metres; the sphere of WRF and CMAQ."""
LONGEST_STEP: Final = np.timedelta64(3, "h")

Array = NDArray[np.float64]
Times = NDArray[np.datetime64]
_EAST: Final = np.timedelta64(8, "h")


class PeerError(ValueError):
    """A peer's file that is not understood; the message names file, variable, what is there, what would be right."""


@dataclass(frozen=True)
class PeerFields:
    """Concentrations near the ground.

    ``told``: the file's name. ``lon``, ``lat`` (y, x) degrees. ``times`` UTC, rising; ``instant``: values are of the
    moment, else means of the hour that begins then. ``fields``: pollutant -> (time, y, x) in ug/m3 (CO mg/m3), NaN
    missing. ``notes``: what was assumed.
    """

    told: str
    kind: str
    lon: Array
    lat: Array
    times: Times
    instant: bool
    fields: dict[str, Array]
    notes: tuple[str, ...]


def files(path: Path, kind: str | None = None) -> Iterator[PeerFields]:
    """What one file holds."""
    if kind is not None and kind not in KINDS:
        raise PeerError(f"kind {kind!r}: expected one of {', '.join(KINDS)}")
    # Imported here: the weather room brings JAX, which no page needs and which takes seconds.
    from lantian.weather.readers.faults import ReadError
    from lantian.weather.readers.files import opened

    try:
        dataset = opened(path)
    except ReadError as error:
        raise PeerError(str(error)) from error
    with dataset:
        found = kind or _kind(dataset)
        if found is None:
            raise PeerError(
                f"{path.name}: neither CMAQ (I/O API: TFLAG, GDTYP), WRF-Chem (XLAT, MAP_PROJ) nor CAMS (latitude, "
                f"longitude); it has dimensions {', '.join(map(str, dataset.sizes))}"
            )
        yield _READERS[found](dataset, path.name)


def _kind(dataset: xr.Dataset) -> str | None:
    if "GDTYP" in dataset.attrs and "TFLAG" in dataset.variables:
        return "cmaq"
    if "MAP_PROJ" in dataset.attrs and "XLAT" in dataset.variables:
        return "wrfchem"
    return "cams" if {"latitude", "longitude"} <= set(map(str, dataset.variables)) else None


def _cmaq(dataset: xr.Dataset, told: str) -> PeerFields:
    """Combined CCTM output (ACONC): hourly means, stamped by the beginning of the hour, UTC."""
    for name in ("XORIG", "YORIG", "XCELL", "YCELL", "P_ALP", "P_BET", "P_GAM", "YCENT"):
        if name not in dataset.attrs:
            raise PeerError(f"{told}: attribute {name} is missing; an I/O API file has its grid in it")
    times = _ioapi_times(dataset, told)
    variables = _variables(dataset, "cmaq", told)
    fields = {item: _ground(one, "LAY", 0) for item, one in variables.items()}
    height, width = next(iter(fields.values())).shape[1:]
    lon, lat = _ioapi_grid(dataset, width, height, told)
    note = f"{told}: CMAQ, hourly means by the beginning of the hour (UTC), lowest layer"
    return _checked(PeerFields(told, "cmaq", lon, lat, times, False, fields, (note,)), variables)


def _ioapi_times(dataset: xr.Dataset, told: str) -> Times:
    """From TFLAG (TSTEP, VAR, DATE-TIME): YYYYDDD and HHMMSS."""
    if "TFLAG" not in dataset.variables:
        raise PeerError(f"{told}: TFLAG is missing; an I/O API file tells its hours by it")
    flags = dataset["TFLAG"].values[:, 0, :].astype(int)
    days, clock = flags[:, 0], flags[:, 1]
    start = np.array([f"{day // 1000:04d}-01-01" for day in days], "datetime64[s]")
    seconds = (days % 1000 - 1) * 86400 + clock // 10000 * 3600 + clock // 100 % 100 * 60 + clock % 100
    return np.asarray(start + seconds.astype("timedelta64[s]"))


def _ioapi_grid(dataset: xr.Dataset, width: int, height: int, told: str) -> tuple[Array, Array]:
    """Longitudes and latitudes of cell centres. I/O API, GDTYP: 1 lat-lon, 2 Lambert, 6 polar, 7 Mercator."""
    attrs = {name: float(np.ravel(value)[0]) for name, value in dataset.attrs.items() if _is_number(value)}
    x = attrs["XORIG"] + (np.arange(width) + 0.5) * attrs["XCELL"]
    y = attrs["YORIG"] + (np.arange(height) + 0.5) * attrs["YCELL"]
    east, north = np.meshgrid(x, y)
    kind = int(attrs["GDTYP"])
    if kind == 1:
        return east, north
    alpha, beta, gamma, centre = (attrs[name] for name in ("P_ALP", "P_BET", "P_GAM", "YCENT"))
    maps: dict[int, dict[str, Any]] = {
        2: {"proj": "lcc", "lat_1": alpha, "lat_2": beta, "lat_0": centre},
        6: {"proj": "stere", "lat_0": 90 * alpha, "lat_ts": beta},
        7: {"proj": "merc", "lat_ts": alpha},
    }
    if kind not in maps:
        raise PeerError(
            f"{told}: GDTYP {kind} is not read; expected 1 (lat-lon), 2 (Lambert), 6 (polar) or 7 (Mercator)"
        )
    from pyproj import Proj

    lon, lat = Proj({**maps[kind], "R": IOAPI_RADIUS, "lon_0": gamma})(east, north, inverse=True)
    return lon, lat


def _wrfchem(dataset: xr.Dataset, told: str) -> PeerFields:
    """Output of WRF-Chem: values of the moment."""
    for name in ("XLAT", "XLONG", "Times"):
        if name not in dataset.variables:
            raise PeerError(f"{told}: {name} is missing; WRF output has it")
    texts = dataset["Times"].values
    texts = texts if texts.ndim == 1 else np.array([b"".join(row) for row in texts])
    words = [text.decode() if isinstance(text, bytes) else str(text) for text in texts]
    try:
        times = np.array([word.replace("_", "T") for word in words], "datetime64[s]")
    except ValueError:
        raise PeerError(f"{told}: Times {words[0]!r}: expected such as 2016-12-16_12:00:00") from None
    lon, lat = (dataset[name].values for name in ("XLONG", "XLAT"))
    lon, lat = (plane[0] if plane.ndim == 3 else plane for plane in (lon, lat))
    variables = _variables(dataset, "wrfchem", told)
    fields = {item: _ground(one, "bottom_top", 0) for item, one in variables.items()}
    note = f"{told}: WRF-Chem, values of the moment joined by straight lines, lowest layer"
    found = PeerFields(told, "wrfchem", lon.astype(float), lat.astype(float), times, True, fields, (note,))
    return _checked(found, variables)


def _cams(dataset: xr.Dataset, told: str) -> PeerFields:
    """CAMS global or regional from the Atmosphere Data Store: values of the moment."""
    variables = _variables(dataset, "cams", told)
    clock = _cams_clock(dataset, told)
    fields = {}
    for item, one in variables.items():
        vertical = next(
            (str(dim) for dim in one.dims if re.search("level|lev$|height|isobaric|hybrid", str(dim))), None
        )
        if vertical is not None and one.sizes[vertical] > 1:
            one = one.isel({vertical: _lowest(one[vertical], told)})
        kept = [dim for dim in ("latitude", "longitude") if dim in one.dims]
        if len(kept) < 2:
            raise PeerError(f"{told}: {one.name} lies on {', '.join(map(str, one.dims))}; expected latitude, longitude")
        moving = one.transpose(..., *kept).values.astype(float)
        fields[item] = moving.reshape(-1, *moving.shape[-2:])
    lon, lat = np.meshgrid(*(dataset[name].values.astype(float) for name in ("longitude", "latitude")))
    note = f"{told}: CAMS, values of the moment joined by straight lines, lowest level in the file"
    return _checked(PeerFields(told, "cams", lon, lat, clock, True, fields, (note,)), variables)


def _cams_clock(dataset: xr.Dataset, told: str) -> Times:
    """The moments that values are for: ``valid_time``, or the reference time plus the step, or ``time``."""
    if "valid_time" in dataset.variables:
        return dataset["valid_time"].values.astype("datetime64[s]").ravel()
    if "forecast_period" in dataset.variables and "forecast_reference_time" in dataset.variables:
        step = dataset["forecast_period"]
        hours = step.values.astype("timedelta64[s]") if step.dtype.kind == "m" else step.values.astype("timedelta64[h]")
        start = dataset["forecast_reference_time"].values.astype("datetime64[s]").ravel()
        return np.asarray(start[:1] + hours.ravel())
    if "time" in dataset.variables and dataset["time"].dtype.kind == "M":
        return dataset["time"].values.astype("datetime64[s]").ravel()
    raise PeerError(f"{told}: no valid_time, forecast_period with forecast_reference_time, or time of dates")


def _lowest(level: xr.DataArray, told: str) -> int:
    """The level next to the ground: the largest pressure or model level, the smallest height."""
    name = str(level.name)
    values = level.values.astype(float)
    if "height" in name:
        return int(values.argmin())
    if np.unique(values).size != values.size:
        raise PeerError(f"{told}: {name} {values.tolist()}: levels are not told apart")
    return int(values.argmax())


def _variables(dataset: xr.Dataset, kind: str, told: str) -> dict[str, xr.DataArray]:
    found = {}
    for item, names in NAMES[kind].items():
        name = next((name for name in names if name in dataset.variables), None)
        if name is not None:
            found[item] = dataset[name]
    if not found:
        wanted = ", ".join(names[0] for names in NAMES[kind].values())
        held = ", ".join(list(map(str, dataset.data_vars))[:12])
        raise PeerError(f"{told}: none of {wanted} is in it; it has {held}")
    return found


def _ground(one: xr.DataArray, vertical: str, layer: int) -> Array:
    field = one.isel({vertical: layer}) if vertical in one.dims else one
    values: Array = field.values.astype(float)
    return values


def _checked(found: PeerFields, variables: dict[str, xr.DataArray]) -> PeerFields:
    """The fields in the units of the house, after a look at shapes and times."""
    told, times = found.told, found.times
    steps = np.diff(times)
    longest = LONGEST_STEP if found.instant else np.timedelta64(1, "h")
    if not times.size or (steps <= np.timedelta64(0, "s")).any() or (steps > longest).any():
        kinds = ", ".join(sorted({str(step) for step in steps})) or "none"
        raise PeerError(f"{told}: {times.size} times with steps of {kinds}; expected rising ones of at most {longest}")
    day = (times[0] + _EAST).astype("datetime64[D]").astype(object)
    notes, scaled = list(found.notes), {}
    for item, field in found.fields.items():
        wanted = (times.size, *found.lon.shape)
        if field.shape != wanted:
            raise PeerError(f"{told}: {variables[item].name} has shape {field.shape}, expected {wanted}")
        factor, note = _factor(variables[item], item, day, told)
        scaled[item] = field * factor
        notes += [note] if note else []
    return replace(found, fields=scaled, notes=tuple(notes))


def _factor(one: xr.DataArray, item: str, day: date, told: str) -> tuple[float, str]:
    """What a value is multiplied by to be ug/m3 (CO mg/m3), and what is to be told of it."""
    given = str(one.attrs.get("units", "")).strip()
    unit = _plain_unit(given)
    house = 1e-3 if item == "co" else 1.0
    if unit in _MASS:
        mass = _MASS[unit] * house
        note = f"{told}: {one.name} in {given} is taken to stand at the law's state" if item in GASES else ""
        return mass, note
    if item in GASES:
        # ug/m3 of one part in a million at the law's state: p M / (R T)
        ppm = PRESSURE * MOLAR_MASS[item] / (GAS_CONSTANT * float(limits.on(day).gas_temperature)) * house
        if unit in _VOLUME:
            return _VOLUME[unit] * ppm, ""
        if unit in _MASS_RATIO:
            return _MASS_RATIO[unit] * 1e6 * MOLAR_MASS_AIR / MOLAR_MASS[item] * ppm, ""
    wanted = "ug m-3, kg m-3" + (", ppmV, ppbV or kg kg-1" if item in GASES else "")
    raise PeerError(f"{told}: {one.name} is in {given or 'no unit'}; expected {wanted}")


_MASS: Final = {"ugm3": 1.0, "microgramsm3": 1.0, "microgrammesm3": 1.0, "mgm3": 1e3, "kgm3": 1e9, "gm3": 1e6}
_VOLUME: Final = {"ppmv": 1.0, "ppm": 1.0, "ppbv": 1e-3, "ppb": 1e-3, "volvol": 1e6, "molmol": 1e6}
_MASS_RATIO: Final = {"kgkg": 1.0, "1": 1.0}


def _plain_unit(text: str) -> str:
    """``ug m^-3``, ``µg/m3`` and ``ug m**-3`` alike: ``ugm3``; ``kg kg**-1`` is ``kgkg``."""
    plain = text.lower().replace("µ", "u").replace("μ", "u").replace("-1", "").replace("-3", "3")
    return re.sub(r"[^a-z0-9]", "", plain)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) or (isinstance(value, np.ndarray) and value.dtype.kind in "fiu")


_READERS: Final[dict[str, Callable[[xr.Dataset, str], PeerFields]]] = {
    "cmaq": _cmaq,
    "wrfchem": _wrfchem,
    "cams": _cams,
}
