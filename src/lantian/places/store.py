"""Places in the database: what is read, what is written, and the loading of a whole folder. Every write is audited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Select, select

from lantian.kernel import audit
from lantian.places import rows, tables
from lantian.places.folder import PlaceFolder, read_folder
from lantian.places.groups import Group
from lantian.places.names import Gazetteer, Place, PlaceLookupError
from lantian.places.outlines import Outline, OutlineSet, polygons_of
from lantian.places.regions import Kind, Region, ancestors_of, is_within
from lantian.places.stations import Station, StationKind


@dataclass(frozen=True)
class LoadReport:
    """What a load put in: ``written`` counts new and changed rows by table, ``notes`` are for people to check."""

    written: Mapping[str, int]
    notes: tuple[str, ...]


class PlaceStore:
    """Regions, stations, groups, membership and outlines of one database.

    Readers take codes; a name that a person typed goes through :meth:`resolve` first. Nothing is kept between calls.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # reading

    def regions(self, kind: Kind | None = None, within: str | None = None) -> list[Region]:
        """Regions by code, the zones last.

        Args:
            kind: one kind only; municipalities 直辖市 are cities.
            within: only this region and those in it.
        """
        query = select(tables.region).order_by(tables.region.c.code)
        if kind is not None:
            query = query.where(tables.region.c.kind == kind)
        found = [rows.region_of(row) for row in self._rows(query)]
        return [region for region in found if within is None or is_within(region.code, within)]

    def region(self, code: str) -> Region:
        """One region by its code.

        Raises:
            PlaceLookupError: there is none.
        """
        found = self._rows(select(tables.region).where(tables.region.c.code == code))
        if not found:
            raise PlaceLookupError(code, [])
        return rows.region_of(found[0])

    def children(self, code: str) -> list[Region]:
        """The regions directly below, zones included, by code."""
        found = self._rows(select(tables.region).where(tables.region.c.parent == code).order_by(tables.region.c.code))
        return [rows.region_of(row) for row in found]

    def stations(
        self, kind: StationKind | None = None, within: str | None = None, on: date | None = None
    ) -> list[Station]:
        """Stations by code.

        Args:
            kind: one kind only.
            within: only those that lie in this region. A zone has no outline, so none lies in it: see :meth:`members`.
            on: only those in service on this day.
        """
        query = select(tables.station).order_by(tables.station.c.code)
        if kind is not None:
            query = query.where(tables.station.c.kind == kind)
        found = [rows.station_of(row) for row in self._rows(query)]
        if within is not None:
            found = [station for station in found if is_within(station.region, within)]
        return [station for station in found if on is None or station.runs(on)]

    def station(self, code: str) -> Station:
        """One station by its code.

        Raises:
            PlaceLookupError: there is none.
        """
        found = self._rows(select(tables.station).where(tables.station.c.code == code))
        if not found:
            raise PlaceLookupError(code, [])
        return rows.station_of(found[0])

    def aliases(self) -> dict[str, str]:
        """Names that files use for stations, alias to station code."""
        return {row["alias"]: row["station"] for row in self._rows(select(tables.station_alias))}

    def groups(self) -> list[Group]:
        """All groups by id."""
        return [rows.group_of(row) for row in self._rows(select(tables.place_group).order_by(tables.place_group.c.id))]

    def group(self, group_id: str) -> Group:
        """One group.

        Raises:
            LookupError: there is none; the message lists the groups.
        """
        groups = {group.id: group for group in self.groups()}
        if group_id not in groups:
            raise LookupError(
                f"no group is called {group_id!r}; expected one of {', '.join(groups) or 'none, as none is loaded'}"
            )
        return groups[group_id]

    def members(self, region: str, on: date | None = None) -> list[str]:
        """Codes of the stations whose mean is the region's value, by code; see :meth:`memberships`."""
        return self.memberships([region], on)[region]

    def memberships(self, regions: Iterable[str], on: date | None = None) -> dict[str, list[str]]:
        """For each region the codes of the stations that count for its value.

        Where a person has stated the stations of a region (always so for zones) those count; else the state-controlled
        evaluation stations 国控评价点 that lie in it, control points left out.

        Args:
            regions: region codes.
            on: only stations in service on this day. Without it every station that ever counted.
        """
        wanted = list(dict.fromkeys(regions))
        stations = {station.code: station for station in self.stations(on=on)}
        stated = {row["region"]: row["stations"] for row in self._rows(select(tables.membership))}
        inside: dict[str, list[str]] = {}
        for station in stations.values():
            if station.kind == "state" and station.evaluation:
                for code in (station.region, *ancestors_of(station.region)):
                    inside.setdefault(code, []).append(station.code)
        return {
            code: [s for s in stated[code] if s in stations] if code in stated else inside.get(code, [])
            for code in wanted
        }

    def outline_sets(self) -> list[OutlineSet]:
        """All sets with their source, licence and approval number, but without the outlines."""
        found = self._rows(select(tables.outline_set).order_by(tables.outline_set.c.id))
        return [OutlineSet(row["id"], {}, row["source"], row["licence"], row["approval_number"]) for row in found]

    def outlines(self, set_id: str) -> OutlineSet:
        """One set with its outlines, by code.

        Raises:
            LookupError: there is none; the message lists the sets.
        """
        sets = {found.id: found for found in self.outline_sets()}
        if set_id not in sets:
            raise LookupError(
                f"no outlines are called {set_id!r}; expected one of {', '.join(sets) or 'none, as none is loaded'}"
            )
        query = select(tables.outline).where(tables.outline.c.outline_set == set_id).order_by(tables.outline.c.code)
        found = {
            row["code"]: Outline(row["code"], row["name"], polygons_of(row["geometry"])) for row in self._rows(query)
        }
        head = sets[set_id]
        return OutlineSet(head.id, found, head.source, head.licence, head.approval_number)

    def gazetteer(self) -> Gazetteer:
        """All names of all places, for many look-ups in a row."""
        return Gazetteer(self.regions(), self.stations(), self.aliases())

    def resolve(self, text: str) -> Place:
        """The region or station that a text names: ``北京``, ``北京市``, ``Beijing``, ``110000``, ``1001A``, ``东四``.

        Raises:
            PlaceLookupError: none or several; the message lists near matches.
        """
        return self.gazetteer().resolve(text)

    # writing

    def put_regions(self, regions: Iterable[Region], actor: str, reason: str = "") -> int:
        """Add regions or replace those of the same code; the number of rows new or changed."""
        wanted = [rows.region_row(region) for region in regions]
        with audit.act(self._engine, actor, reason) as connection:
            return rows.put(connection, tables.region, wanted)

    def put_stations(self, stations: Iterable[Station], actor: str, reason: str = "") -> int:
        """Add stations or replace those of the same code; the number of rows new or changed.

        Raises:
            PlaceLookupError: a station's region is not known.
        """
        wanted = [rows.station_row(station) for station in stations]
        known = {region.code for region in self.regions()}
        for row in wanted:
            if row["region"] not in known:
                raise PlaceLookupError(row["region"], [])
        with audit.act(self._engine, actor, reason) as connection:
            return rows.put(connection, tables.station, wanted)

    def put_group(self, group: Group, actor: str, reason: str = "") -> int:
        """Add a group or replace it, its members and their order; 1 if anything changed."""
        with audit.act(self._engine, actor, reason) as connection:
            return rows.put(connection, tables.place_group, [rows.group_row(group)])

    def put_membership(self, region: str, stations: Iterable[str], actor: str, reason: str = "") -> int:
        """State the stations that count for a region; none at all returns it to the rule. 1 if anything changed.

        Raises:
            PlaceLookupError: the region or a station is not known.
        """
        self.region(region)
        codes = [self.station(code).code for code in stations]
        with audit.act(self._engine, actor, reason) as connection:
            if codes:
                return rows.put(connection, tables.membership, [{"region": region, "stations": codes}])
            gone = tables.membership.delete().where(tables.membership.c.region == region)
            return connection.execute(gone).rowcount

    def put_outlines(self, outlines: OutlineSet, actor: str, reason: str = "") -> int:
        """Add an outline set or replace it as a whole; the number of outlines and heads new or changed."""
        with audit.act(self._engine, actor, reason) as connection:
            return rows.put_outlines(connection, outlines)

    def load(self, folder: PlaceFolder, actor: str, reason: str = "") -> LoadReport:
        """Put in all places of a folder, in one transaction. Twice the same folder changes nothing.

        What the folder does not name stays as it is; what people changed of the places it names returns to the folder's
        state, and the audit trail keeps what they had.
        """
        members = [{"region": region, "stations": list(codes)} for region, codes in folder.memberships.items()]
        aliases = [{"alias": alias, "station": code} for alias, code in folder.aliases.items()]
        with audit.act(self._engine, actor, reason) as connection:
            written = {
                "regions": rows.put(connection, tables.region, [*map(rows.region_row, folder.regions.values())]),
                "stations": rows.put(connection, tables.station, [*map(rows.station_row, folder.stations.values())]),
                "aliases": rows.put(connection, tables.station_alias, aliases),
                "groups": rows.put(connection, tables.place_group, [*map(rows.group_row, folder.groups.values())]),
                "memberships": rows.put(connection, tables.membership, members),
                "outlines": sum(rows.put_outlines(connection, outlines) for outlines in folder.outlines),
            }
        return LoadReport(written, folder.notes)

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            return [{str(name): value for name, value in row.items()} for row in connection.execute(query).mappings()]


def load_folder(engine: Engine, path: Path, actor: str, *, home: Path | None = None) -> LoadReport:
    """Read a folder's places and put them into the database; its terrain file goes to the data directory ``home``.

    Args:
        engine: the database.
        path: the folder, or its TOML file.
        actor: in whose name; stands in the audit trail.
        home: the data directory; None leaves the terrain where it is.

    Raises:
        FileNotFoundError, ValueError: as :func:`lantian.places.folder.read_folder`; nothing was written.
    """
    folder = read_folder(path)
    if home is not None and folder.terrain is not None:
        from lantian.places.terrain import install  # numpy and xarray load only where there is terrain

        install(folder.terrain, home)
    return PlaceStore(engine).load(folder, actor, reason=f"places load {path.name}")
