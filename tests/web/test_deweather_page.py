"""Weather or control on its page: sentence and picture say what was computed; who may ask; one job at a time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from lantian.assessment import deweather, deweather_record
from lantian.assessment.deweather import Change, Part, Split
from lantian.assessment.deweather_answers import Answer, Answers
from lantian.assessment.deweather_duties import deweather_job
from lantian.assessment.periods import parse
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import list_jobs, run_worker
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web.pages.deweather_chart import signed_chart
from tests.assessment.deweather_made import usual, years

from .beijing import NOW
from .conftest import TestClient
from .layout import assert_well_laid

Visit = Callable[..., Any]
PERIOD = "2016-10-01..2016-11-30"


def change(period: str, before: float, now: float, control: tuple[float, float, float]) -> Change:
    moved = now - before
    weather = (moved - control[0], moved - control[2], moved - control[1])

    def part(value: float, low: float, high: float) -> Part:
        return Part(value, low, high, *(100 * each / before for each in (value, low, high)))

    return Change(
        parse(period),
        before,
        now,
        90.0,
        90.0 + control[0],
        moved,
        100 * moved / before,
        part(*weather),
        part(*control),
        1400,
        1464,
    )


def answer(place: str = "110000", as_of: datetime = NOW - timedelta(hours=5)) -> Answer:
    whole = change(PERIOD, 93.3, 90.7, (-15.5, -24.0, -6.0))
    months = (change("2016-10", 72.1, 84.1, (-2.2, -28.6, 14.8)), change("2016-11", 115.5, 97.5, (-28.7, -52.5, -3.6)))
    return Answer(place, as_of, 12, Split("pm25", whole, months, 0.83, (2013, 2014, 2015, 2016), 11677, 100, 0.95))


@pytest.fixture
def told(beijing: Platform) -> Iterator[Answer]:
    path = Answers(beijing.home).put(answer())
    yield answer()
    path.unlink()


@pytest.mark.requirement("A5", part="page")
def test_the_page_says_the_answer_with_its_interval(told: Answer, beijing_client: TestClient) -> None:
    page = beijing_client.get("/deweather", params={"place": "北京", "period": PERIOD}).text
    assert "北京市2016年10月1日—11月30日PM2.5同比下降 2.8%" in page
    assert '<b class="num">+12.9</b>' in page
    assert "（−24.0 ～ −6.0）" in page
    assert "扣除气象后确有下降" in page
    english = beijing_client.get("/deweather", params={"place": "110000", "period": PERIOD, "lang": "en"}).text
    beijing_client.get("/deweather?lang=zh")
    assert "PM2.5 in Beijing, 1 Oct 2016 – 30 Nov: down by 2.8% on the year" in english
    assert "explains 83 % of the variance" in english
    assert "The two pull apart, so neither has a share." in english


def test_the_page_says_which_share_of_the_change_the_weather_is(beijing: Platform, beijing_client: TestClient) -> None:
    fallen = answer()
    whole = change(PERIOD, 93.3, 83.3, (-4.0, -9.0, 3.0))
    path = Answers(beijing.home).put(replace(fallen, split=replace(fallen.split, whole=whole)))
    try:
        page = beijing_client.get("/deweather", params={"place": "北京", "period": PERIOD, "lang": "zh"}).text
    finally:
        path.unlink()
    assert "气象占同比变化的 60%（10% ～ 130%），减排等占 40%。" in page


def test_an_answer_known_later_is_not_shown_and_others_are_listed(
    beijing: Platform, beijing_client: TestClient
) -> None:
    path = Answers(beijing.home).put(answer(as_of=NOW + timedelta(hours=1)))
    try:
        page = beijing_client.get("/deweather", params={"place": "110000", "period": PERIOD}).text
        assert "同比变化尚未分解" in page
        assert "已有的结果" not in page
    finally:
        path.unlink()


def test_the_last_whole_month_of_home_is_asked_for_first(told: Answer, beijing_client: TestClient) -> None:
    page = beijing_client.get("/deweather").text
    assert "北京市2016年11月PM2.5的同比变化尚未分解" in page
    assert "开始计算" in page
    assert "已有的结果" in page
    assert f"/deweather?place=110000&amp;period={PERIOD.replace('..', '..')}&amp;item=pm25" in page


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("item=pm1", "expected one of pm25"),
        ("period=november", "expected one of 2016-12"),
        ("place=nowhere", "nowhere"),
    ],
)
def test_what_is_not_understood_is_refused(beijing_client: TestClient, address: str, said: str) -> None:
    refused = beijing_client.get(f"/deweather?{address}")
    assert refused.status_code == 422
    assert said in refused.text


def test_without_weather_the_page_says_what_is_missing(fresh_client: TestClient) -> None:
    assert "没有气象数据" in fresh_client.get("/deweather").text


def test_citizens_may_not_see_it(client: TestClient, sign_in: Callable[[str], None]) -> None:
    sign_in("citizen")
    assert client.get("/deweather").status_code == 403


@pytest.mark.requirement("A5", part="asked for on the page, once")
def test_asking_twice_begins_one_job(fresh: Platform, fresh_client: TestClient) -> None:
    weather(fresh)
    fresh_client.headers["origin"] = "http://testserver"
    form = {"place": "130100", "period": "2016-11", "item": "pm25"}
    for _ in range(2):
        done = fresh_client.post("/deweather", data=form)
        assert (done.status_code, done.headers["location"]) == (303, "/deweather?place=130100&period=2016-11&item=pm25")
    (job,) = list_jobs(fresh.engine)
    assert (job.task, job.state) == ("assessment.deweather", "waiting")
    assert job.arguments | {"as_of": ""} == {**form, "as_of": ""}
    page = fresh_client.get("/deweather?place=130100&period=2016-11&item=pm25").text
    assert "正在计算" in page
    assert 'hx-trigger="live:jobs from:document"' in page


@pytest.mark.requirement("A5")
def test_a_cut_that_worse_weather_hides_is_found_from_the_button_to_the_sentence(
    fresh: Platform, fresh_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three autumns whose answer is known: emissions 20 % lower than the year before, in air that is less often moved.

    The page asks, the worker computes over the store, the page says the split with its interval, which holds the truth.
    """
    monkeypatch.setattr(deweather_record, "MARGIN_DAYS", 20)
    monkeypatch.setattr(deweather, "SPLITS", 2)
    monkeypatch.setitem(deweather_job.function.__kwdefaults__, "repetitions", 15)
    made = years(3, emissions=(1.05, 1.0, 0.8), windiness=(1.0, 1.2, 0.85))
    weather(fresh, made.drop("clean"))
    fresh_client.headers["origin"] = "http://testserver"
    asked = "place=130100&period=2016-11&item=pm25"
    assert "尚未分解" in fresh_client.get(f"/deweather?{asked}").text
    form = {"place": "130100", "period": "2016-11", "item": "pm25"}
    assert fresh_client.post("/deweather", data=form).status_code == 303
    run_worker(fresh, once=True)
    (job,) = list_jobs(fresh.engine)
    assert job.state == "succeeded", job

    known = Answers(fresh.home).latest("130100", "pm25", parse("2016-11"), NOW)
    assert known is not None
    whole = known.split.whole
    true = -0.2 * usual(made, 11)
    assert whole.now > whole.before, "the weather was worse: the air looks no better"
    assert whole.control.low <= true <= whole.control.high
    assert abs(whole.control.value - true) < 0.06 * whole.before
    assert whole.control.value < 0 < whole.weather.low
    assert whole.change == pytest.approx(whole.weather.value + whole.control.value)
    assert whole.change == pytest.approx(whole.weather.low + whole.control.high)
    assert whole.weather_share is None, "the two pull in different directions"
    assert (known.split.explained > 0.5, known.split.repetitions, known.split.years) == (True, 15, (2014, 2015, 2016))

    page = fresh_client.get(f"/deweather?{asked}").text
    assert f"PM2.5同比上升 {whole.change_percent:.1f}%" in page
    for part in (whole.weather, whole.control):
        value, low, high = (f"{each:+.1f}".replace("-", "−") for each in (part.value, part.low, part.high))
        assert f'<b class="num">{value}</b>' in page
        assert f"（{low} ～ {high}）" in page


