"""The ledger and a case as people use them: read, filter, hand over, mend, check, close; and what each may not."""

import io
import re

import pytest
from openpyxl import load_workbook

from lantian.kernel import accounts
from lantian.supervision import workflow_file
from lantian.supervision.findings import Finding
from lantian.supervision.ledger import Filter
from lantian.supervision.service import Supervision

from .layout import assert_well_laid

PICTURE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde\x00\x00\x00\x0c"
    b"IDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\r\xefF\xb8\x00\x00\x00\x00IEND\xaeB`\x82"
)


def enter(client, **more) -> str:
    values = {
        "title": "示例土方未覆盖", "category": "construction", "source": "letter", "region": "110105",
        "subject": "示例工地", "address": "示例路1号",
    } | more  # fmt: skip
    answer = client.post("/cases/new", data=values)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2]


def act(client, number: str, kind: str, seen: int, *, proof: bool = False, **values):
    """As a browser posts the form: a file field that nothing was chosen for is sent empty, with an empty name."""
    fields = {"seen": seen, "reason": "因为", **values}
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    chosen, content = ("p.png", PICTURE) if proof else ("", b"")
    parts.append(f'name="files"; filename="{chosen}"\r\nContent-Type: image/png\r\n\r\n'.encode() + content)
    body = b"".join(b"--cut\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + b"--cut--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=cut"}
    return client.post(f"/cases/{number}/{kind}", content=body, headers=headers)


@pytest.mark.requirement("V3")
def test_a_problem_goes_from_finding_to_closing_through_the_pages(as_role, campaign):
    office, county, patrol = as_role("office"), as_role("county"), as_role("inspector")
    number = enter(office)
    handed = {"move": "hand_over", "region": "110105", "department": "housing", "days": 10, "requirement": "覆盖到位"}
    assert act(county, number, "move", 1, **handed).status_code == 422
    assert act(office, number, "move", 1, **handed).status_code == 303
    assert act(county, number, "move", 2, move="accept").status_code == 303
    assert act(county, number, "plan", 3, steps="2016-12-18 清点\n2016-12-20 覆盖").status_code == 303
    assert act(county, number, "move", 4, move="report").status_code == 422  # no proof
    assert act(county, number, "move", 4, move="report", proof=True).status_code == 303
    assert act(county, number, "move", 5, move="pass", proof=True).status_code == 422  # the owner may not check
    shown = patrol.get(f"/cases/{number}").text
    assert "核查通过销号" in shown
    assert "2016-12-18" in shown
    assert act(patrol, number, "move", 5, move="pass", proof=True).status_code == 303
    record = Supervision(campaign).case(number)
    assert record.case.state == "closed"
    assert [step.text for step in record.case.steps] == ["清点", "覆盖"]
    assert "回头看：未见反弹" in patrol.get(f"/cases/{number}").text
    assert act(patrol, number, "look_back", 6, proof=True).status_code == 303
    assert "回头看的时候" in patrol.get("/cases/look-back").text
    assert office.get("/cases/look-back").status_code == 403
    closed = office.get(f"/cases/{number}").text
    assert "已销号" in closed
    assert closed.count('<li data-kind="') == 7


@pytest.mark.requirement("V4", part="ledger")
def test_the_ledger_answers_first_and_filters_by_the_address(as_role, campaign):
    office = as_role("office")
    counts = Supervision(campaign).summary(Filter())
    page = office.get("/cases").text
    assert re.search(rf"<h1>{counts.open} 个问题未办结，{counts.overdue} 个已逾期", page)
    late = office.get("/cases?standing=overdue&category=construction").text
    rows = re.findall(r'href="/cases/(2016-\d{6})">', late.partition('<table class="ledger">')[2])
    wanted = Supervision(campaign).ledger(Filter(standing="overdue", category="construction"), limit=200).rows
    assert rows == [row["number"] for row in wanted][:50]
    assert "没有符合条件的问题" in office.get("/cases?q=nothing-like-this").text
    assert office.get("/cases?standing=lost").status_code == 422


@pytest.mark.requirement("K1", part="each sees only its cases")
def test_each_sees_only_what_is_theirs(as_role, campaign):
    rows = Supervision(campaign).ledger(Filter(standing="all"), limit=2000).rows
    here = {row["number"] for row in rows if "110105" in (row["region"], row["owner_region"])}
    other = next(row["number"] for row in rows if not row["region"].startswith("11"))
    county = as_role("county")
    seen = set(re.findall(r"2016-\d{6}", county.get("/cases?standing=all").text))
    assert seen <= here
    assert county.get(f"/cases/{other}").status_code == 404
    assert act(county, other, "note", 1).status_code == 404
    assert as_role("office").get(f"/cases/{other}").status_code == 200
    citizen = as_role("citizen")
    for address in ("/cases", f"/cases/{other}", "/cases.xlsx", "/cases/new", "/cases/import"):
        assert citizen.get(address).status_code == 403


def test_a_fault_is_said_and_nothing_is_written(as_role, campaign):
    office = as_role("office")
    number = enter(office, title="示例另一处土方")
    act(office, number, "note", 1)
    stale = act(office, number, "note", 1)
    assert stale.status_code == 422
    assert "已有人办理（现有 2 条记录）" in stale.text
    wrong = office.post("/cases/new", data={"title": "示例", "category": "x", "source": "letter", "region": "110105"})
    assert wrong.status_code == 422
    assert "category" in wrong.text
    assert Supervision(campaign).case(number).case.events == 2
    script = enter(office, title="<script>alert(1)</script>", subject='"><img src=x onerror=alert(1)>')
    page = office.get(f"/cases/{script}").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page


@pytest.mark.requirement("V4", part="XLSX")
def test_the_ledger_leaves_and_findings_enter_as_xlsx(as_role, campaign):
    office = as_role("office")
    book = load_workbook(io.BytesIO(office.get("/cases.xlsx?standing=overdue").content))
    sheet = book.active
    head = [cell.value for cell in sheet[3]]
    total = Supervision(campaign).ledger(Filter(standing="overdue")).total
    assert head[:3] == ["序号", "编号", "发现日期"]
    assert sheet.max_row == 3 + total
    assert all(row[head.index("剩余天数")] < 0 for row in sheet.iter_rows(min_row=4, values_only=True))

    book = load_workbook(io.BytesIO(office.get("/cases/template.xlsx").content))
    sheet = book.active
    sheet.append(["2016-13-40", "朝阳区", "", "", "示例甲", "施工扬尘", "上级交办"])
    sheet.append(["", "火星", "", "", "示例乙", "施工扬尘", "上级交办"])
    sheet.append(["", "通州区", "示例路2号", "示例丙厂", "示例丙", "散煤治理", "12369 举报", "K-1", "", 116.6, "北"])
    sheet.append(["", "通州区", "示例路2号", "示例丁厂", "示例丁", "散煤治理", "12369 举报", "K-2"])
    sheet.append(["", "通州区", "", "", "=1+1", "散煤治理", "12369 举报"])
    out = io.BytesIO()
    book.save(out)
    send = {"file": ("问题.xlsx", out.getvalue(), "application/octet-stream")}
    said = office.post("/cases/import", files=send).text
    assert "已登记 2 个问题，4 行没有登记" in said  # the line 示例 of the empty sheet is one
    for part in ("应为日期", "没有这个区域", "应为度数", "不能为空"):
        assert part in said
    assert "no such region; expected its full name" in office.post("/cases/import?lang=en", files=send).text
    office.get("/cases?lang=zh")
    before = Supervision(campaign).ledger(Filter(standing="all")).total
    assert "已登记 0 个问题" in office.post("/cases/import", files=send).text
    assert Supervision(campaign).ledger(Filter(standing="all")).total == before
    assert office.post("/cases/import", files={"file": ("x.xlsx", b"no", "text/plain")}).status_code == 422


@pytest.mark.requirement("V4", part="bulk hand-over with an order letter")
def test_several_are_handed_over_with_one_letter(as_role, campaign):
    office = as_role("office")
    numbers = [enter(office, title=f"示例待交办{k}") for k in (1, 2)]
    values = {"region": "110105", "department": "urban", "days": 7, "requirement": "限期清理", "number": numbers}
    assert office.post("/cases/hand-over", data=values).status_code == 303
    cases = Supervision(campaign)
    assert {cases.case(number).case.owner.department for number in numbers} == {"urban"}
    page = office.get("/documents").text
    assert "督办单：朝阳区城市管理" in page
    (key,) = set(re.findall(r"/documents/(\d+)\.pdf", page))
    pdf = office.get(f"/documents/{key}.pdf")
    assert pdf.content.startswith(b"%PDF")
    assert office.post("/cases/hand-over", data={**values, "number": []}).status_code == 422
    assert office.post("/cases/hand-over", data=values).status_code == 422  # handed over already


@pytest.mark.requirement("V6", part="the same problem is proposed, never merged")
def test_a_case_like_another_is_proposed_with_its_reasons(as_role, campaign):
    one, other = (
        Supervision(campaign).open(
            Finding("示例裸土" + more, "construction", source, "110112", subject="示例通州工地", lon=lon, lat=39.9),
            people(campaign, "office"),
        )
        for more, source, lon in (("未盖", "letter", 116.65), ("未覆盖", "complaint", 116.652))
    )
    page = as_role("office").get(f"/cases/{one}").text
    assert other in page.partition("可能是同一问题")[2]
    assert "名称相似 100 %" in page
    assert Supervision(campaign).case(other).case.events == 1


def people(campaign, role):
    return accounts.get_account(campaign.engine, f"example-{role}")


@pytest.mark.requirement("V3", part="the workflow is drawn")
@pytest.mark.requirement("K3", part="layout of the ledger")
@pytest.mark.browser
def test_nothing_overlaps_sticks_out_or_is_too_faint(visit_campaign, campaign):
    number = Supervision(campaign).ledger(Filter(standing="overdue"), limit=1).rows[0]["number"]
    visitor = visit_campaign("/cases", login="office")
    for path in ("/cases", f"/cases/{number}", "/cases/new", "/cases/import?lang=en", f"/cases/{number}?lang=en"):
        visitor.page.goto(visitor.page.url.partition("/cases")[0] + path)
        visitor.page.wait_for_load_state("networkidle")
        assert_well_laid(visitor.page, path)
    looking = visit_campaign("/cases/look-back?n=5", login="inspector")
    assert_well_laid(looking.page)
    names = {state.en for state in workflow_file.load("five_step").states.values()}
    assert names <= set(visitor.page.locator(".workflow text.name").all_text_contents())


@pytest.mark.requirement("V3", part="sources by the interface")
def test_other_systems_report_once_and_scripts_act(as_role, campaign):
    office = as_role("office")
    alert = {
        "title": "示例 CEMS 超标", "category": "industry", "source": "exceedance", "region": "110112",
        "reference": "ALERT-1", "lon": 116.6, "lat": 39.9,
    }  # fmt: skip
    first, again = (office.post("/api/v1/cases", json=alert) for _ in range(2))
    assert (first.status_code, first.json()["new"], again.json()) == (
        201, True, {"number": first.json()["number"], "new": False},
    )  # fmt: skip
    number = first.json()["number"]
    event = {"kind": "move", "move": "hand_over", "seen": 1, "reason": "交办", "days": 5, "requirement": "停产整治",
             "owner": {"region": "110112", "department": "ecology"}}  # fmt: skip
    assert office.post(f"/api/v1/cases/{number}/events", json={**event, "seen": 2}).status_code == 409
    assert office.post(f"/api/v1/cases/{number}/events", json={**event, "owner": {"region": "x"}}).status_code == 422
    done = office.post(f"/api/v1/cases/{number}/events", json=event)
    assert (done.status_code, done.json()["state"], done.json()["owner"]["region"]) == (201, "handed", "110112")
    listed = {row["number"]: row for row in office.get("/api/v1/cases?q=CEMS").json()}
    assert listed[number]["due"] == done.json()["due"]
    assert office.post("/api/v1/cases", json={**alert, "reference": "A-2", "region": "999999"}).status_code == 422
    assert as_role("county").get(f"/api/v1/cases/{number}").status_code == 404
    assert as_role("county").post("/api/v1/cases", json={**alert, "reference": "A-3"}).status_code == 403
