"""Stations 监测站点, and the reader of station lists as offices keep them.

CSV, also ``.gz``; UTF-8 with or without BOM, or GB18030.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal, get_args

from lantian.places.regions import level_of

StationKind = Literal["state", "province", "city", "micro", "site"]

STATION_KINDS: Final[dict[str, str]] = {
    "state": "国控",
    "province": "省控",
    "city": "市控",
    "micro": "微站",
    "site": "工地",
}
"""Kinds of station and their Chinese names, from the state network down to the dust monitor of a building site."""

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "code": ("station", "code", "station_code", "站点编码", "监测点编码"),
    "name": ("name", "station_name", "站点名称", "监测点名称"),
    "lon": ("lon", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "region": ("region", "region_code", "行政区划代码"),
    "city": ("city", "城市"),
    "county": ("county", "district", "区县"),
    "kind": ("kind", "站点类型"),
    "elevation": ("elevation", "海拔"),
    "since": ("since", "启用日期"),
    "until": ("until", "停用日期"),
}
"""Fields of a station list and the column heads under which each is known."""

# The national list writes notes into names: 濮水河管理处(启用161121), 新站(20190222启用), 北区(145), 龙柱(并行145).
# 145 is the network of the fourteenth five-year plan 十四五, which began with 2021.
_NOTE = re.compile(r"[(（](?:(?:启用|新增)?(?P<day>\d{6}|\d{8})(?:启用)?|(?:并行)?(?P<plan>145))[)）]$")
_NETWORK_145 = date(2021, 1, 1)


@dataclass(frozen=True, slots=True)
class Station:
    """A place where the air is measured.

    Attributes:
        code: for example ``1001A``.
        name: Chinese name.
        kind: one of ``STATION_KINDS``.
        region: code of the smallest region known to contain it.
        lon: longitude, degrees east, WGS-84.
        lat: latitude, degrees north, WGS-84.
        elevation: metres above sea level; None where unknown.
        since: first day of service; None where unknown or before the data.
        until: last day of service; None while it runs.
        evaluation: whether it counts for the value of its city and county 评价点; control points 对照点 do not.
        example: invented; shown with 示例.

    Raises:
        ValueError: a field is empty or out of range; the message names it.
    """

    code: str
    name: str
    kind: StationKind
    region: str
    lon: float
    lat: float
    elevation: float | None = None
    since: date | None = None
    until: date | None = None
    evaluation: bool = True
    example: bool = False

    def __post_init__(self) -> None:
        if not self.code or not self.name:
            raise ValueError(f"station {self.code!r} {self.name!r}: code and name must not be empty")
        if self.kind not in get_args(StationKind):
            raise ValueError(f"station {self.code}, kind: {self.kind!r}; expected one of {', '.join(STATION_KINDS)}")
        if not (-180 <= self.lon <= 180 and -90 <= self.lat <= 90):
            raise ValueError(
                f"station {self.code}: {self.lon}, {self.lat} is not on the globe; expected WGS-84 degrees"
            )
        if self.since and self.until and self.until < self.since:
            raise ValueError(f"station {self.code}, until: {self.until} lies before since, {self.since}")
        level_of(self.region)

    def runs(self, day: date) -> bool:
        """Whether the station was in service on a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file: ``line`` counts from 1 with the head; ``expected`` says what would be right."""

    file: str
    line: int
    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, {self.field}: {self.value!r}; expected {self.expected}"


class PlaceFileError(ValueError):
    """A list of places cannot be used; ``faults`` names every fault, and nothing of the file was taken."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


Locate = Callable[[str, str, str, float, float], str | None]
"""``locate(station, city, county, lon, lat)`` gives the code of the region of a station, None if it finds none."""


def read_stations(path: Path, locate: Locate | None = None, *, kind: StationKind = "state") -> list[Station]:
    """Read a station list.

    Needed columns: code, name, lon, lat, and either region (a code) or city and county (names, which ``locate`` finds).
    Others are optional; the heads known for each are in ``COLUMNS``. Notes of the national list in a name, such as
    ``(启用161121)`` or ``(145)``, become the first day of service.

    Args:
        path: the file.
        locate: finds the region of a row that gives names or only coordinates.
        kind: what a station is whose row does not say.

    Raises:
        PlaceFileError: with all faults of the file by line and field.

    Example:
        >>> read_stations(Path("stations.csv"))  # doctest: +SKIP
        [Station(code='1001A', name='万寿西宫', kind='state', region='110102', ...), ...]
    """
    faults: list[Fault] = []
    stations: dict[str, Station] = {}
    for line, row in read_table(path, COLUMNS, needed=("code", "name", "lon", "lat")):
        record = _Record(str(path), line, row, faults)
        station = _station(record, locate, kind)
        if station is None:
            continue
        if station.code in stations:
            record.fault("code", "a code that stands in the file once")
        stations[station.code] = station
    if faults:
        raise PlaceFileError(faults)
    return list(stations.values())


