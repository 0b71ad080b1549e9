"""Targets: the page says what is computed; who may edit does so in their own region, and the trail tells who did."""

import csv
import gzip
from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from lantian.assessment import targets as law
from lantian.assessment.periods import parse
from lantian.assessment.records import Records
from lantian.assessment.service import Assessment
from lantian.assessment.targets import Target, Track
from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.kernel.tables import audit as trail
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.web import create_app
from lantian.web.security import COOKIE

from .beijing import NOW, cities, token
from .conftest import TestClient
from .layout import assert_well_laid

Visit = Callable[..., Any]
ORIGIN = {"origin": "http://testserver"}


@pytest.fixture(scope="module")
def tracks(beijing: Platform) -> list[Track]:
    """Every target of the example, judged apart from the page."""
    return Assessment(beijing).targets(as_of=NOW)


def track_of(tracks: list[Track], place: str, quantity: str) -> Track:
    return next(each for each in tracks if (each.target.place, each.target.quantity) == (place, quantity))


@pytest.mark.requirement("A4")
def test_the_allowance_is_what_the_published_days_leave(tracks: list[Track]) -> None:
    """Beijing 2016, PM2.5 at most 76: from the file itself, in exact fractions."""
    with gzip.open(cities(), "rt", encoding="utf-8-sig") as file:
        rows = [{key.lower(): text for key, text in row.items()} for row in csv.DictReader(file)]
    city = next(key for key in rows[0] if "city" in key or "name" in key)
    item = next(key for key in rows[0] if key.replace(".", "").replace("_", "") == "pm25")
    known = [
        Fraction(row[item])
        for row in rows
        if row[city] in ("北京", "北京市", "Beijing", "beijing")
        and "2016-01-01" <= row["date"][:10] <= "2016-12-15"
        and row[item]
    ]
    assert len(known) == 350
    found = track_of(tracks, "110000", "pm25")
    assert found.value == round(sum(known) / len(known))
    assert found.allowance == pytest.approx(float((76 * 366 - sum(known)) / 16))


@pytest.mark.browser
@pytest.mark.requirement("A4", part="page")
@pytest.mark.requirement("K3", part="targets page in a real browser")
def test_the_page_says_what_is_computed(visit: Visit, tracks: list[Track]) -> None:
    page = visit("/targets").page
    met = sum(track.met is True for track in tracks)
    assert f"{len(tracks)} 个目标中，{met} 个到2016年12月15日在目标之内" in page.inner_text("h1")
    rows = page.locator("table[data-table=targets] tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.dataset.value ?? cell.textContent.trim()))"
    )
    shown = {(row[0].removeprefix("└").strip(), row[1]): row for row in rows}
    beijing = track_of(tracks, "110000", "pm25")
    row = next(row for row in rows if row[0].startswith("北京市 PM2.5"))
    assert (float(row[2]), float(row[3]), float(row[5]), float(row[7])) == (
        beijing.value,
        beijing.target.limit,
        beijing.allowance,
        beijing.chance,
    )
    share = track_of(tracks, "110000", "good_share")
    row = next(row for row in rows if "优良天数比例" in row[0])
    assert (float(row[2]), int(row[6])) == (share.value, share.days_to_lose)
    assert len(shown) == len(tracks)
    assert all("示例" in row[0] for row in rows)
    places = [row[0].split()[0] for row in rows]
    assert places[:4] == ["北京市", "朝阳区", "朝阳示例开发区", "顺义区"]  # children below their parents
    assert page.locator("#target .caveat").count() == 0  # PM2.5 does not rest on ozone
    lead = page.inner_text("#target .lead")
    assert f"剩余 16 天平均不超过 {int(beijing.allowance)}" in lead  # rounded down: rounded up would miss
    assert page.locator("#target rect.bar.ink").count() == 12
    assert page.locator("#target rect.bar.hollow").count() == 1
    assert "重抽 500 次" in page.get_attribute("#target .figure", "title")
    page.get_by_role("link", name="北京市 重污染天数").click()
    heavy = track_of(tracks, "110000", "heavy_days")
    expect(page.locator("#target .lead")).to_contain_text(f"最多还可以有 {heavy.days_to_lose} 天重污染")
    expect(page).to_have_url(f"{page.url.split('/targets')[0]}/targets?target={heavy.target.id}")
    with page.expect_download() as picture:
        page.locator("[data-tools]").get_by_role("button", name="导出图片").click()
    assert picture.value.suggested_filename == "target.png"


