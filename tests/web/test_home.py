"""Home 今日: every sentence is the judgement of the rooms below, for the viewer's own place, as of the clock's now."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect
from starlette.testclient import TestClient as Client

from lantian.assessment.periods import parse
from lantian.assessment.service import Assessment
from lantian.assessment.targets import Target, track
from lantian.kernel import jobs
from lantian.kernel.bootstrap import Platform
from lantian.observations.store import open_store
from lantian.places.groups import Group
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web.pages.today import bars, goal

from .beijing import NOW
from .layout import assert_well_laid

HOUR = datetime(2016, 12, 16, 11, tzinfo=UTC)
Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def judge(beijing: Platform) -> Assessment:
    """The judgement, asked apart from the page."""
    return Assessment(beijing)


@pytest.mark.browser
@pytest.mark.requirement("K3", part="front page")
def test_the_front_page_says_how_the_air_is_now(visit: Visit, judge: Assessment) -> None:
    page = visit("/").page
    hours = judge.air.rolling(["110000"], NOW - timedelta(hours=24), NOW, NOW).sort("time")
    index = hours["aqi"].to_list()
    assert page.inner_text("h1") == f"北京市现在 AQI {index[-1]}，轻度污染，首要污染物 PM2.5"
    assert page.locator(".answer .why").inner_text() == (
        f"12月16日 19:00–20:00；过去 24 小时最低 {min(index)}、最高 {max(index)}，比 3 小时前高 {index[-1] - index[-4]}"
    )
    bars_of_the_day = page.locator(".today-now rect.bar-level")
    assert bars_of_the_day.count() == 24
    levels = [bar.get_attribute("data-level") for bar in bars_of_the_day.all()]
    assert levels == [str(level) for level in hours["level"].to_list()]
    stations = page.locator(".today-stations tr")
    assert stations.count() == 11  # the control point does not count
    assert stations.first.inner_text().split()[:2] == ["万寿西宫", "200"]


@pytest.mark.browser
def test_the_front_page_says_where_month_and_year_stand(visit: Visit, judge: Assessment) -> None:
    page = visit("/").page
    ranked = judge.rank(judge.places.group("2+26").members, parse("2016-12"), as_of=NOW)
    own = ranked.filter(pl.col("place") == "110000").to_dicts()[0]
    month = page.locator(".today-month")
    index, rank = f"{own['composite_index']:.2f}", own["rank_composite_index"]
    expect(month).to_contain_text(f"12月1日–12月15日 综合指数 {index}，在2+26城市 28 个中由好到差第 {rank}")
    expect(month).to_contain_text(f"同比 {own['change_composite_index']:+.1f} %")
    assert month.locator(".line circle").count() == 28
    assert "日最大1小时值" in month.get_by_text("臭氧日值存疑").get_attribute("title")
    year = judge.rank(["110000"], parse("2016"), as_of=NOW).to_dicts()[0]
    section = page.locator(".today-year")
    expect(section).to_contain_text(f"PM2.5 平均 {year['pm25']:g} μg/m³")
    expect(section).to_contain_text(f"优良 {year['good_days']} 天（{year['good_day_share']:.1f} %）")
    tracks = {one.target.quantity: one for one in judge.targets(["110000"]) if one.target.period.label == "2016"}
    pm25 = tracks["pm25"]
    expect(section).to_contain_text(
        f"目标 76，现为 {pm25.value:g}：其余 {pm25.days_left} 天平均不超过 {floor(pm25.allowance)} 就能完成"
    )
    lost = section.locator("li[data-state=lost]")
    expect(lost).to_contain_text(f"差 {-tracks['good_share'].days_to_lose} 天，已不能完成")
    assert "示例" in lost.inner_text()  # invented targets are marked


def test_each_viewer_sees_only_what_they_may_open(beijing_client: TestClient, beijing: Platform) -> None:
    assert "今年到哪里了" in beijing_client.get("/").text
    public = Client(beijing_client.app, follow_redirects=False).get("/").text
    assert "北京市现在 AQI" in public
    assert "目标 76" not in public  # targets.read is not the public's


def test_answers_lead_to_rooms_that_stand(beijing_client: TestClient) -> None:
    text = beijing_client.get("/").text
    known = {page.path for page in beijing_client.app.state.renderer.pages}
    for path in ("/now", "/ranking", "/targets"):
        assert (f'href="{path}"' in text) == (path in known)
    assert beijing_client.get("/places/110000").status_code == 200


@pytest.mark.parametrize(
    ("quantity", "limit", "values", "days", "expected"),
    [
        ("pm25", 50, [60.0] * 300, 300, ("mean_open", "open", {"allowance": 4, "left": 66})),
        ("pm25", 50, [90.0] * 300, 300, ("mean_lost", "lost", {"left": 66})),
        ("heavy_days", 2, [250] * 3 + [80] * 297, 300, ("heavy_days_lost", "lost", {"days": 1})),
        ("heavy_days", 100, [250] * 3 + [80] * 297, 300, ("heavy_days_open", "met", {"days": 97})),
        ("good_days", 300, [80] * 280 + [150] * 20, 300, ("good_days_open", "open", {"days": 46})),
        ("o3_8h", 160, [170.0] * 40 + [100.0] * 260, 300, ("percentile_lost", "lost", {"days": 4})),
    ],
)
def test_a_target_becomes_one_sentence(
    quantity: Any, limit: float, values: list[float], days: int, expected: tuple[str, str, dict[str, int]]
) -> None:
    from lantian.assessment.targets import DAY_COUNTS, Day

    year = parse("2016")
    counted = quantity in DAY_COUNTS
    known = [
        Day(year.start + timedelta(days=n), int(value) if counted else None, {} if counted else {quantity: value})
        for n, value in enumerate(values)
    ]
    said = goal(track(Target("110000", quantity, year, limit), known, year.start + timedelta(days=days - 1)))
    key, state, words = expected
    assert (said.key, said.state) == (f"home.goal_{key}", state)
    assert {name: said.words[name] for name in words} == words


def test_a_missing_hour_has_no_height() -> None:
    drawn = bars([{"aqi": 50, "level": 1}, {"aqi": None, "level": None}, {"aqi": 200, "level": 4}])
    assert [bar["height"] for bar in drawn] == [12, 0, 48]
    assert [bar["x"] for bar in drawn] == [0, 10, 20]


def test_an_empty_platform_says_what_to_do(fresh: Platform, fresh_client: TestClient) -> None:
    assert "还没有区域和站点" in fresh_client.get("/").text
    assert "lantian up --example" in fresh_client.get("/").text
    load_places(fresh)
    assert "北京市到此刻还没有数据" in fresh_client.get("/").text
    assert "lantian import" in fresh_client.get("/").text


def load_places(platform: Platform) -> None:
    """One city with one station."""
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市", "Beijing"), Region("110101", "东城区")], "test")
    places.put_stations([Station("1003A", "东四", "state", "110101", 116.417, 39.929)], "test")
    places.put_group(Group("one", "一城", ("110000",)), "test")


def load_hours(platform: Platform) -> None:
    """Thirty hours up to the clock's now, and four after it."""
    hours = [HOUR - timedelta(hours=29) + timedelta(hours=n) for n in range(34)]
    frame = pl.DataFrame(
        {"place": "1003A", "time": hours, "pm25": [80.0 + n for n in range(34)]},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    open_store(platform).append(frame, "hour", "test")


@pytest.mark.browser
@pytest.mark.requirement("K3", part="progress while data are loaded")
def test_the_page_follows_a_load_and_renews_itself_when_it_is_done(fresh: Platform, visit_fresh: Visit) -> None:
    steps: list[str] = []

    @jobs.task("test.home_load", zh="载入示例", en="load the example")
    def load(run: jobs.JobRun) -> None:
        steps.append("begun")
        load_places(run.platform)
        run.progress.stage("读入小时值", total=4)
        run.progress.advance(1)
        load_hours(run.platform)
        run.progress.advance(3)

    jobs.defer(fresh.engine, load)
    page = visit_fresh("/").page
    expect(page.locator("#loading")).to_contain_text("载入示例")
    assert "还没有" not in page.inner_text("main")
    worker = threading.Thread(
        target=jobs.run_worker, args=(fresh,), kwargs={"once": True}
    )  # the browser has a loop here
    worker.start()
    worker.join(timeout=60)
    assert steps == ["begun"]
    expect(page.locator("h1")).to_contain_text("北京市现在 AQI")
    expect(page.locator("#loading")).to_have_count(0)


@pytest.mark.browser
@pytest.mark.requirement("K4", part="pages show what was known at the clock's time")
def test_the_front_page_moves_on_with_the_clock(fresh: Platform, visit_fresh: Visit) -> None:
    load_places(fresh)
    load_hours(fresh)
    page = visit_fresh("/?lang=en").page
    value = page.locator(".today-items dd").first
    expect(value).to_have_text("109μg/m³")
    fresh.clock.jump(NOW + timedelta(hours=3), actor="test")
    expect(value).to_have_text("112μg/m³")
    expect(page.locator(".why")).to_contain_text("22:00–23:00")


@pytest.mark.browser
@pytest.mark.requirement("K3", part="layout of desk and phone")
@pytest.mark.parametrize(("language", "look"), [("zh", "light"), ("en", "dark")])
def test_nothing_overlaps_sticks_out_or_is_too_faint(visit: Visit, language: str, look: str) -> None:
    page = visit(f"/?lang={language}&look={look}").page
    assert_well_laid(page)
    if language == "zh":
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")  # one screen
