"""Episodes: days, hours and sand-dust as computed; who may decides on dust, with a reason, where they may."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from lantian.assessment.periods import parse
from lantian.assessment.records import Records
from lantian.assessment.service import Assessment
from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.kernel.tables import audit as trail
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web import create_app
from lantian.web.security import COOKIE

from .beijing import NOW, token
from .conftest import TestClient
from .layout import assert_well_laid

Visit = Callable[..., Any]
STORM = datetime(2016, 12, 10, tzinfo=UTC)  # 08:00 in Beijing


@pytest.fixture(scope="module")
def judge(beijing: Platform) -> Assessment:
    return Assessment(beijing)


@pytest.mark.browser
@pytest.mark.requirement("A6", part="page")
@pytest.mark.requirement("K3", part="episodes page in a real browser")
def test_days_and_episodes_are_those_computed(visit: Visit, judge: Assessment) -> None:
    page = visit("/episodes").page
    found = judge.episodes(["110000"], parse("2016"), NOW)
    daily = judge.daily(["110000"], parse("2016"), NOW)
    heavy = daily.filter(pl.col("aqi") > 200).height
    assert f"北京市2016年（至12月15日）有 {found.height} 次污染过程，重污染 {heavy} 天" in page.inner_text("h1")

    cells = page.locator(".months .cell[data-level]").evaluate_all(
        "cells => cells.map((cell) => [cell.dataset.level, cell.querySelector('b').textContent])"
    )
    assert cells == [
        [str(row["level"]), str(row["aqi"])] for row in daily.sort("date").to_dicts() if row["aqi"] is not None
    ]
    assert page.locator(".months a.cell").count() == found["days"].sum()
    assert page.locator(".months .cell.future").count() == 16

    rows = page.locator("table[data-table=episodes] tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.textContent.trim()))"
    )
    assert [row[:6] for row in rows] == [
        [str(each[name]) for name in ("start", "end", "days", "heavy_days", "peak_aqi", "peak_date")]
        for each in found.sort("start", descending=True).to_dicts()
    ]


@pytest.mark.browser
@pytest.mark.requirement("A6", part="hourly course on the page")
def test_an_episode_opens_its_hours(visit: Visit, judge: Assessment) -> None:
    page = visit("/episodes").page
    page.locator(".months a.cell", has_text="312").click()
    expect(page.locator("#course h2")).to_contain_text("北京市 12月2日—4日")
    expect(page.locator("#course .canvas canvas")).to_have_count(1)
    start = datetime(2016, 11, 30, 16, tzinfo=UTC)
    hours = judge.air.hourly(["110000"], start, start + timedelta(days=6), NOW)
    peak = hours.sort("pm25", descending=True, nulls_last=True).row(0, named=True)
    text = page.inner_text("#course .lead")
    assert f"{peak['time'] + timedelta(hours=8):12月%-d日 %H:%M} 最高 {peak['pm25']:.0f}" in text.replace("\n", " ")
    with page.expect_download() as saved:
        page.locator("#course").get_by_role("button", name="导出 CSV").click()
    rows = list(csv.reader(io.StringIO(saved.value.path().read_text(encoding="utf-8-sig"))))
    assert rows[0] == ["time", "PM2.5", "PM10", "有效率"]
    assert len(rows) == 1 + 6 * 24
    assert page.locator("tr.chosen").inner_text().startswith("2016-12-02")


@pytest.mark.browser
@pytest.mark.requirement("A6", part="page")
def test_several_cities_side_by_side(visit: Visit, judge: Assessment) -> None:
    page = visit("/episodes?place=2%2B26&period=2016-12").page
    members = judge.places.group("2+26").members
    assert page.locator("table.matrix tbody tr").count() == 28
    daily = judge.daily(members, parse("2016-12"), NOW)
    assert page.locator("table.matrix .cell[data-level]").count() == daily["aqi"].count() == 28 * 15
    worst = (
        daily.filter(pl.col("aqi") > 200).group_by("place").len().sort("len", "place", descending=[True, False]).row(0)
    )
    assert f"{judge.places.region(worst[0]).name}重污染天数最多（{worst[1]} 天）" in page.inner_text("h1")
    page.get_by_role("link", name="石家庄市", exact=True).first.click()
    expect(page.locator("h1")).to_contain_text("石家庄市2016年12月（至15日）")
    expect(page.locator("#course .note")).to_contain_text("这里没有小时数据")
    assert page.locator("#dust .state-note").count() == 1


@pytest.mark.browser
@pytest.mark.requirement("K3", part="layout of desk and phone")
@pytest.mark.parametrize(("language", "look"), [("zh", "light"), ("en", "dark")])
def test_nothing_overlaps_and_all_can_be_read(visit: Visit, language: str, look: str) -> None:
    page = visit(f"/episodes?lang={language}&look={look}").page
    address = page.url.split("?")[0]
    for query in ("", "?place=2%2B26", "?place=1001A&period=2016-12"):
        page.goto(address + query)
        page.wait_for_selector(".table-tools")
        assert_well_laid(page, query)


@pytest.mark.requirement("A6", part="HTTP interface")
def test_programs_get_the_same(beijing_client: TestClient, judge: Assessment) -> None:
    found = judge.episodes(["110000"], parse("2016"), NOW)
    rows = beijing_client.get("/api/v1/episodes?places=北京市&period=2016").json()
    assert [(row["start"], row["peak_aqi"]) for row in rows] == [
        (str(s), a) for s, a in found.select("start", "peak_aqi").rows()
    ]
    arrow = pl.read_ipc_stream(beijing_client.get("/api/v1/episodes?places=110000&period=2016&format=arrow").content)
    assert arrow.equals(found)
    for query in ("places=北京市&period=when", "places=火星&period=2016"):
        problem = beijing_client.get(f"/api/v1/episodes?{query}")
        assert (problem.status_code, problem.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("place=火星", "no place is called"),
        ("period=x", "2016-12, 2016Q4"),
        ("period=2001-01-01..2016-12-31", "36 months"),
    ],
)
def test_a_wrong_address_says_what_is_right(beijing_client: TestClient, query: str, told: str) -> None:
    answer = beijing_client.get(f"/episodes?{query}")
    assert answer.status_code == 422
    assert told in answer.text


def test_periods_without_data_and_a_platform_without_places_say_so(
    beijing_client: TestClient, fresh_client: TestClient
) -> None:
    assert "还没有数据" in beijing_client.get("/episodes?period=2017-03").text
    assert fresh_client.get("/episodes").status_code == 200


@pytest.fixture
def dusty(fresh: Platform) -> Platform:
    """A platform with two counties, each with a station whose December has one sand storm; `chaoyang` may decide in
    one of them.
    """
    places = PlaceStore(fresh.engine)
    places.put_regions(
        [
            Region("110000", "北京市", "Beijing"),
            Region("110105", "朝阳区", "Chaoyang"),
            Region("110113", "顺义区", "Shunyi"),
        ],
        "test",
    )
    places.put_stations(
        [
            Station(code, name, "state", region, 116.4, 39.9)
            for code, name, region in (("1011A", "奥体中心", "110105"), ("1008A", "顺义新城", "110113"))
        ],
        "test",
    )
    first = datetime(2016, 11, 30, 16, tzinfo=UTC)
    time = pl.datetime_range(first, NOW - timedelta(hours=1), "1h", time_unit="us", time_zone="UTC", eager=True)
    storm = pl.col("time").is_between(STORM, STORM + timedelta(hours=6), closed="left")
    hours = pl.DataFrame({"time": time}).select(
        "time", so2=20.0, no2=40.0, co=1.0, o3=50.0, pm10=pl.when(storm).then(900.0).otherwise(90.0), pm25=60.0
    )
    store = open_store(fresh)
    store.append(pl.concat([hours.with_columns(place=pl.lit(code)) for code in ("1011A", "1008A")]), "hour", "test")
    made = accounts.create_account(fresh.engine, "test", login="chaoyang", name="朝阳分析员", region="110105")
    accounts.change_password(fresh.engine, made.account, made.one_time_password, "a long enough password")
    accounts.grant(fresh.engine, "test", made.account.id, "analyst", region="110105")
    return fresh


@pytest.fixture
def client(dusty: Platform) -> Iterator[TestClient]:
    """A client that comes, as a browser would, from the platform's own pages."""
    with TestClient(create_app(dusty), headers={"origin": "http://testserver"}, follow_redirects=False) as client:
        yield client


