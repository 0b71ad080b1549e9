"""Place 站点: course, last day, month and revisions of a station, and of regions, are those of the store."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from lantian.assessment.air import Air
from lantian.kernel.bootstrap import Platform
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.standards import aqi
from lantian.standards.rounding import half_even
from lantian.web.pages.course import bands
from lantian.web.pages.place import compass

from .beijing import NOW
from .layout import assert_well_laid

HOUR = datetime(2016, 12, 16, 11, tzinfo=UTC)
DAY = timedelta(days=1)
Visit = Callable[..., Any]
BEIJING = [f"{number}A" for number in range(1001, 1013) if number != 1002]  # 定陵 is a control point


def hours_of(beijing: Platform, place: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Judged hours, computed apart from the page."""
    return Air(beijing).rolling([place], start, end, NOW).sort("time").to_dicts()


@pytest.mark.requirement("M1", part="hourly values of a place for programs")
def test_the_interface_gives_hours_as_known_at_the_clocks_time(beijing_client: TestClient, beijing: Platform) -> None:
    rows = beijing_client.get("/api/v1/places/1003A/hourly").json()
    known = hours_of(beijing, "1003A", NOW - 3 * DAY, NOW)
    assert len(rows) == len(known) == 72
    assert rows[-1]["time"] == "2016-12-16T11:00:00Z"  # the hour from 20:00 on is not over
    assert [(row["pm25"], row["aqi"], row["primary"]) for row in rows] == [
        (row["pm25"], row["aqi"], row["primary"]) for row in known
    ]
    assert {"temperature", "dew_point", "wind_speed", "wind_direction", "rain"} <= set(rows[0])
    later = beijing_client.get("/api/v1/places/1003A/hourly?start=2016-12-16T19:00&end=2016-12-18").json()
    assert [row["time"] for row in later] == ["2016-12-16T11:00:00Z"]


def test_a_regions_hours_are_the_mean_of_its_stations_and_say_of_how_many(
    beijing_client: TestClient, beijing: Platform
) -> None:
    row = beijing_client.get("/api/v1/places/110000/hourly?start=2016-12-16T19:00").json()[0]
    values = [
        value
        for value in Air(beijing).hourly(BEIJING, HOUR, HOUR + timedelta(hours=1), NOW)["pm25"].to_list()
        if value is not None
    ]
    assert row["pm25"] == pytest.approx(sum(values) / len(values), abs=1e-4)
    assert row["n_pm25"] == len(values) == 11
    zone = beijing_client.get("/api/v1/places/Z11000001/hourly?start=2016-12-16T19:00").json()[0]
    assert zone["n_pm25"] == 2


def test_places_are_listed_and_described(beijing_client: TestClient) -> None:
    cities = beijing_client.get("/api/v1/places?kind=city").json()
    assert len(cities) == 28
    inside = beijing_client.get("/api/v1/places?within=110105").json()
    assert [one["code"] for one in inside] == ["110105", "Z11010501", "1005A", "1011A"]
    assert beijing_client.get("/api/v1/places/110105").json()["stations"] == ["1005A", "1011A"]
    station = beijing_client.get("/api/v1/places/1002A").json()
    assert (station["name"], station["evaluation"], station["region"]) == ("定陵", False, "110114")
    table = list(csv.DictReader(io.StringIO(beijing_client.get("/api/v1/places?kind=zone&format=csv").text)))
    assert {row["example"] for row in table} == {"true"}


@pytest.mark.parametrize(
    ("address", "status", "part"),
    [
        ("/api/v1/places/9999Z/hourly", 404, "no place is called '9999Z'"),
        ("/api/v1/places/1003A/hourly?start=yesterday", 422, "start = 'yesterday': expected a date or time"),
        ("/api/v1/places/1003A/hourly?start=2016-12-16&end=2016-12-01", 422, "lies before"),
        ("/api/v1/places/1003A/daily?start=2016-12-16&end=2016-12-01", 422, "lies before"),
        ("/api/v1/places?within=x", 422, "region code 'x'"),
        ("/api/v1/places/1003A/revisions?time=noon", 422, "time = 'noon'"),
    ],
)
def test_a_wrong_question_is_answered_with_what_would_be_right(
    beijing_client: TestClient, address: str, status: int, part: str
) -> None:
    problem = beijing_client.get(address)
    assert (problem.status_code, problem.headers["content-type"]) == (status, "application/problem+json")
    assert part in problem.json()["detail"]


