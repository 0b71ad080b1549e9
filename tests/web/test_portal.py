"""The portal: everybody reads all of it, nothing of a person, without scripts; feeds and files hold their form."""

import asyncio
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree

import polars as pl
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from PIL import Image
from starlette.requests import Request

from lantian.disclosure.portal import cases as public_cases
from lantian.disclosure.portal import catalogue, settings
from lantian.disclosure.questions import example as questions
from lantian.disclosure.questions.service import Questions
from lantian.disclosure.questions.tables import question
from lantian.kernel.accounts import get_account, list_accounts
from lantian.supervision.complaints import example as complaints
from lantian.supervision.complaints.tables import complaint_contact
from lantian.supervision.service import Supervision
from lantian.supervision.tables import case_event
from lantian.web import create_app, shelf
from lantian.web.pages import portal_questions

from .beijing import NOW
from .layout import assert_well_laid

pytestmark = pytest.mark.requirement("P2")

PAGES = (
    "/public",
    "/public/ranking",
    "/public/cases",
    "/public/questions",
    "/public/documents",
    "/public/calendar",
    "/public/data",
)
FILES = [
    f"/public/data/v1/{stem}" for stem in ("cases", "case-steps", "questions", "documents", "calendar", "daily-2016")
]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """What was written shows in the next answer."""
    monkeypatch.setattr(shelf, "LOOK", 0)
    monkeypatch.setattr(shelf, "PATIENCE", 0)


@pytest.fixture(scope="module")
def told(campaign):
    """The campaign with complaints and questions."""
    complaints.install(campaign, "2+26", NOW, "example")
    questions.install(campaign, NOW, "example")
    return campaign


