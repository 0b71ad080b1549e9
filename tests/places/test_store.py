"""Places in the database: what counts where, what a load changes, and who did it."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from lantian.kernel import audit
from lantian.kernel.database import metadata
from lantian.places import Group, PlaceFolder, PlaceLookupError, Region, Station, read_folder
from lantian.places.store import PlaceStore, load_folder
from lantian.places.terrain import Terrain

EXAMPLE = Path(__file__).parents[2] / "examples/beijing"
SMALL = [Region("110000", "北京市", "Beijing"), Region("110105", "朝阳区"), Region("Z11010501", "某开发区")]
STATIONS = [
    Station("1A", "甲", "state", "110105", 116, 40),
    Station("2A", "乙", "state", "110105", 116, 40, until=date(2015, 12, 31)),
    Station("3A", "丙", "state", "110105", 116, 40, evaluation=False),
    Station("4A", "丁", "city", "110105", 116, 40, 31.5, date(2016, 1, 1)),
]


@pytest.fixture(scope="module")
def example() -> PlaceFolder:
    return read_folder(EXAMPLE)


@pytest.fixture
def store(engine: Engine) -> PlaceStore:
    store = PlaceStore(engine)
    store.put_regions(SMALL, "tester")
    store.put_stations(STATIONS, "tester")
    return store


def trail(engine: Engine) -> list[tuple[str, str, str]]:
    with engine.connect() as connection:
        query = text("select actor, operation, table_name from audit where actor not like 'lantian%' order by seq")
        return [tuple(row) for row in connection.execute(query)]


@pytest.mark.requirement("M1", part="regions and stations")
def test_what_was_put_comes_back(store: PlaceStore) -> None:
    assert store.regions() == SMALL
    assert store.stations() == STATIONS
    assert store.region("110105").name == "朝阳区"
    assert store.station("4A").elevation == 31.5
    assert store.children("110000") == [SMALL[1]]
    assert store.children("110105") == [SMALL[2]]
    assert store.regions("zone") == [SMALL[2]]
    assert store.regions(within="110105") == SMALL[1:]
    assert [s.code for s in store.stations("state", within="110000", on=date(2016, 1, 1))] == ["1A", "3A"]


def test_state_evaluation_stations_count_unless_others_are_stated(store: PlaceStore) -> None:
    assert store.members("110000") == store.members("110105") == ["1A", "2A"]
    assert store.members("110105", on=date(2016, 1, 1)) == ["1A"]
    assert store.members("Z11010501") == []
    assert store.put_membership("Z11010501", ["4A", "2A"], "tester") == 1
    assert store.put_membership("110105", ["4A"], "tester") == 1
    assert store.memberships(["110000", "110105", "Z11010501"], on=date(2016, 1, 1)) == {
        "110000": ["1A"],
        "110105": ["4A"],
        "Z11010501": ["4A"],
    }
    assert store.put_membership("110105", [], "tester") == 1
    assert store.members("110105") == ["1A", "2A"]
    with pytest.raises(PlaceLookupError):
        store.put_membership("110105", ["9A"], "tester")


def test_the_order_of_a_group_is_kept(store: PlaceStore, engine: Engine) -> None:
    group = Group("g", "组", ("110105", "110000"))
    assert store.put_group(group, "tester") == 1
    assert store.put_group(group, "tester") == 0
    assert store.group("g") == group
    turned = replace(group, members=group.members[::-1])
    assert store.put_group(turned, "tester", "the office's new order") == 1
    assert store.groups() == [turned]
    assert trail(engine)[-1] == ("tester", "UPDATE", "place_group")
    with pytest.raises(LookupError, match="expected one of g"):
        store.group("h")


def test_a_station_of_an_unknown_region_is_refused(store: PlaceStore) -> None:
    with pytest.raises(PlaceLookupError, match="120000"):
        store.put_stations([Station("9A", "壬", "state", "120000", 117, 39)], "tester")
    with pytest.raises(PlaceLookupError, match="9A"):
        store.station("9A")


@pytest.mark.requirement("K2", part="places")
def test_every_write_is_in_the_trail(store: PlaceStore, engine: Engine) -> None:
    assert trail(engine) == [("tester", "INSERT", "region")] * 3 + [("tester", "INSERT", "station")] * 4
    assert store.put_stations(STATIONS, "tester") == 0
    assert store.put_stations([replace(STATIONS[0], name="甲二")], "second") == 1
    assert trail(engine)[7:] == [("second", "UPDATE", "station")]
    assert audit.verify(engine) == []


def test_the_example_loads_once_and_twice_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    report = load_folder(engine, EXAMPLE, "installer", home=tmp_path)
    assert report.written == {
        "regions": 363,
        "stations": 204,
        "aliases": 12,
        "groups": 3,
        "memberships": 4,
        "outlines": 28 + 327 + 2,
    }
    assert len(report.notes) == 21
    assert Terrain.installed(tmp_path) is not None
    before = trail(engine)
    assert {actor for actor, _, _ in before} == {"installer"}
    assert set(load_folder(engine, EXAMPLE / "example.toml", "installer").written.values()) == {0}
    assert trail(engine) == before
    store = PlaceStore(engine)
    assert len(store.children("110000")) == 16 + 1
    assert store.members("110000", on=date(2016, 12, 16)) == [f"{n}A" for n in range(1001, 1013) if n != 1002]
    assert store.members("Z11000001") == ["1008A", "1010A"]
    assert store.resolve("Wanshouxigong").code == store.resolve("万寿西宫").code == "1001A"
    counties = store.outlines("counties")
    assert counties.locate(116.4174, 39.9289) == "110101"
    assert "示意图" in counties.caption


def test_an_outline_set_is_replaced_as_a_whole(engine: Engine, example: PlaceFolder) -> None:
    store = PlaceStore(engine)
    cities = example.outlines[0]
    assert store.put_outlines(cities, "tester") == 29
    assert store.put_outlines(cities, "tester") == 0
    one = {"110000": cities.outlines["110000"]}
    assert store.put_outlines(replace(cities, outlines=one, approval_number="京S(2024)001号"), "tester") == 1 + 27
    assert store.outlines("cities").outlines == one
    assert [found.caption for found in store.outline_sets()] == ["审图号：京S(2024)001号"]
    with pytest.raises(LookupError, match="expected one of cities"):
        store.outlines("towns")


def test_a_load_that_fails_leaves_nothing(engine: Engine, example: PlaceFolder) -> None:
    orphan = Station("9A", "壬", "state", "650100", 87, 43)
    broken = replace(example, stations={**example.stations, "9A": orphan})
    with pytest.raises(Exception, match="fk_station_region"):
        PlaceStore(engine).load(broken, "tester")
    assert PlaceStore(engine).regions() == []
    assert trail(engine) == []


def test_the_tables_are_as_the_migration_made_them(engine: Engine) -> None:
    ours = {"region", "station", "station_alias", "place_group", "membership", "outline_set", "outline"}
    assert ours <= metadata.tables.keys()
    options = {"include_object": lambda _, name, kind, *__: kind != "table" or name in ours, "compare_type": True}
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
