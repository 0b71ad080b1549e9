"""量化问责: the page says what the pack gives; a person decides with a reason; what was decided can be repeated."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from lantian.accountability import facts as files
from lantian.accountability import packs, service
from lantian.accountability.evaluate import evaluate
from lantian.accountability.facts import Facts
from lantian.accountability.store import Evaluations
from lantian.assessment.periods import Period
from lantian.kernel.bootstrap import Platform
from lantian.web import create_app

from .beijing import NOW
from .conftest import TestClient
from .layout import assert_well_laid

Visit = Callable[..., Any]
HERE = "/accountability?pack=2017-18&period=2016AW&day=2016-12-16"
ORIGIN = {"origin": "http://testserver"}


def known(period: str = "2016AW", day: date = date(2016, 12, 16)) -> Facts:
    """Two counties with cases in a city of four; as if supervision and targets had them."""
    text = (
        f'{{"as_of": "{day}", "period": "{period}", "cities": ['
        + ", ".join(
            f'{{"code": "{code}", "name": "{name}", "target_percent": 10, "change_percent": {change},'
            ' "links": ["/targets"]}'
            for code, name, change in (
                ("110000", "北京市", -8.1),
                ("120000", "天津市", -6.2),
                ("130100", "石家庄市", -5.8),
                ("130400", "邯郸市", 8.8),
            )
        )
        + '], "counties": ['
        '{"code": "110105", "name": "朝阳区", "city": "110000", "unfinished": 6, "new": 4, "example": true,'
        ' "links": ["/cases?region=110105"]},'
        '{"code": "110108", "name": "海淀区", "city": "110000", "unfinished": 3, "new": 5,'
        ' "links": ["/cases?region=110108"]}]}'
    )
    return files.read(text)


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform's facts as `known` has them."""

    def given(platform: Platform, period: Period, as_of: date, **_: object) -> Facts:
        return known(period.label, as_of)

    monkeypatch.setattr(service, "facts", given)