@pytest.fixture
def sign_in(dusty: Platform, client: TestClient) -> Callable[[str], None]:
    """Sign the client in."""

    def act(login: str) -> None:
        client.cookies.clear()
        client.cookies.set(COOKIE, token(dusty, login))

    return act


@pytest.mark.browser
@pytest.mark.requirement("A6", part="sand-dust decided on the page")
@pytest.mark.requirement("K2", part="decisions on sand-dust")
def test_dust_is_confirmed_with_a_reason_and_deducted(dusty: Platform, visit_fresh: Visit) -> None:
    page = visit_fresh("/episodes?place=110105&period=2016-12", login="forecaster").page
    row = page.locator("table[data-table=dust] tbody tr")
    expect(row).to_have_count(1)
    assert row.locator("td").all_inner_texts()[:7] == [
        "2016-12-10 08:00",
        "2016-12-10 14:00",
        "6",
        "90",
        "900",
        "0.67",
        "0.07",
    ]
    expect(page.locator("#dust")).to_contain_text("剔除前后相同")
    row.get_by_text("认定…").click()
    row.get_by_role("button", name="是沙尘").click()  # no reason: the browser does not send it
    row.locator("input[name=reason]").fill("卫星沙尘范围")
    row.get_by_role("button", name="是沙尘").click()
    expect(row.locator(".decision")).to_contain_text("认定为沙尘")
    expect(row.locator(".decision")).to_contain_text("example-forecaster · 2016-12-16 20:00 · 卫星沙尘范围")
    months = page.locator("table[data-table=deducted] tbody tr").locator("td").all_inner_texts()
    # 15 days: 14 of 90 and one of (90 x 18 + 900 x 6) / 24 = 292.5; half to even
    assert months[:6] == ["2016-12", "1", "104", "90", "60", "60"]

    (decision,) = Records(dusty.engine).dust_events()
    assert (decision.state, decision.start, decision.decided_at) == ("confirmed", STORM, NOW)
    with dusty.engine.connect() as connection:
        told = connection.execute(select(trail.c.actor, trail.c.reason).where(trail.c.table_name == "dust_event")).all()
    assert [tuple(each) for each in told] == [("example-forecaster", "sand-dust confirmed: 卫星沙尘范围")]

    page.get_by_text("改认定…").click()
    row.locator("input[name=reason]").fill("气象通报没有沙尘")
    row.get_by_role("button", name="不是").click()
    expect(row.locator(".decision")).to_contain_text("不是沙尘")
    expect(page.locator("#dust")).to_contain_text("剔除前后相同")


