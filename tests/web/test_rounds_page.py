"""督查轮次与检查对象: the answer first, the draw with its command, coverage, a route, returns explained."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.supervision import candidates, draw
from lantian.supervision.register.service import Register
from lantian.supervision.rounds import Campaign, Team
from lantian.supervision.sites import Site
from lantian.web.pages.sites import hidden
from lantian.web.security import COOKIE

from .beijing import token
from .conftest import TestClient
from .layout import assert_well_laid

NOW = datetime(2017, 9, 5, 2, tzinfo=UTC)
ORIGIN = {"origin": "http://testserver"}
COUNTIES = {"130102": "长安区", "130104": "桥西区", "130109": "藁城区", "130123": "正定县"}
BANNED = Site(
    "B1",
    "（示例）鑫旺塑料加工厂",
    "130109",
    "藁城区廉州镇张家庄村东",
    114.85,
    38.03,
    "塑料",
    "张小强",
    "13800001234",
    equipment="注塑机3台、破碎机1台",
    status="banned",
    status_on=date(2017, 6, 1),
    example=True,
)
BACK = replace(
    BANNED,
    id="S900",
    name="（示例）红星橡塑厂",
    region="130123",
    address="正定县曲阳桥镇西里村",
    lon=114.60,
    lat=38.20,
    status="active",
    status_on=None,
)


def sites() -> list[Site]:
    found = [
        Site(
            f"S{k:03d}",
            f"（示例）第{k}家具厂",
            list(COUNTIES)[k % 3],
            f"示例路{k}号",
            114.45 + (k % 6) / 40,
            38.02 + (k // 6) / 40,
            ("家具", "铸造", "塑料")[k % 3],
            "李示例",
            f"1390000{k:04d}",
            equipment="喷漆房1间、推台锯2台",
            tags={"hot_cell": 1.0} if k % 5 == 0 else {},
            example=True,
        )
        for k in range(40)
    ]
    return [*found, BANNED, BACK]


@pytest.fixture
def rounds(fresh: Platform) -> Register:
    """A campaign of fifteen rounds in two cities, the first drawn and half inspected."""
    fresh.clock.set_simulated(NOW, paused=True)
    names = {"130000": "河北省", "130100": "石家庄市", "130200": "唐山市", **COUNTIES}
    PlaceStore(fresh.engine).put_regions([Region(code, name) for code, name in names.items()], "test")
    register = Register(fresh)
    register.store.put_sites(sites(), "test")
    teams = [Team("T1", "第一督查组", "130200"), Team("T2", "第二督查组", "120000")]
    register.plan(Campaign("秋冬攻坚", date(2017, 9, 1)), ["130100", "130200"], teams, "test", example=True)
    made = register.draw("秋冬攻坚", 1, 14, "20170901", "test")
    for k, one in enumerate(made.drawn[:6]):
        register.inspected("秋冬攻坚", 1, one.candidate.id, "test", case_number="2017-000001" if k == 0 else None)
    return register


def as_(client: TestClient, platform: Platform, login: str) -> TestClient:
    client.cookies.set(COOKIE, token(platform, login))
    return client


@pytest.mark.requirement("V1", part="page: answer, draw with seed and command, coverage, route")
def test_the_page_says_how_far_the_round_is_and_how_it_was_drawn(fresh_client: TestClient, rounds: Register) -> None:
    text = fresh_client.get("/rounds?lang=zh").text
    assert "第 1 轮：2 市抽取 14 家，已查 6 家" in text
    assert "20170901" in text
    assert "lantian round draw --candidates list.csv --seed 20170901 --n 14" in text
    (planned,) = rounds.campaigns()
    assert planned.rounds[0].drawing is not None
    assert planned.rounds[0].drawing.list_sha256 in text
    assert "藁城区" in text
    assert "未抽到：" in text or all(name in text for name in COUNTIES.values())
    assert "第 1 天：" in text
    assert 'data-map="route"' in text
    english = fresh_client.get("/rounds?lang=en").text
    assert "Round 1: 14 drawn in 2 cities, 6 inspected" in english
    assert "Round 2: 2 cities, not drawn yet" in fresh_client.get("/rounds?round=2&lang=en").text
    assert fresh_client.get("/rounds?round=16").status_code == 404
    assert fresh_client.get("/rounds?campaign=x").status_code == 404


@pytest.mark.requirement("V1", part="the published list repeats the draw")
def test_the_downloaded_list_gives_the_same_draw(fresh_client: TestClient, rounds: Register, tmp_path: Any) -> None:
    answer = fresh_client.get("/rounds/秋冬攻坚/1/list.csv")
    assert answer.status_code == 200
    (tmp_path / "list.csv").write_bytes(answer.content)
    people = candidates.read(tmp_path / "list.csv")
    drawn = {one.candidate.id for one in draw.draw(people, 14, "20170901").drawn}
    assert drawn == {one.site.id for one in rounds.targets("秋冬攻坚", 1)}
    assert fresh_client.get("/rounds/秋冬攻坚/2/list.csv").status_code == 404


def test_who_manages_rounds_plans_draws_and_notes_inspections(
    fresh_client: TestClient, fresh: Platform, rounds: Register
) -> None:
    client = as_(fresh_client, fresh, "office")
    shares = "random=1"
    answer = client.post(
        "/rounds/秋冬攻坚/2/draw", data={"n": "5", "seed": "lottery 7", "shares": shares}, headers=ORIGIN
    )
    assert answer.status_code == 303
    assert len(rounds.targets("秋冬攻坚", 2)) == 5
    again = client.post("/rounds/秋冬攻坚/2/draw", data={"n": "5", "seed": "1"}, headers=ORIGIN)
    assert again.status_code == 422
    assert "a draw is never repeated" in again.text
    target = rounds.targets("秋冬攻坚", 2)[0].site.id
    noted = client.post("/rounds/秋冬攻坚/2/inspected", data={"site": target}, headers=ORIGIN)
    assert noted.status_code == 303
    assert sum(one.inspected_at is not None for one in rounds.targets("秋冬攻坚", 2)) == 1
    plan = {"name": "春夏", "start": "2018-04-01", "rounds": "2", "days": "20", "cities": "石家庄"}
    assert client.post("/rounds", data=plan, headers=ORIGIN).status_code == 303
    assert rounds.campaigns()[0].campaign.name == "春夏"
    bad = client.post("/rounds", data={**plan, "name": "y", "rounds": "30"}, headers=ORIGIN)
    assert bad.status_code == 422
    assert "30 rounds in 20 days" in bad.text


def test_an_analyst_reads_and_the_public_does_not(fresh_client: TestClient, fresh: Platform, rounds: Register) -> None:
    client = as_(fresh_client, fresh, "analyst")
    assert "记为已查" not in client.get("/rounds?lang=zh").text
    assert client.post("/rounds/秋冬攻坚/2/draw", data={"n": "5", "seed": "1"}, headers=ORIGIN).status_code == 403
    as_(fresh_client, fresh, "citizen")
    assert client.get("/rounds").status_code == 403
    assert client.get("/sites/B1").status_code == 403


@pytest.mark.requirement("V5")
def test_a_banned_site_shows_its_return_with_every_reason(
    fresh_client: TestClient, fresh: Platform, rounds: Register
) -> None:
    text = as_(fresh_client, fresh, "analyst").get("/sites/B1?lang=zh").text
    assert "已取缔，疑似反弹 1 处" in text
    assert "（示例）红星橡塑厂" in text
    for said in ("电话相同", "姓名相同", "字号不同", "相距 29 公里", "行业相同", "合计"):
        assert said in text, said
    assert "13800001234" not in text
    assert "张小强" not in text
    assert "*******1234" in text
    client = as_(fresh_client, fresh, "office")
    assert "13800001234" in client.get("/sites/B1").text
    sent = {"other": "S900", "decision": "same", "note": "同一老板"}
    assert client.post("/sites/B1/rebound", data=sent, headers=ORIGIN).status_code == 303
    assert "已认定为同一家" in client.get("/sites/B1?lang=zh").text
    assert rounds.store.site("S900").status == "active"
    assert client.post("/sites/B1/rebound", data={**sent, "other": "S001"}, headers=ORIGIN).status_code == 404
    assert client.get("/sites/none").status_code == 404


@pytest.mark.requirement("V9")
def test_a_site_shows_who_is_like_it_and_why(fresh_client: TestClient, rounds: Register) -> None:
    text = fresh_client.get("/sites/S001?lang=zh").text
    assert "举一反三" in text
    assert "同有喷涂设备、锯切机" in text or "同有锯切机、喷涂设备" in text
    assert "同行业：铸造" in text
    assert "Similar" not in text
    assert "also has" in fresh_client.get("/sites/S001?lang=en").text


def test_the_list_is_filtered_by_its_address(fresh_client: TestClient, rounds: Register) -> None:
    text = fresh_client.get("/sites?lang=zh").text
    assert "在册 41 家，已取缔 1 家" in text
    assert text.count("<tr><td><a") == 42
    assert fresh_client.get("/sites?status=banned").text.count("<tr><td><a") == 1
    assert fresh_client.get("/sites?region=130123").text.count("<tr><td><a") == 1
    assert fresh_client.get("/sites?q=第7家具").text.count("<tr><td><a") == 1
    assert fresh_client.get("/sites?industry=塑料").text.count("<tr><td><a") == 15
    assert "没有检查对象" in fresh_client.get("/sites?q=nobody&lang=zh").text
    assert fresh_client.get("/sites?region=x").status_code == 422


def test_empty_pages_say_what_to_do(fresh_client: TestClient) -> None:
    assert "lantian round sites" in fresh_client.get("/rounds").text
    assert "lantian round sites" in fresh_client.get("/sites").text


def test_names_and_numbers_are_hidden_from_whom_they_do_not_concern() -> None:
    assert (hidden("张小强"), hidden("13800001234"), hidden("")) == ("张**", "*******1234", "")


@pytest.mark.browser
@pytest.mark.requirement("K3", part="layout of rounds and sites on desk and phone")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_overlaps(visit_fresh: Callable[..., Any], rounds: Register, language: str) -> None:
    page = visit_fresh(f"/rounds?lang={language}", login="office").page
    page.wait_for_selector("[data-map=route][data-ready=yes]", timeout=60_000)
    assert page.locator("[data-map=route] .disc").count() > 2
    for path in ("/rounds", "/rounds?round=2", "/sites", "/sites/B1", "/sites/S001"):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)
        page.wait_for_load_state("load")
        assert_well_laid(page, path)


def test_the_roles_of_the_example_are_there(fresh: Platform) -> None:
    assert accounts.get_account(fresh.engine, "example-office") is not None