@pytest.mark.requirement("M1", part="course of a station with weather, gaps and coverage")
def test_the_course_keeps_gaps_and_says_how_much_is_there(fresh: Platform, fresh_client: TestClient) -> None:
    places = PlaceStore(fresh.engine)
    places.put_regions([Region("110000", "北京市"), Region("110101", "东城区")], "test")
    places.put_stations([Station("1003A", "东四", "state", "110101", 116.417, 39.929)], "test")
    hours = [HOUR - timedelta(hours=n) for n in range(48) if n not in (5, 6)]
    frame = pl.DataFrame({"place": "1003A", "time": hours}, schema_overrides={"time": pl.Datetime("us", "UTC")})
    values = {name: pl.lit(40.0) for name in ("so2", "no2", "o3", "pm10", "pm25")} | {"co": pl.lit(1.0)}
    one = pl.col("time") == HOUR - timedelta(hours=2)
    frame = frame.with_columns(**values, temperature=pl.lit(-3.5), wind_speed=pl.lit(1.2), wind_direction=pl.lit(90.0))
    frame = frame.with_columns(so2=pl.when(one).then(None).otherwise("so2"), rain=pl.lit(0.0))
    open_store(fresh).append(frame, "hour", "test")
    course = fresh_client.get("/places/1003A/course?range=3d").json()
    assert len(course["times"]) == 72
    panels = {panel["key"]: panel for panel in course["panels"]}
    assert list(panels) == ["aqi", "pm25", "pm10", "o3", "no2", "so2", "co", "temperature", "wind_speed", "rain"]
    pm25 = panels["pm25"]["series"][0]["values"]
    assert pm25[:24] == [None] * 24
    assert pm25[-8:] == [40, None, None, 40, 40, 40, 40, 40]
    assert course["coverage"][-8:] == [1, 0, 0, 1, 1, pytest.approx(5 / 6, abs=1e-3), 1, 1]
    assert panels["wind_speed"]["series"][1] == {
        "name": "风向",
        "kind": "arrow",
        "values": [None] * 24 + pm25_like(pm25, 90),
    }
    assert panels["pm25"]["bands"][:2] == [{"low": 0, "high": 35, "level": 1}, {"low": 35, "high": 75, "level": 2}]
    page = fresh_client.get("/places/1003A").text
    assert '<b class="num">91 %</b>' in page  # 131 of 144: two whole hours and one value are missing


def pm25_like(values: list[float | None], value: float) -> list[float | None]:
    """The same gaps, another value."""
    return [None if one is None else value for one in values[24:]]


def test_bands_end_with_an_open_one_and_co_is_in_milligrams() -> None:
    assert bands((0, 50, 100, 350, 600, 900, 1200, 1500), 1)[-1] == {"low": 90, "high": None, "level": 6}
    assert bands((0, 150, 500, 650, 800), 0)[-1] == {"low": 800, "high": None, "level": 5}


def test_winds_are_named_by_where_they_come_from() -> None:
    assert [compass(degrees, "zh") for degrees in (0, 44, 90, 338, None)] == ["北", "东北", "东", "北", ""]
    assert compass(270, "en") == "W"


@pytest.mark.browser
@pytest.mark.requirement("M1", part="station page")
def test_a_station_page_says_the_last_hour_and_draws_its_course(visit: Visit, beijing: Platform) -> None:
    page = visit("/places/1003A").page
    last = hours_of(beijing, "1003A", HOUR, HOUR + timedelta(hours=1))[0]
    level = aqi.level_of(last["aqi"])
    assert level is not None
    assert page.inner_text("h1") == f"东四 12月16日 19:00–20:00：AQI {last['aqi']}，{level.zh}，首要污染物 PM2.5"
    expect(page.locator("#course")).to_have_attribute("data-ready", "72")
    assert page.locator("#course canvas").count() > 0
    rows = page.locator("table[data-table=hours] tbody tr")
    assert rows.count() == 24
    cells = [text.strip() for text in rows.first.locator("td").all_inner_texts()]
    digits = [
        str(half_even(last[item], 1 if item == "co" else 0)) for item in ("pm25", "pm10", "o3", "no2", "so2", "co")
    ]
    assert cells[0].startswith("19:00")
    assert cells[1:9] == [str(last["aqi"]), "PM2.5", *digits]
    page.get_by_role("link", name="7 天").click()
    expect(page.locator("#course")).to_have_attribute("data-ready", "168")
    page.fill("input[name=start]", "2016-12-01")
    page.fill("input[name=end]", "2016-12-04")
    page.get_by_role("button", name="查看").click()
    expect(page.locator("#course")).to_have_attribute("data-ready", "96")
    assert page.url.endswith("?start=2016-12-01&end=2016-12-04")