@pytest.fixture
def anyone(told):
    """Nobody in particular."""
    headers = {"origin": "http://testserver"}
    with TestClient(create_app(told), headers=headers, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


def people_of(platform) -> set[str]:
    """Every person, telephone and account that the example knows."""
    found = {text for one in list_accounts(platform.engine) for text in (one.login, one.name)}
    with platform.engine.connect() as connection:
        for row in connection.execute(sa.select(case_event.c.actor, case_event.c.data)):
            found |= {row.actor, row.data.get("person", ""), row.data.get("phone", "")}
        for row in connection.execute(sa.select(complaint_contact.c.name, complaint_contact.c.phone)):
            found |= {row.name, row.phone}
    return {text for text in found if len(text) > 1}


def test_nothing_of_a_person_stands_in_any_case_or_file(told, anyone):
    people = people_of(told)
    assert len(people) > 60
    pattern = re.compile("|".join(map(re.escape, sorted(people, key=len, reverse=True))))
    cases = public_cases.read(told.engine, told.clock.now(), NOW.date())
    assert len(cases) > 60
    paths = [f"/public/cases/{one.number}" for one in cases] + [*PAGES, "/public/feed.atom", "/public/feed.json"]
    paths += [f"{file}.{form}" for file in FILES for form in ("csv", "json")]
    for path in paths:
        answer = anyone.get(path)
        assert answer.status_code == 200, path
        assert "set-cookie" not in answer.headers, path
        hit = pattern.search(answer.text)
        assert hit is None, (path, hit)
        assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", answer.text), path
        exact = re.search(r"(?<![\d.])1[01]\d\.\d{3,}", answer.text)
        assert exact is None, (path, exact)


def test_files_in_parquet_hold_the_same_and_no_more(anyone):
    for file in FILES:
        packed = pl.read_parquet(io.BytesIO(anyone.get(f"{file}.parquet").content))
        rows = json.loads(anyone.get(f"{file}.json").content)
        assert packed.height == len(rows)
        found, _ = catalogue.find(file.rsplit("/", 1)[1])
        assert packed.columns == [field.name for field in found.fields]
        csv = pl.read_csv(io.BytesIO(anyone.get(f"{file}.csv").content))
        assert csv.height == packed.height


def test_a_case_that_is_not_public_is_not_there(told, anyone):
    shown = {one.number for one in public_cases.read(told.engine, told.clock.now(), NOW.date())}
    with told.engine.connect() as connection:
        every = set(connection.execute(sa.text("select number from supervision_case")).scalars())
    hidden = sorted(every - shown)
    assert hidden
    for number in hidden[:5]:
        assert anyone.get(f"/public/cases/{number}").status_code == 404
        assert anyone.get(f"/public/cases/{number}/photos/1").status_code == 404
    assert anyone.get("/public/cases/2016-000000").status_code == 404


def test_what_is_taken_back_is_gone_everywhere(told, anyone):
    number = public_cases.read(told.engine, told.clock.now(), NOW.date())[3].number
    office = get_account(told.engine, "example-office")
    desk = Supervision(told)

    def paths() -> list[bool]:
        pages = ("/public/cases", "/public/data/v1/cases.csv", "/public/data/v1/case-steps.json")
        shown = [number in anyone.get(path).text for path in pages]
        return [*shown, anyone.get(f"/public/cases/{number}").status_code == 200]

    assert paths() == [True] * 4
    desk.act(number, "publish", office, "撤下", public=False)
    assert paths() == [False] * 4
    desk.act(number, "publish", office, "公开", public=True)
    assert paths() == [True] * 4


def test_of_another_moment_only_what_was_public_then(told):
    now, then = told.clock.now(), told.clock.now() - timedelta(days=60)
    early = {one.number: one for one in public_cases.read(told.engine, then, then.date())}
    late = {one.number: one for one in public_cases.read(told.engine, now, now.date())}
    assert 0 < len(early) < len(late)
    assert all(one.published_at <= then and one.changed_at <= then for one in early.values())


def test_a_picture_is_made_of_pixels_alone(told, anyone):
    case = next(one for one in public_cases.read(told.engine, NOW, NOW.date()) if one.photos)
    answer = anyone.get(f"/public/cases/{case.number}/photos/1")
    assert answer.headers["content-type"] in ("image/png", "image/jpeg")
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert not picture.getexif()
    assert anyone.get(f"/public/cases/{case.number}/photos/{len(case.photos) + 1}").status_code == 404


def test_words_and_pictures_of_a_complaint_are_not_shown(told):
    cases = public_cases.read(told.engine, NOW, NOW.date())
    assert all(photo.step > 1 for one in cases if one.source == "complaint" for photo in one.photos)
    assert all(not one.detail for one in cases if one.source == "complaint")
    assert any(one.detail for one in cases if one.source == "inspection")
    assert any(photo.step == 1 for one in cases if one.source == "inspection" for photo in one.photos)


@pytest.mark.parametrize("path", [*PAGES, "/public/data/v1/cases.csv", "/public/feed.atom"])
def test_an_unchanged_answer_is_not_sent_again(anyone, path):
    first = anyone.get(path)
    assert first.headers["cache-control"] == "public, max-age=60"
    again = anyone.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    plain = anyone.get(path, headers={"accept-encoding": "identity"})
    assert plain.content == first.content
    assert anyone.get(path, headers={"if-none-match": '"other"'}).status_code == 200


class _Html(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.targets, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.targets += [value for name, value in attrs if name in ("href", "src", "action")]
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_need_no_script_and_every_link_leads_somewhere(anyone, language):
    seen = set()
    for path in PAGES:
        page = _Html()
        page.feed(anyone.get(f"{path}?lang={language}").text)
        assert "script" not in page.tags
        assert page.tags.count("h1") == 1
        for target in page.targets:
            address = target.split("#")[0]
            if (
                address.startswith("/")
                and address not in seen
                and "rankings-" not in address
                and "daily-" not in address
            ):
                seen.add(address)
                assert anyone.get(address).status_code in (200, 303), (path, target)
    assert len(seen) > 40


def test_the_language_is_in_the_address_and_cookies_do_not_count(anyone):
    anyone.cookies.set("lang", "en")
    assert 'lang="zh-CN"' in anyone.get("/public/cases").text
    assert 'lang="en"' in anyone.get("/public/cases?lang=en").text
    assert "lang=en" in anyone.get("/public?lang=en").text


def test_cases_are_found_by_city_line_standing_and_words(anyone):
    def count(query: str) -> int:
        return int(re.search(r'class="meta">(\d+) 个<', anyone.get(f"/public/cases?{query}").text)[1])

    every = count("")
    assert 0 < count("city=130100") < every
    assert count("standing=open") + count("standing=over") == every
    assert 0 < count("category=construction") < every
    assert "没有符合条件" in anyone.get("/public/cases?q=<script>").text


@pytest.mark.requirement("P4")
def test_the_catalogue_names_every_file_with_its_fields(anyone):
    index = anyone.get("/public/data/v1/index.json").json()
    assert index["version"] == "v1"
    assert index["licence"]
    names = {one["name"].rsplit("-2", 1)[0] for one in index["files"]}
    assert names == {file.name for file in catalogue.FILES}
    page = anyone.get("/public/data").text
    for one in index["files"]:
        assert all(field["zh"] and field["en"] for field in one["fields"])
        assert all(address in page for address in one["addresses"].values())
    cases = anyone.get("/public/data/v1/cases.json").json()
    described = next(one for one in index["files"] if one["name"] == "cases")
    assert list(cases[0]) == [field["name"] for field in described["fields"]]


@pytest.mark.requirement("P4")
@pytest.mark.parametrize(
    "path", ["nothing.csv", "cases.xlsx", "daily.csv", "daily-1066.csv", "daily-9999.json", "../secret.csv"]
)
def test_no_other_file_is_given(anyone, path):
    assert anyone.get(f"/public/data/v1/{path}").status_code in (404, 422)


@pytest.mark.requirement("P4")
def test_values_of_a_real_platform_come_as_published(beijing):
    with TestClient(create_app(beijing)) as client:
        rows = client.get("/public/data/v1/daily-2016.json").json()
        home = client.get("/public").text
        ranking = client.get("/public/ranking").text
    days = [row for row in rows if row["place"] == "110000"]
    assert days[-1]["date"] == "2016-12-15"  # nothing of the evening's future
    assert {"pm25", "co", "o3_8h", "primary", "name"} <= days[-1].keys()
    assert re.search(r"北京市现在.+AQI \d+", home)
    assert 'class="days"' in home
    assert "综合指数" in ranking
    assert ranking.count('<th scope="row">') == 28


def test_feeds_parse_and_agree(anyone):
    answer = anyone.get("/public/feed.atom")
    feed = ElementTree.fromstring(answer.content)
    atom = "{http://www.w3.org/2005/Atom}"
    entries = feed.findall(f"{atom}entry")
    assert len(entries) == 50
    for entry in [feed, *entries]:
        assert entry.find(f"{atom}id").text.startswith("http://testserver/public")
        datetime.fromisoformat(entry.find(f"{atom}updated").text.replace("Z", "+00:00"))
    ids = [entry.find(f"{atom}id").text for entry in entries]
    assert len(set(ids)) == len(ids)
    items = anyone.get("/public/feed.json").json()["items"]
    assert [item["id"] for item in items] == ids
    assert items == sorted(items, key=lambda item: item["date_published"], reverse=True)


@pytest.mark.requirement("P3")
def test_a_question_is_asked_held_and_found_once_it_is_published(told, anyone, monkeypatch):
    monkeypatch.setattr(portal_questions, "ASKING", portal_questions.Limiter(2, 3600))
    sent = {"text": "示例：施工夜间洒水结冰怎么办？"}
    assert anyone.post("/public/questions", data=sent, headers={"origin": "http://elsewhere"}).status_code == 403
    answer = anyone.post("/public/questions", data=sent)
    assert answer.headers["location"] == "/public/questions?said=thanks"
    assert "洒水结冰" not in anyone.get("/public/questions").text
    assert anyone.post("/public/questions", data={"text": "短"}).headers["location"].endswith("said=form")
    assert anyone.post("/public/questions", data=sent).headers["location"].endswith("said=slow")
    (held,) = [one for one in Questions(told).waiting() if "洒水结冰" in one.text]
    with told.engine.connect() as connection:
        count = connection.scalar(sa.select(sa.func.count()).select_from(question))
    anyone.post("/public/questions", data={**sent, "website": "http://spam"})
    with told.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(question)) == count
    assert held.example


def test_an_empty_platform_has_a_portal_too(fresh):
    with TestClient(create_app(fresh)) as client:
        for path in PAGES:
            assert client.get(path).status_code == 200, path
        assert client.get("/public/feed.atom").status_code == 200


def test_an_office_states_its_name_and_licence(tmp_path):
    assert settings.load(tmp_path).licence
    (tmp_path / "portal.yaml").write_text("issuer_zh: 示例市生态环境局\nlicence: 自定\n", encoding="utf-8")
    assert settings.load(tmp_path).issuer_zh == "示例市生态环境局"
    (tmp_path / "portal.yaml").write_text("colour: red\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"portal\.yaml: expected some of"):
        settings.load(tmp_path)


def test_readers_who_come_at_once_wait_for_one_answer(told, monkeypatch):
    monkeypatch.setattr(shelf, "LOOK", 60)
    made = []

    def make(viewer):
        made.append(viewer)
        return shelf.Made(b"x" * 2000)

    kept = shelf.Shelf(told)
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(b"accept-encoding", b"gzip")],
        "query_string": b"",
    }

    async def many():
        return await asyncio.gather(*(kept.answer(Request(scope), "key", make) for _ in range(3)))

    with ThreadPoolExecutor(1) as beside:  # a browser of another test may have left a loop in this thread
        answers = beside.submit(asyncio.run, many()).result()
    assert [answer.headers["content-encoding"] for answer in answers] == ["gzip"] * 3
    assert len(made) == 1
    assert not made[0].signed_in
    assert made[0].permissions == frozenset({"air.read", "ranking.read", "calc.use", "api.read", "forecast.read"})


@pytest.mark.browser
@pytest.mark.requirement("K3", part="portal: layout of desk and phone")
def test_nothing_overlaps_sticks_out_or_is_too_faint(told, visit_campaign):
    case = next(one for one in public_cases.read(told.engine, NOW, NOW.date()) if one.photos)
    page = visit_campaign("/public", login=None).page
    base = page.url.removesuffix("/public")
    for path in (*PAGES, f"/public/cases/{case.number}"):
        for language in ("zh", "en"):
            page.goto(f"{base}{path}?lang={language}")
            assert_well_laid(page, path)


@pytest.mark.browser
def test_the_air_reads_on_desk_and_phone(visit):
    page = visit("/public", login=None).page
    assert_well_laid(page)
    page.goto(page.url + "/ranking")
    assert_well_laid(page)
