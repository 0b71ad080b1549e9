"""Whole requirements, end to end, as an office would try them on the command line."""

import csv
import gzip
import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from lantian.assessment import crosscheck
from lantian.assessment.periods import parse
from lantian.assessment.service import Assessment
from lantian.observations import open_store
from tests.observations.test_readers_workbooks import workbook

from .conftest import CITIES, ROOT

HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2016, 12, 15, 16, tzinfo=UTC)  # 2016-12-16 00:00 in Beijing


@pytest.fixture
def office(commands, city_folder, tmp_path):
    """Commands on a platform that knows its places, with 1001A known to OpenAQ as location 2178."""
    folder = tmp_path / "office"
    folder.mkdir()
    for name in ("regions.csv", "stations.csv"):
        (folder / name).write_text((city_folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "aliases.csv").write_text("file_station,station\nopenaq-2178,1001A\n", encoding="utf-8")
    toml = '[places]\nregions = "regions.csv"\nstations = ["stations.csv"]\naliases = "aliases.csv"\n'
    (folder / "city.toml").write_text(toml, encoding="utf-8")
    assert commands.run("places", "load", folder).exit_code == 0
    return commands


def files_of_every_layout(folder):
    """Hour 0 in a long table, hour 1 in the national archive (stamped by its end), 2 in Excel, 20 in OpenAQ."""
    (folder / "long.csv").write_text("station,time,item,value\n1001A,2016-12-16 00:00,PM2.5,10\n", encoding="utf-8")
    archive = "date,hour,type,1001A,1002A\n20161216,2,PM2.5,11,\n20161216,2,SO2,4,5\n"
    (folder / "china_sites_20161216.csv").write_text(archive, encoding="utf-8")
    rows = [["station", "time", "item", "value"], ["1001A", datetime(2016, 12, 16, 2), "PM2.5", 12]]
    workbook(folder / "book.xlsx", {"数据": rows})
    record = {
        "value": 13,
        "parameter": {"name": "pm25", "units": "µg/m³"},
        "period": {
            "interval": "01:00:00",
            "datetimeFrom": {"utc": "2016-12-16T12:00:00Z"},
            "datetimeTo": {"utc": "2016-12-16T13:00:00Z"},
        },
        "locationsId": 2178,
    }
    (folder / "openaq.json").write_text(json.dumps({"meta": {}, "results": [record]}), encoding="utf-8")
    return sorted(folder.iterdir())


@pytest.mark.requirement("M1")
def test_every_layout_comes_in_once_keeps_its_revisions_and_tells_its_errors(office, platform, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    files = files_of_every_layout(folder)
    first = office.value("import", *files)
    assert (first["rejected"], first["revised"]) == (0, 0)
    frame = open_store(platform).hourly(["1001A"], items=["pm25"]).filter(pl.col("pm25").is_not_null()).collect()
    read = dict(frame.sort("time").select("time", "pm25").iter_rows())
    assert read == {
        MIDNIGHT: 10.0,
        MIDNIGHT + HOUR: 11.0,
        MIDNIGHT + 2 * HOUR: 12.0,
        datetime(2016, 12, 16, 12, tzinfo=UTC): 13.0,
    }

    again = office.value("import", *files)
    assert (again["new"], again["revised"]) == (0, 0)

    before = platform.clock.now()
    later = folder / "later.csv"
    later.write_text("station,time,item,value\n1001A,2016-12-16 00:00,PM2.5,15\n9999X,2016-12-16 00:00,PM2.5,1\n")
    with later.open("a", encoding="utf-8") as lines:
        lines.write("1001A,2016-12-16 01:00,PM2.5,很高\n")
    value = office.value("import", later, code=1)
    assert (value["revised"], value["rejected"]) == (1, 2)
    hour = {"places": ["1001A"], "start": MIDNIGHT, "end": MIDNIGHT + HOUR, "items": ["pm25"]}
    store = open_store(platform)
    assert store.hourly(**hour).collect()["pm25"].to_list() == [15.0]
    assert store.hourly(**hour, as_of=before).collect()["pm25"].to_list() == [10.0]
    assert store.revisions("1001A", MIDNIGHT)["pm25"].to_list() == [10.0, 15.0]

    refused = office.value("rejected")["rejected"]
    assert {(row["file"].rpartition("/")[2], row["line"], row["value"]) for row in refused} >= {
        ("later.csv", "4", "很高"),
        ("later.csv", None, "9999X"),
    }
    assert all(row["reason"] for row in refused)


@pytest.mark.requirement("A2")
def test_published_figures_of_the_example_come_out(commands, platform):
    """From files to statistics: the ministry's figures for the 28 cities, and Beijing's from its stations' hours."""
    example = ROOT / "examples" / "beijing"
    commands.run("places", "load", example)
    days = platform.home / CITIES.name.removesuffix(".gz")
    with gzip.open(CITIES, "rt", encoding="utf-8-sig") as file:
        head, *lines = file.read().splitlines()
    days.write_text("\n".join([head, *(line for line in lines if ",2016-1" in line)]) + "\n", encoding="utf-8")
    assert commands.run("import", days).exit_code == 0
    assert commands.run("import", example / "data" / "beijing_hourly").exit_code == 0

    judge = Assessment(platform)
    cities = list(judge.places.group("2+26").members)
    # 2017-10..11: 65 and -22.6 % on the year before imply 84.0, of Beijing 52 and -43.5 % imply 92.0; the fourth
    # quarter 71 and -34.3 % imply 108.1 (ministry of ecology and environment, notices of 2017-12 and 2018-01).
    autumn = judge.evaluate(cities, parse("2016-10-01..2016-11-30"))
    assert autumn["pm25"].mean() == pytest.approx(84.0, abs=0.5)
    assert autumn.filter(place="110000")["pm25"].item() == 92
    assert judge.evaluate(cities, parse("2016Q4"))["pm25"].mean() == pytest.approx(108.1, abs=0.5)

    # The stations' hours lead to the same Beijing, by another way.
    made = judge.air.both(["110000"], date(2016, 10, 1), date(2016, 11, 30))[1]
    assert made["pm25"].mean() == pytest.approx(92.0, abs=0.6)
    (caveat,) = judge.caveats(cities, parse("2016Q4"))
    assert isinstance(caveat, crosscheck.Caveat)

    with gzip.open(CITIES, "rt", encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if row["city"] == "北京" and row["date"].startswith("2016-12")]
    december = judge.evaluate(["110000"], parse("2016-12")).row(0, named=True)
    assert december["n_pm25"] == len(rows) == 31
    assert december["valid_pm25"]


@pytest.mark.requirement("K2")
def test_whatever_is_done_to_the_trail_shows_here_and_off_line(commands, platform, tmp_path):
    for login in ("wang", "li", "zhao"):
        assert commands.run("account", "add", login).exit_code == 0
    file = tmp_path / "trail.jsonl"
    commands.run("audit", "export", file)
    assert commands.value("audit", "verify", "--file", file)["intact"]
    head, *rows = file.read_text(encoding="utf-8").splitlines()
    made = next(json.loads(row) for row in rows if '"login": \\"wang\\"' in row or "wang" in row)
    assert made["actor"]
    assert made["at"]
    assert made["before"] is None
    assert "wang" in made["after"]

    spoilt = {
        "changed": [rows[0].replace(json.loads(rows[0])["actor"], "nobody"), *rows[1:]],
        "removed": [*rows[:1], *rows[2:]],
        "reordered": [rows[1], rows[0], *rows[2:]],
        "removed at the end": rows[:-1],
    }
    for what, lines in spoilt.items():
        file.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        value = commands.value("audit", "verify", "--file", file, code=1)
        assert not value["intact"], what
        assert value["faults"][0]["row"] >= 1, what
