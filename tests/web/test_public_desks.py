"""The desks behind the portal: complaints, questions, opinion: what each role may, one click to a case, layout."""

import re

import pytest

from lantian.disclosure.opinion import example as opinion
from lantian.disclosure.questions import example as questions
from lantian.disclosure.questions.service import Questions
from lantian.supervision.complaints import example as complaints
from lantian.supervision.complaints.service import Complaints
from lantian.supervision.service import Supervision

from .beijing import NOW
from .layout import assert_well_laid


@pytest.fixture(scope="module")
def told(campaign):
    """The campaign with what its public wrote."""
    complaints.install(campaign, "2+26", NOW, "example")
    questions.install(campaign, NOW, "example")
    opinion.install(campaign, "2+26", NOW, "example")
    return campaign


@pytest.mark.requirement("V6")
def test_a_group_becomes_a_case_with_one_click(told, as_role):
    office = as_role("office")
    page = office.get("/complaints").text
    form = re.search(r'action="/complaints/open">(.*?)<button', page, re.DOTALL)[1]
    keys = re.findall(r'name="key" value="([^"]+)"', form)
    answer = office.post("/complaints/open", data={"key": keys})
    assert answer.status_code == 303
    number = answer.headers["location"].rsplit("/", 1)[1]
    finding = Supervision(told).case(number).case.finding
    assert (finding["source"], finding["complaints"]) == ("complaint", sorted(keys))
    again = office.post("/complaints/open", data={"key": keys})
    assert again.status_code == 422
    assert number in again.text
    assert number in office.get("/complaints?show=all").text


@pytest.mark.requirement("V6")
def test_another_joins_a_standing_case_and_gets_its_answer(told, as_role):
    office = as_role("office")
    page = office.get("/complaints").text
    key = re.search(r'action="/complaints/link"><input type="hidden" name="key" value="([^"]+)"', page)[1]
    case = re.search(r'href="/cases/(\d{4}-\d{6})"', office.get("/cases").text)[1]
    assert office.post("/complaints/link", data={"key": key, "number": "2016-999999"}).status_code == 422
    assert office.post("/complaints/link", data={"key": key, "number": case}).headers["location"] == f"/cases/{case}"
    unanswered = re.search(r'action="/complaints/answer"><input type="hidden" name="key" value="([^"]+)"', page)[1]
    assert office.post("/complaints/answer", data={"key": unanswered, "text": "已核查"}).status_code == 303
    assert office.post("/complaints/answer", data={"key": unanswered, "text": "已核查"}).status_code == 422


@pytest.mark.requirement("V6", part="who complained is shown to few")
def test_who_complained_is_for_who_assigns(told, as_role):
    account = Complaints(told)
    with told.engine.connect() as connection:
        key, name = connection.exec_driver_sql("select complaint, name from complaint_contact limit 1").one()
    office = as_role("office").get(f"/complaints/{key}/contact")
    assert name in office.text
    for role in ("inspector", "department", "citizen"):
        client = as_role(role)
        assert client.get(f"/complaints/{key}/contact").status_code in (403, 404), role
        assert name not in client.get("/complaints?show=all").text
    assert account.settings.days > 0


def test_lists_come_in_and_faults_are_told(told, as_role):
    office = as_role("office")
    good = "受理编号,受理时间,举报内容,区县\nT1,2016-12-15 08:00,示例工地扬尘,石家庄市\n".encode()
    assert office.post("/complaints/import", files={"file": ("a.csv", good)}).status_code == 303
    bad = office.post("/complaints/import", files={"file": ("a.csv", "编号\n1\n".encode())})
    assert bad.status_code == 422
    assert "a.csv 缺少列 受理时间、举报内容" in bad.text
    editor = as_role("office")
    sent = "编号,时间,内容\n9,2016-12-15 08:00,示例雾霾\n".encode()
    assert editor.post("/opinion/import", files={"file": ("a.csv", sent)}).status_code == 303
    assert editor.post("/opinion/import", files={"file": ("a.csv", b"")}).status_code == 422


@pytest.mark.requirement("P3")
def test_an_editor_answers_and_declines(told, as_role):
    editor = as_role("office")
    desk = Questions(told)
    asked = {desk.ask(text) for text in ("示例：新能源车限行吗？", "示例：新能源车限行吗，请再答一次")}
    first, second = [one for one in desk.waiting() if one.id in asked]
    assert first.text in editor.get("/questions").text
    assert editor.post(f"/questions/{first.id}/publish", data={"shown": first.text, "answer": ""}).status_code == 422
    done = editor.post(f"/questions/{first.id}/publish", data={"shown": first.text, "answer": "新能源车不限。"})
    assert done.status_code == 303
    assert "新能源车不限。" in editor.get("/questions").text
    assert editor.post(f"/questions/{second.id}/decline", data={"reason": "重复"}).status_code == 303
    assert editor.post("/questions/999999/decline", data={"reason": "重复"}).status_code == 404
    assert as_role("inspector").get("/questions").status_code == 403


def test_opinion_shows_alarms_topics_and_stock_answers(told, as_role):
    editor = as_role("office")
    page = editor.get("/opinion").text
    assert "突然增多" in page
    assert "泊松概率" in page
    assert "单双号限行时间" in editor.get("/opinion?q=限行").text
    assert editor.get("/opinion?topic=school").status_code == 200
    assert editor.get("/opinion?topic=nothing").status_code == 404
    made = editor.post("/opinion/stock", data={"topic": "data", "title": "示例答复", "text": "示例"})
    assert made.status_code == 303
    assert editor.post("/opinion/stock", data={"topic": "x", "title": "a", "text": "b"}).status_code == 422
    assert as_role("inspector").get("/opinion").status_code == 403


def test_programs_send_messages(told, as_role):
    editor = as_role("office")
    message = {"id": "77", "received": "2016-12-16 08:00", "text": "示例：朝阳区扬尘", "channel": "接口"}
    assert editor.post("/api/v1/opinion/messages", json=[message]).json() == {"new": 1, "known": 0}
    assert editor.post("/api/v1/opinion/messages", json=[message]).json() == {"new": 0, "known": 1}
    wrong = editor.post("/api/v1/opinion/messages", json=[{**message, "received": "昨天"}])
    assert wrong.status_code == 422
    assert "昨天" in wrong.text
    assert as_role("inspector").post("/api/v1/opinion/messages", json=[message]).status_code == 403


@pytest.mark.browser
@pytest.mark.requirement("K3", part="desks of the public: layout of desk and phone")
def test_nothing_overlaps_sticks_out_or_is_too_faint(told, visit_campaign):
    page = visit_campaign("/complaints", login="office").page
    base = page.url.removesuffix("/complaints")
    for path in ("/complaints?show=all", "/complaints?show=late", "/questions", "/opinion", "/opinion?topic=dust"):
        for language in ("zh", "en"):
            page.goto(f"{base}{path}{'&' if '?' in path else '?'}lang={language}")
            page.wait_for_load_state("load")
            assert_well_laid(page, path)
