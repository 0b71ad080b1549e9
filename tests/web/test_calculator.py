"""The calculator, on its page and over the interface: the standards' worked cases, with the way to each shown."""

from decimal import Decimal
from math import ceil
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from lantian.standards import aqi
from lantian.web.pages.aqi_steps import steps

# Input, edition, index: reference cases of both editions (HJ 633-2012, HJ 633-2026).
CASES = (
    ({"pm25": "75"}, 2012, 100),
    ({"pm25": "75", "pm10": "90", "so2": "10", "no2": "30", "co": "0.8", "o3_8h": "120"}, 2026, 114),
    ({"pm25": "60"}, 2012, 82),
    ({"pm10": "150"}, 2026, 112),
    ({"so2": "475"}, 2012, 150),
    ({"o3_8h": "850", "o3_1h": "900"}, 2012, 350),
    ({"o3_8h": "850"}, 2026, 300),
    ({"pm25": "75"}, 2026, 114),
    ({"pm25": "60"}, 2026, None),  # 100, with the others missing: not to be published
)


@pytest.mark.requirement("A1", part="calculator")
@pytest.mark.parametrize(("values", "edition", "expected"), CASES)
def test_worked_cases_over_the_interface(
    client: TestClient, values: dict[str, str], edition: int, expected: int | None
) -> None:
    answer = client.get("/api/v1/calc/aqi", params={**values, "edition": str(edition)})
    assert answer.status_code == 200
    assert answer.json()["aqi"] == expected
    assert answer.json()["aqi_text"] == ("NA" if expected is None else str(expected))


@pytest.mark.requirement("A1", part="calculator")
def test_the_edition_follows_the_date_and_without_one_the_clock(client: TestClient) -> None:
    def edition(**query: str) -> str:
        return str(client.get("/api/v1/calc/aqi", params={"pm25": "75", **query}).json()["edition"])

    assert edition() == "HJ 633-2012"  # the clock stands in 2016
    assert edition(date="2026-02-28") == "HJ 633-2012"
    assert edition(date="2026-03-01") == "HJ 633-2026"


def test_a_pollutant_outside_the_plan_does_not_block_the_index(client: TestClient) -> None:
    query = {"edition": "2026", "pm25": "60", "pm10": "50", "no2": "20", "co": "0.5", "o3_8h": "80"}
    assert client.get("/api/v1/calc/aqi", params=query).json()["aqi"] is None
    assert client.get("/api/v1/calc/aqi", params={**query, "so2": "/"}).json()["aqi"] == 100


def test_steps_show_row_formula_and_round_up(client: TestClient) -> None:
    answer = client.get("/api/v1/calc/aqi", params={"edition": "2026", "pm25": "74.6", "co": "1.25"}).json()
    step = next(each for each in answer["steps"] if each["item"] == "pm25")
    assert (step["given"], step["rounded"], step["row"], step["iaqi"]) == ("74.6", "75", "PM2.5 24h", 114)
    assert step["formula"] == "(150 − 100) / (115 − 60) × (75 − 60) + 100 = 113.64"
    assert next(each for each in answer["steps"] if each["item"] == "co")["rounded"] == "1.2"


@given(
    st.sampled_from(["so2", "no2", "pm10", "pm25", "o3_8h", "co"]),
    st.integers(min_value=0, max_value=3000),
    st.sampled_from([2012, 2026]),
)
def test_the_shown_way_always_leads_to_the_index(item: str, concentration: int, edition: int) -> None:
    text = str(concentration if item != "co" else Decimal(concentration).scaleb(-1))
    if item == "co" and Decimal(text) > 150:
        return
    result = aqi.of_day(**{item: text}, edition=edition)
    step = next(each for each in steps(result, {item: text}) if each.item == item)
    if step.exact is None:
        assert Decimal(text) > 60
    else:
        exact = Decimal(step.exact)
        assert step.iaqi in (ceil(exact), ceil(exact) + 1 if exact == int(exact) else ceil(exact))
        assert step.iaqi_low <= step.iaqi <= step.iaqi_high


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"pm25": "-1"}, "pm25 = -1"),
        ({"pm25": "abc"}, "pm25"),
        ({"co": "900"}, "looks like ug/m3"),
        ({"o3": "100"}, "o3: a daily index takes"),
        ({"pm25": "75", "edition": "1996"}, "edition"),
        ({"pm25": "75", "period": "weekly"}, "period"),
    ],
)
def test_wrong_values_are_a_problem_that_names_them(client: TestClient, query: dict[str, str], told: str) -> None:
    answer = client.get("/api/v1/calc/aqi", params=query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.json()["detail"]


@pytest.mark.requirement("A1", part="calculator")
def test_the_page_answers_in_a_sentence_with_the_number(client: TestClient) -> None:
    page = client.get("/calculator?edition=2026&pm25=75&pm10=90").text
    assert "AQI 为 114，轻度污染，首要污染物 PM2.5" in page
    assert "= 113.64" in page
    assert (
        "AQI 114, lightly polluted; primary pollutant PM2.5"
        in client.get("/calculator?edition=2026&pm25=75&lang=en").text
    )
    hourly = client.get("/calculator?edition=2012&period=hourly&lang=zh").text
    assert 'name="pm25_24h"' in hourly
    assert 'name="o3_1h"' not in hourly
    fault = client.get("/calculator?pm25=-1")
    assert "pm25 = -1" in fault.text


@pytest.mark.requirement("A3", part="calculator")
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("6", "12", "51", "19", "0.9", "137"), "2.75"),  # 普宁 2025
        (("12", "27", "65", "29", "0.8", "191"), "4.03"),  # 淄博 2023-05
        (("11", "12", "57", "33", "1.0", "148"), "3.40"),  # 沙洋 2024-01..11
    ],
)
def test_published_composite_indices(client: TestClient, values: tuple[str, ...], expected: str) -> None:
    query: dict[str, Any] = dict(zip(("so2", "no2", "pm10", "pm25", "co", "o3"), values, strict=True))
    answer = client.get("/api/v1/calc/index", params=query).json()
    assert [each["variant"] for each in answer] == ["2014"]
    assert answer[0]["composite"] == expected
    assert f"综合指数 {expected}" in client.get("/calculator/index", params=query).text
    later = client.get("/api/v1/calc/index", params={**query, "date": "2026-03-01"}).json()
    assert [each["variant"] for each in later] == ["2026", "2026-weighted"]


def test_a_missing_gas_gives_no_composite_index(client: TestClient) -> None:
    answer = client.get("/api/v1/calc/index", params={"so2": "6", "pm25": "19"}).json()[0]
    assert (answer["composite"], answer["single"]["pm25"], answer["single"]["co"]) == (None, "0.54", None)
    assert "缺 NO2、PM10、CO、O3，不能计算综合指数" in client.get("/calculator/index?so2=6&pm25=19").text


@pytest.mark.parametrize("query", [{"pm25": "3x"}, {"pm25": "-3"}, {"pm25": "3", "variant": "1999"}])
def test_wrong_statistics_are_named(client: TestClient, query: dict[str, str]) -> None:
    answer = client.get("/api/v1/calc/index", params=query)
    assert answer.status_code == 422
    assert ("1999" if "variant" in query else "pm25") in answer.json()["detail"]
