"""The invented records of the example: all of them are right, and they tell what they were made to tell."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from lantian.kernel.accounts import Account
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.settings import Settings
from lantian.observations import alerts
from lantian.observations.dustfall import service as dustfall
from lantian.observations.feeds import PLATFORM, Feeds
from lantian.observations.power import service as power
from lantian.observations.soil import service as soil
from lantian.observations.waste import service as waste
from lantian.observations.water import law
from lantian.observations.water import service as water
from lantian.observations.water.law import WORSE
from lantian.places.regions import Region
from lantian.places.store import PlaceStore

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "beijing" / "feeds"
NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)
ORDER = (
    "water_section", "water_sample", "soil_point", "soil_sample", "waste_manifest", "dustfall_site", "dustfall",
    "city_size", "electricity_line",
    "stop_order", "electricity", "road_cleaning_track", "complaint_feed",
)  # fmt: skip
EVERYWHERE = [(None, None)]


@pytest.fixture(scope="module")
def example(
    server: str, administration: psycopg.Connection, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """A platform that holds them; the tests of this file only read it."""
    name = f"lantian_measured_{os.getpid()}"
    administration.execute(f"create database {name} template {template}")
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    try:
        with open_platform(settings=Settings(home=tmp_path_factory.mktemp("home"), database_url=url)) as opened:
            opened.clock.set_simulated(NOW, paused=True, actor="test")
            with (ROOT / "examples/beijing/data/regions.csv").open(encoding="utf-8") as file:
                regions = [Region(row["code"], row["name"]) for row in csv.DictReader(file)]
            PlaceStore(opened.engine).put_regions(regions, "test")
            feeds = Feeds(opened)
            for feed in ORDER:
                receipt = feeds.put(feed, FOLDER / feed / f"{feed}_example.csv", "test", example=True)
                assert receipt.rejected == 0, (feed, feeds.rejected(receipt.batch).rows()[:3])
                assert receipt.notes == (), feed
            yield opened
    finally:
        administration.execute(f"drop database if exists {name} with (force)")


def test_the_files_are_what_the_tool_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "tools" / "example_measured.py", tmp_path], check=True)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.csv")}
    assert sorted(path.parent.name for path in made) == sorted(ORDER)
    assert all((FOLDER / path).read_bytes() == content for path, content in made.items())


def test_items_of_the_feed_are_those_of_the_standard(example: Platform) -> None:
    codes = Feeds(example).feed("water_sample").field("item").codes
    assert set(codes) == {*law().items, "do_saturation", "temperature"}
    assert all(codes[code].zh == item.zh for code, item in law().items.items())


@pytest.mark.requirement("M12", part="soil of the example")
def test_soil_of_the_example(example: Platform) -> None:
    found = soil.read(example, PLATFORM, as_of=NOW)
    levels = {
        one.id: (one.judgement.level, tuple(each.item for each in one.judgement.exceeding)) for one in found.points
    }
    assert levels == {
        "SL-T-04": ("intervention", ("cd",)),
        "SL-T-06": ("screening", ("as", "pb")),
        "SL-T-02": ("screening", ("cd",)),
    } | {f"SL-T-0{n}": ("low", ()) for n in (1, 3, 5)} | {"SL-T-07": ("unjudged", ())}


@pytest.mark.requirement("M12", part="section class of the example")
def test_water_of_the_example(example: Platform) -> None:
    year = water.read(example, PLATFORM, NOW.date(), as_of=NOW)
    assert year.newest == date(2016, 12, 1)
    assert (len(year.sections), len(year.of(date(2016, 11, 1))), len(year.course("SL-BH-01"))) == (10, 10, 12)
    grades = [one.judgement.grade for one in year.months]
    assert {1, 2, 3, 4, 5, WORSE} >= set(grades)
    assert min(grades) <= 2
    assert WORSE in grades
    assert year.example == frozenset(year.sections)
    assert water.read(example, PLATFORM, NOW.date(), region="110112", as_of=NOW).sections.keys() == {
        "SL-BH-03",
        "SL-DQ-02",
    }


@pytest.mark.requirement("M12", part="manifests that never arrived")
def test_manifests_of_the_example_that_never_arrived_are_told_once_and_end(example: Platform) -> None:
    found = waste.ledger(example, PLATFORM, NOW)
    late = [one.manifest for one in found if one.state == "overdue"]
    assert late == ["SL20161100000022", "SL20161100000033"]
    assert {"refused", "difference", "arrived", "planned", "dispatched"} <= {one.state for one in found}
    told = alerts.listed(example.engine, EVERYWHERE, as_of=NOW, kind="manifest")
    assert sorted(one.alert.subject for one in told) == late
    assert all(one.alert.example and one.open for one in told)
    assert waste.tell(example, NOW) == []


@pytest.mark.requirement("M8", part="the example: computed, ranked, attainment, wrong weights named")
def test_dustfall_of_the_example(example: Platform) -> None:
    year = dustfall.read(example, PLATFORM, date(2016, 1, 1), date(2017, 1, 1), as_of=NOW)
    assert year.newest == date(2016, 11, 1)
    wrong = {
        one.site.id: [reason.field for _, each in one.wrong for reason in each] for one in year.months if one.wrong
    }
    assert wrong == {"JC110107-1": ["blank"], "JC110116-1": ["days"], "JC110102-1": ["days"]}
    ranks = year.ranked(date(2016, 11, 1))
    assert len(ranks) == 16
    assert [one.value for one in ranks] == sorted(one.value for one in ranks)
    assert {one.region: one.limit for one in ranks}["110119"] == Decimal(12)


def test_electricity_of_the_example_tells_two_enterprises(example: Platform) -> None:
    told = alerts.listed(example.engine, EVERYWHERE, as_of=NOW, kind="exceedance")
    assert sorted((one.alert.subject, one.alert.key) for one in told) == [
        ("power:E-SL-01", "not_stopped:2016-12-11"),
        ("power:E-SL-01", "not_stopped:2016-12-12"),
        ("power:E-SL-03", "untreated:2016-12-13"),
        ("power:E-SL-03", "untreated:2016-12-15"),
    ]
    one = next(each.alert for each in told if each.alert.key == "untreated:2016-12-13")
    assert one.name == "示例大兴家具厂"
    assert "疑似治污设施未运行" in one.zh
    assert (one.region, one.figures["hours"], one.link) == ("110115", 5.0, "/power?enterprise=E-SL-03")


def test_thresholds_learned_at_night_are_used_afterwards(example: Platform) -> None:
    day = datetime(2016, 12, 14, 16, tzinfo=UTC)
    before = power.worked(example, PLATFORM, day, NOW, enterprises=["E-SL-03"], as_of=NOW)
    assert power.learn(example, NOW) == 12
    after = power.worked(example, PLATFORM, day, NOW, enterprises=["E-SL-03"], as_of=NOW)
    assert {one.means for one in after.thresholds.values()} == {"groups"}
    assert before.thresholds.keys() == after.thresholds.keys() == {"E-SL-03-P1", "E-SL-03-T1"}
    assert [(one.rule, one.hours) for one in after.violations] == [("untreated", 5.0)]


def test_persons_and_plates_are_covered_for_others(example: Platform) -> None:
    from lantian.kernel.accounts import Grant
    from lantian.observations.feeds import Reader

    grant = Grant("department", frozenset({"feeds.read"}), "transport", None)
    reader = Reader.of(Account(1, "x", "x", "transport", grants=(grant,)))
    assert Feeds(example).read("complaint_feed", reader).is_empty()
    assert waste.ledger(example, reader, NOW) == []
    assert Feeds(example).read("water_section", reader).height == 10  # open to everybody


def test_a_file_of_the_hotline_serves_the_feed_and_the_desk_of_complaints() -> None:
    from lantian.supervision.complaints import files

    path = FOLDER / "complaint_feed" / "complaint_feed_example.csv"
    found = files.read(path, lambda stated, words: stated or None, example=True)
    with path.open(encoding="utf-8") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert {one.id for one in found} == rows.keys()
    assert all(
        (one.text, one.phone, one.region) == tuple(rows[one.id][n] for n in ("text", "phone", "region"))
        for one in found
    )
