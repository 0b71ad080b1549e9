"""Readers 读取: files as offices, archives and portals hand them out, into frames.

Comes in: a path. Goes out: a `Reading` with wide frames in the units and names of docs/design/house.md, the rejected
cells with file, line, field, value and reason, and notes on what was decided for the whole file. Pure: no database, no
clock. The layout is recognised by what a file contains, never by its name. docs/importing.md lists the layouts and
every rule.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from lantian.observations.readers import layouts
from lantian.observations.readers.layouts import LAYOUTS
from lantian.observations.readers.reading import HourStamp, Options, ReadError, Reading, UnknownLayoutError

__all__ = ["LAYOUTS", "HourStamp", "ReadError", "Reading", "UnknownLayoutError", "read"]


def read(
    path: str | Path,
    *,
    stations: Mapping[str, str] | None = None,
    places: Callable[[str], str | None] | None = None,
    hour_stamp: HourStamp | None = None,
) -> Reading:
    """Read one file of observations, gzip or not.

    `stations` maps names in the file to place ids (`{"Wanshouxigong": "1001A"}`); without it a `stations.csv` beside
    the file is used if there is one. `places` maps any other name (a city's, a station's) to a place id or None; a
    name it does not know is rejected, and without it names stand as they are, with a note. `hour_stamp` says whether
    hour stamps mean the `beginning` or the `end` of their hour; None takes what the layout documents.

    Raises FileNotFoundError, `ReadError` for a file that is broken, and `UnknownLayoutError` for one that no layout
    recognises.

    >>> reading = read("PRSA_Data_Dongsi_20130301-20161231.csv.gz")  # doctest: +SKIP
    >>> reading.kind, reading.frames["hour"].columns[:3]  # doctest: +SKIP
    ('beijing_hourly', ['place', 'time', 'so2'])
    """
    return layouts.read(Path(path), Options(stations or {}, places, hour_stamp))
