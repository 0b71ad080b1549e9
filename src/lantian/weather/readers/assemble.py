"""Sources joined into one canonical dataset: which way to each variable, which levels and moments all of it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import xarray as xr
from xarray.core import indexing

from lantian.transport.inputs import moment
from lantian.weather import canonical
from lantian.weather.readers import moments
from lantian.weather.readers.faults import Fault, ReadError
from lantian.weather.readers.rules import Step, leaves, plan
from lantian.weather.readers.terms import TERMS, Flux, Series, Source, Times, Vertical, joined

TOP: Final = 5000.0
"""Pa; levels that lie higher are left out where their pressure is known beforehand: the engine's air ends below."""
_KINDS: Final = ("hybrid", "model", "height", "altitude", "pressure")
"""Of several kinds of levels in the same files, which is preferred."""


@dataclass
class Assembly:
    """What files hold together: ``steps`` to each variable that can be had, ``faults`` where a needed one cannot."""

    source: Source
    steps: dict[str, Step]
    times: Times
    levels: tuple[float, ...]
    faults: list[Fault]
    notes: list[str] = field(default_factory=list)

    def dataset(self) -> xr.Dataset:
        """The canonical dataset, values read when they are asked for.

        Raises:
            ReadError: a needed variable cannot be had, or its values at the first moment are wrong.
        """
        if self.faults:
            raise ReadError(self.faults)
        values = moments.Moments(self.source, self.times, self.levels, self.steps)
        plane = self.source.horizontal
        sizes = {"time": len(self.times), "level": values.level_count, "y": plane.y.size, "x": plane.x.size}
        variables = {}
        for variable in (*canonical.FIELDS, *canonical.WANTED):
            if variable.name in self.steps:
                moving = any(not TERMS[leaf].fixed for leaf in leaves(variable.name, self.steps) if leaf in TERMS)
                dims = variable.dims if moving or variable.name != "surface_altitude" else variable.dims[1:]
                lazy = moments.Lazy(values, variable.name, tuple(sizes[d] for d in dims), dims is variable.dims)
                attributes = canonical.attributes(variable.name) | {"grid_mapping": "crs"}
                variables[variable.name] = xr.Variable(dims, indexing.LazilyIndexedArray(lazy), attributes)
                values.value(variable.name, 0)
        attributes = {"Conventions": "CF-1.11", "kind": self.source.kind, "notes": "\n".join(self.notes)}
        dataset = xr.Dataset(variables, self._coordinates(), attributes)
        dataset.set_close(self.source.close)
        return dataset

    def _coordinates(self) -> dict[str, xr.Variable]:
        plane = self.source.horizontal
        unit = "degree" if plane.crs.get("grid_mapping_name") == "latitude_longitude" else "m"
        return {
            "time": xr.Variable("time", self.times, {"standard_name": "time"}),
            "lon": xr.Variable(("y", "x"), plane.lon, {"units": "degrees_east", "standard_name": "longitude"}),
            "lat": xr.Variable(("y", "x"), plane.lat, {"units": "degrees_north", "standard_name": "latitude"}),
            "x": xr.Variable("x", plane.x, {"units": unit, "axis": "X"}),
            "y": xr.Variable("y", plane.y, {"units": unit, "axis": "Y"}),
            "crs": xr.Variable((), 0, dict(plane.crs)),
        }


def assemble(sources: Sequence[Source]) -> Assembly:
    """Join what was found in several files.

    Raises:
        ReadError: the files lie on different grids, or the same quantity on different levels.
    """
    first = sources[0]
    for other in sources[1:]:
        if not other.horizontal.same(first.horizontal):
            file, points = ", ".join(other.files), f"has {other.horizontal}"
            right = f"all must have the points of {', '.join(first.files)}: {first.horizontal}"
            raise ReadError([Fault(file, "", points, right)])
    kinds = {one.vertical.kind for one in sources if one.vertical is not None}
    choices = [_of_levels(sources, kind) for kind in sorted(kinds, key=_KINDS.index)] or [_of_levels(sources, None)]
    assemblies = [_assembled(choice) for choice in choices]
    return min(assemblies, key=lambda one: (len(one.faults), -len(one.steps)))


def _of_levels(sources: Sequence[Source], kind: str | None) -> Source:
    """All sources as one, of the volumes only those on one kind of levels."""
    parts: dict[str, list[Series]] = {}
    a: dict[float, float] = {}
    b: dict[float, float] = {}
    for source in sources:
        of_kind = source.vertical is not None and source.vertical.kind == kind
        if of_kind and source.vertical is not None:
            a.update(source.vertical.a)
            b.update(source.vertical.b)
        for name, series in source.series.items():
            if series.heights is None or of_kind:
                parts.setdefault(name, []).append(series)
    first = sources[0]

    def close() -> None:
        for source in sources:
            source.close()

    return Source(
        "+".join(dict.fromkeys(source.kind for source in sources)),
        tuple(dict.fromkeys(file for source in sources for file in source.files)),
        first.horizontal,
        Vertical(kind, a, b) if kind else None,
        {name: joined(series) for name, series in parts.items()},
        list(dict.fromkeys(note for source in sources for note in source.notes)),
        list(dict.fromkeys(name for source in sources for name in source.unused)),
        close,
    )


