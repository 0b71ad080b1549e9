"""Pages of water, manifests, dustfall, coverage and electricity, over the example's records."""

import csv
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser
from sqlalchemy.engine import make_url

from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.settings import Settings
from lantian.observations import alerts
from lantian.observations.feeds import Feeds
from lantian.places.outlines import Outline, OutlineSet
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web import create_app
from lantian.web.security import COOKIE

from .beijing import token, windows
from .layout import assert_well_laid

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "beijing" / "feeds"
NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)
SHOWN = ("E-SL-01", "E-SL-03")
FEEDS = (
    "water_section", "water_sample", "soil_point", "soil_sample", "waste_manifest", "dustfall_site", "dustfall",
    "city_size", "electricity_line",
    "stop_order", "electricity", "road_cleaning_track",
)  # fmt: skip
PATHS = ("/water", "/water?section=SL-NG-01", "/soil", "/waste", "/dustfall", "/network", "/power?enterprise=E-SL-03")


@pytest.fixture(scope="module")
def measured(
    server: str, administration: psycopg.Connection, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """A platform of this module with the example's accounts and records; of the enterprises only two."""
    name = f"lantian_water_{os.getpid()}"
    administration.execute(f"create database {name} template {template}")
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    settings = Settings(home=tmp_path_factory.mktemp("home"), database_url=url, example=True)
    try:
        with open_platform(settings=settings) as opened:
            accounts.ensure_example(opened.engine, True, {"analyst": "110000", "county": "110112"})
            opened.clock.set_simulated(NOW, paused=True)
            with (ROOT / "examples/beijing/data/regions.csv").open(encoding="utf-8") as file:
                regions = [Region(row["code"], row["name"], row["name_en"]) for row in csv.DictReader(file)]
            places = PlaceStore(opened.engine)
            places.put_regions([*regions, Region("130123", "正定县")], "test")
            places.put_stations([Station("1003A", "东四", "state", "110101", 116.42, 39.93)], "test")
            square = (((115.4, 39.4), (117.6, 39.4), (117.6, 41.1), (115.4, 41.1), (115.4, 39.4)),)
            places.put_outlines(OutlineSet("counties", {"110105": Outline("110105", "朝阳区", (square,))}), "test")
            for feed in FEEDS:
                with (FOLDER / feed / f"{feed}_example.csv").open(encoding="utf-8") as file:
                    rows = [row for row in csv.DictReader(file) if feed[:4] != "elec" or row["meter"].startswith(SHOWN)]
                receipt = Feeds(opened).put(feed, rows, "test", example=True)
                assert (receipt.rejected, receipt.notes) == (0, ())
            yield opened
    finally:
        administration.execute(f"drop database if exists {name} with (force)")


@pytest.fixture(scope="module")
def _client(measured: Platform) -> Iterator[TestClient]:
    with TestClient(create_app(measured), follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def ask(measured: Platform, _client: TestClient) -> Callable[..., Any]:
    """Ask for an address as a role of the example."""

    def act(path: str, login: str = "analyst", **params: Any) -> Any:
        _client.cookies.clear()
        _client.cookies.set(COOKIE, token(measured, login))
        return _client.get(path, params=params or None)

    return act


@pytest.mark.requirement("M12", part="page: class, main exceeding item")
def test_water_answers_with_shares_and_names_what_exceeds(ask: Callable[..., Any]) -> None:
    page = ask("/water", month="2016-11").text
    rows = ask("/api/v1/water", month="2016-11").json()
    month = [row for row in rows if row["month"] == "2016-11-01"]
    worse = [row for row in month if row["class"] == 6]
    assert f"2016年11月：{len(month)} 个断面中" in page
    assert f"劣V类占 {len(worse) * 100 / len(month):.1f} %" in page
    assert all(row["class_text"] == "劣V" and not row["met"] and row["example"] for row in worse)
    assert page.count(">未达标<") == sum(not row["met"] for row in month)
    one = ask("/water", month="2016-11", section=worse[0]["section"], lang="en").text
    assert "Mean of" in one
    assert "beyond the limit aimed at" in one


@pytest.mark.requirement("M12", part="page: soil above screening and intervention values, and how sure those are")
def test_soil_names_the_points_above_a_value_and_that_values_are_from_memory(ask: Callable[..., Any]) -> None:
    page = ask("/soil").text
    rows = {row["point"]: row for row in ask("/api/v1/soil").json()}
    above = [sum(row["level"] == level for row in rows.values()) for level in ("intervention", "screening")]
    assert f"{len(rows)} 个点位中，{above[0]} 个高于管制值，{above[1]} 个高于筛选值" in page
    assert (rows["SL-T-04"]["exceeding"], rows["SL-T-04"]["standard"]) == (["cd"], "GB 15618-2018")
    assert "MEMORY 凭记忆" in page
    assert "缺 pH" in page
    assert "SL-T" not in ask("/soil", region="110101").text
    assert [row["point"] for row in ask("/api/v1/soil", login="county").json()] == ["SL-T-02"]


@pytest.mark.requirement("M12", part="page: manifests that never arrived")
def test_manifests_that_never_arrived_stand_first(ask: Callable[..., Any]) -> None:
    page = ask("/waste").text
    assert "2 张联单发出后逾期未到达" in page
    assert page.index("SL20161100000022") < page.index("SL20161100000033") < page.index("SL20161100000012")
    late = ask("/waste", state="overdue").text
    assert "SL20161100000033" in late
    assert "SL20161100000012" not in late
    rows = ask("/api/v1/waste").json()
    assert [row["manifest"] for row in rows if row["state"] == "overdue"] == ["SL20161100000022", "SL20161100000033"]
    assert {row["difference_kg"] for row in rows if row["state"] == "difference"} == {-344.0, -815.0}


@pytest.mark.requirement("M8")
def test_dustfall_ranks_counties_and_names_wrong_weights(ask: Callable[..., Any]) -> None:
    page = ask("/dustfall").text
    rows = ask("/api/v1/dustfall").json()
    assert [row["rank"] for row in rows] == sorted(row["rank"] for row in rows)
    met = sum(row["met"] for row in rows)
    assert f"16 个区县中 {met} 个达标" in page
    assert "采样天数 42.0，应在 27 至 33" in page
    assert "不小于样品" in page
    assert "没有降尘数据" in ask("/dustfall", month="2016-12").text


@pytest.mark.requirement("M11", part="page: gap list per county")
def test_coverage_lists_every_county_that_lacks_a_station(ask: Callable[..., Any]) -> None:
    rows = {row["region"]: row for row in ask("/api/v1/network").json()}
    assert (rows["110101"]["missing"], rows["110105"]["missing"], rows["130123"]["missing"]) == (0, 1, 2)
    page = ask("/network").text
    short = sum(row["missing"] > 0 for row in rows.values())
    assert (
        f"{len(rows)} 个区县中，{short} 个自动站不足，共缺 {sum(row['missing'] for row in rows.values())} 个站" in page
    )
    assert "没有人口与建成区面积" in page
    assert "130123" not in ask("/network", region="110000").text


def test_electricity_shows_who_produced_without_treatment_and_from_which_threshold(ask: Callable[..., Any]) -> None:
    page = ask("/power").text
    assert "2 家企业：1 家生产时治污设施疑似未运行，1 家疑似未落实停产" in page
    assert "0 家疑似未落实停产" in ask("/power", days="1").text or "未见异常" in ask("/power", days="1").text
    one = ask("/power", enterprise="E-SL-03").text
    assert "12-15 10:00 至 12-15 15:00（5 小时）" in one
    assert "由 480 个半小时读数" in one
    assert "not to have stopped as ordered" in ask("/power", enterprise="E-SL-01", lang="en").text
    rows = ask(
        "/api/v1/power", enterprise="E-SL-03", start="2016-12-15T00:00:00+08:00", end="2016-12-16T00:00:00+08:00"
    ).json()
    assert len(rows) == 48
    assert [row["time"] for row in rows if row["suspect"]][:1] == ["2016-12-15T02:00:00Z"]
    assert sum(row["suspect"] for row in rows) == 10


def test_kilometres_cleaned_by_road(ask: Callable[..., Any]) -> None:
    rows = ask("/api/v1/cleaning", start="2016-12-15T12:00:00Z", end="2016-12-16T00:00:00Z").json()
    assert {row["road"] for row in rows} == {"示例东大街", "示例北环路", "示例南大街"}
    assert {row["day"] for row in rows} == {"2016-12-15"}
    assert all(5 < row["kilometres"] < 25 and row["vehicles"] == 1 for row in rows)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/water?month=2016-13", 422),
        ("/water?month=2016-1", 422),
        ("/water?month=2099-12", 200),
        ("/water?region=abc", 422),
        ("/water?region=990000", 200),
        ("/waste?state=lost", 422),
        ("/power?enterprise=nobody", 404),
        ("/power?days=99", 422),
        ("/api/v1/power?start=2016-12-15T00:00:00", 422),
        ("/api/v1/power?start=2016-01-01T00:00:00Z", 422),
        ("/api/v1/power?start=0001-01-01T00:00:00%2B14:00", 422),
        ("/api/v1/power?enterprise=nobody", 200),
        ("/api/v1/power?start=2016-12-14T00:00:00Z", 422),
        ("/api/v1/cleaning?by=city", 422),
        ("/api/v1/cleaning?by=region", 200),
        ("/api/v1/network?region=990000", 422),
        ("/network?region=110106", 200),
    ],
)
def test_what_cannot_be_asked_is_refused(ask: Callable[..., Any], path: str, status: int) -> None:
    assert ask(path).status_code == status


