"""Tables and problems of the interface."""

import io
import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lantian.web.api import problem, table_response

FRAME = pl.DataFrame(
    {
        "place": ["1001A", "东四", None],
        "time": [datetime(2016, 12, 16, 12, tzinfo=UTC) + timedelta(hours=hour) for hour in range(3)],
        "date": [date(2016, 12, 16)] * 3,
        "pm25": [262.0, None, 0.1],
        "primary": [["pm25", "pm10"], [], ["o3_8h"]],
    },
    schema_overrides={"time": pl.Datetime("us", "UTC")},
)


def fetch(frame: pl.DataFrame | pl.LazyFrame, format: str) -> Response:  # noqa: A002
    def answer(_: Request) -> Response:
        return table_response(frame, format, name="hours")

    with TestClient(Starlette(routes=[Route("/", answer)])) as client:
        return client.get("/")


def test_json_is_a_list_of_rows_with_null_and_utc() -> None:
    answer = fetch(FRAME.lazy(), "json")
    rows = answer.json()
    assert rows[0] == {
        "place": "1001A",
        "time": "2016-12-16T12:00:00Z",
        "date": "2016-12-16",
        "pm25": 262.0,
        "primary": ["pm25", "pm10"],
    }
    assert rows[1]["pm25"] is None
    assert rows[2]["place"] is None
    assert answer.headers["x-row-count"] == "3"


def test_csv_has_one_head_and_empty_fields_for_what_is_missing() -> None:
    answer = fetch(FRAME, "csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'inline; filename="hours.csv"'
    lines = answer.text.splitlines()
    assert lines[0] == "place,time,date,pm25,primary"
    assert lines[1] == "1001A,2016-12-16T12:00:00Z,2016-12-16,262.0,pm25;pm10"
    assert lines[2].split(",")[3] == ""


def test_arrow_gives_the_same_frame_back() -> None:
    answer = fetch(FRAME, "arrow")
    assert pl.read_ipc_stream(io.BytesIO(answer.content)).equals(FRAME)


def test_an_empty_table_still_has_its_columns() -> None:
    empty = FRAME.clear()
    assert fetch(empty, "json").json() == []
    assert fetch(empty, "csv").text == "place,time,date,pm25,primary\n"
    assert pl.read_ipc_stream(io.BytesIO(fetch(empty, "arrow").content)).schema == FRAME.schema


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(ValueError, match="xml"):
        table_response(FRAME, "xml")


@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), max_size=50),
    st.integers(min_value=1, max_value=7),
)
def test_pieces_never_lose_a_row_or_a_digit(values: list[float | None], piece: int) -> None:
    frame = pl.DataFrame({"i": range(len(values)), "v": values}, schema={"i": pl.Int64, "v": pl.Float64})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lantian.web.api.answers._ROWS", piece)
        assert [row["v"] for row in fetch(frame, "json").json()] == values
        read = pl.read_csv(io.BytesIO(fetch(frame, "csv").content), schema={"i": pl.Int64, "v": pl.Float64})
    assert read["v"].to_list() == values


def test_a_problem_survives_whatever_it_has_to_report() -> None:
    answer = problem(
        422, "Unprocessable", "pm25", errors=[{"field": "pm25", "value": {1, 2}, "when": date(2016, 1, 1)}]
    )
    body = json.loads(bytes(answer.body))
    assert answer.media_type == "application/problem+json"
    assert (body["status"], body["detail"], body["errors"][0]["when"]) == (422, "pm25", "2016-01-01")
