"""Complaints: read in full or not at all, people kept apart, grouped with reasons, opened and answered in time."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given as each
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import select, text

from lantian.kernel.accounts import NotPermitted
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.supervision.complaints import complaint, files, story
from lantian.supervision.complaints.complaint import ComplaintError, Given
from lantian.supervision.complaints.service import Complaints
from lantian.supervision.complaints.store import complainants
from lantian.supervision.complaints.tables import complaint as table
from lantian.supervision.complaints.where import Names
from lantian.supervision.events import BEIJING
from lantian.supervision.findings import Finding
from lantian.supervision.listing import ListError

pytestmark = pytest.mark.requirement("V6")

REGIONS = {
    "110000": "北京市", "110105": "朝阳区", "110108": "海淀区", "130100": "石家庄市", "130104": "桥西区",
    "130500": "邢台市", "130503": "桥西区", "130200": "唐山市",
}  # fmt: skip
HEAD = "受理编号,受理时间,举报内容,被举报单位,地址,区县,经度,纬度,举报人,联系电话\n"
ROWS = (
    "A1,2016-11-28 08:30,工地裸土不盖，扬尘大，联系人冯二，电话13900001234,"
    "示例永兴工地,示例建设路1号,朝阳区,116.5,39.9,冯二,13900001234\n"
    "A2,2016/11/29 21:00,半夜施工土方没盖,示例永兴工地,,朝阳区,116.5005,39.9002,,\n"
    "A3,2016-11-30 10:00,烧烤油烟冲进窗户,示例小店,海淀区示例路9号,,,,陈三,010-66668888\n"
)

WRONG = (
    "A1,昨天,内容,,,朝阳区,,,,\nA2,2016-12-01,,,,朝阳区,,,,\nA3,2016-12-01,没有地点,,,,,,,\n"
    "A4,2016-12-01,好,,,朝阳区,,,,\nA4,2016-12-01,好,,,朝阳区,116,,,\n"
)


@pytest.fixture
def complaints(desk, platform) -> Complaints:
    PlaceStore(platform.engine).put_regions([Region(code, name) for code, name in REGIONS.items()], "test")
    return Complaints(platform)


@pytest.fixture
def taken(complaints, tmp_path) -> Complaints:
    path = tmp_path / "12369.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")
    assert complaints.take_in(files.read(path, complaints.where), "office") == 3
    return complaints


def test_the_three_kinds_of_files_say_the_same(complaints, tmp_path):
    lines = [line.split(",") for line in (HEAD + ROWS).splitlines()]
    (tmp_path / "a.csv").write_bytes((HEAD + ROWS).encode("gb18030"))
    book = Workbook()
    for line in lines:
        book.active.append(line)
    book.save(tmp_path / "a.xlsx")
    objects = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    (tmp_path / "a.json").write_text(json.dumps(objects, ensure_ascii=False), encoding="utf-8")
    found = [files.read(tmp_path / f"a.{kind}", complaints.where) for kind in ("csv", "xlsx", "json")]
    assert found[0] == found[1] == found[2]
    assert [one.region for one in found[0]] == ["110105", "110105", "110108"]  # the last one by its address
    assert found[0][0].received_at == datetime(2016, 11, 28, 0, 30, tzinfo=UTC)


def test_a_wrong_file_brings_nothing_and_every_fault_is_named(complaints, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(HEAD + WRONG, "utf-8")
    with pytest.raises(ListError) as said:
        files.read(path, complaints.where)
    for part in ("line 2: received: '昨天'", "line 3: text", "line 4: region", "line 6: lon, lat"):
        assert part in str(said.value)
    for part in (
        "第 2 行：受理时间“昨天”：应为北京时间，如 2016-12-16 08:30",
        "第 3 行：举报内容“”：应为 1 至 4000 字",
        "第 4 行：区域“”：应为区域的编码或名称，或在地址、内容里写明",
        "第 6 行：经度、纬度应同时填写或都不填",
    ):
        assert f"bad.csv {part}" in said.value.zh


def test_who_complained_is_kept_apart(taken, people, platform):
    first = next(one for one in taken.listed(people["office"]) if one.id == "A1")
    assert "冯二" not in first.text
    assert "1390000" not in first.text
    contact = taken.contact("A1", people["office"])
    assert (contact.name, contact.phone) == ("冯二", "13900001234")
    assert "冯二" in contact.original
    with pytest.raises(NotPermitted):
        taken.contact("A1", people["inspector"])
    with pytest.raises(NotPermitted):
        taken.contact("A1", people["elsewhere"])  # may assign, but in another city
    with platform.engine.connect() as connection:
        trail = " ".join(map(str, connection.execute(text("select before, after from audit")).all()))
    assert "冯二" not in trail
    assert "13900001234" not in trail


def test_what_came_once_stays_as_it_is(taken, tmp_path):
    path = tmp_path / "again.csv"
    path.write_text(HEAD + ROWS + "A9,2016-12-01 08:00,渣土车遗撒,,,海淀区,,,,\n", encoding="utf-8")
    assert taken.take_in(files.read(path, taken.where), "office") == 1


def test_a_complaint_of_tomorrow_is_refused(taken):
    with pytest.raises(ComplaintError, match="expected a time up to"):
        taken.take_in([Given("Z", datetime(2016, 12, 9, tzinfo=UTC), "工地", "110105")], "office")


def test_one_problem_is_one_group_with_its_reason(taken, people):
    groups = taken.groups(people["office"])
    assert [[one.id for one in group.complaints] for group in groups] == [["A1", "A2"], ["A3"]]
    assert "名称相似 100 %" in groups[0].zh[0]
    assert "相距" in groups[0].zh[0]
    assert groups[0].en[0].startswith("with A1: names alike")
    assert taken.groups(people["elsewhere"]) == []


def test_a_group_becomes_one_case_and_another_joins_it(taken, people, desk, platform):
    number = taken.open(["A2", "A1"], people["office"])
    case = desk.case(number).case
    assert (case.finding["source"], case.finding["reference"], case.finding["category"]) == (
        "complaint",
        "A1",
        "construction",
    )
    assert "冯二" not in str(dict(case.finding))
    with pytest.raises(ComplaintError, match="belongs to case"):
        taken.open(["A1"], people["office"])
    taken.link(["A3"], number, people["office"])
    assert desk.case(number).events[-1].reason == "关联举报 A3"
    assert {one.case_number for one in taken.listed(people["office"])} == {number}
    with platform.engine.connect() as connection:
        assert complainants(connection, [number]) == {number: {"冯二", "13900001234", "陈三", "010-66668888"}}
    with pytest.raises(NotPermitted):
        taken.open(["A3"], people["patrol"])


def test_of_another_moment_only_what_was_known(taken, people, platform):
    before = platform.clock.now()
    platform.clock.jump(before + timedelta(hours=2))
    taken.open(["A1"], people["office"])
    taken.answer("A1", "已责令覆盖", people["office"])
    then = {one.id: one for one in taken.listed(people["office"], before)}
    assert then["A1"].case_number is None
    assert then["A1"].answer is None
    assert taken.listed(people["office"], before - timedelta(minutes=1)) == []


def test_an_answer_has_its_day_in_working_days(taken, people, platform):
    one = {each.id: each for each in taken.listed(people["office"])}["A1"]
    assert one.due == date(2016, 12, 19)  # fifteen working days after Monday 28 November
    assert not one.late(date(2016, 12, 19))
    assert one.late(date(2016, 12, 20))
    taken.answer("A1", "已责令覆盖", people["office"])
    with pytest.raises(ComplaintError, match="already"):
        taken.answer("A1", "再答", people["office"])
    platform.clock.jump(datetime(2016, 12, 25, tzinfo=UTC))
    counts = taken.counts(people["office"]).to_dicts()
    assert counts[0] == {
        "region": "110105", "category": "construction", "month": "2016-11", "complaints": 2, "answered": 1, "late": 1,
        "cases": 0,
    }  # fmt: skip
    assert sum(row["complaints"] for row in counts) == 3


def test_an_office_sets_its_own_term(tmp_path, platform, complaints):
    own = complaint.SHIPPED.read_text("utf-8").replace("days: 15", "days: 3")
    (platform.home / "complaints.yaml").write_text(own, encoding="utf-8")
    assert Complaints(platform).settings.due(date(2016, 12, 1)).date == date(2016, 12, 6)
    for wrong, said in (("days: 0", "answer.days"), ("unit: weeks", "answer.unit")):
        path = tmp_path / f"{said}.yaml"
        path.write_text(
            own.replace("days: 3", wrong) if "days" in wrong else own.replace("unit: working_days", wrong), "utf-8"
        )
        with pytest.raises(ComplaintError, match=said):
            complaint.load(path)


@pytest.mark.parametrize(
    ("words", "home", "region"),
    [
        ("朝阳区望京工地扬尘", "", "110105"),
        ("北京市海淀的烧烤", "", "110108"),
        ("石家庄桥西区烧煤", "", "130104"),
        ("邢台市桥西区烧煤", "", "130503"),
        ("桥西区烧煤", "", None),
        ("桥西区烧煤", "130500", "130503"),
        ("唐山空气差", "", "130200"),
        ("海淀路上的小店", "", None),
        ("哪里都是烟", "", None),
    ],
)
def test_the_place_is_found_in_words(words, home, region):
    assert Names(REGIONS).region(words, home) == region


@each(st.text(max_size=60))
def test_any_text_may_be_searched_for_places_and_work_lines(words):
    Names(REGIONS).find(words)
    complaint.load().category(words)


@pytest.mark.parametrize(
    ("words", "line"),
    [("渣土车一路遗撒", "muck"), ("小作坊喷漆", "scattered"), ("烧秸秆，浓烟", "burning"), ("天空很脏", "industry")],
)
def test_the_work_line_is_told_by_words(words, line):
    assert complaint.load().category(words) == line


def test_the_example_is_the_same_each_time_and_ends_at_its_moment(platform):
    until = datetime(2016, 12, 16, 12, tzinfo=UTC)
    counties = {"110105": ("朝阳区", 116.5, 39.9), "110108": ("海淀区", 116.3, 39.95)}
    case = {
        "number": "2016-000007", "subject": "示例工地", "address": "示例路1号", "region": "110105", "lon": 116.5,
        "lat": 39.9, "category": "construction", "opened_at": until - timedelta(days=9),
    }  # fmt: skip
    told = story.tell(counties, [case], until, free=30)
    assert told == story.tell(counties, [case], until, free=30)
    assert len({one.given.id for one in told}) == len(told) > 40
    assert all(one.given.received_at < until for one in told)
    assert all("示例" in one.given.name and one.given.example for one in told)
    assert any(one.number == "2016-000007" for one in told)
    assert all(one.answered_at <= until for one in told if one.answer)
    assert max(one.given.received_at for one in told).astimezone(BEIJING).date() <= date(2016, 12, 16)


def test_the_finding_takes_what_complaints_say():
    for one in story.tell({"110105": ("朝阳区", 116.5, 39.9)}, [], datetime(2016, 12, 16, tzinfo=UTC), free=5):
        Finding(one.given.text[:100], complaint.load().category(one.given.text), "complaint", one.given.region)


def test_a_table_row_holds_no_contact(taken, platform):
    with platform.engine.connect() as connection:
        rows = str(connection.execute(select(table)).all())
    assert "冯二" not in rows
    assert "66668888" not in rows
