"""Now 现在: map, panel and tables say what was known of the last hour, and move on with the clock."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from lantian.assessment.air import Air
from lantian.kernel.bootstrap import Platform
from lantian.observations.store import open_store
from lantian.places.outlines import SKETCH
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.standards import aqi
from lantian.standards.rounding import half_even
from lantian.web.api.now import level_of_hour

from .beijing import NOW
from .layout import assert_well_laid

HOUR = datetime(2016, 12, 16, 11, tzinfo=UTC)  # 19:00 to 20:00 in Beijing
Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def judged(beijing: Platform) -> dict[str, dict[str, Any]]:
    """The last hour of every station, computed apart from the page."""
    codes = [f"{number}A" for number in range(1001, 1013)]
    rows = Air(beijing).rolling(codes, HOUR, HOUR + timedelta(hours=1), NOW).to_dicts()
    return {row["place"]: row for row in rows}


@pytest.mark.requirement("M1", part="hourly values on the map, as known at the clock's time")
def test_the_interface_gives_every_stations_last_hour_and_every_citys_last_day(
    beijing_client: TestClient, beijing: Platform, judged: dict[str, dict[str, Any]]
) -> None:
    rows = beijing_client.get("/api/v1/now").json()
    hourly = {row["place"]: row for row in rows if row["basis"] == "hour"}
    assert sorted(hourly) == sorted(judged)
    for code, row in hourly.items():
        assert row["time"] == "2016-12-16T11:00:00Z"
        assert (row["aqi"], row["pm25"], row["primary"]) == tuple(judged[code][n] for n in ("aqi", "pm25", "primary"))
    daily = {row["place"]: row for row in rows if row["basis"] == "day"}
    assert len(daily) == 28
    assert {row["date"] for row in daily.values()} == {"2016-12-15"}  # published at noon of the 16th
    known = Air(beijing).daily(["130100"], datetime(2016, 12, 15).date(), datetime(2016, 12, 15).date(), NOW)
    assert daily["130100"]["aqi"] == known["aqi"][0]


def test_the_interface_gives_the_same_as_csv_and_arrow(beijing_client: TestClient) -> None:
    rows = beijing_client.get("/api/v1/now?basis=hour").json()
    table = list(csv.DictReader(io.StringIO(beijing_client.get("/api/v1/now?basis=hour&format=csv").text)))
    assert [(row["place"], row["aqi"]) for row in table] == [(row["place"], str(row["aqi"])) for row in rows]
    arrow = pl.read_ipc_stream(beijing_client.get("/api/v1/now?basis=hour&format=arrow").content)
    assert arrow["aqi"].to_list() == [row["aqi"] for row in rows]
    problem = beijing_client.get("/api/v1/now?basis=week")
    assert (problem.status_code, problem.headers["content-type"]) == (422, "application/problem+json")


def test_outlines_are_given_with_their_caption_and_are_kept_by_the_browser(beijing_client: TestClient) -> None:
    answer = beijing_client.get("/api/v1/outlines/cities?step=0.01")
    document = answer.json()
    assert document["caption"] == SKETCH
    assert len(document["features"]) == 28
    again = beijing_client.get("/api/v1/outlines/cities?step=0.01", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    inside = beijing_client.get("/api/v1/outlines/counties?step=0.01&within=110000").json()
    assert {feature["properties"]["code"][:2] for feature in inside["features"]} == {"11"}
    assert len(json.dumps(document)) < len(beijing_client.get("/api/v1/outlines/cities").content)
    assert "expected one of cities, counties" in beijing_client.get("/api/v1/outlines/rivers").json()["detail"]
    assert beijing_client.get("/api/v1/outlines/cities?within=x").status_code == 422


def test_the_relief_below_the_map_is_a_picture_that_may_be_kept(beijing_client: TestClient) -> None:
    picture = beijing_client.get("/now/shade.png?v=1")
    assert picture.content.startswith(b"\x89PNG")
    assert "immutable" in picture.headers["cache-control"]


def test_a_single_hour_is_levelled_by_its_row_of_breakpoints() -> None:
    day = datetime(2016, 12, 16).date()
    assert [level_of_hour("pm25", value, day) for value in (35, 36, 75.4, 75.6, 251, None)] == [1, 2, 2, 3, 6, None]
    assert level_of_hour("pm25", 70, datetime(2026, 4, 1).date()) == 3  # HJ 633-2026: 60 is the end of good
    assert level_of_hour("co", 5.04, day) == 1


@pytest.mark.browser
@pytest.mark.requirement("K3", part="map of now")
def test_discs_show_the_computed_index_on_the_colour_of_its_level(
    visit: Visit, judged: dict[str, dict[str, Any]]
) -> None:
    page = visit("/now").page
    page.wait_for_selector("#now-map[data-ready=yes]")
    worst = max(judged.values(), key=lambda row: row["aqi"])
    over = sum(row["aqi"] > 100 for row in judged.values())
    level = aqi.level_of(worst["aqi"])
    assert level is not None
    assert page.inner_text("h1") == (
        f"12月16日 19:00–20:00，最差的站点是万寿西宫：AQI {worst['aqi']}，{level.zh}；12 个站点中 {over} 个超过 100"
    )
    for code, row in judged.items():
        disc = page.locator(f'.disc[data-key="{code}"]')
        assert disc.text_content() == str(row["aqi"])
        assert disc.get_attribute("data-level") == str(row["level"])
    assert page.locator('.disc.square[data-key="130100"]').count() == 1
    assert page.inner_text(".map .approval") == SKETCH
    lines = "document.querySelector('#now-map').map.map.queryRenderedFeatures({ layers: ['outlines'] }).length"
    assert page.evaluate(lines) > 0


@pytest.mark.browser
@pytest.mark.requirement("K3", part="map of now")
def test_a_pollutant_is_chosen_and_the_address_keeps_it(visit: Visit, judged: dict[str, dict[str, Any]]) -> None:
    page = visit("/now").page
    page.wait_for_selector(".disc")
    page.get_by_role("group", name="显示").get_by_role("link", name="PM2.5").click()
    disc = page.locator('.disc[data-key="1003A"]')
    expect(disc).to_have_text(str(half_even(judged["1003A"]["pm25"], 0)))
    assert "item=pm25" in page.url
    page.reload()
    expect(disc).to_have_text(str(half_even(judged["1003A"]["pm25"], 0)))
    page.get_by_role("link", name="全部城市").click()
    expect(disc).to_be_hidden()  # from afar the city stands for its stations
    expect(page.locator('.disc[data-key="110000"]')).to_be_visible()
    assert "view=cities" in page.url
    page.get_by_role("link", name="AQI").click()
    expect(page.locator('.disc[data-key="110000"]')).to_have_text("54")
    expect(disc).to_be_hidden()  # the chosen view stays


@pytest.mark.browser
@pytest.mark.requirement("K3", part="map of now")
def test_a_click_on_a_disc_opens_its_values_and_the_way_to_its_page(
    visit: Visit, judged: dict[str, dict[str, Any]]
) -> None:
    page = visit("/now?lang=en").page
    page.wait_for_selector("#now-map[data-ready=yes]")
    panel = page.locator("#now-panel")
    expect(panel).to_contain_text("万寿西宫")
    page.locator('.disc[data-key="1008A"]').click()
    expect(panel.locator("h2")).to_have_text("顺义新城")
    for item in ("pm25", "pm10", "o3", "no2", "so2"):
        expect(panel).to_contain_text(f"{half_even(judged['1008A'][item], 0)}μg/m³")
    expect(panel).to_contain_text(f"{half_even(judged['1008A']['co'], 1)}mg/m³")
    expect(panel).to_contain_text("24-hour coverage 100 %")
    panel.get_by_role("link", name="Course and weather").click()
    page.wait_for_url("**/places/1008A")


@pytest.mark.browser
def test_the_page_is_whole_without_scripts(
    chromium: Any, beijing: Platform, beijing_live: str, judged: dict[str, dict[str, Any]]
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{beijing_live}/now?item=pm10&place=1002A")  # the public may see the air
    rows = page.locator("table[data-table=stations] tbody tr")
    cells = [[text.strip() for text in row.locator("td").all_inner_texts()] for row in rows.all()]
    seen = {row[0]: row for row in cells}
    assert len(seen) == 12
    assert seen["定陵"][2] == str(judged["1002A"]["aqi"])
    assert seen["定陵"][6] == str(half_even(judged["1002A"]["pm10"], 0))
    assert page.locator("table[data-table=cities] tbody tr").count() == 28
    assert "定陵" in page.inner_text("#now-panel")
    assert "地图需要脚本" in page.inner_text("#now-map")
    page.get_by_role("link", name="NO2").click()
    assert "item=no2" in page.url
    context.close()


@pytest.mark.browser
@pytest.mark.requirement("K3", part="layout of desk and phone")
@pytest.mark.parametrize(("language", "look"), [("zh", "light"), ("en", "dark")])
def test_nothing_overlaps_sticks_out_or_is_too_faint(visit: Visit, language: str, look: str) -> None:
    page = visit(f"/now?lang={language}&look={look}").page
    page.wait_for_selector("#now-map[data-ready=yes]")
    assert_well_laid(page)


@pytest.mark.browser
@pytest.mark.requirement("K4", part="pages show what was known at the clock's time")
def test_the_map_moves_on_with_the_clock(fresh: Platform, visit_fresh: Visit) -> None:
    places = PlaceStore(fresh.engine)
    places.put_regions([Region("110000", "北京市"), Region("110101", "东城区")], "test")
    places.put_stations([Station("1003A", "东四", "state", "110101", 116.417, 39.929)], "test")
    hours = [HOUR - timedelta(hours=30) + timedelta(hours=n) for n in range(36)]
    values = {"place": "1003A", "time": hours, "pm25": [float(n) for n in range(100, 136)], "co": 1.0}
    open_store(fresh).append(pl.DataFrame(values, schema_overrides={"time": pl.Datetime("us", "UTC")}), "hour", "test")
    page = visit_fresh("/now?item=pm25").page
    disc = page.locator('.disc[data-key="1003A"]')
    expect(disc).to_have_text("130")
    expect(page.locator("#clock")).to_contain_text("20:00")
    fresh.clock.jump(NOW + timedelta(hours=2), actor="test")
    expect(disc).to_have_text("132")
    expect(page.locator("h1")).to_contain_text("21:00–22:00")
    expect(page.locator("#now-panel")).to_contain_text("132")
    fresh.clock.jump(NOW - timedelta(hours=5), actor="test")
    expect(disc).to_have_text("125")
    fresh.clock.jump(NOW + timedelta(hours=9), actor="test")
    expect(page.locator(".note")).to_contain_text("4 小时")  # the last hour ended at 01:00, and it is five


def test_a_platform_without_data_says_what_to_do(fresh_client: TestClient) -> None:
    assert "还没有可以显示的数据" in fresh_client.get("/now").text
    assert fresh_client.get("/now/place/1001A").status_code == 404
    assert fresh_client.get("/api/v1/now").json() == []