@pytest.mark.browser
@pytest.mark.requirement("K3", part="layout of desk and phone")
@pytest.mark.parametrize(("language", "look"), [("zh", "dark"), ("en", "light")])
def test_nothing_overlaps_and_all_can_be_read(visit: Visit, tracks: list[Track], language: str, look: str) -> None:
    page = visit(f"/targets?lang={language}&look={look}").page
    address = page.url.split("?")[0]
    number = track_of(tracks, "110000", "heavy_days").target.id
    for query in ("", f"?target={number}", f"?target={number}&form=edit", "?form=new"):
        page.goto(address + query)
        page.wait_for_selector(".table-tools")
        assert_well_laid(page, query)


def test_the_chance_is_computed_once(beijing_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    beijing_client.get("/targets")
    monkeypatch.setattr(law, "chance_of", lambda *_: pytest.fail("the chance was drawn again"))
    assert beijing_client.get("/targets").status_code == 200
    assert beijing_client.get("/api/v1/targets").status_code == 200


@pytest.mark.requirement("A4", part="HTTP interface")
def test_programs_get_the_same(beijing_client: TestClient, tracks: list[Track]) -> None:
    rows = beijing_client.get("/api/v1/targets").json()
    assert [(row["id"], row["value"], row["chance"]) for row in rows] == [
        (t.target.id, t.value, t.chance) for t in tracks
    ]
    beijing = track_of(tracks, "110000", "pm25")
    one = beijing_client.get(f"/api/v1/targets/{beijing.target.id}").json()
    assert one["months"] == [
        {
            "start": "2016-12-16",
            "end": "2016-12-31",
            "allowed": beijing.months[0].allowed,
            "usual": beijing.months[0].usual,
        }
    ]
    assert [month["known_days"] for month in one["course"]] == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 15]
    table = beijing_client.get("/api/v1/targets?places=北京市&format=csv").text
    assert len(list(csv.DictReader(table.splitlines()))) == 3
    missing = beijing_client.get("/api/v1/targets/999999")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")


@pytest.fixture
def office(fresh: Platform) -> Platform:
    """A platform with two districts and a target, and `chaoyang`, an analyst of the district Chaoyang only."""
    PlaceStore(fresh.engine).put_regions(
        [
            Region("110000", "北京市", "Beijing"),
            Region("110105", "朝阳区", "Chaoyang"),
            Region("110113", "顺义区", "Shunyi"),
        ],
        "test",
    )
    Records(fresh.engine).put_target(Target("110000", "pm25", parse("2016"), 76), "test")
    made = accounts.create_account(fresh.engine, "test", login="chaoyang", name="朝阳分析员", region="110105")
    accounts.change_password(fresh.engine, made.account, made.one_time_password, "a long enough password")
    accounts.grant(fresh.engine, "test", made.account.id, "analyst", region="110105")
    return fresh


@pytest.fixture
def client(office: Platform) -> Iterator[TestClient]:
    """A client that comes, as a browser would, from the platform's own pages."""
    with TestClient(create_app(office), headers=ORIGIN, follow_redirects=False) as client:
        yield client


@pytest.fixture
def sign_in(office: Platform, client: TestClient) -> Callable[[str], None]:
    """Sign the client in."""

    def act(login: str) -> None:
        client.cookies.clear()
        client.cookies.set(COOKIE, token(office, login))

    return act


@pytest.mark.browser
@pytest.mark.requirement("A4", part="editing")
@pytest.mark.requirement("K2", part="edited targets")
def test_a_target_is_added_changed_and_dropped_in_the_browser(office: Platform, visit_fresh: Visit) -> None:
    visitor = visit_fresh("/targets")
    visitor.expect("422")
    page = visitor.page
    page.get_by_role("link", name="新增目标").click()
    page.fill("input[name=place]", "朝阳")
    page.fill("input[name=period]", "2016年")
    page.fill("input[name=limit]", "77")
    page.select_option("select[name=parent]", label="北京市 PM2.5 2016年")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#target-form .note.fault")).to_contain_text("expected one of 2016-12, 2016Q4")
    assert page.input_value("input[name=limit]") == "77"  # what was typed stays
    page.fill("input[name=period]", "2016")
    page.fill("input[name=reason]", "年度分解")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#target h2")).to_contain_text("朝阳区 · PM2.5 2016年")
    records = Records(office.engine)
    made = next(target for target in records.targets() if target.place == "110105")
    assert (made.limit, made.parent, made.example) == (77, records.targets(["110000"])[0].id, False)

    page.get_by_role("link", name="修改").click()
    page.fill("input[name=limit]", "75.5")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("tr.chosen")).to_contain_text("≤ 75.5")
    assert records.target(made.id).limit == 75.5
    page.get_by_role("link", name="修改").click()
    page.get_by_text("删除这个目标").click()
    page.locator(".danger input[name=reason]").fill("撤销")
    page.get_by_role("button", name="确认删除").click()
    expect(page.locator("table[data-table=targets] tbody tr")).to_have_count(1)
    assert [target.place for target in records.targets()] == ["110000"]

    with office.engine.connect() as connection:
        told = connection.execute(
            select(trail.c.actor, trail.c.operation, trail.c.reason)
            .where(trail.c.table_name == "target")
            .order_by(trail.c.seq)
        ).all()
    assert [tuple(each) for each in told][1:] == [
        ("example-analyst", "INSERT", "年度分解"),
        ("example-analyst", "UPDATE", ""),
        ("example-analyst", "DELETE", "撤销"),
    ]


