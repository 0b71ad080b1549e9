"""Records of feeds: what is brought, revised, refused, placed; read as of a moment and by a reader's rights."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from lantian.kernel.bootstrap import open_platform
from lantian.observations.feeds import PLATFORM, FeedError, Feeds, Reader, arrived, duties, telling
from lantian.observations.feeds.arrivals import forget
from lantian.observations.feeds.tables import record

from .world import FIRING, NOW, account, settle

CSV = """窑炉,点火时间,热量（GJ）,批次,燃料,有治理设施,视频,运料车号牌,司炉工
#说明 编号,北京时间,0-500,,,,,,
K1,2016-12-16 08:00,120.5,3,天然气,是,https://video.example/1,京A12345,张三
一窑,2016/12/16 9:30,450,2,coal,否,,,
K9,2016-12-16 10:00,1,1,gas,,,,
K2,2016-13-16 10:00,700,x,wood,也许,http://plain.example,,
K2,2016-12-16 11:00,10,200,gas,,,,
"""


@pytest.fixture
def feeds(platform) -> Feeds:
    return settle(platform)


@pytest.mark.requirement("M6", part="importer with its validator")
def test_a_file_comes_in_and_each_wrong_value_is_named_with_what_would_be_right(feeds):
    receipt = feeds.put("firing", ("烧窑.csv", CSV.encode("gb18030")), "clerk")
    assert (receipt.new, receipt.revised, receipt.unchanged, receipt.rejected, receipt.flagged) == (2, 0, 0, 3, 1)
    rows = feeds.read("firing", PLATFORM)
    assert rows.drop("known_at", "batch").to_dicts()[0] == {
        "kiln": "K1", "at": datetime(2016, 12, 16, tzinfo=UTC), "heat": 120.5, "loads": 3, "fuel": "gas",
        "clean": True, "camera": "https://video.example/1", "plate": "京A12345", "worker": "张三",
        "region": "110101", "flags": [],
    }  # fmt: skip
    assert rows["kiln"].to_list() == ["K1", "K1"]  # 一窑 is the name of K1
    assert rows["flags"].to_list() == [[], ["c1"]]
    refused = feeds.rejected(receipt.batch)
    assert set(refused["file"]) == {"烧窑.csv"}
    said = {(row["line"], row["field"]): row for row in refused.to_dicts()}
    wrong = {("6", name) for name in ("at", "heat", "loads", "fuel", "clean", "camera")}
    assert set(said) == {("5", "kiln"), *wrong, ("7", "")}
    assert "K1" in said["5", "kiln"]["reason"]
    assert "K2" in said["5", "kiln"]["reason_en"]
    assert said["6", "heat"]["value"] == "700"
    assert "500" in said["6", "heat"]["reason"]
    assert "GJ" in said["6", "heat"]["reason_en"]
    assert "gas 天然气" in said["6", "fuel"]["reason"]
    assert "https://" in said["6", "camera"]["reason_en"]
    assert said["7", ""]["reason"] == "批次过多"
    assert "K9" in said["5", "kiln"]["row"]


@pytest.mark.requirement("M6", part="every revision is kept")
def test_another_value_is_a_revision_and_the_same_value_is_nothing(platform, feeds):
    row = {"kiln": "K1", "at": "2016-12-16 08:00", "heat": 100}
    first = feeds.put("firing", [row], "clerk")
    again = feeds.put("firing", [row], "clerk")
    assert (again.batch, again.stored, again.unchanged) == (0, 0, 1)
    platform.clock.jump(NOW + timedelta(hours=1))
    other = feeds.put("firing", [row | {"heat": 90}], "clerk")
    assert (first.new, other.new, other.revised) == (1, 0, 1)
    assert feeds.read("firing", PLATFORM)["heat"].to_list() == [90]
    assert feeds.read("firing", PLATFORM, as_of=NOW)["heat"].to_list() == [100]
    assert feeds.read("firing", PLATFORM, since=NOW)["heat"].to_list() == [90]
    # What is heard late of an earlier moment stands between the two.
    late = feeds.put("firing", [row | {"heat": 95}], "clerk", known_at=NOW + timedelta(minutes=30))
    assert late.stored == 1
    assert feeds.read("firing", PLATFORM)["heat"].to_list() == [90]
    assert feeds.read("firing", PLATFORM, as_of=NOW + timedelta(minutes=45))["heat"].to_list() == [95]
    with platform.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).where(record.c.feed == "firing")) == 3


def test_records_can_be_known_since_their_own_time(feeds):
    rows = [{"kiln": "K1", "at": f"2016-12-{day} 08:00"} for day in (15, 17)]
    feeds.put("firing", rows, "clerk", known_at="time", example=True)
    assert feeds.read("firing", PLATFORM).height == 1
    assert feeds.read("firing", PLATFORM, as_of=NOW + timedelta(days=1)).height == 2


def test_reading_by_time_region_value_and_number(feeds):
    made = [
        {"kiln": kiln, "at": datetime(2016, 12, day, tzinfo=UTC), "heat": float(day), "fuel": "gas"}
        for kiln in ("K1", "K2")
        for day in (1, 2, 3)
    ]
    feeds.put("firing", pl.DataFrame(made), "clerk")
    read = feeds.read
    assert read("firing", PLATFORM, start=date(2016, 12, 2), end=date(2016, 12, 3)).height == 2
    assert set(read("firing", PLATFORM, region="110105")["kiln"]) == {"K2"}
    assert read("firing", PLATFORM, region="110000").height == 6
    assert read("firing", PLATFORM, where={"kiln": "K1"}, limit=2)["heat"].to_list() == [2, 3]
    with pytest.raises(FeedError, match="heat"):
        read("firing", PLATFORM, where={"colour": "red"})


def test_a_row_with_its_key_twice_is_told_unless_it_says_the_same(feeds):
    one = {"kiln": "K1", "at": "2016-12-16 08:00", "heat": 1}
    receipt = feeds.put("firing", [one, one, one | {"heat": 2}], "clerk")
    assert (receipt.new, receipt.unchanged, receipt.rejected) == (1, 1, 1)
    assert feeds.rejected(receipt.batch)["line"].to_list() == ["3"]


def test_who_brings_for_one_county_brings_nothing_for_another(feeds):
    rows = [{"kiln": kiln, "at": "2016-12-16 08:00"} for kiln in ("K1", "K2")]
    receipt = feeds.put("firing", rows, "clerk", within=["110105"])
    assert (receipt.new, receipt.rejected) == (1, 1)
    assert "110101" in feeds.rejected(receipt.batch)["reason"][0]


@pytest.mark.requirement("M6", part="row-level security below the reading")
def test_a_reader_sees_the_regions_of_its_department_and_masked_fields_covered(platform, feeds):
    rows = [{"kiln": k, "at": "2016-12-16 08:00", "plate": "京A12345", "worker": "张三丰"} for k in ("K1", "K2")]
    feeds.put("firing", rows, "clerk")
    owner = Reader.of(account("owner", ("110105", "industry")))
    seen = feeds.read("firing", owner)
    assert seen.select("kiln", "plate", "worker").rows() == [("K2", "京A****5", "张三丰")]
    assert feeds.read("firing", owner, where={"plate": "京A12345"}).is_empty()
    other = Reader.of(account("other", (None, "housing")))
    assert feeds.read("firing", other).is_empty()
    police = Reader.of(account("all", (None, None), permissions=("feeds.read", "plates.read")))
    assert feeds.read("firing", police)["plate"].to_list() == ["京A12345"] * 2
    assert feeds.read("firing", police, where={"plate": "京A12345"}).height == 2
    office = Reader.of(account("office", (None, None)))
    assert set(feeds.read("firing", office)["plate"]) == {"京A****5"}
    # The database itself refuses: a question without any condition, asked as the reader.
    feed = feeds.feed("firing")
    for reader, count in ((owner, 1), (other, 0), (office, 2)):
        with feeds.seeing(feed, reader) as seeing:
            assert len(seeing.connection.execute(sa.select(record.c["values"])).all()) == count
    with feeds.seeing(feed, other) as seeing, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        seeing.connection.execute(sa.select(record.c.hidden))


def test_rules_that_listen_hear_what_is_new_and_a_rule_that_fails_undoes_nothing(feeds):
    heard = []

    @arrived("firing")
    def listen(platform, rows, now):
        heard.append((rows["heat"].to_list(), now))
        if len(heard) == 2:
            raise RuntimeError("坏了")

    try:
        feeds.put("firing", [{"kiln": "K1", "at": f"2016-12-1{n} 08:00", "heat": n} for n in (1, 2)], "clerk")
        feeds.put("firing", [{"kiln": "K1", "at": "2016-12-11 08:00", "heat": 1}], "clerk")
        broken = feeds.put("firing", [{"kiln": "K1", "at": "2016-12-11 08:00", "heat": 9}], "clerk")
    finally:
        forget(listen)
    assert heard == [([1.0, 2.0], NOW), ([9.0], NOW)]
    assert any("坏了" in note for note in broken.notes)
    assert feeds.read("firing", PLATFORM)["heat"].to_list() == [9, 2]


@pytest.fixture
def heard() -> Iterator[list[tuple[list[float], datetime]]]:
    """What a rule over the feed is told: heats and the clock's now."""
    told = []

    @arrived("firing")
    def listen(platform, rows, now):
        told.append((rows["heat"].to_list(), now))

    yield told
    forget(listen)


