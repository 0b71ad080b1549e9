"""Forecast 预报: the page says what is stored, the map plays it, corrections stand beside it, programs get the same."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import expect
from sqlalchemy import text as sql

from lantian.forecast.service import Forecasts
from lantian.forecast.service_jobs import statistics_job
from lantian.forecast.service_maps import legend
from lantian.forecast.store import RunStore
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import defer
from lantian.kernel.settings import TIMEZONE
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web import create_app
from lantian.web.pages import forecast_view as view
from lantian.web.security import COOKIE
from tests.forecast import made

from .beijing import NOW, token
from .conftest import TestClient
from .layout import assert_well_laid

Visit = Callable[..., Any]
API = "/api/v1/forecast"
DAY = date(2016, 12, 17)


@pytest.fixture(scope="module")
def published(beijing: Platform) -> pl.DataFrame:
    forecasts = Forecasts(beijing)
    run = forecasts.latest(NOW)
    assert run is not None
    return forecasts.published(run, ["110000"], NOW)


# what the page says


@pytest.mark.requirement("F5", part="AQI range, level, primary pollutant and probabilities of each day on the page")
def test_the_page_answers_first_and_labels_what_the_weather_was(
    beijing_client: TestClient, published: pl.DataFrame
) -> None:
    text = beijing_client.get("/forecast").text.replace("\u2060", "")
    first = published.row(0, named=True)
    answer = f"北京市明天（12月17日 周六）中度污染，AQI {first['aqi_low']}–{first['aqi_high']}，首要污染物 PM2.5"
    assert answer in text
    assert "重污染从12月18日周日到12月22日周四，预计12月22日周四凌晨随北风转清（概率 84%）" in text
    assert "完美气象" in text
    assert "业务预报得不到" in text
    assert text.count('class="sheet day-card') == 7
    for row in published.to_dicts():
        assert f"{row['aqi_low']}–{row['aqi_high']}" in text
    assert "自动预报，未经会商" in text
    history = beijing_client.get("/forecast?mode=history").text
    assert "没有未来天气" in history
    assert "没有运行 1 公里模式（只用历史统计）" in history
    assert "首日 PM2.5 发布值：统计 80 %、模式 20 %，据此前 31 次起报" in text
    assert "首日 PM2.5 发布值：统计 100 %" in history
    english = beijing_client.get("/forecast?lang=en").text
    assert "First day's PM2.5 as published: statistics 80 %, engine 20 %, from 31 issues" in html.unescape(english)
    assert "Beijing, tomorrow (Sat 17 Dec): moderately polluted" in english
    assert "clearing Thu 22 Dec early morning with the north wind (probability 84%)" in english
    beijing_client.cookies.delete("lang")


@pytest.mark.requirement("F5", part="24-hour moving windows of a place, across midnight, on the page")
def test_the_page_says_any_24_hours_and_on_what_its_map_rests(beijing_client: TestClient) -> None:
    hours = made.hours(places=("110000",)).drop_nulls("pm25_24h")
    most = hours.row(int(hours["pm25_24h"].arg_max() or 0), named=True)
    ends = (most["time"] + timedelta(hours=1)).astimezone(TIMEZONE)
    above = hours.filter(pl.col("pm25_24h").round(0) > 150)["time"] + timedelta(hours=1)
    first, last = (moment.astimezone(TIMEZONE) for moment in (above[0], above[-1]))
    text = beijing_client.get("/forecast").text
    assert f"均值最高 {most['pm25_24h']:.0f} μg/m³（到{ends:%-m月%-d日%-H时}止）" in text
    assert f"{first:%-m月%-d日%-H时}至{last:%-m月%-d日%-H时}结束的 24 小时超过重污染的 150" in text
    assert "模式外围的空气取自区域各城市的日值" in text
    assert "模式外围的空气" not in beijing_client.get("/forecast?mode=history").text
    page = beijing_client.get("/forecast?item=pm25").text
    drawn = re.search(r'data-chart="forecast"><script type="application/json">(.*?)</script>', page)
    assert drawn is not None
    moving = next(one for one in json.loads(drawn[1])["series"] if one["name"] == "24 小时滑动")
    assert dict(moving["points"])[f"{most['time']:%Y-%m-%dT%H:%M:%SZ}"] == round(most["pm25_24h"], 1)


@pytest.mark.parametrize(("heavy", "told"), [(0.19, "重污染概率最高 19%（12月18日周日）"), (0.01, "，没有重污染")])
def test_a_chance_of_heavy_pollution_is_not_passed_over(beijing: Platform, heavy: float, told: str) -> None:
    run = Forecasts(beijing).latest(NOW)
    assert run is not None
    mild = {"aqi": 90, "aqi_low": 70, "aqi_high": 110, "level": 2, "level_low": 2, "level_high": 3, "primary": ["pm25"]}
    chances = [{"p5": 0.0, "p6": 0.0}, {"p5": heavy, "p6": 0.0}]
    empty = dict.fromkeys((f"p{level}" for level in range(1, 5)), 0.0)
    cards = [
        view.Card(mild | empty | chance | {"date": DAY + timedelta(days=number)}, None, "", None)
        for number, chance in enumerate(chances)
    ]
    said = view.sentence(view.Outlook(run, cards, None, date(2016, 12, 16)), "北京市", "zh")
    assert said.endswith(told)


def test_a_place_or_issue_that_is_not_there_is_told(beijing_client: TestClient) -> None:
    assert "这次预报没有石家庄市" in beijing_client.get("/forecast?place=130100").text
    assert beijing_client.get("/forecast?place=火星").status_code == 422
    assert beijing_client.get("/forecast?issue=2016-12-15T20").status_code == 404
    assert beijing_client.get("/forecast?issue=soon").status_code == 422
    assert beijing_client.get("/forecast/at").status_code == 422


def test_the_front_page_answers_what_is_coming(beijing_client: TestClient, published: pl.DataFrame) -> None:
    text = beijing_client.get("/").text
    assert "将会怎样" in text
    assert "北京市明天（12月17日 周六）中度污染" in text
    assert '<a class="small" href="/forecast?place=110000">' in text
    assert text.count('<ol class="next-days">') == 1


def test_a_click_gives_the_days_of_a_place_or_of_a_point(beijing_client: TestClient) -> None:
    station = beijing_client.get("/forecast/at?place=1003A").text
    assert "东四" in station
    assert station.count("<tr>") == 7
    inside = beijing_client.get("/forecast/at?lon=116.4&lat=39.9").text
    assert "116.400°E 39.900°N" in inside
    assert "最近的站点" in inside
    assert "没有完整的一天" in inside  # twelve hours hold none
    away = beijing_client.get("/forecast/at?lon=113&lat=36").text
    assert "1 公里图之外" in away


def test_a_platform_without_a_forecast_says_so(fresh_client: TestClient) -> None:
    for path in ("/forecast", "/forecast/consult", "/verification"):
        answer = fresh_client.get(path)
        assert answer.status_code == 200
        assert "还没有预报" in answer.text
    assert fresh_client.get(API).status_code == 404
    assert fresh_client.get(f"{API}/runs").json() == []


def test_a_page_that_waits_says_what_is_made_and_opens_it(
    fresh: Platform, fresh_client: TestClient, beijing_client: TestClient
) -> None:
    assert "统计预报" not in fresh_client.get("/forecast").text
    job = defer(fresh.engine, statistics_job, delay=timedelta(days=1))
    try:
        for path in ("/forecast", "/forecast/waiting"):
            answer = fresh_client.get(path)
            assert "统计预报" in answer.text
            assert "HX-Refresh" not in answer.headers
    finally:
        with fresh.engine.begin() as connection:
            connection.execute(sql("delete from procrastinate_jobs where id = :id"), {"id": job})
    assert beijing_client.get("/forecast/waiting").headers["HX-Refresh"] == "true"


# programs


@pytest.mark.requirement("F7", part="forecasts, corrections and scores for programs")
def test_programs_get_the_same_in_every_format(beijing_client: TestClient, published: pl.DataFrame) -> None:
    rows = beijing_client.get(f"{API}?places=北京市").json()
    assert [(row["date"], row["aqi_low"], row["aqi_high"]) for row in rows] == [
        (f"{row['date']}", row["aqi_low"], row["aqi_high"]) for row in published.to_dicts()
    ]
    arrow = pl.read_ipc_stream(beijing_client.get(f"{API}?places=110000&format=arrow").content)
    assert arrow.equals(published)
    table = list(csv.DictReader(io.StringIO(beijing_client.get(f"{API}?places=110000&format=csv").text)))
    assert [row["primary"] for row in table] == [";".join(row["primary"]) for row in published.to_dicts()]
    runs = beijing_client.get(f"{API}/runs").json()
    assert [(run["issue"], run["mode"], run["fields"]) for run in runs] == [
        ("2016-12-16T12:00:00Z", "perfect", True),
        ("2016-12-16T12:00:00Z", "history", False),
    ]
    for part, count in (("outlook", 7), ("values", 42), ("hours", 172), ("clearing", 1)):
        asked = f"{API}/{part}?places=1001A&source=lantian&mode=history&issue=2016-12-16T20"
        assert len(beijing_client.get(asked).json()) == count, part
    assert beijing_client.get(f"{API}/corrections").json() == []
    assert beijing_client.get(f"{API}/values?mode=weather").status_code == 404


@pytest.mark.requirement("F5", part="the shares of the sources in what is published")
def test_programs_get_the_shares_of_the_sources(beijing_client: TestClient) -> None:
    rows = beijing_client.get(f"{API}/shares?places=北京市").json()
    assert [(row["source"], row["share"], row["issues"], row["item"], row["date"]) for row in rows] == [
        ("statistics", 0.8, 31, "pm25", "2016-12-17"),
        ("model", 0.2, 31, "pm25", "2016-12-17"),
    ]
    assert {row["sentence"] for row in rows} == {"statistics 80 %, engine 20 %, from 31 issues"}
    assert beijing_client.get(f"{API}/shares?mode=history").json() == []


def test_the_maps_bytes_are_those_of_the_fields(beijing_client: TestClient) -> None:
    told = beijing_client.get(f"{API}/map?item=pm25").json()
    assert told["ends"] == legend("pm25", DAY)
    assert told["times"][0] == "2016-12-16T12:00:00Z"
    assert len(told["times"]) == 172
    frames = told["frames"]
    assert (frames["nx"], frames["ny"], frames["first"], frames["count"]) == (24, 24, 0, 12)
    answer = beijing_client.get(frames["url"])
    assert "immutable" in answer.headers["cache-control"]
    cells = np.frombuffer(answer.content, np.uint8).reshape(12, 24, 24)
    fields = made.fields(cells=24, length=12)["concentration"].sel(item="pm25").to_numpy()
    assert [int(level) for level in np.digitize(fields[3, :, 12].round(), [35.5, 75.5, 115.5, 150.5, 250.5])] == [
        int(level) for level in np.digitize(cells[3, :, 12], [25.5, 50.5, 75.5, 100.5, 150.5])
    ]
    wind = np.frombuffer(beijing_client.get(frames["wind"]["url"]).content, np.int8)
    assert wind.reshape(12, -1, 2)[0, 0].tolist() == [4, -8]
    disc = next(one for one in told["discs"] if one["key"] == "1001A")
    hours = made.hours(places=("110000", "1001A")).filter(pl.col("place") == "1001A")
    assert disc["values"][30] == f"{hours['pm25'][30]:.0f}"
    point = beijing_client.get(f"{API}/point?lon=116.4&lat=39.9").json()
    assert len(point) == 12
    assert beijing_client.get(f"{API}/point?lon=113&lat=36").status_code == 404
    bare = beijing_client.get(f"{API}/map?mode=history").json()
    assert bare["frames"] is None
    assert beijing_client.get(f"{API}/map/frames?mode=history").status_code == 404
    assert beijing_client.get(f"{API}/map/wind?mode=history").status_code == 404


# corrections and verification, on a platform of the test's own


@pytest.fixture
def town(fresh: Platform) -> Platform:
    """One city with one station whose air was observed for nine days, and a forecast of two of them."""
    places = PlaceStore(fresh.engine)
    places.put_regions([Region("110000", "北京市"), Region("110101", "东城区"), Region("130000", "河北省")], "test")
    places.put_stations([Station("1003A", "东四", "state", "110101", 116.417, 39.929)], "test")
    hours = [made.ISSUE + timedelta(hours=step) for step in range(-72, 216)]
    values = {"place": "1003A", "time": hours, "pm25": [made.concentration(hour) for hour in hours], "pm10": 60.0}
    typed = pl.DataFrame(values, schema_overrides={"time": pl.Datetime("us", "UTC")})
    open_store(fresh).append(typed, "hour", "test")
    store = RunStore(fresh)
    for issue in (made.ISSUE - timedelta(days=1), made.ISSUE):
        products = made.products(issue, ("110000", "1003A"))
        store.put(store.begin(issue, "history", actor="test"), **products, actor="test")
    return fresh


@pytest.fixture
def client_of(town: Platform) -> Iterator[Callable[[str], TestClient]]:
    with TestClient(
        create_app(town), headers={"origin": "http://testserver"}, follow_redirects=False, raise_server_exceptions=False
    ) as client:

        def act(login: str) -> TestClient:
            client.cookies.clear()
            client.cookies.set(COOKIE, token(town, login))
            return client

        yield act


FORM = {
    "place": "110000",
    "issue": "2016-12-16T20",
    "mode": "history",
    "date": "2016-12-17",
    "aqi_low": "210",
    "aqi_high": "260",
    "primary": "pm25",
    "reason": "逆温比预想的强",
}


@pytest.mark.requirement("F5", part="the duty forecaster corrects with a reason on the page, both kept 会商")
def test_the_duty_forecaster_corrects_a_day_and_publishes(client_of: Callable[[str], TestClient]) -> None:
    client = client_of("forecaster")
    (before,) = [row for row in client.get(f"{API}?places=110000").json() if row["date"] == FORM["date"]]
    page = client.get("/forecast/consult").text
    assert "系统预报照发，没有订正" in page
    for source in ("系统", "统计", "模式", "持续性"):
        assert f">{source}</th>" in page
    saved = client.post("/forecast/consult/day", data=FORM)
    assert (saved.status_code, saved.headers["location"]) == (
        303,
        "/forecast/consult?place=110000&issue=2016-12-16T20&mode=history#day-2016-12-17",
    )
    client.post(
        "/forecast/consult/day",
        data=FORM | {"aqi_low": "190", "aqi_high": "240", "reason": "风来得早", "text": "午后转好"},
    )
    page = client.get("/forecast/consult").text
    assert "订正了 1 天" in page
    assert "逆温比预想的强" in page
    assert page.count("已被后来的订正代替") == 1
    assert client.post("/forecast/consult/text", data=FORM | {"text": "草稿", "state": "draft"}).status_code == 303
    shown = client.get("/forecast").text.replace("\u2060", "")
    assert "中度至重度污染，AQI 190–240" in shown
    assert "风来得早" in shown
    assert "午后转好" in shown
    assert f"系统 {before['aqi_low']}–{before['aqi_high']}" in shown
    assert "草稿" not in shown
    client.post("/forecast/consult/text", data=FORM | {"text": "周四转好。", "state": "published"})
    shown = client_of("citizen").get("/forecast").text
    assert "周四转好。" in shown
    assert "会商发布 · 订正 1 天" in shown
    rows = client.get(f"{API}/corrections").json()
    assert [(row["author"], row["aqi_low"], row["reason"]) for row in rows] == [
        ("example-forecaster", 210, "逆温比预想的强"),
        ("example-forecaster", 190, "风来得早"),
    ]


def test_what_cannot_stand_comes_back_with_the_fault_and_what_was_typed(
    client_of: Callable[[str], TestClient],
) -> None:
    client = client_of("forecaster")
    answer = client.post("/forecast/consult/day", data=FORM | {"aqi_low": "300", "aqi_high": "200"})
    assert answer.status_code == 422
    assert "expected a range within 0 to 500" in answer.text
    assert 'value="300"' in answer.text
    assert "逆温比预想的强" in answer.text
    body = {"place": "北京市", "date": "2016-12-17", "aqi_low": 20, "aqi_high": 40, "reason": "风"}
    assert client.post(f"{API}/corrections", json=body).status_code == 201
    wrong = client.post(f"{API}/corrections", json=body | {"date": "2017-01-20"})
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")
    assert "订正 12月19日 周一" in client.get("/forecast/consult?day=2016-12-19").text


@pytest.mark.requirement("K1", part="corrections of a forecast")
def test_only_who_may_corrects(client_of: Callable[[str], TestClient]) -> None:
    for login in ("analyst", "county", "citizen"):
        client = client_of(login)
        assert client.post("/forecast/consult/day", data=FORM).status_code == 403
        assert client.post("/forecast/consult/text", data=FORM | {"text": "x", "state": "draft"}).status_code == 403
        page = client.get("/forecast/consult").text
        assert '<form class="consult-form"' not in page
        assert "订正需要" in page


@pytest.mark.requirement("F5", part="the shares of the sources in what is published")
def test_the_page_says_when_files_came_after_the_issue(town: Platform, client_of: Callable[[str], TestClient]) -> None:
    town.clock.set_simulated(made.ISSUE + timedelta(hours=3), paused=True)
    client = client_of("citizen")
    assert "重新组合" not in client.get("/forecast").text
    store = RunStore(town)
    run = next(run for run in store.runs() if run.issue == made.ISSUE)
    products = made.products(made.ISSUE, ("110000", "1003A"))
    store.put(run, **products, peers_until=made.ISSUE + timedelta(hours=2), actor="test")
    assert "2016-12-16 23:00 重新组合，计入起报后收到的其他模式" in client.get("/forecast").text
    assert "Combined again" in client.get("/forecast?lang=en").text
    town.clock.jump(made.ISSUE + timedelta(hours=2, minutes=59))
    assert "重新组合" not in client.get("/forecast?lang=zh").text


def test_the_page_names_days_of_background_air_alone(town: Platform, client_of: Callable[[str], TestClient]) -> None:
    client, store = client_of("citizen"), RunStore(town)
    told = "范围内没有城市在这些日子有日值"
    for days, shown in (([], False), (["2016-12-18", "2016-12-19"], True)):
        run = store.begin(made.ISSUE, "history", actor="test")
        fields = made.fields().assign_attrs(background_days=days)
        store.put(run, **made.products(made.ISSUE, ("110000", "1003A")), fields=fields, actor="test")
        assert (told in client.get("/forecast").text) == shown
    assert "有日值：12月18日、12月19日；" in client.get("/forecast").text
    assert "has values on 18 Dec, 19 Dec: the air outside" in client.get("/forecast?lang=en").text


@pytest.mark.requirement("F7", part="verification page with persistence, definitions, reliability and CSV")
def test_what_came_is_compared_and_verified(town: Platform, client_of: Callable[[str], TestClient]) -> None:
    client = client_of("analyst")
    assert "还没有可以评估的预报" in client.get("/verification").text
    town.clock.jump(made.ISSUE + timedelta(days=4))
    assert "这是 96 小时前的预报，之后没有新的起报" in client.get("/forecast").text
    past = client.get("/forecast?issue=2016-12-15T20").text
    assert "之后没有新的起报" not in past
    assert "已知 4 天" in past
    assert past.count('class="mark"') == 4
    page = client.get("/verification?item=pm25").text
    assert "PM2.5 准确率（1−NME）" in page
    assert "“明天和现在一样”是" in page
    assert "样本：2 次起报，4 个有实况的日子" in page
    assert "1 − Σ|F − O| / ΣO" in page  # the definition stands on the heading
    assert 'class="base"' in page
    assert "概率可靠吗" in page
    answer = client.get(f"{API}/verification?places=110000&mode=history&format=csv").text
    rows = list(csv.DictReader(io.StringIO(answer)))
    first = next(row for row in rows if (row["source"], row["item"], row["lead"]) == ("lantian", "pm25", "1"))
    assert f"{float(first['accuracy']):.0%}".replace("%", " %") in page
    assert float(first["accuracy_persistence"]) < float(first["accuracy"])
    assert client.get(f"{API}/reliability?places=110000&mode=history").json()
    assert client.get(f"{API}/verification?places=110000&mode=history&by=colour").status_code == 422
    assert client.get(f"{API}/verification?places=110000&mode=history&start=2001-01-01").status_code == 422


# a real browser


@pytest.mark.browser
@pytest.mark.requirement("K3", part="animated map of the forecast")
def test_the_map_plays_and_follows_the_choice(visit: Visit) -> None:
    page = visit("/forecast?item=pm25").page
    player = page.locator("#forecast-player")
    page.wait_for_selector("#forecast-player[data-frames='12']")
    assert page.locator("#forecast-when").inner_text() == "12月16日周五 20:00–21:00 · 起报时"
    hours = made.hours(places=("110000", "1001A")).filter(pl.col("place") == "1001A")["pm25"]
    disc = page.locator('.disc[data-key="1001A"]')
    expect(disc).to_have_text(f"{hours[0]:.0f}")
    red = "() => document.querySelector('#forecast-map').map.map.getLayer('frames') !== undefined"
    assert page.evaluate(red)
    slider = page.locator("#forecast-hour")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(player).to_have_attribute("data-shown", "1")
    expect(disc).to_have_text(f"{hours[1]:.0f}")
    page.keyboard.press("Space")
    page.wait_for_function("() => Number(document.querySelector('#forecast-player').dataset.shown) >= 4")
    page.keyboard.press("Space")
    expect(page.locator("#forecast-play")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("End")
    expect(page.locator("#forecast-when")).to_contain_text("之后只有站点和城市")
    page.get_by_role("group", name="显示").get_by_role("link", name="AQI").click()
    expect(page.locator("#forecast-legend-words")).to_contain_text("六项污染物")
    assert "item=aqi" in page.url
    disc.click()
    expect(page.locator(".maplibregl-popup")).to_contain_text("看这里的预报")


@pytest.mark.browser
@pytest.mark.requirement("K3", part="layout of desk and phone")
@pytest.mark.parametrize(("language", "look"), [("zh", "light"), ("en", "dark")])
def test_nothing_overlaps_sticks_out_or_is_too_faint(visit: Visit, language: str, look: str) -> None:
    page = visit(f"/forecast?lang={language}&look={look}", login="forecaster").page
    page.wait_for_selector("#forecast-player[data-frames]")
    address = page.url.split("/forecast")[0]
    for path in ("/forecast", "/forecast/consult", "/verification"):
        if path != "/forecast":
            page.goto(address + path)
        assert_well_laid(page, path)