def read_table(
    path: Path, columns: Mapping[str, tuple[str, ...]], needed: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Lines of a CSV with the values under the names of ``columns``; blanks are stripped, empty lines skipped.

    Raises:
        PlaceFileError: the text is neither UTF-8 nor GB18030, or a needed column is missing.
    """
    reader = csv.reader(io.StringIO(_text(path)))
    head = [cell.strip().lower() for cell in next(reader, [])]
    places = {name: head.index(known) for name, heads in columns.items() for known in heads if known in head}
    missing = [name for name in needed if name not in places]
    if missing:
        wanted = "; ".join(f"a column {' or '.join(columns[name])}" for name in missing)
        raise PlaceFileError([Fault(str(path), 1, "head", ",".join(head), wanted)])
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, {name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()}


def _text(path: Path) -> str:
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise PlaceFileError([Fault(str(path), 1, "file", "", "text in UTF-8 or GB18030")])


class _Record:
    """One row on its way to a station: reads its fields and notes what is wrong with them."""

    def __init__(self, file: str, line: int, row: dict[str, str], faults: list[Fault]) -> None:
        self.file, self.line, self.row, self.faults = file, line, row, faults

    def fault(self, field: str, expected: str) -> None:
        self.faults.append(Fault(self.file, self.line, field, self.row.get(field, ""), expected))

    def text(self, field: str) -> str:
        return self.row.get(field, "")

    def number(self, field: str, low: float, high: float) -> float | None:
        if not self.text(field):
            return None
        try:
            value = float(self.text(field))
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            self.fault(field, f"a number from {low:g} to {high:g}")
            return None
        return value

    def day(self, field: str) -> date | None:
        if not self.text(field):
            return None
        try:
            return date.fromisoformat(self.text(field))
        except ValueError:
            self.fault(field, "a day such as 2016-12-16")
            return None


def _station(record: _Record, locate: Locate | None, kind: StationKind) -> Station | None:
    before = len(record.faults)
    lon, lat = record.number("lon", -180, 180), record.number("lat", -90, 90)
    elevation = record.number("elevation", -500, 9000)
    for field in ("code", "name", "lon", "lat"):
        if not record.text(field):
            record.fault(field, "a value")
    if len(record.faults) > before or lon is None or lat is None:
        return None
    name, noted = _split_note(record.text("name"))
    region = _region(record, locate, lon, lat)
    stated = _kind(record, kind)
    since, until = record.day("since") or noted, record.day("until")
    if region is None or stated is None or len(record.faults) > before:
        return None
    try:
        return Station(record.text("code"), name, stated, region, lon, lat, elevation, since, until)
    except ValueError as error:
        record.fault("until", str(error))
        return None


def _region(record: _Record, locate: Locate | None, lon: float, lat: float) -> str | None:
    code = record.text("region")
    if code:
        try:
            level_of(code)
        except ValueError as error:
            record.fault("region", str(error))
            return None
        return code
    names = (record.text("code"), record.text("city"), record.text("county"))
    found = locate(*names, lon, lat) if locate else None
    if found is None:
        record.fault("region", "a region code, or a city and county that the outlines and regions know")
    return found


def _kind(record: _Record, otherwise: StationKind) -> StationKind | None:
    text = record.text("kind")
    if not text:
        return otherwise
    for kind in get_args(StationKind):
        if text in (kind, STATION_KINDS[kind]):
            return kind  # type: ignore[no-any-return]
    record.fault("kind", "one of " + ", ".join(f"{kind} {zh}" for kind, zh in STATION_KINDS.items()))
    return None


def _split_note(name: str) -> tuple[str, date | None]:
    """The name without the national list's note, and the first day of service that the note states."""
    found = _NOTE.search(name)
    if found is None:
        return name, None
    short = name[: found.start()].strip()
    if found["plan"]:
        return short, _NETWORK_145
    digits = found["day"] if len(found["day"]) == 8 else "20" + found["day"]
    try:
        # only the day is meant; the zone plays no part
        return short, datetime.strptime(digits, "%Y%m%d").date()  # noqa: DTZ007
    except ValueError:
        return name, None