@pytest.mark.requirement("M6", part="rules are told when the clock has come to a record")
def test_rules_hear_of_a_record_once_when_the_clock_comes_to_it_also_after_a_restart(platform, feeds, heard):
    rows = [{"kiln": "K1", "at": f"2016-12-{day} 08:00", "heat": day} for day in (15, 17, 18, 19)]
    feeds.put("firing", rows, "clerk", known_at="time")
    assert heard == [([15], NOW)]
    assert duties.tell(platform, "job") == []
    assert len(heard) == 1
    later = NOW + timedelta(days=2)  # 18 December, 20:00 in Beijing
    platform.clock.jump(later)
    with open_platform(settings=platform.settings) as restarted:
        duties.tell(restarted, "job")
        duties.tell(restarted, "job")
        assert heard[1:] == [([17, 18], later)]
        restarted.clock.jump(NOW)  # a replay that goes back and comes again tells nothing twice
        duties.tell(restarted, "job")
        restarted.clock.jump(later)
        duties.tell(restarted, "job")
    assert len(heard) == 2
    # Of a record that was revised before the clock came to it the last word is told, and a put tells what waits.
    feeds.put("firing", [rows[3] | {"heat": 20}], "clerk", known_at=later + timedelta(hours=20))
    platform.clock.jump(later + timedelta(days=1))
    feeds.put("firing", [{"kiln": "K2", "at": "2016-12-19 20:00", "heat": 3}], "clerk")
    assert sorted(heard[2][0]) == [3, 20]
    assert len(heard) == 3