def _assembled(source: Source) -> Assembly:
    notes = list(source.notes)
    told = source.vertical.value(()) if source.vertical and source.vertical.kind != "hybrid" else None
    of_levels = {told[0]} if told else {"hybrid_coefficients"} if source.vertical and source.vertical.a else set()
    steps: dict[str, Step] = {}
    there = source.series.keys() | of_levels
    missing = [v.name for v in canonical.FIELDS if not plan(v.name, there, steps)]
    faults = [_lack(source, name, there | steps.keys()) for name in missing]
    needed = {leaf for v in canonical.FIELDS if v.name in steps for leaf in leaves(v.name, steps)} & TERMS.keys()
    levels = _levels(source, needed, faults)
    times = _times(source, needed, faults, notes)
    wanted = {name for name in there if name in of_levels or _serves(source.series[name], levels, times, notes)}
    for name in (*(variable.name for variable in canonical.WANTED), *moments.NEAR.values()):
        plan(name, wanted | needed, steps)
    if not missing and "relative_humidity" in leaves("specific_humidity", steps):
        notes.append("relative humidity is taken to be over water, also below freezing")
    return Assembly(replace(source, notes=notes), steps, times, levels, faults, notes)


def _lack(source: Source, name: str, there: set[str]) -> Fault:
    """A needed variable that cannot be had: what would help, and what of it is there."""
    (lack,) = (one for one in canonical.missing(()) if one.name == name)
    parts = dict.fromkeys(part for way in lack.ways for part in way)
    known = [part for part in parts if part in there]
    ways = "; or from ".join(canonical.listed(way) for way in lack.ways)
    have = f"of these there {'are' if len(known) > 1 else 'is'} {canonical.listed(known)}" if known else "none is there"
    return Fault(", ".join(source.files), name, "is missing", f"it could be derived from {ways}; {have}")


def _levels(source: Source, needed: set[str], faults: list[Fault]) -> tuple[float, ...]:
    """The levels that all needed volumes have, from the ground up."""
    volumes = [s for name in needed if (s := source.series[name]).heights is not None]
    if not volumes or source.vertical is None:
        return ()
    common = set.intersection(*(set(s.heights or ()) for s in volumes))
    vertical = source.vertical
    low = [k for k in volumes[0].heights or () if k in common and (vertical.pressure(k) or TOP) >= TOP]
    if len(low) < 2:
        have = "; ".join(f"{s.told} has {len(s.heights or ())}" for s in volumes)
        value = f"are {len(low)} that all variables have ({have})"
        faults.append(Fault(", ".join(source.files), "levels", value, f"there must be 2 or more below {TOP:g} Pa"))
    return tuple(low)


def _times(source: Source, needed: set[str], faults: list[Fault], notes: list[str]) -> Times:
    """The whole hours that all needed quantities have."""
    moving = [s for name in sorted(needed) if not TERMS[name].fixed and (s := source.series[name]).since is None]
    if not moving:
        return np.empty(0, "datetime64[s]")
    common: Times = moving[0].times
    for series in moving[1:]:
        common = np.intersect1d(common, series.times)
    whole: Times = common[common == common.astype("datetime64[h]")]
    most = max(len(series.times) for series in moving)
    if not len(whole):
        have = "; ".join(f"{s.told} from {moment(s.times[0])} to {moment(s.times[-1])}" for s in moving)
        value = f"have no whole hour in common: {have}"
        faults.append(Fault(", ".join(source.files), "times", value, "files must be given for the same hours"))
    elif len(whole) < most:
        notes.append(
            f"{most - len(whole)} of {most} times are left out: no whole hours, or not there for all variables"
        )
    return whole


def _serves(series: Series, levels: tuple[float, ...], times: Times, notes: list[str]) -> bool:
    """Whether a quantity is there at all levels and times."""
    if series.heights is not None and not set(levels) <= set(series.heights):
        notes.append(f"{series.told} is left out: it lacks levels that the others have")
        return False
    if TERMS[series.name].fixed or not len(times):
        return True
    if series.since is None:
        there = bool(np.isin(times, series.times).all())
    else:
        flux = Flux(series)
        around = [(time, *moments.steps(times, t)) for t, time in enumerate(times)]
        there = all(flux.covers(time - before, time + after) for time, before, after in around)
    if not there:
        notes.append(f"{series.told} is left out: it is not there for all times")
    return there


def variables(assembly: Assembly) -> list[Mapping[str, object]]:
    """For each canonical variable whether it is given, derived, left to `downscale` or missing, and from what."""
    rows: list[Mapping[str, object]] = []
    for variable in (*canonical.FIELDS, *canonical.WANTED):
        needed = variable in canonical.FIELDS
        step = assembly.steps.get(variable.name)
        if step is not None:
            state, origin = ("derived", step.needs) if step.needs else ("given", ())
        elif needed:
            state, origin = "missing", ()
        else:
            state, origin = "later", canonical.LATER[variable.name]
        held = sorted(leaves(variable.name, assembly.steps)) if step is not None else []
        told = [assembly.source.series[leaf].told for leaf in held if leaf in assembly.source.series]
        rows.append({"name": variable.name, "needed": needed, "state": state, "from": list(origin), "read": told})
    return rows