@pytest.fixture
def desk(fresh: Platform, facts: None) -> Iterator[TestClient]:
    """A client on a platform of its own."""
    with TestClient(create_app(fresh), headers=ORIGIN, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


def sign_in(client: TestClient, platform: Platform, login: str) -> None:
    from .beijing import COOKIE, token

    client.cookies.clear()
    client.cookies.set(COOKIE, token(platform, login))


def decision(client: TestClient, proposal: str, verdict: str, reason: str, **more: object) -> Any:
    result = evaluate(packs.load("2017-18"), known())
    from lantian.accountability.store import digest

    form = {"pack": "2017-18", "period": "2016AW", "day": "2016-12-16", "sha256": digest(result.to_json())}
    return client.post(
        "/accountability/decide", data={**form, "proposal": proposal, "verdict": verdict, "reason": reason, **more}
    )


@pytest.mark.requirement("C1", part="page")
def test_the_page_answers_first_and_shows_rule_clause_and_facts(desk: TestClient, fresh: Platform) -> None:
    sign_in(desk, fresh, "mayor")
    page = desk.get(HERE).text
    assert "<h1>截至2016年12月16日，2016—2017年秋冬季有 5 条建议，涉及 5 个单位</h1>" in page
    assert "仅供推演" in page  # the pack is not in force in 2016
    assert "朝阳区 · 县（市、区）委书记" in page
    assert "环督察〔2017〕115号，任务型：未完成整改问题达2个、4个、6个" in page
    assert "同时达到：≥ 2, ≥ 4" in page
    assert 'href="/cases?region=110105"' in page
    assert "-88.0 %" in page
    assert "再多 1 个即达到" in page
    assert "示例" in page
    english = desk.get(HERE + "&lang=en").text
    assert "As of 16 Dec 2016, autumn-winter 2016–2017: 5 proposals for 5 places" in english
    assert "county party secretary" in english


@pytest.mark.requirement("C1", part="page")
def test_pack_period_and_day_are_chosen_in_the_address(desk: TestClient, fresh: Platform) -> None:
    sign_in(desk, fresh, "analyst")
    page = desk.get("/accountability").text
    assert "本项目自拟规则，非正式文件" not in page  # the official one, though it was not in force in 2016
    assert "本项目自拟规则，非正式文件" in desk.get("/accountability?pack=zones").text
    assert "截至2016年12月16日" in page
    assert "约谈" in page
    for wrong in ("pack=none", "period=winter", "day=tomorrow", "day=2016-12-17", "day=2016-09-30&period=2016AW"):
        assert desk.get(f"/accountability?{wrong}").status_code == 422, wrong
    assert desk.get("/accountability?evaluation=99").status_code == 404


@pytest.mark.requirement("C4")
@pytest.mark.requirement("C1", part="decisions with reason; overturning recorded")
def test_a_decision_is_kept_with_what_was_seen_and_can_be_repeated(desk: TestClient, fresh: Platform) -> None:
    sign_in(desk, fresh, "mayor")
    key = "110105/accountable/county_secretary"
    assert decision(desk, key, "agree", " ").status_code == 422
    assert decision(desk, key, "perhaps", "why").status_code == 422
    assert decision(desk, "110105/accountable/mayor", "agree", "why").status_code == 404
    assert Evaluations(fresh.engine).made() == []
    answer = decision(desk, key, "agree", "六件均已逾期")
    assert answer.status_code == 303
    page = desk.get(answer.headers["location"].partition("#")[0]).text
    assert "已同意" in page
    assert "六件均已逾期" in page
    assert "逐字节一致" in page
    kept = Evaluations(fresh.engine).made()[0]
    again = decision(desk, key, "overturn", "两件按期完成", evaluation=kept.id)
    assert again.status_code == 303
    page = desk.get(HERE).text  # the present evaluation is the kept one: nothing has changed
    assert "已推翻" in page
    assert "决定记录（2）" in page
    assert [each.verdict for each in Evaluations(fresh.engine).decisions()] == ["agree", "overturn"]


@pytest.mark.requirement("C4", part="a person decides")
def test_a_decision_of_another_day_stands_beside_the_same_proposal(desk: TestClient, fresh: Platform) -> None:
    sign_in(desk, fresh, "mayor")
    decision(desk, "110105/accountable/county_secretary", "agree", "六件均已逾期")
    fresh.clock.jump(NOW + timedelta(days=1))
    page = desk.get(HERE.replace("12-16", "12-17")).text
    assert "同一建议此前：" in page
    assert "六件均已逾期" in page
    assert page.count('<span class="tag">待决定</span>') == 5  # of today's, nothing is decided yet
    assert "同一建议此前：" not in desk.get(HERE).text
    assert "六件均已逾期" not in desk.get(HERE.replace("2017-18", "zones")).text


@pytest.mark.requirement("C4", part="a person decides")
def test_who_may_not_decide_is_not_offered_to_and_refused(desk: TestClient, fresh: Platform) -> None:
    sign_in(desk, fresh, "analyst")
    page = desk.get(HERE).text
    assert "/accountability/decide" not in page
    assert decision(desk, "110105/accountable/county_secretary", "agree", "why").status_code == 403
    sign_in(desk, fresh, "citizen")
    assert desk.get(HERE).status_code == 403


def test_facts_that_changed_meanwhile_are_shown_instead_of_decided_on(desk: TestClient, fresh: Platform) -> None:
    sign_in(desk, fresh, "mayor")
    answer = decision(desk, "110105/accountable/county_secretary", "agree", "why", sha256="0" * 64)
    assert answer.status_code == 409
    assert "事实在这期间有变化" in answer.text
    assert Evaluations(fresh.engine).decisions() == []


@pytest.mark.requirement("C1", part="HTTP interface")
def test_the_interface_gives_the_result_and_what_was_kept(desk: TestClient, fresh: Platform) -> None:
    sign_in(desk, fresh, "mayor")
    address = "/api/v1/accountability?pack=2017-18&period=2016AW&day=2016-12-16"
    value = desk.get(address).json()
    result = evaluate(packs.load("2017-18"), known())
    assert [each["key"] for each in value["proposals"]] == [each.key for each in result.proposals]
    assert value["evaluation"] is None
    decision(desk, "110105/accountable/county_secretary", "agree", "why")
    assert desk.get(address).json()["evaluation"] == 1
    rows = desk.get("/api/v1/accountability/evaluations").json()
    assert [(row["pack"], row["as_of"], row["proposals"]) for row in rows] == [("2017-18", "2016-12-16", 5)]
    kept = desk.get("/api/v1/accountability/evaluations/1").json()
    assert kept["same"] is True
    assert [(each["verdict"], each["reason"]) for each in kept["decisions"]] == [("agree", "why")]
    assert desk.get("/api/v1/accountability/evaluations/2").status_code == 404
    refused = desk.get("/api/v1/accountability?pack=none")
    assert refused.status_code == 422
    assert "one of 2017-18, county, zones" in refused.text


def test_an_empty_platform_says_what_is_missing(fresh: Platform) -> None:
    with TestClient(create_app(fresh), headers=ORIGIN, raise_server_exceptions=False) as client:
        sign_in(client, fresh, "mayor")
        page = client.get("/accountability").text
    assert "没有单位达到问责档次" in page
    assert "没有单位达到任何一档" in page
    assert "还没有决定" in page
    assert "还没有留存的评定" in page


@pytest.mark.requirement("C1", part="page over the loaded example")
def test_the_loaded_example_is_judged_without_inventing_anything(beijing: Platform) -> None:
    with TestClient(create_app(beijing), raise_server_exceptions=False) as client:
        sign_in(client, beijing, "analyst")
        page = client.get("/accountability?pack=2017-18&period=2016&day=2016-12-16").text
    assert "只有 2 个单位参加排名，不足 4 个" in page
    assert "没有改善目标，" in page


@pytest.mark.browser
@pytest.mark.requirement("K3", part="layout of desk and phone")
@pytest.mark.parametrize(("language", "look"), [("zh", "dark"), ("en", "light")])
def test_nothing_overlaps_and_all_can_be_read(
    visit_fresh: Visit, fresh: Platform, facts: None, language: str, look: str
) -> None:
    kept = Evaluations(fresh.engine).keep(packs.load("2017-18"), known(), "test", NOW)
    Evaluations(fresh.engine).decide(
        kept.id, "110105/accountable/county_secretary", "agree", "六件均已逾期" * 20, "test", NOW
    )
    page = visit_fresh(f"/accountability?lang={language}&look={look}", login="mayor").page
    address = page.url.split("?")[0]
    for query in ("", "?pack=2017-18", "?pack=county", f"?evaluation={kept.id}"):
        page.goto(address + query)
        page.locator("details.decide").evaluate_all("all => all.slice(0, 1).forEach(one => one.open = true)")
        assert_well_laid(page, query)
