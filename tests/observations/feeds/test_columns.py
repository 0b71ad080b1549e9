"""The columnar copy of a feed says what the database says, whatever was added, revised, lost or restored."""

import stat
from datetime import timedelta

import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from lantian.observations.feeds import PLATFORM, Feeds, columns
from lantian.observations.feeds.columns import Columns, Piece
from lantian.observations.feeds.tables import record

from .world import KILN, NOW, settle


@pytest.fixture
def feeds(platform) -> Feeds:
    return settle(platform)


def copy_of(platform, feeds, as_of=NOW):
    return Columns(platform, feeds.feed("firing")).scan(as_of).collect().sort("at", "kiln")


def assert_same(platform, feeds, as_of=NOW) -> int:
    wanted = feeds.read("firing", PLATFORM, as_of=as_of).sort("at", "kiln")
    assert_frame_equal(copy_of(platform, feeds, as_of), wanted)
    return wanted.height


def rows(first: int, last: int, **more: object) -> list[dict[str, object]]:
    return [
        {"kiln": ("K1", "K2")[n % 2], "at": f"2016-12-{1 + n // 60:02} 08:{n % 60:02}", "heat": n * 0.5, **more}
        for n in range(first, last)
    ]


@pytest.mark.requirement("M9", part="a city's passings in columns")
def test_the_copy_says_what_the_database_says_in_pieces_of_any_size(platform, feeds, monkeypatch):
    monkeypatch.setattr(columns, "AT_ONCE", 7)
    monkeypatch.setattr(columns, "FULL", 20)
    assert assert_same(platform, feeds) == 0
    said = {
        "fuel": "coal",
        "clean": True,
        "plate": "京A12345",
        "worker": '张三，"甲"\n二',
        "camera": "https://a.example/1",
    }
    feeds.put("firing", rows(0, 33, **said), "clerk")
    assert assert_same(platform, feeds) == 33
    feeds.put("firing", rows(30, 40, heat=450, fuel="coal"), "clerk")  # three revised, seven new, all marked by a check
    feeds.put("kiln", [{"kiln": "K3", "region": "110101"}], "clerk")  # another feed's numbers lie between
    assert assert_same(platform, feeds) == 40
    feeds.put("firing", rows(40, 42), "clerk", known_at=NOW + timedelta(days=1))
    assert assert_same(platform, feeds) == 40
    assert assert_same(platform, feeds, NOW + timedelta(days=1)) == 42
    assert copy_of(platform, feeds)["worker"][0] == said["worker"]
    pieces = sorted(Piece.of(path) for path in Columns(platform, feeds.feed("firing")).root.glob("*.parquet"))
    assert len(pieces) > 2
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (platform.home / "columns").rglob("*.parquet")}
    assert modes == {0o600}


def test_a_copy_that_was_lost_or_is_of_another_database_is_made_anew(platform, feeds):
    feeds.put("firing", rows(0, 5), "clerk")
    assert assert_same(platform, feeds) == 5
    for path in (platform.home / "columns").rglob("*.parquet"):
        path.unlink()
    assert assert_same(platform, feeds) == 5
    with platform.engine.begin() as connection:  # as a database that was put back to an earlier day, and went on
        mine = record.c.feed == "firing"
        last = connection.scalar(sa.select(sa.func.max(record.c.id)).where(mine))
        said = {"values": {"kiln": "K1", "at": "2016-12-02T00:00:00.000000Z"}, "known_at": NOW - timedelta(seconds=1)}
        connection.execute(record.update().where(mine, record.c.id == last).values(said))
    assert assert_same(platform, feeds) == 5


def test_a_feed_without_a_place_and_a_changed_definition(platform, feeds):
    text = KILN.replace("feed: kiln", "feed: oven").replace("place: region\n", "")
    text = text.replace("  - {name: region, type: region, zh: 区域, en: Region, required: true}\n", "")
    feeds.add(text, "admin")
    feeds.put("oven", [{"kiln": "A", "name": ""}, {"kiln": "B", "name": "乙"}], "clerk")
    for add in ("", "  - {name: note, type: text, zh: 备注, en: Note}\n"):
        feed = feeds.add(text + add, "admin")
        found = Columns(platform, feed).scan(NOW).collect()
        assert_frame_equal(found.sort("kiln"), feeds.read("oven", PLATFORM).sort("kiln"))
    assert found.columns[:3] == ["kiln", "name", "note"]