def weather(platform: Platform, hours: pl.DataFrame | None = None) -> None:
    """A city with a station that told wind and PM2.5 lately, or these hours."""
    places = PlaceStore(platform.engine)
    places.put_regions([Region("130100", "石家庄市", "Shijiazhuang")], "test")
    places.put_stations([Station("9001A", "测试站", "state", "130100", 114.5, 38.0)], "test")
    if hours is None:
        hours = pl.DataFrame(
            {"time": [datetime(2016, 12, 10, tzinfo=UTC)], "pm25": [80.0], "wind_speed": [2.0]},
            schema_overrides={"time": pl.Datetime("us", "UTC")},
        )
    open_store(platform).append(hours.with_columns(place=pl.lit("9001A")), "hour", "test")


def test_columns_stand_on_the_zero_line_and_whiskers_hold_them() -> None:
    chart = signed_chart([("all", answer().split.whole)], ("change", "weather", "control"), 1)
    moved, by_weather, by_control = chart.groups[0].columns
    assert moved.whisker is None
    assert (moved.top, by_control.top) == (chart.zero, chart.zero)  # both downwards
    assert by_weather.top + by_weather.height == chart.zero  # upwards
    for column, end in ((by_weather, by_weather.top), (by_control, by_control.top + by_control.height)):
        assert column.whisker is not None
        assert column.whisker[0] <= end <= column.whisker[1]
    assert [text for _, text in chart.ticks if text == "0"] == ["0"]
    assert by_control.text == "-15.5"


@pytest.mark.browser
@pytest.mark.requirement("K3", part="weather or control in a real browser")
def test_nothing_overlaps_and_all_can_be_read(told: Answer, visit: Visit) -> None:
    for language in ("zh", "en"):
        page = visit(f"/deweather?place=110000&period={PERIOD}&lang={language}").page
        assert_well_laid(page)
        assert page.locator(".drawing rect.bar").count() == 9
