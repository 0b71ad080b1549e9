"""Observations, coverage, imports and refused entries over the interface: what comes out is what the store holds."""

import io
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lantian.kernel import accounts, audit
from lantian.kernel.bootstrap import Platform
from lantian.observations import arrivals, open_store
from lantian.observations.importer import import_paths
from lantian.observations.tables import import_batch, import_rejected
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.web import create_app
from lantian.web.api import observations as resource
from lantian.web.security import COOKIE

from .conftest import NOW, token_of

HOURLY, DAILY = "/api/v1/observations/hourly", "/api/v1/observations/daily"


def arrow(client: TestClient, address: str, **asked: object) -> pl.DataFrame:
    answer = client.get(address, params={**asked, "format": "arrow"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
    return pl.read_ipc_stream(io.BytesIO(answer.content))


def stored(platform: Platform, *asked: object, daily: bool = False, **more: object) -> pl.DataFrame:
    store = open_store(platform)
    view = (store.daily if daily else store.hourly)(*asked, as_of=platform.clock.now(), **more)
    return view.collect().sort("date" if daily else "time", "place")


@pytest.mark.requirement("M1", part="bulk reading")
def test_an_arrow_stream_of_everything_equals_the_store(beijing: Platform, beijing_client: TestClient) -> None:
    hours = arrow(beijing_client, HOURLY)
    assert hours.equals(stored(beijing))
    assert hours["place"].n_unique() == 12
    days = arrow(beijing_client, DAILY)
    assert days.equals(stored(beijing, daily=True))
    assert days["date"].dt.strftime("%Y-%m").n_unique() > 30  # so it was put together from many months


def test_csv_and_json_hold_the_same_values(beijing: Platform, beijing_client: TestClient) -> None:
    asked = {"places": "1001A,1003A", "start": "2016-12-15", "items": "pm25,co"}
    wanted = stored(beijing, ["1001A", "1003A"], date(2016, 12, 15), items=["pm25", "co"])
    text = beijing_client.get(HOURLY, params={**asked, "format": "csv"}).content
    read = pl.read_csv(io.BytesIO(text), schema_overrides={"pm25": pl.Float64, "co": pl.Float64})
    assert read.with_columns(pl.col("time").str.to_datetime(time_unit="us", time_zone="UTC")).equals(wanted)
    rows = beijing_client.get(HOURLY, params=asked).json()
    assert [(row["place"], row["pm25"], row["co"]) for row in rows] == wanted.select("place", "pm25", "co").rows()
    assert rows[0]["time"] == "2016-12-14T16:00:00Z"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.datetimes(datetime(2016, 11, 24), datetime(2016, 12, 17)),
    hours=st.integers(1, 700),
    places=st.sets(st.sampled_from(["1001A", "1005A", "1012A", "110000"])),
)
def test_any_span_is_answered_as_the_store_answers_it(
    beijing: Platform, beijing_client: TestClient, first: datetime, hours: int, places: set[str]
) -> None:
    start = first.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    end = start + timedelta(hours=hours)
    asked: dict[str, object] = {"start": start.isoformat(), "end": end.isoformat(), "items": ["pm25", "o3"]}
    if places:
        asked["places"] = sorted(places)
    answer = arrow(beijing_client, HOURLY, **asked)
    assert answer.equals(stored(beijing, sorted(places) or None, start, end, items=["pm25", "o3"]))


def test_months_are_read_one_after_the_other_and_not_before_they_are_sent(beijing: Platform) -> None:
    question = resource.Question(None, None, None, None, beijing.clock.now())
    months = resource.by_month(beijing, question, "day", "best")
    seen = [next(months), next(months)]
    assert [frame["date"].dt.strftime("%Y-%m").unique().to_list() for frame in seen] == [["2013-12"], ["2014-01"]]


def test_a_name_is_as_good_as_a_code(beijing_client: TestClient) -> None:
    by_name = arrow(beijing_client, HOURLY, places="万寿西宫", start="2016-12-16")
    assert by_name.equals(arrow(beijing_client, HOURLY, places="1001A", start="2016-12-16"))
    assert arrow(beijing_client, DAILY, places=["北京", "Tianjin"], start="2016-12-15")["place"].to_list() == [
        "110000",
        "120000",
    ]


@pytest.mark.requirement("K4", part="the interface")
def test_nothing_is_told_that_was_not_known(beijing: Platform, beijing_client: TestClient) -> None:
    """The clock stands at 20:00: the hour from 19:00 is the last one out, and the day is not published."""
    assert arrow(beijing_client, HOURLY)["time"].max() == NOW - timedelta(hours=1)
    assert arrow(beijing_client, DAILY)["date"].max() == date(2016, 12, 15)
    earlier = arrow(beijing_client, HOURLY, as_of="2016-12-10T08:30+08:00")
    assert earlier["time"].max() == datetime(2016, 12, 9, 23, tzinfo=UTC)
    refused = beijing_client.get(HOURLY, params={"as_of": "2016-12-16T20:01+08:00"})
    assert refused.status_code == 422
    assert "2016-12-16T20:00+08:00" in refused.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("address", "asked", "field", "right"),
    [
        (HOURLY, "item=pm25", "item", "places, start, end, items"),
        (HOURLY, "places=9999X", "places", "no place is called '9999X'"),
        (HOURLY, "places=万寿", "places", "万寿西宫 (1001A)"),
        (HOURLY, "items=pm2.5", "items", "pm10, pm25"),
        (HOURLY, "start=16/12/2016", "start", "2016-12-16T12:00Z"),
        (HOURLY, "start=2016-12-16T08:00", "start", "with its zone"),
        (HOURLY, "start=2016-12-16&end=2016-12-16", "end", "must lie after start"),
        (DAILY, "start=2016-12-16T08:00Z", "start", "must be a date"),
        (HOURLY, "grade=good", "grade", "'reviewed'"),
        (HOURLY, "format=xml", "format", "'arrow'"),
        ("/api/v1/coverage", "start=2016-12-01&end=2016-12-02", "items", "must be given"),
        ("/api/v1/imports", "limit=0", "limit", "greater than or equal to 1"),
        ("/api/v1/rejected", "batch=first", "batch", "integer"),
    ],
)
def test_a_wrong_question_is_told_what_would_be_right(
    beijing_client: TestClient, address: str, asked: str, field: str, right: str
) -> None:
    answer = beijing_client.get(f"{address}?{asked}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (fault,) = answer.json()["errors"]
    assert fault["field"] == field
    assert right in fault["message"]
    assert field in answer.json()["detail"]


def test_a_plus_that_was_not_escaped_is_still_a_plus(beijing_client: TestClient) -> None:
    plain = beijing_client.get(f"{HOURLY}?start=2016-12-16T08:00+08:00&items=pm25").json()
    assert plain[0]["time"] == "2016-12-16T00:00:00Z"


def test_coverage_is_the_stores(beijing: Platform, beijing_client: TestClient) -> None:
    asked = {"start": "2016-12-01", "end": "2017-01-01", "items": "pm25,co"}
    wanted = open_store(beijing).coverage(
        start=date(2016, 12, 1), end=date(2017, 1, 1), items=["pm25", "co"], as_of=beijing.clock.now()
    )
    got = arrow(beijing_client, "/api/v1/coverage", **asked)
    assert got.equals(wanted)
    assert got["expected"].max() == 15 * 24 + 20


def test_an_empty_answer_keeps_its_columns(beijing_client: TestClient) -> None:
    nothing = arrow(beijing_client, HOURLY, start="1999-01-01", end="1999-02-01", items="pm25,o3")
    assert (nothing.columns, nothing.height) == (["place", "time", "pm25", "o3"], 0)
    assert beijing_client.get(HOURLY, params={"start": "1999-01-01", "end": "1999-01-02"}).json() == []


def test_who_may_read_what(beijing: Platform) -> None:
    with TestClient(create_app(beijing), follow_redirects=False) as client:
        for login, statuses in ((None, (200, 401)), ("citizen", (200, 403)), ("county", (200, 200))):
            client.cookies.clear()
            if login:
                client.cookies.set(COOKIE, token_of(beijing, login))
            got = tuple(client.get(path).status_code for path in (f"{DAILY}?start=2016-12-15", "/api/v1/imports"))
            assert got == statuses, login


@pytest.fixture
def city(platform: Platform) -> Platform:
    """A platform of its own, with two stations and an analyst."""
    platform.clock.set_simulated(NOW, paused=True)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市", "Beijing")], "test")
    places.put_stations([Station(code, code, "state", "110000", 116.4, 39.9) for code in ("1001A", "1002A")], "test")
    accounts.ensure_example(platform.engine, True)
    return platform


@pytest.fixture
def analyst(city: Platform) -> TestClient:
    return TestClient(create_app(city), cookies={COOKIE: token_of(city, "analyst")}, follow_redirects=False)


def write(path: Path, *rows: str) -> Path:
    path.write_text("station,time,item,value\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_grades_and_revisions_are_told_apart(city: Platform, analyst: TestClient, tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", "1001A,2016-12-16 08:00,PM2.5,35")
    import_paths(city, [first], "analyst")
    later = write(tmp_path / "b.csv", "1001A,2016-12-16 08:00,PM2.5,36")
    import_paths(city, [later], "office", grade="reviewed")

    def value(**asked: str) -> list[float]:
        return [row["pm25"] for row in analyst.get(HOURLY, params=asked).json()]

    assert value() == [36.0]
    assert value(grade="raw") == [35.0]
    assert value(grade="reviewed") == [36.0]
    assert value(as_of="2016-12-16T19:59:00+08:00") == [35.0]


def test_imports_and_what_they_refused(city: Platform, analyst: TestClient, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write(tmp_path / name, f"1001A,2016-12-16 08:00,PM2.5,-7{name[0]}", "1001A,2016-12-16 09:00,PM2.5,-7")
        import_paths(city, [tmp_path / name], "analyst")
    newest, oldest = analyst.get("/api/v1/imports").json()
    assert (newest["file"], newest["rejected"], newest["finished"]) == (str(tmp_path / "b.csv"), 2, True)
    assert analyst.get("/api/v1/imports", params={"before": newest["id"]}).json() == [oldest]
    refused = analyst.get("/api/v1/rejected", params={"batch": newest["id"]}).json()
    assert {(row["line"], row["value"], row["kind"]) for row in refused} == {
        ("2", "-7b", "not a number"),
        ("3", "-7", "too low"),
    }
    assert "must lie between 0 and 2000" in next(row["reason"] for row in refused if row["line"] == "3")
    assert len(analyst.get("/api/v1/rejected", params={"kind": "too low"}).json()) == 2
    assert len(analyst.get("/api/v1/rejected", params={"text": "-7A"}).json()) == 1
    assert analyst.get("/api/v1/rejected", params={"field": "nothing"}).json() == []


def test_many_refused_entries_come_in_portions_and_whole(
    city: Platform, analyst: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_PORTION", 7)
    with audit.act(city.engine, "test") as connection:
        batch = connection.scalar(
            import_batch.insert()
            .values(
                at=NOW, actor="t", file="f", kind="long", sha256="", mapping="", rows=0, new=0, revised=0, unchanged=0,
                rejected=30, notes=[], finished=True,
            )
            .returning(import_batch.c.id)
        )  # fmt: skip
        rows = [{"batch": batch, "file": "f", "line": str(n), "reason": "too low: x"} for n in range(30)]
        connection.execute(sa.insert(import_rejected), rows)
    for limit, lines in ((None, 30), (30, 30), (21, 21), (3, 3)):
        frames = list(arrivals.rejected(city.engine, limit=limit))
        assert pl.concat(frames)["line"].to_list() == [str(n) for n in range(lines)]
    text = analyst.get("/api/v1/rejected?format=csv").text.splitlines()
    assert len(text) == 31
    assert arrivals.reasons(city.engine).rows() == [("too low", 30)]


def test_scripts_use_a_token_instead_of_a_cookie(beijing: Platform) -> None:
    with TestClient(create_app(beijing)) as client:
        headers = {"Authorization": f"Bearer {token_of(beijing, 'analyst')}"}
        assert client.get("/api/v1/imports", headers=headers).status_code == 200
        assert client.get("/api/v1/imports", headers={"Authorization": "Bearer nonsense"}).status_code == 401


GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_guides_questions_are_answered(beijing_client: TestClient) -> None:
    asked = re.findall(r'^curl .*?"\$URL(/[^"]+)"', GUIDE, re.MULTILINE)
    assert len(asked) >= 8
    for path in asked:
        answer = beijing_client.get(f"/api/v1{path}")
        assert answer.status_code == 200, f"{path}: {answer.text}"


def test_the_guides_notebook_runs(
    beijing: Platform, beijing_live: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("URL", f"{beijing_live}/api/v1")
    monkeypatch.setenv("TOKEN", token_of(beijing, "analyst"))
    (notebook,) = re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    exec(notebook, names)
    assert names["week"].equals(stored(beijing, ["1001A", "1003A"], date(2016, 12, 10), items=["pm25", "o3"]))
    assert names["holes"]["percent"].is_sorted()
    assert "1001A" in capsys.readouterr().out