@pytest.mark.requirement("K1", part="sand-dust")
def test_who_may_not_decide_sees_no_button_and_is_refused(
    dusty: Platform, client: TestClient, sign_in: Callable[[str], None]
) -> None:
    fields = {
        "place": "110113",
        "start": "2016-12-10T00:00:00Z",
        "end": "2016-12-10T06:00:00Z",
        "state": "confirmed",
        "reason": "x",
    }
    for login in ("county", "inspector", "mayor", "chaoyang"):
        sign_in(login)
        page = client.get("/episodes?place=110113&period=2016-12").text
        assert "候选" in page
        assert "认定…" not in page
        assert client.post("/episodes/dust", data=fields).status_code == 403
        assert client.post("/api/v1/dust", json=fields).status_code == 403
    assert Records(dusty.engine).dust_events() == []
    assert "认定…" in client.get("/episodes?place=110105&period=2016-12").text  # chaoyang, at home
    assert (
        client.post("/episodes/dust", data={**fields, "place": "1011A"}).status_code == 303
    )  # a station of the county
    assert [event.decided_by for event in Records(dusty.engine).dust_events()] == ["chaoyang"]


@pytest.mark.requirement("A6", part="HTTP interface")
def test_programs_read_and_decide(dusty: Platform, client: TestClient, sign_in: Callable[[str], None]) -> None:
    sign_in("analyst")
    (row,) = client.get("/api/v1/dust?place=朝阳区&period=2016-12").json()
    assert (row["state"], row["start"], row["end"], row["hours"]) == (
        "candidate",
        "2016-12-10T00:00:00Z",
        "2016-12-10T06:00:00Z",
        6,
    )
    body = {
        "place": "北京市",
        "start": "2016-12-10T08:00:00+08:00",
        "end": "2016-12-10T14:00:00+08:00",
        "state": "confirmed",
        "reason": "总站通报",
    }
    assert client.post("/api/v1/dust", json=body).status_code == 201
    table = list(csv.DictReader(io.StringIO(client.get("/api/v1/dust?place=110000&period=2016-12&format=csv").text)))
    assert (table[0]["state"], table[0]["decided_by"], table[0]["note"]) == ("confirmed", "example-analyst", "总站通报")
    # What is confirmed for the city holds for its counties.
    clean = client.get("/api/v1/evaluate?places=110105&period=2016-12&dust=deducted").json()
    assert (clean[0]["pm10"], clean[0]["n_pm10"]) == (90, 14)
    for wrong, told in (
        ({"start": "2016-12-10T00:30:00Z"}, "full hour"),
        ({"end": "2016-12-10T00:00:00Z"}, "after the start"),
        ({"end": "2017-03-01T00:00:00Z"}, "at most 31 days"),
        ({"start": "2016-12-16T11:00:00Z", "end": "2016-12-16T13:00:00Z"}, "not over"),
        ({"reason": "  "}, "expected why"),
        ({"place": "火星"}, "no place is called"),
    ):
        problem = client.post("/api/v1/dust", json={**body, **wrong})
        assert (problem.status_code, problem.headers["content-type"]) == (422, "application/problem+json")
        assert told in problem.json()["detail"]


def test_an_episode_that_reaches_the_last_day_is_called_running(beijing_client: TestClient, judge: Assessment) -> None:
    found = judge.episodes(judge.places.group("2+26").members, parse("2016-12"), NOW)
    running = found.filter(pl.col("end") == date(2016, 12, 15)).height
    assert running > 0
    text = beijing_client.get("/episodes?place=2%2B26&period=2016-12").text
    assert text.count('<span class="tag">未完</span>') == running