def test_a_rule_that_was_killed_is_called_again_and_one_that_fails_is_not(platform, feeds, heard):
    class Killed(BaseException):
        """As SIGTERM ends a process, no error of a rule."""

    calls = []

    @arrived("firing")
    def ends(platform, rows, now):
        calls.append(rows.height)
        assert telling.tell(platform, feeds.feed("firing"), now, "another") == []  # who asks meanwhile hears nothing
        raise Killed if len(calls) == 1 else RuntimeError("坏了")

    try:
        with pytest.raises(Killed):
            feeds.put("firing", [{"kiln": "K1", "at": "2016-12-16 08:00", "heat": 1}], "clerk")
        faults = duties.tell(platform, "job")
        assert duties.tell(platform, "job") == []
    finally:
        forget(ends)
    assert (len(calls), len(heard)) == (2, 2)
    assert "坏了" in faults[0]
    assert feeds.batches("firing")[0]["notes"] == faults


def test_what_a_source_sends_again_and_again_is_refused_once(feeds):
    wrong = [{"kiln": "K7", "at": "2016-12-16 08:00"}]
    first = feeds.put("firing", wrong, "poll", source="http://source.example")
    again = feeds.put("firing", wrong, "poll", source="http://source.example")
    assert (first.rejected, again.rejected) == (1, 1)
    assert first.batch
    assert again.batch == 0


def test_two_who_bring_the_same_at_once_double_nothing(platform, feeds):
    rows = [{"kiln": "K1", "at": f"2016-12-01 {n // 60:02}:{n % 60:02}", "heat": 1.0} for n in range(600)]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: Feeds(platform).put("firing", rows, "clerk"), range(2)))
    assert sorted(one.new for one in done) == [0, 600]
    assert sorted(one.unchanged for one in done) == [0, 600]
    assert feeds.read("firing", PLATFORM).height == 600


def test_a_definition_that_would_break_its_records_is_refused(platform, feeds):
    feeds.put("firing", [{"kiln": "K1", "at": "2016-12-16 08:00"}], "clerk")
    with pytest.raises(FeedError, match=r"key: kiln; there are 1 records with the key kiln, at"):
        feeds.add(FIRING.replace("key: [kiln, at]", "key: [kiln]"), "admin")
    with pytest.raises(FeedError, match=r"clean, type: 'number'; there are 1 records in which it is 'flag'"):
        feeds.add(FIRING.replace("type: flag", "type: number"), "admin")
    more = FIRING.replace("checks:", "  - {name: note, type: text, zh: 备注, en: Note}\nchecks:")
    assert feeds.add(more, "admin").field("note")
    assert feeds.put("firing", [{"kiln": "K1", "at": "2016-12-16 08:00"}], "clerk").unchanged == 1
    with pytest.raises(FeedError, match="defined already in dustfall"):
        feeds.add(FIRING.replace("feed: firing", "feed: dustfall"), "admin")


def test_a_hundred_thousand_rows_come_in_within_seconds(feeds):
    start = datetime(2000, 1, 1, tzinfo=UTC)
    rows = pl.DataFrame({"n": range(100_000)}).select(
        pl.when(pl.col("n") % 2 == 0).then(pl.lit("K1")).otherwise(pl.lit("K2")).alias("kiln"),
        (pl.lit(start) + pl.duration(minutes=pl.col("n"))).alias("at"),
        (pl.col("n") % 400).cast(pl.Float64).alias("heat"),
    )
    began = time.perf_counter()
    receipt = feeds.put("firing", rows, "clerk")
    assert receipt.new == 100_000
    assert time.perf_counter() - began < 30  # two to three seconds on a quiet machine
    assert feeds.read("firing", PLATFORM, limit=10)["heat"].to_list() == [
        float(n % 400) for n in range(99_990, 100_000)
    ]
