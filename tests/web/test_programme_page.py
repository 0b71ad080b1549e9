"""Programme and joint meeting: the pages say what is computed; each reports and decides only what is theirs."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.supervision.programme import rollup, sheet
from lantian.supervision.programme.service import Programme
from lantian.supervision.programme.task import Task

from .layout import assert_well_laid
from .programme_made import build

SignIn = Callable[[str], None]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
def plan(site: Platform) -> Programme:
    """A programme of nine items in three places, entered once for all tests of this file."""
    programme = Programme(site)
    if not programme.plans():
        there = {region.code for region in PlaceStore(site.engine).regions()}
        regions = [
            Region("110000", "北京市", "Beijing"),
            Region("110105", "朝阳区", "Chaoyang"),
            Region("110108", "海淀区"),
        ]
        PlaceStore(site.engine).put_regions([one for one in regions if one.code not in there], "test")
        build(site, ["110000", "110105", "110108"], items=9)
    return programme


@pytest.fixture
def county(site: Platform, client: TestClient, plan: Programme) -> TestClient:
    """The client as somebody who handles what 朝阳区 owes, and nothing else."""
    login = "test-chaoyang"
    if accounts.get_account(site.engine, login) is None:
        admin = accounts.get_account(site.engine, "admin")
        assert admin is not None
        made = accounts.create_account(site.engine, admin, login=login, name="朝阳区经办", region="110105")
        accounts.grant(site.engine, admin, made.account.id, "county", region="110105")
        accounts.change_password(site.engine, made.account, made.one_time_password, "a long enough password")
    found = accounts.get_account(site.engine, login)
    assert found is not None
    client.cookies.clear()
    client.cookies.set("lantian_session", accounts.open_session(site.engine, found))
    return client


@pytest.mark.requirement("V7", part="page")
def test_the_answer_is_what_is_computed(plan: Programme, client: TestClient, sign_in: SignIn) -> None:
    sign_in("office")
    text = client.get("/programme?plan=2016").text
    whole = rollup.total("", plan.standings(programme="2016"))
    assert f"{whole.total} 项任务完成 {whole.states['done']} 项，{whole.late} 项滞后，最晚的是" in text
    assert whole.latest is not None
    assert whole.latest.task.title in text.split("</h1>")[0]
    assert text.count('class="track"') == whole.total
    assert 'class="today"' in text
    assert "并列，不说明因果" in text
    assert "自拟" in text
    assert 'style="' not in text
    english = client.get("/programme?plan=2016&lang=en").text
    assert f"{whole.states['done']} of {whole.total} tasks are done" in english


@pytest.mark.requirement("V7", part="page")
def test_groups_states_and_tasks_stand_in_the_address(plan: Programme, client: TestClient, sign_in: SignIn) -> None:
    sign_in("office")
    by_county = client.get("/programme?plan=2016&by=county").text
    assert "按县区" in by_county
    assert "朝阳区" in by_county
    one = client.get("/programme?plan=2016&by=county&key=110105").text
    counted = next(group for group in rollup.group(plan.standings(programme="2016"), "county") if group.key == "110105")
    assert one.count('class="track"') == counted.total == 4  # three of its own and one handed down to it
    severe = client.get("/programme?plan=2016&state=severe").text
    standing = rollup.total("", plan.standings(programme="2016"))
    assert severe.count('class="track"') == standing.states["severe"]
    task = client.get("/programme?plan=2016&task=2016-1.3").text
    assert "倒排工期" in task
    assert "未分解" in task
    assert client.get("/programme?task=none").status_code == 404
    assert client.get("/programme?plan=none").status_code == 404


@pytest.mark.requirement("V7", part="monthly dispatch")
def test_a_county_reports_for_its_own_tasks_with_proof(plan: Programme, county: TestClient, site: Platform) -> None:
    own = next(one for one in plan.standings() if one.task.region == "110105" and one.state != "done")
    other = next(one for one in plan.standings() if one.task.region == "110108")
    page = county.get(f"/programme?plan=all&task={own.task.number}").text
    assert 'action="/programme/report"' in page
    assert "海淀区" not in page.split('id="tasks"')[1]  # a county sees its own
    assert county.get(f"/programme?plan=all&task={other.task.number}").status_code == 404
    assert 'href="/programme/tasks.xlsx' in page
    assert "/programme/import" not in page

    def send(number: str, done: str, **more: str) -> int:
        values = {"task": number, "month": "2016-12", "done": done, **more}
        files = {"files": ("proof.png", PNG, "image/png")} if "bare" not in more else None
        return county.post("/programme/report", data=values, files=files).status_code

    assert send(other.task.number, "1") == 403
    assert send(own.task.number, "lots") == 422
    assert send(own.task.number, str(own.done + 1), bare="yes") == 422  # a rise needs proof
    assert send(own.task.number, str(own.done + 1)) == 303
    after = next(one for one in plan.standings() if one.task.number == own.task.number)
    assert after.done == own.done + 1
    (sha256,) = after.reports[-1].evidence
    given = county.get(f"/programme/proof/{sha256}")
    assert given.content == PNG
    assert given.headers["content-disposition"].startswith("attachment")
    assert county.get(f"/programme/proof/{'0' * 64}").status_code == 404
    assert send(own.task.number, str(own.done)) == 422  # falls without a reason
    assert send(own.task.number, str(own.done), reason="核减") == 303
    assert county.post("/programme/tasks", data=TASK).status_code == 403
    change = {"task": own.task.number, "quantity": "1", "due": "2017-01-31", "reason": "x"}
    assert county.post("/programme/change", data=change).status_code == 403
    assert county.post("/programme/withdraw", data={"task": own.task.number, "reason": "x"}).status_code == 403


TASK = {
    "title": "淘汰锅炉", "region": "朝阳区", "department": "ecology", "quantity": "12.5", "unit": "台",
    "start": "2016-12-01", "due": "2016-12-31",
}  # fmt: skip


@pytest.mark.requirement("V7", part="decomposition")
def test_the_office_adds_hands_down_and_withdraws(plan: Programme, client: TestClient, sign_in: SignIn) -> None:
    sign_in("office")
    went = client.post("/programme/tasks", data=TASK)
    assert went.status_code == 303
    number = parse_qs(urlsplit(went.headers["location"]).query)["task"][0]
    assert plan.task(number).quantity == Decimal("12.5")
    too_much = client.post("/programme/tasks", data={**TASK, "quantity": "13", "parent": number})
    assert too_much.status_code == 422
    assert "比任务量 12.5 多 0.5" in too_much.text
    part = client.post("/programme/tasks", data={**TASK, "quantity": "2.5", "parent": number, "enterprise": "示例厂"})
    assert part.status_code == 303
    shown = client.get(f"/programme?plan=all&task={number}").text
    assert "未分解：10.0 台" in shown
    assert "示例厂" in shown
    change = {"task": number, "quantity": "11", "due": "2017-01-31", "reason": "核减"}
    assert (
        client.post("/programme/change", data={**change, "quantity": "2"}).status_code == 422
    )  # less than handed down
    assert client.post("/programme/change", data={**change, "reason": " "}).status_code == 422
    assert client.post("/programme/change", data=change).status_code == 303
    assert (plan.task(number).quantity, plan.task(number).due) == (11, date(2017, 1, 31))
    assert [one.why for one in plan.versions(number)] == ["", "核减"]
    refused = client.post("/programme/withdraw", data={"task": number, "reason": "重复"})
    assert refused.status_code == 422
    child = parse_qs(urlsplit(part.headers["location"]).query)["task"][0]
    for one in (child, number):
        assert client.post("/programme/withdraw", data={"task": one, "reason": "重复"}).status_code == 303
    assert client.get(f"/programme?plan=all&task={number}").status_code == 404
    assert client.post("/programme/tasks", data={**TASK, "due": "someday"}).status_code == 422


@pytest.mark.requirement("V7", part="task list as XLSX")
def test_the_list_goes_out_and_comes_in(plan: Programme, client: TestClient, sign_in: SignIn) -> None:
    sign_in("office")
    answer = client.get("/programme/tasks.xlsx?plan=2016")
    tasks = sheet.read(answer.content)
    assert [task.number for task in tasks] == [one.task.number for one in plan.standings(programme="2016")]
    blank = load_workbook(BytesIO(client.get("/programme/template.xlsx?plan=2016").content))
    assert blank["任务"].max_row == 33

    def bring(content: bytes) -> tuple[int, str]:
        got = client.post("/programme/import", files={"file": ("list.xlsx", content)}, data={"reason": "测试"})
        return got.status_code, got.text

    new = Task("另一项", "110105", "urban", Decimal(3), "家", date(2016, 12, 1), date(2016, 12, 31), number="X-1")
    assert bring(sheet.write([new]))[0] == 303
    assert plan.task("X-1").title == "另一项"
    book = load_workbook(BytesIO(sheet.write([new])))
    book["任务"]["H2"] = "斗"
    stream = BytesIO()
    book.save(stream)
    status, text = bring(stream.getvalue())
    assert status == 422
    assert "工作表 任务 第 2 行单位“斗”：应为" in text
    assert bring(b"nothing")[0] == 422
    plan.withdraw(
        "X-1",
        next(
            one
            for one in [accounts.get_account(client.app.state.platform.engine, accounts.example_login("office"))]
            if one
        ),
        "测试完",
    )
    for stranger in ("county", "mayor", "inspector"):
        sign_in(stranger)
        assert client.post("/programme/import", files={"file": ("list.xlsx", b"")}).status_code == 403
    sign_in("citizen")
    assert client.get("/programme").status_code in (303, 401, 403)


@pytest.mark.requirement("V8")
def test_a_meeting_is_held_and_its_decisions_stand_on_the_page(
    plan: Programme, client: TestClient, sign_in: SignIn
) -> None:
    sign_in("office")
    first = client.get("/meetings").text
    severe = [one for one in plan.standings() if one.state == "severe"]
    assert severe
    assert all(one.task.title in first for one in severe)
    assert "任务严重滞后：比倒排工期晚" in first
    key = severe[0].task.number
    went = client.post(
        "/meetings",
        data={"held_on": "2016-12-15", "chair": "示例市长", "attendees": "住建、交通", "text": "纪要", "keys": [key]},
    )
    assert went.status_code == 303
    address = went.headers["location"]
    number = address.split("=")[1]
    shown = client.get(address).text
    assert "纪要" in shown
    assert severe[0].task.title in shown.split('id="agenda"')[0]
    decide = {"kind": "task", "text": "补齐裸土覆盖", "region": "朝阳区", "department": "housing", "due": "2016-12-30"}
    assert client.post(f"/meetings/{number}/decisions", data=decide).status_code == 303
    joint = {**decide, "kind": "joint", "text": "联合夜查", "several": ["police", "urban"], "due": "2016-12-16"}
    assert client.post(f"/meetings/{number}/decisions", data=joint).status_code == 303
    assert client.post(f"/meetings/{number}/decisions", data={**joint, "several": []}).status_code == 422
    assert client.post(f"/meetings/{number}/decisions", data={**decide, "due": ""}).status_code == 422
    assert client.post(f"/meetings/{number}/minutes", data={"text": "纪要第二稿"}).status_code == 303
    table = client.get("/meetings").text.split('id="decisions"')[1]
    assert "补齐裸土覆盖" in table
    assert "联合夜查" in table
    held = {"position": "2", "done_on": "2016-12-16", "note": "查车 60 辆"}
    assert client.post(f"/meetings/{number}/done", data=held).status_code == 303
    assert "查车 60 辆" in client.get("/meetings").text
    assert "补齐裸土覆盖" in client.get("/programme?plan=all&by=item&key=meeting").text
    sign_in("mayor")
    read = client.get(address)
    assert read.status_code == 200
    assert 'action="/meetings' not in read.text
    assert client.post("/meetings", data={"held_on": "2016-12-15", "chair": "x"}).status_code == 403
    assert client.post(f"/meetings/{number}/decisions", data=decide).status_code == 403
    assert client.post(f"/meetings/{number}/minutes", data={"text": "x"}).status_code == 403


@pytest.mark.browser
@pytest.mark.requirement("K3", part="programme and meetings in a real browser")
def test_nothing_overlaps_sticks_out_or_is_too_faint(plan: Programme, live: str, browse: Callable[..., Any]) -> None:
    page = browse(live, "office").page
    for language in ("zh", "en"):
        for path in ("/programme?plan=2016", "/programme?plan=2016&task=2016-1.3&form=new", "/meetings"):
            page.goto(f"{live}{path}{'&' if '?' in path else '?'}lang={language}")
            page.wait_for_load_state("load")
            assert_well_laid(page, path)


def test_before_anything_is_entered_the_page_says_what_to_do(
    plan: Programme, client: TestClient, sign_in: SignIn, site: Platform
) -> None:
    site.clock.set_simulated(datetime(2015, 1, 1, tzinfo=UTC), paused=True)
    sign_in("office")
    assert "先建一个方案" in client.get("/programme").text
    assert "没有卡住的问题和任务" in client.get("/meetings").text
    sign_in("county")
    assert "先建一个方案" not in client.get("/programme").text
