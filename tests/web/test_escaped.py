"""What people type stays text: scripts and quotes in every field of findings, notes, requirements, sites, tasks and
questions come out escaped on every page that shows them.
"""

import re

import pytest

from lantian.disclosure.questions import example as questions
from lantian.disclosure.questions.service import Questions
from lantian.supervision.register.service import Register
from lantian.supervision.service import Supervision
from lantian.supervision.sites import Site

from .beijing import NOW
from .test_cases import act

BAD = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>"


def shown_escaped(client, *addresses: str) -> None:
    """Every page answers, holds the words, and no tag of them; at least one shows them."""
    seen = 0
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        assert "<script>alert(1)" not in answer.text, address
        assert "<img src=x" not in answer.text, address
        seen += "&lt;script&gt;alert(1)" in answer.text
    assert seen, addresses


@pytest.mark.requirement("K1", part="what is typed stays text")
def test_a_case_shows_what_was_typed_as_text(as_role, campaign):
    office = as_role("office")
    values = {"title": BAD, "category": "construction", "source": "letter", "region": "110105", "subject": BAD,
              "address": BAD, "detail": BAD, "reference": BAD}  # fmt: skip
    answer = office.post("/cases/new", data=values)
    assert answer.status_code == 303
    number = answer.headers["location"].rpartition("/")[2]
    handed = {"move": "hand_over", "region": "110105", "department": "housing", "days": 5, "requirement": BAD}
    assert act(office, number, "move", 1, **{**handed, "reason": BAD}).status_code == 303
    assert act(office, number, "note", 2, reason=BAD).status_code == 303
    county = as_role("county")
    assert act(county, number, "move", 3, move="accept", reason=BAD).status_code == 303
    assert act(county, number, "plan", 4, steps=f"2016-12-18 {BAD}").status_code == 303
    assert Supervision(campaign).case(number).case.requirement == BAD
    shown_escaped(office, f"/cases/{number}", "/cases?q=onerror", "/cases?standing=all&order=-number")
    shown_escaped(county, f"/cases/{number}", "/cases?q=onerror")
    fault = office.post("/cases/new", data={**values, "category": BAD})
    assert fault.status_code == 422
    assert "<script>alert" not in fault.text


@pytest.mark.requirement("K1", part="what is typed stays text")
def test_a_site_shows_what_was_typed_as_text(as_role, campaign):
    site = Site(id="X1", name=BAD, region="110105", industry=BAD, address=BAD, lon=116.5, lat=39.9, person=BAD)
    Register(campaign).store.put_sites([site], "test", BAD)
    shown_escaped(as_role("office"), f"/sites?q={'onerror'}", "/sites/X1")


@pytest.mark.requirement("K1", part="what is typed stays text")
def test_meetings_and_tasks_show_what_was_typed_as_text(as_role):
    office = as_role("office")
    held = {"held_on": "2016-12-16", "chair": BAD, "attendees": BAD, "text": BAD}
    meeting = office.post("/meetings", data=held)
    assert meeting.status_code == 303, meeting.text[-2000:]
    shown_escaped(office, meeting.headers["location"], "/meetings")
    begun = {"code": "escaped", "zh": BAD, "period": "2016AW", "region": "110000", "template": "thirty_two"}
    plan = office.post("/programme/plans", data=begun)
    assert plan.status_code == 303, re.findall(r'role="alert">[^/]*', plan.text)
    task = {"title": BAD, "region": "110105", "department": "housing", "quantity": "10", "unit": "项",
            "start": "2016-12-01", "due": "2017-03-01", "enterprise": BAD}  # fmt: skip
    answer = office.post("/programme/tasks", data=task)
    assert answer.status_code == 303, re.findall(r'role="alert">[^/]*', answer.text)
    shown_escaped(office, answer.headers["location"], "/programme")
    fault = office.post("/programme/tasks", data={**task, "due": BAD})
    assert fault.status_code == 422
    assert "<script>alert(1)" not in fault.text


@pytest.mark.requirement("K1", part="what is typed stays text")
def test_a_question_of_the_public_stays_text(as_role, campaign):
    public = as_role("citizen")
    questions.install(campaign, NOW, "example")  # other tests of this platform count on what it brings
    answer = public.post("/public/questions", data={"text": BAD})
    assert answer.status_code in (200, 303)
    assert "<script>alert(1)" not in answer.text
    asked = next(one for one in Questions(campaign).waiting(NOW) if one.text.startswith(BAD[:10]))
    office = as_role("office")
    shown_escaped(office, "/questions")
    publish = {"shown": BAD, "answer": BAD}
    assert office.post(f"/questions/{asked.id}/publish", data=publish).status_code == 303
    shown_escaped(public, "/public/questions", "/public/questions?q=onerror")
    shown_escaped(office, "/questions?q=onerror")
