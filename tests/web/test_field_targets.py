"""Drawn sites on the field page: seen by who may inspect them only, noted once, the case tied to its round."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from lantian.kernel.bootstrap import Platform
from lantian.supervision.register.service import Register
from lantian.supervision.rounds import Campaign
from lantian.supervision.service import Supervision
from lantian.supervision.sites import Site
from tests.supervision.pictures import HERE

from .conftest import PHONE
from .field_work import a_county, cases_titled  # noqa: F401  (fixtures)


@pytest.fixture
def drawn(county: Platform) -> str:
    """A round of this week in which two sites were drawn; the campaign's name."""
    tail = uuid.uuid4().hex[:8]
    sites = [
        Site(f"S{k}-{tail}", f"（示例）第{k}砖厂{tail}", "110105", address="东坝", lon=HERE[0] + k / 50, lat=HERE[1])
        for k in (1, 2)
    ]
    register = Register(county)
    register.store.put_sites(sites, "test")
    register.plan(Campaign(f"示例{tail}", date(2016, 12, 12), 2, 14), ["110000"], [], "test")
    register.draw(f"示例{tail}", 1, len(register.candidates(f"示例{tail}")), "1", "test")
    return f"示例{tail}"


def mine(county: Platform, campaign: str) -> dict[str, Any]:
    tail = campaign.removeprefix("示例")
    return {one.site.id[:2]: one for one in Register(county).targets(campaign) if one.site.id.endswith(tail)}


@pytest.mark.requirement("V1", part="drawn sites are not told to whom they concern")
def test_only_who_may_inspect_sees_who_was_drawn(
    drawn: str, client: TestClient, sign_in: Callable[[str], None]
) -> None:
    sign_in("inspector")
    keys = [one["key"] for one in client.get("/field/today.json").json()["targets"]]
    assert any(key.startswith(f"{drawn}|1|S1-") for key in keys)
    assert drawn in client.get("/field").text
    sign_in("county")
    assert client.get("/field/today.json").json()["targets"] == []
    assert drawn not in client.get("/field").text


def test_a_finding_at_a_drawn_site_is_tied_to_its_round_also_when_the_answer_was_lost(
    drawn: str, county: Platform, client: TestClient, sign_in: Callable[[str], None]
) -> None:
    sign_in("inspector")
    site = mine(county, drawn)["S1"].site
    values = {"client_id": str(uuid.uuid4()), "category": "industry", "points": ["industry:0"], "region": "110105"}
    values |= {"subject": site.name, "target": f"{drawn}|1|{site.id}"}
    here = {"accept": "application/json"}
    first, again = (client.post("/field/findings", data=values, headers=here).json() for _ in range(2))
    assert first["number"] == again["number"]
    target = mine(county, drawn)["S1"]
    assert (target.case_number, target.inspected_at is not None) == (first["number"], True)
    finding = Supervision(county).case(first["number"]).case.finding
    assert (finding["round"], finding["site"]) == (f"{drawn}/1", site.id)
    values |= {"client_id": str(uuid.uuid4()), "target": f"{drawn}|1|nobody"}
    refused = client.post("/field/findings", data=values, headers=here)
    assert (refused.status_code, "不在本轮抽取的名单里" in refused.json()["fault"]) == (422, True)
    assert len(cases_titled(county, site.name)) == 1


@pytest.mark.browser
@pytest.mark.requirement("V2", part="an inspection without a finding, noted off-line")
def test_nothing_found_is_noted_off_line_and_sent_later(
    drawn: str, county: Platform, live: str, browse: Callable[..., Any]
) -> None:
    visitor = browse(live, "inspector", size=PHONE)
    page = visitor.page
    page.context.grant_permissions(["geolocation"], origin=live)
    page.context.set_geolocation({"longitude": HERE[0] + 0.04, "latitude": HERE[1], "accuracy": 9})
    page.goto(f"{live}/field")
    page.wait_for_selector("[data-field][data-worker=yes]")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    page.locator("[data-locate]").click()
    names = page.locator(".target b", has_text=drawn.removeprefix("示例"))
    expect(names.first).to_contain_text("第2砖厂")  # the nearer one
    visitor.expect("ERR_")
    visitor.expect("Failed to fetch")
    page.context.set_offline(True)
    line = page.locator(".target", has_text=f"第2砖厂{drawn.removeprefix('示例')}")
    line.get_by_role("button", name="未发现问题").click()
    expect(page.locator("[data-count]")).to_have_text("1 条待上传")
    expect(line).to_have_count(0)
    other = page.locator(".target", has_text=f"第1砖厂{drawn.removeprefix('示例')}")
    other.get_by_role("link", name="发现问题").click()
    page.wait_for_selector("[data-field=shell][data-ready=yes]")
    expect(page.locator("#finding input[name=subject]")).to_have_value(f"（示例）第1砖厂{drawn.removeprefix('示例')}")
    expect(page.locator("#finding select[name=region]")).to_have_value("110105")
    page.context.set_offline(False)
    expect(page.locator(".queued")).to_have_attribute("data-state", "sent")
    found = mine(county, drawn)
    assert (found["S2"].inspected_at is not None, found["S2"].case_number) == (True, None)
    assert found["S1"].inspected_at is None