def test_each_sees_the_regions_that_they_may(ask: Callable[..., Any]) -> None:
    assert {row["region"] for row in ask("/api/v1/waste", "county").json()} == {"110112"}
    assert {row["region"] for row in ask("/api/v1/water", "county").json()} == {"110112"}
    assert ask("/waste", "citizen").status_code == 403
    assert ask("/api/v1/dustfall", "citizen").status_code == 403


@pytest.mark.browser
def test_pages_are_well_laid_in_both_languages_and_looks(
    measured: Platform, chromium: Browser, request: pytest.FixtureRequest
) -> None:
    from .conftest import served

    with served(measured) as address, windows(chromium, measured, address) as visit:
        page = visit("/water").page
        for number, path in enumerate(PATHS):
            join = "&" if "?" in path else "?"
            page.goto(
                f"{address}{path}{join}lang={'zh' if number % 2 else 'en'}&look={'dark' if number % 2 else 'light'}"
            )
            page.wait_for_load_state("load")
            assert_well_laid(page, path)


def test_a_metering_system_pushes_half_hours_and_the_alarm_follows(fresh: Platform, fresh_client: TestClient) -> None:
    """A week by which the meters are learned, then three half hours in which only production runs."""
    PlaceStore(fresh.engine).put_regions([Region("110000", "北京市"), Region("110115", "大兴区")], "test")
    meters = [
        {
            "meter": f"M-{kind}",
            "name": kind,
            "enterprise": "E-1",
            "enterprise_name": "示例厂",
            "kind": kind,
            "region": "大兴区",
        }
        for kind in ("production", "treatment")
    ]
    session = {"authorization": f"Bearer {token(fresh, 'analyst')}"}
    fresh_client.cookies.clear()

    def push(feed: str, rows: list[dict[str, Any]]) -> Any:
        answer = fresh_client.post(f"/api/v1/datasets/{feed}/records", json={"rows": rows}, headers=session)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def halves(first: int, last: int, treats: bool) -> list[dict[str, Any]]:
        """Half hours of December; production runs by day, and treatment with it where it treats."""
        found = []
        for half in range(first, last):
            moment = f"2016-12-{1 + half // 48:02d} {half % 48 // 2:02d}:{half % 2 * 30:02d}"
            day = 16 <= half % 48 < 40
            found.append({"meter": "M-production", "time": moment, "kwh": 40.0 if day else 0.5})
            found.append({"meter": "M-treatment", "time": moment, "kwh": 6.0 if day and treats else 0.1})
        return found

    assert push("electricity_line", meters)["new"] == 2
    assert push("electricity", halves(0, 9 * 48, treats=True))["refused"] == []
    assert alerts.listed(fresh.engine, [(None, None)], as_of=NOW) == []
    assert push("electricity", halves(9 * 48 + 16, 9 * 48 + 19, treats=False))["new"] == 6
    push("electricity", halves(9 * 48 + 19, 9 * 48 + 21, treats=False))
    (told,) = alerts.listed(fresh.engine, [(None, None)], as_of=NOW)
    assert told.alert.zh == (
        "示例厂：生产用电 80 kW，治污设施用电 0.2 kW，自 12-10 08:00 起仍在持续，疑似治污设施未运行"
    )
    wrong = push("electricity", [{"meter": "M-none", "time": "2016-12-10 12:00", "kwh": "1"}])
    assert [one["field"] for one in wrong["refused"]] == ["meter"]


def test_a_page_without_data_says_so_and_where_to_ask(fresh: Platform, fresh_client: TestClient) -> None:
    for path in ("/water", "/waste", "/dustfall", "/power"):
        page = fresh_client.get(path)
        assert page.status_code == 200
        assert "state-note" in page.text
        (link,) = re.findall(r'href="(/catalogue/\w+)"', page.text)
        assert fresh_client.get(link).status_code == 200
    assert "没有区县" in fresh_client.get("/network").text
