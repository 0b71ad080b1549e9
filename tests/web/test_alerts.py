"""Alerts on their page and in the interface: seen within the reader's scope, made a case, dismissed with a reason."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from lantian.kernel.bootstrap import Platform
from lantian.observations import alerts
from lantian.observations.alerts import Alert

from .test_home import load_hours, load_places

pytestmark = pytest.mark.requirement("M7", part="an exceedance becomes a case")
As = Callable[[str], TestClient]


@pytest.fixture
def dust(campaign: Platform, request: pytest.FixtureRequest) -> int:
    """An alert in Chaoyang about which a person decides; each test has its own."""
    now = campaign.clock.now()
    made = Alert(
        "exceedance", f"site-{request.node.name}", "2016-12-16T18", "示例安贞工地", "110105", now,
        "PM10 比区均值高 95 µg/m³ <b>", "PM10 95 µg/m³ above the district", "housing", {"pm10": 210}, example=True,
    )  # fmt: skip
    (number,) = alerts.raised(campaign.engine, [made], now, "test")
    return number


def standing(campaign: Platform, number: int) -> alerts.Standing:
    return alerts.listed(campaign.engine, ((None, None),), as_of=campaign.clock.now(), number=number)[0]


def test_the_page_says_how_many_wait_and_what_each_is(as_role: As, dust: int) -> None:
    page = as_role("office").get("/alerts?kind=exceedance").text
    assert "条报警等待处置" in page
    assert f'id="a{dust}"' in page
    assert "示例安贞工地" in page
    assert "µg/m³ &lt;b&gt;" in page
    assert f"/alerts/{dust}/dismiss" in page
    only_reads = as_role("mayor").get("/alerts").text
    assert f'id="a{dust}"' in only_reads
    assert "/dismiss" not in only_reads
    english = as_role("mayor").get("/alerts?lang=en&kind=silent").text
    assert "There are none such" in english


def test_a_person_makes_a_case_of_it(as_role: As, campaign: Platform, dust: int) -> None:
    office = as_role("office")
    refused = office.post(f"/alerts/{dust}/case", data={"category": "weather"})
    assert (refused.status_code, "应为" in refused.text) == (422, True)
    made = office.post(f"/alerts/{dust}/case", data={"category": "construction"})
    assert made.status_code == 303
    case = standing(campaign, dust).case_number
    assert made.headers["location"] == f"/cases/{case}"
    assert "示例安贞工地：超标" in office.get(f"/cases/{case}").text
    assert office.post(f"/alerts/{dust}/case", data={"category": "construction"}).status_code == 404


def test_nothing_is_dismissed_without_a_reason_or_from_elsewhere(as_role: As, campaign: Platform, dust: int) -> None:
    assert as_role("mayor").post(f"/alerts/{dust}/dismiss", data={"reason": "x"}).status_code == 403
    office = as_role("office")
    assert office.post(f"/alerts/{dust}/dismiss", data={"reason": " "}).status_code == 422
    assert office.post(f"/alerts/{10**25}/dismiss", data={"reason": "x"}).status_code in (404, 422)
    assert office.post(f"/alerts/{dust}/dismiss", data={"reason": "对照监测无异常"}).status_code == 303
    assert standing(campaign, dust).reason == "对照监测无异常"
    assert f'id="a{dust}"' not in office.get("/alerts?kind=exceedance").text
    assert "对照监测无异常" in office.get("/alerts?standing=all").text


def test_the_interface_tells_the_same(as_role: As, dust: int) -> None:
    office = as_role("office")
    (told,) = [one for one in office.get("/api/v1/alerts?kind=exceedance").json() if one["id"] == dust]
    assert (told["region"], told["figures"], told["case_number"]) == ("110105", {"pm10": 210}, None)
    answer = office.get("/api/v1/alerts?kind=noise")
    assert answer.status_code == 422
    assert "expected one of exceedance" in answer.text
    assert as_role("citizen").get("/api/v1/alerts").status_code == 403


def test_the_front_page_says_how_many_wait(fresh: Platform, fresh_client: TestClient) -> None:
    load_places(fresh)
    load_hours(fresh)
    now = fresh.clock.now()
    assert "条报警 →" not in fresh_client.get("/").text
    alert = Alert("silent", "d1", "1", "示例设备", "110105", now, "已失联 3 小时", "silent for 3 hours")
    alerts.raised(fresh.engine, [alert], now, "test")
    assert '<a class="small" href="/alerts">1 条报警 →</a>' in fresh_client.get("/").text
