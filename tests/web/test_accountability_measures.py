"""处罚与奖惩: what is typed is computed by the law's dates and the schedule, refused in words, shown with its sums."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lantian.accountability import dispatch
from lantian.accountability.letters import Month
from lantian.accountability.records import Books
from lantian.assessment.periods import Period
from lantian.kernel.bootstrap import Platform
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.web import create_app

from .beijing import token
from .conftest import COOKIE, TestClient
from .layout import assert_well_laid

Visit = Callable[..., Any]
HERE = "/accountability/measures"
FINE = {
    "kind": "daily_fine",
    "place": "朝阳区",
    "subject": "示例铸造厂",
    "document": "示例罚1号",
    "day": "2016-11-01",
    "rechecks": "2016-11-15，2016-11-20",
    "original": "100000",
}
TALK = {"place": "110105", "who": "示例副区长", "by": "市督查办", "day": "2016-12-10", "minutes": "示例纪要"}


@pytest.fixture
def place(fresh: Platform) -> Platform:
    """A platform that knows one district."""
    PlaceStore(fresh.engine).put_regions([Region("110000", "北京市"), Region("110105", "朝阳区")], "test")
    return fresh


@pytest.fixture
def desk(place: Platform) -> Iterator[TestClient]:
    headers = {"origin": "http://testserver"}
    with TestClient(
        create_app(place), headers=headers, follow_redirects=False, raise_server_exceptions=False
    ) as client:
        client.cookies.set(COOKIE, token(place, "mayor"))
        yield client


@pytest.mark.requirement("C3")
def test_a_daily_fine_is_computed_from_its_dates(desk: TestClient, place: Platform) -> None:
    assert "没有处罚、约谈和奖惩资金的记录" in desk.get(HERE).text
    assert desk.post(f"{HERE}/measure", data=FINE).status_code == 303
    page = desk.get(HERE).text
    assert "按日计罚 1 件共 1,900,000.00 元" in page
    assert "2016-11-02 至 2016-11-20，19 天 × 100000 元" in page
    assert desk.post(f"{HERE}/measure", data={**FINE, "kind": "sealing", "day": "2016-12-01"}).status_code == 303
    assert Books(place.engine).measures()[0].until == date(2016, 12, 30)


@pytest.mark.requirement("C4", part="interviews whose commitments become tasks")
def test_an_interview_is_minuted_with_what_was_promised(desk: TestClient, place: Platform) -> None:
    typed = {**TALK, "commitments": "2016-12-15 | | 完成两件整改\n2016-12-31 | housing | 工地全部覆盖"}
    assert desk.post(f"{HERE}/interview", data=typed).status_code == 303
    page = desk.get(HERE).text
    assert "约谈（1）" in page
    assert "完成两件整改" in page
    assert page.count("已到期") == 1
    assert [each.department for each in Books(place.engine).interviews()[0].commitments] == ["", "housing"]


@pytest.mark.requirement("C2")
def test_a_settlement_goes_into_the_ledger_and_is_taken_back(desk: TestClient, place: Platform) -> None:
    typed = {"place": "朝阳区", "period": "2016-11", "completion": "132.4", "heavy_days": "3"}
    assert desk.post(f"{HERE}/settle", data=typed).status_code == 303
    page = desk.get(HERE).text
    assert "净额 340,000.00 元" in page
    assert "−300,000.00" in page
    again = desk.post(f"{HERE}/settle", data=typed)
    assert again.status_code == 422
    assert "stands in the ledger" in again.text
    assert 'value="132.4"' in again.text  # what was typed is still there
    for entry in Books(place.engine).ledger():
        assert desk.post(f"{HERE}/correct/{entry.id}", data={"reason": "数据更正"}).status_code == 303
    assert sum(each.amount for each in Books(place.engine).ledger()) == Decimal(0)
    assert desk.post(f"{HERE}/correct/99", data={"reason": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "values", "said"),
    [
        ("measure", {**FINE, "day": "yesterday"}, "day &#39;yesterday&#39;: expected a day such as 2016-12-16"),
        ("measure", {**FINE, "original": "much"}, "original &#39;much&#39;: expected a number"),
        ("measure", {**FINE, "day": "2016-11-16"}, "expected a day after 2016-11-16"),
        ("measure", {**FINE, "kind": "prison"}, "expected one of daily_fine"),
        ("measure", {**FINE, "place": "月球"}, "月球"),
        ("interview", {**TALK, "commitments": "soon"}, "expected due day | department or nothing | text"),
        ("interview", {**TALK, "commitments": "2016-12-09||x"}, "expected 2016-12-10 or a later day"),
        ("settle", {"place": "朝阳区", "period": "2016-11"}, "expected at least one number"),
        ("settle", {"place": "朝阳区", "period": "soon", "index": "1"}, "is not understood"),
    ],
)
def test_what_cannot_be_used_is_said(desk: TestClient, path: str, values: dict[str, str], said: str) -> None:
    answer = desk.post(f"{HERE}/{path}", data=values)
    assert answer.status_code == 422
    assert said in answer.text


def test_who_may_not_decide_sees_no_form_and_is_refused(desk: TestClient, place: Platform) -> None:
    desk.cookies.set(COOKIE, token(place, "analyst"))
    assert '<form class="stack"' not in desk.get(HERE).text
    assert desk.post(f"{HERE}/measure", data=FINE).status_code == 403
    assert Books(place.engine).measures() == []


@pytest.mark.requirement("C2", part="annual responsibility letters")
def test_responsibility_letters_stand_on_the_targets(beijing: Platform) -> None:
    with TestClient(create_app(beijing), raise_server_exceptions=False) as client:
        client.cookies.set(COOKIE, token(beijing, "analyst"))
        page = client.get(HERE).text
    assert "2016年目标责任书" in page
    assert "PM2.5 ≤ 76" in page


@pytest.mark.requirement("C2", part="monthly ranking, quarterly assessment")
def test_counties_are_ranked_by_tasks_and_air(
    desk: TestClient, place: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "2016年11月调度与考核排名" in desk.get(HERE).text
    assert "无从排名" in desk.get(HERE).text

    def months(platform: Platform, period: Period, day: date) -> list[Month]:
        return [
            *(Month("110105", each, 4, 3, Decimal(90)) for each in period.months()),
            *(Month("110101", each, 4, 4, None) for each in period.months()),
        ]

    monkeypatch.setattr(dispatch, "months", months)
    page = desk.get(f"{HERE}?month=2016Q4").text
    assert "2016年第四季度调度与考核排名" in page
    row = page.split('id="scores"')[1].split("<tbody>")[1].split("</tr>")
    assert [part in row[0] for part in ("朝阳区", ">75.0<", ">90.0<", "<b>84.0</b>", "良好")] == [True] * 5
    assert "缺数，不排名" in row[1]
    assert desk.get(f"{HERE}?month=soon").status_code == 422
    assert desk.get(f"{HERE}?month=2017-05").status_code == 422


@pytest.mark.browser
@pytest.mark.requirement("K3", part="layout of desk and phone")
@pytest.mark.parametrize(("language", "look"), [("zh", "light"), ("en", "dark")])
def test_nothing_overlaps_and_all_can_be_read(visit_fresh: Visit, desk: TestClient, language: str, look: str) -> None:
    desk.post(f"{HERE}/measure", data=FINE)
    desk.post(f"{HERE}/interview", data={**TALK, "commitments": "2016-12-15 | | 完成两件整改"})
    desk.post(f"{HERE}/settle", data={"place": "朝阳区", "period": "2016-11", "completion": "37.0"})
    page = visit_fresh(f"{HERE}?lang={language}&look={look}", login="mayor").page
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert_well_laid(page)
