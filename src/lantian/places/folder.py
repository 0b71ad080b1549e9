"""A city's places as files: a folder with one TOML file that says what is where (``examples/beijing`` is one).

Reading is pure: it gives frozen values and touches no database. ``store.load_folder`` puts them into one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lantian.places.groups import Group
from lantian.places.names import Locator
from lantian.places.outlines import OutlineSet, read_geojson
from lantian.places.regions import Region
from lantian.places.stations import Fault, PlaceFileError, Station, read_stations, read_table

_REGION_COLUMNS = {"code": ("code", "行政区划代码"), "name": ("name", "名称"), "name_en": ("name_en", "英文名")}
_ALIAS_COLUMNS = {"alias": ("file_station", "alias"), "station": ("station", "code", "站点编码")}

_TABLES = (
    *("name", "name_en", "example", "home", "replay", "places", "groups", "zones", "membership"),
    *("observations", "emissions", "forecast", "targets", "campaign", "measuring", "accounts"),
)
_PLACES = {"regions": str, "stations": list, "aliases": str, "terrain": str, "not_evaluated": list, "outlines": list}
_OUTLINES = {"id": str, "file": str, "code": str, "name": str, "source": str, "licence": str, "approval_number": str}
_GROUP = {"id": str, "name": str, "name_en": str, "members": list}
_ZONE = {"code": str, "name": str, "name_en": str, "stations": list}
_MEMBERSHIP = {"region": str, "stations": list}


@dataclass(frozen=True)
class PlaceFolder:
    """What a folder says about places.

    Attributes:
        regions: all regions, zones included, by code.
        stations: all stations, by code.
        aliases: other names of stations, alias to code.
        groups: groups by id.
        memberships: for a region whose value is not the mean of the state stations inside: the stations that count.
        outlines: outline sets.
        terrain: the terrain file, None if there is none.
        notes: what was decided while reading, for people to check.
    """

    regions: Mapping[str, Region]
    stations: Mapping[str, Station]
    aliases: Mapping[str, str]
    groups: Mapping[str, Group]
    memberships: Mapping[str, tuple[str, ...]]
    outlines: tuple[OutlineSet, ...]
    terrain: Path | None
    notes: tuple[str, ...]


def read_config(path: Path) -> tuple[Path, dict[str, Any]]:
    """The folder and the content of its TOML file.

    ``path`` is the file, or a folder that holds ``city.toml`` or ``example.toml``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no TOML in UTF-8, or has a table that no room knows.
    """
    if path.is_dir():
        found = next((path / name for name in ("city.toml", "example.toml") if (path / name).exists()), None)
        if found is None:
            raise FileNotFoundError(f"{path}: expected city.toml or example.toml in this folder")
        path = found
    try:
        # editors on Windows put a mark before the text, which TOML does not know
        config = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not TOML in UTF-8 ({error})") from error
    if strange := [name for name in config if name not in _TABLES]:
        raise ValueError(f"{path}: {', '.join(strange)}: unknown; expected one of {', '.join(_TABLES)}")
    return path.parent, config


def read_folder(path: Path) -> PlaceFolder:
    """Read the places of a folder. Other parts of the file (observations, targets, accounts) are left to their rooms.

    Raises:
        FileNotFoundError: a file that the folder names is missing.
        ValueError: a field, a file or a reference between them is wrong; the message names it and what is expected.
    """
    folder, config = read_config(path)
    places = _checked(config.get("places", {}), _PLACES, "[places]", ())
    outlines = tuple(_outlines(folder, entry) for entry in places.get("outlines", []))
    regions = _regions(folder, places, outlines)
    zones = [_checked(zone, _ZONE, "[[zones]]", ("code", "name", "stations")) for zone in config.get("zones", [])]
    invented = bool(config.get("example", False))
    for zone in zones:
        regions[zone["code"]] = Region(zone["code"], zone["name"], zone.get("name_en", ""), invented)
    locator = Locator(regions.values(), _counties(outlines))
    stations = _stations(folder, places, locator)
    memberships = {zone["code"]: tuple(zone["stations"]) for zone in zones}
    for entry in config.get("membership", []):
        row = _checked(entry, _MEMBERSHIP, "[[membership]]", ("region", "stations"))
        memberships[row["region"]] = tuple(row["stations"])
    groups = [_group(entry) for entry in config.get("groups", [])]
    read = PlaceFolder(
        regions=regions,
        stations=stations,
        aliases=_aliases(folder, places),
        groups={group.id: group for group in groups},
        memberships=memberships,
        outlines=outlines,
        terrain=_file(folder, places["terrain"]) if places.get("terrain") else None,
        notes=tuple(locator.notes),
    )
    _check_references(read)
    return read


def _outlines(folder: Path, entry: dict[str, Any]) -> OutlineSet:
    fields = _checked(entry, _OUTLINES, "[[places.outlines]]", ("id", "file"))
    chosen = {key: value for key, value in fields.items() if key not in ("id", "file")}
    return read_geojson(_file(folder, fields["file"]), set_id=fields["id"], **chosen)


def _regions(folder: Path, places: dict[str, Any], outlines: tuple[OutlineSet, ...]) -> dict[str, Region]:
    """Regions of the outlines, then those of the list, whose names go before."""
    regions = {code: Region(code, found.name) for chosen in outlines for code, found in chosen.outlines.items()}
    if not places.get("regions"):
        return regions
    path = _file(folder, places["regions"])
    faults: list[Fault] = []
    listed: set[str] = set()
    for line, row in read_table(path, _REGION_COLUMNS, needed=("code", "name")):
        if row["code"] in listed:
            faults.append(Fault(str(path), line, "code", row["code"], "a code that stands in the file once"))
        listed.add(row["code"])
        try:
            regions[row["code"]] = Region(row["code"], row["name"], row.get("name_en", ""))
        except ValueError as error:
            faults.append(Fault(str(path), line, "code", row["code"], str(error)))
    if faults:
        raise PlaceFileError(faults)
    return regions


def _counties(outlines: tuple[OutlineSet, ...]) -> OutlineSet | None:
    """The set with the smallest regions: a point is placed as exactly as the outlines allow."""
    return max(outlines, key=lambda chosen: len(chosen.outlines), default=None)


def _stations(folder: Path, places: dict[str, Any], locator: Locator) -> dict[str, Station]:
    stations: dict[str, Station] = {}
    for name in places.get("stations", []):
        for station in read_stations(_file(folder, name), locator):
            stations[station.code] = station
    for code in places.get("not_evaluated", []):
        if code not in stations:
            raise ValueError(f"[places] not_evaluated: {code!r} is no station of the lists")
        stations[code] = replace(stations[code], evaluation=False)
    return stations


def _aliases(folder: Path, places: dict[str, Any]) -> dict[str, str]:
    if not places.get("aliases"):
        return {}
    rows = read_table(_file(folder, places["aliases"]), _ALIAS_COLUMNS, needed=("alias", "station"))
    return {row["alias"]: row["station"] for _, row in rows}


def _group(entry: dict[str, Any]) -> Group:
    fields = _checked(entry, _GROUP, "[[groups]]", ("id", "name", "members"))
    return Group(fields["id"], fields["name"], tuple(fields["members"]), fields.get("name_en", ""))


def _check_references(read: PlaceFolder) -> None:
    # who, field, what it points to, whether that was read
    named = [("station " + s.code, "region", s.region, s.region in read.regions) for s in read.stations.values()]
    named += [("alias " + alias, "station", code, code in read.stations) for alias, code in read.aliases.items()]
    named += [
        ("group " + g.id, "members", code, code in read.regions) for g in read.groups.values() for code in g.members
    ]
    for region, stations in read.memberships.items():
        named.append(("membership", "region", region, region in read.regions))
        named += [("membership of " + region, "stations", code, code in read.stations) for code in stations]
    wrong = [f"{owner}, {field}: {code!r} is not among those read" for owner, field, code, known in named if not known]
    if wrong:
        raise ValueError("\n".join(wrong))


def _checked(fields: dict[str, Any], known: Mapping[str, type], table: str, needed: tuple[str, ...]) -> dict[str, Any]:
    """The fields, after each name and type was checked."""
    for name, value in fields.items():
        if name not in known:
            raise ValueError(f"{table} {name}: unknown; expected one of {', '.join(known)}")
        if not isinstance(value, known[name]):
            raise ValueError(f"{table} {name}: {value!r}; expected a {'list' if known[name] is list else 'text'}")  # noqa: TRY004
    missing = [name for name in needed if not fields.get(name)]
    if missing:
        raise ValueError(f"{table} {fields}: {', '.join(missing)} is missing")
    return fields


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; paths are relative to the TOML file")
    return path