@pytest.mark.requirement("K1", part="targets")
def test_who_may_not_edit_sees_no_form_and_is_refused(
    office: Platform, client: TestClient, sign_in: Callable[[str], None]
) -> None:
    fields = {"place": "朝阳区", "quantity": "pm25", "period": "2016", "limit": "77"}
    number = Records(office.engine).targets()[0].id
    for login in ("county", "inspector", "mayor"):
        sign_in(login)
        page = client.get(f"/targets?target={number}").text
        assert "北京市" in page
        for word in ("新增目标", "修改", "向下分解", "<form class"):
            assert word not in page, f"{login}: {word}"
        assert client.get(f"/targets?target={number}&form=edit").status_code == 403
        assert client.post("/targets", data=fields).status_code == 403
        assert client.post(f"/targets/{number}/drop", data={"reason": "x"}).status_code == 403
        assert client.delete(f"/api/v1/targets/{number}").status_code == 403
    sign_in("citizen")
    assert client.get("/targets").status_code == 403
    client.cookies.clear()
    assert client.get("/targets").headers["location"].startswith("/login")
    assert len(Records(office.engine).targets()) == 1


@pytest.mark.requirement("K1", part="targets")
def test_an_editor_of_one_district_edits_there_only(
    office: Platform, client: TestClient, sign_in: Callable[[str], None]
) -> None:
    sign_in("chaoyang")
    records = Records(office.engine)
    city = records.targets()[0].id
    fields = {"quantity": "pm25", "period": "2016", "limit": "77"}
    assert client.post("/targets", data={**fields, "place": "顺义区"}).status_code == 403
    assert (
        client.post("/targets", data={**fields, "place": "朝阳区", "target": str(city)}).status_code == 403
    )  # not theirs to move
    assert client.post("/targets", data={**fields, "place": "朝阳区", "parent": str(city)}).status_code == 303
    own = next(target.id for target in records.targets() if target.place == "110105")
    assert client.post("/targets", data={**fields, "place": "110000", "target": str(own)}).status_code == 403
    assert client.get(f"/targets?target={own}&form=edit").status_code == 200
    assert client.get(f"/targets?target={city}&form=edit").status_code == 403
    page = client.get(f"/targets?target={own}&form=new").text
    assert "<option>朝阳区</option>" in page
    assert "<option>顺义区</option>" not in page
    assert client.delete(f"/api/v1/targets/{city}").status_code == 403
    assert client.delete(f"/api/v1/targets/{own}").status_code == 204
    assert [target.place for target in records.targets()] == ["110000"]


@pytest.mark.requirement("A4", part="HTTP interface")
def test_programs_add_and_change_targets(office: Platform, client: TestClient, sign_in: Callable[[str], None]) -> None:
    sign_in("analyst")
    body = {
        "place": "顺义区",
        "quantity": "heavy_days",
        "period": "2016AW",
        "limit": 30,
        "base": 38,
        "reason": "秋冬季",
    }
    answer = client.post("/api/v1/targets", json=body)
    assert answer.status_code == 201
    number = answer.json()["id"]
    assert client.post("/api/v1/targets", json={**body, "id": number, "limit": 28}).json() == {"id": number}
    assert Records(office.engine).target(number).limit == 28
    for wrong, told in (
        ({"place": "火星"}, "no place is called"),
        ({"period": "winter"}, "2016AW"),
        ({"limit": -1}, "expected 0..100"),
        ({"parent": 999}, "no target 999"),
    ):
        problem = client.post("/api/v1/targets", json={**body, **wrong})
        assert problem.status_code == 422
        assert told in problem.json()["detail"]
    assert client.delete("/api/v1/targets/999").status_code == 404


def test_a_platform_without_targets_says_so(fresh_client: TestClient) -> None:
    assert "还没有目标" in fresh_client.get("/targets").text


def test_the_day_is_the_last_that_is_over(tracks: list[Track]) -> None:
    assert {track.day for track in tracks} == {date(2016, 12, 15)}