@pytest.mark.browser
def test_the_pointer_reads_all_panels_of_one_hour(visit: Visit) -> None:
    page = visit("/places/1003A").page
    page.wait_for_selector("#course[data-ready]")
    canvas = page.locator("#course .canvas")
    canvas.scroll_into_view_if_needed()
    before = canvas.screenshot()
    canvas.hover(position={"x": 300, "y": 200})  # on the second panel; the box and the line stand in all of them
    page.wait_for_timeout(300)
    assert canvas.screenshot() != before


@pytest.mark.browser
@pytest.mark.requirement("K3", part="charts and tables")
def test_hours_are_exported_as_csv_and_as_a_picture(visit: Visit, beijing: Platform, tmp_path: Path) -> None:
    page = visit("/places/1003A").page
    with page.expect_download() as download:
        page.get_by_role("link", name="小时值 CSV").click()
    download.value.save_as(tmp_path / "hours.csv")
    rows = pl.read_csv(tmp_path / "hours.csv")
    known = hours_of(beijing, "1003A", NOW - 3 * DAY, NOW)
    assert rows["pm25"].to_list() == [row["pm25"] for row in known]
    assert rows["time"][0] == "2016-12-13T12:00:00Z"
    with page.expect_download() as download:
        page.locator("#course").get_by_role("button", name="导出图片").click()
    download.value.save_as(tmp_path / "course.png")
    assert (tmp_path / "course.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "course.png").stat().st_size > 50_000


@pytest.mark.browser
def test_the_calendar_shows_every_finished_day_on_its_level(visit: Visit, beijing: Platform) -> None:
    page = visit("/places/110000").page
    known = Air(beijing).daily(["110000"], date(2016, 12, 1), date(2016, 12, 31), NOW).to_dicts()
    days = page.locator("#calendar .day[data-level]")
    assert days.count() == len(known) == 15
    assert days.locator("b").all_inner_texts() == [
        str(row["aqi"]) for row in sorted(known, key=lambda row: row["date"])
    ]
    good, heavy = (sum(test(row["aqi"]) for row in known) for test in (lambda v: v <= 100, lambda v: v > 200))
    assert f"优良 {good} 天，重度及以上 {heavy} 天" in page.inner_text("#calendar")
    page.get_by_role("link", name="上一月").click()
    expect(page.locator("#calendar h2")).to_contain_text("2016年11月")
    assert days.count() == 30
    assert "month=2016-11" in page.url


@pytest.mark.browser
def test_a_region_lists_its_stations_worst_first_and_leads_down_and_up(visit: Visit) -> None:
    page = visit("/places/110105?lang=en").page
    assert page.locator(".crumbs").inner_text().startswith("Beijing › county")
    members = page.locator("aside table.plain tr")
    assert [text.split("\t")[0] for text in members.all_inner_texts()] == ["农展馆", "奥体中心"]
    members.first.get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("农展馆")
    page.locator(".crumbs").get_by_role("link", name="Beijing").click()
    page.wait_for_url("**/places/110000")
    assert page.locator("aside table.plain tr").count() == 11


@pytest.mark.browser
def test_a_city_without_hours_shows_its_published_days(visit: Visit, beijing: Platform) -> None:
    page = visit("/places/130100").page
    known = Air(beijing).daily(["130100"], date(2016, 12, 15), date(2016, 12, 15), NOW)
    assert page.inner_text("h1").startswith(f"石家庄市 12月15日：AQI {known['aqi'][0]}，重度污染")
    expect(page.locator("#course")).to_have_attribute("data-ready", "31")
    assert page.locator("table[data-table=days] tbody tr").count() == 30
    assert "无小时数据" in page.inner_text("aside")
    assert page.locator("#course").get_by_role("link", name="日值 CSV").count() == 1


@pytest.mark.browser
@pytest.mark.requirement("M1", part="revisions of an hour on its page")
def test_an_hours_revisions_are_listed_as_far_as_they_were_known(fresh: Platform, visit_fresh: Visit) -> None:
    places = PlaceStore(fresh.engine)
    places.put_regions([Region("110000", "北京市"), Region("110101", "东城区")], "test")
    places.put_stations([Station("1003A", "东四", "state", "110101", 116.417, 39.929)], "test")
    store = open_store(fresh)
    frame = pl.DataFrame(
        {"place": ["1003A"], "time": [HOUR], "pm25": [268.0]}, schema_overrides={"time": pl.Datetime("us", "UTC")}
    )
    store.append(frame, "hour", "gateway")
    store.append(frame.with_columns(pm25=pl.lit(250.0)), "hour", "review", "reviewed", NOW + timedelta(hours=30))
    page = visit_fresh("/places/1003A").page
    page.locator("table[data-table=hours]").get_by_role("link", name="19:00").click()
    rows = page.locator("#revisions tbody tr")
    expect(rows).to_have_count(1)
    expect(page.locator("#revisions")).to_contain_text("只说过一次")
    fresh.clock.jump(NOW + timedelta(hours=31), actor="test")
    page.goto(page.url.split("?")[0] + "?hour=2016-12-16T11:00Z")  # the address works without scripts too
    expect(rows).to_have_count(2)
    assert [row.locator("td").last.inner_text() for row in rows.all()] == ["268", "250"]
    assert "审核" in rows.last.inner_text()


def test_a_place_is_found_by_what_people_call_it(beijing_client: TestClient) -> None:
    for text, code in (("东四", "1003A"), ("北京", "110000"), ("Shijiazhuang", "130100"), ("朝阳区", "110105")):
        answer = beijing_client.get("/places", params={"q": text})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/places/{code}")
    unknown = beijing_client.get("/places", params={"q": "东死"})
    assert "没有叫“东死”的地方" in unknown.text
    assert 'href="/places/1003A"' in unknown.text
    listed = beijing_client.get("/places").text
    assert "12 个有过去一天的小时数据" in listed
    assert beijing_client.get("/places/9999A").status_code == 404


@pytest.mark.browser
@pytest.mark.requirement("K3", part="layout of desk and phone")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_overlaps_sticks_out_or_is_too_faint(visit: Visit, language: str) -> None:
    page = visit(f"/places/1003A?lang={language}&look=light&hour=2016-12-16T11:00Z").page
    for address in ("/places/1003A", "/places/110000?range=7d", "/places/130100?look=dark", "/places"):
        page.goto(page.url.split("/places")[0] + address)
        if address != "/places":
            page.wait_for_selector("#course[data-ready]")
        assert_well_laid(page, address)


@pytest.mark.browser
@pytest.mark.requirement("K4", part="pages show what was known at the clock's time")
def test_an_open_page_moves_on_with_the_clock(fresh: Platform, visit_fresh: Visit) -> None:
    places = PlaceStore(fresh.engine)
    places.put_regions([Region("110000", "北京市"), Region("110101", "东城区")], "test")
    places.put_stations([Station("1003A", "东四", "state", "110101", 116.417, 39.929)], "test")
    hours = [HOUR - timedelta(hours=40) + timedelta(hours=n) for n in range(48)]
    values = {"place": "1003A", "time": hours, "pm25": [float(n) for n in range(100, 148)]}
    open_store(fresh).append(pl.DataFrame(values, schema_overrides={"time": pl.Datetime("us", "UTC")}), "hour", "test")
    page = visit_fresh("/places/1003A").page
    page.wait_for_selector("#course[data-ready]")
    first = page.locator("table[data-table=hours] tbody tr").first
    expect(first).to_contain_text("19:00")
    days = page.locator("#calendar .day[data-level]")
    assert days.count() == 1
    before = page.locator("#course .canvas").screenshot()
    fresh.clock.jump(NOW + timedelta(hours=5), actor="test")
    expect(page.locator("h1")).to_contain_text("12月17日 00:00–01:00")
    expect(first).to_contain_text("145")
    expect(days).to_have_count(2)  # the 16th is over now
    page.wait_for_timeout(500)
    assert page.locator("#course .canvas").screenshot() != before
