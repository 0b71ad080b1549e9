"""Public opinion: topics by words, new words, alarms that say why, stock answers, letters measured; loaded twice."""

import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks import opinion as bench
from lantian.disclosure import example
from lantian.disclosure.opinion import files, letters, topics, trend
from lantian.disclosure.opinion.files import Sent
from lantian.disclosure.opinion.service import Opinion, OpinionError
from lantian.disclosure.opinion.topics import TopicError
from lantian.disclosure.questions.tables import question
from lantian.kernel.jobs import Progress
from lantian.places.regions import Region
from lantian.places.store import Group, PlaceStore
from lantian.supervision.complaints.tables import complaint
from lantian.supervision.listing import ListError

NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)
DAY = date(2016, 12, 16)


@pytest.fixture
def desk(platform) -> Opinion:
    platform.clock.set_simulated(NOW, paused=True)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市"), Region("110105", "朝阳区")], "test")
    return Opinion(platform)


def sent(key: str, text: str, back: float = 0.0, place: str = "") -> Sent:
    return Sent(key, NOW - timedelta(days=back, hours=1), text, "信箱", place)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("工地扬尘太大，渣土车遗撒", ("dust",)),
        ("单双号限行，孩子停课怎么办", ("traffic", "school")),
        ("PM2.5 爆表", ("haze",)),
        ("今天天气不错", ()),
        ("打12369没人管", ("supervision",)),
        ("", ()),
    ],
)
def test_topics_are_told_by_words(text, found):
    assert set(topics.load().of(text)) == set(found)


@given(st.text(max_size=80))
def test_any_text_has_topics_or_none(text):
    assert set(topics.load().of(text)) <= set(topics.load().all)


def test_an_office_sets_its_own_families(tmp_path):
    path = tmp_path / "topics.yaml"
    path.write_text("- {code: a, zh: 甲, en: A, words: [雾霾], not: [玩笑]}\n", encoding="utf-8")
    assert topics.load(path).of("雾霾来了") == ("a",)
    assert topics.load(path).of("雾霾是个玩笑") == ()
    for wrong, said in (
        ("- {code: a, zh: 甲, en: A, words: []}", "words"),
        ("- {code: a, zh: 甲, words: [雾霾]}", "en"),
        ("- {code: a, zh: 甲, en: A, words: [霾], colour: red}", "colour"),
        ("{}", "list of topics"),
    ):
        other = tmp_path / f"{said}.yaml"
        other.write_text(wrong, encoding="utf-8")
        with pytest.raises(TopicError, match=said):
            topics.load(other)


@given(st.integers(0, 60), st.floats(0.05, 40))
def test_the_tail_is_poissons(count, mean):
    assert trend.tail(count, mean) == pytest.approx(stats.poisson.sf(count - 1, mean), rel=1e-6, abs=1e-12)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_the_likelihood_is_dunnings(a, more, b, rest):
    n, m = a + more, b + rest
    ours = trend.likelihood(a, n, b, m)
    if a + b == 0:
        assert ours == 0
        return
    table = [[a, n - a], [b, m - b]]
    assert ours == pytest.approx(stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")[0], abs=1e-9)


def test_an_alarm_needs_a_rise_against_the_same_weekday():
    usual = {DAY - timedelta(weeks=back): 3 for back in range(1, 9)} | {DAY - timedelta(days=1): 40}
    first = DAY - timedelta(days=70)
    assert trend.judge("x", {**usual, DAY: 4}, DAY, first) is None  # the busy day before is another weekday
    alarm = trend.judge("x", {**usual, DAY: 15}, DAY, first)
    assert alarm is not None
    assert (alarm.mean, alarm.median, alarm.weeks) == (3.0, 3.0, 8)
    assert "平均 3.0 条" in alarm.text("zh")
    assert "Poisson" in alarm.text("en")
    assert trend.judge("x", {**usual, DAY: 15}, DAY, DAY - timedelta(days=20)) is None  # too little is known
    assert trend.judge("x", {DAY: 4}, DAY, first) is None  # four are no rise, even from nothing


def test_a_single_wild_week_before_hides_no_rise():
    counts = {DAY - timedelta(weeks=back): 2 for back in range(1, 9)} | {DAY - timedelta(weeks=3): 9, DAY: 14}
    assert trend.judge("x", counts, DAY, DAY - timedelta(days=70)) is not None


def test_new_words_are_told_and_old_ones_not():
    before = [("雾霾", "口罩")] * 50
    now = [("雾霾", "口罩")] * 10 + [("复工", "雾霾")] * 6
    assert [one.word for one in trend.rising(now, before)] == ["复工"]
    assert trend.rising(now, before, known={"复工"}) == []


def test_messages_are_kept_covered_with_topic_and_place(desk, platform):
    texts = [sent("1", "朝阳区工地扬尘，我是李先生，电话13900001234"), sent("2", "限行几点开始", place="北京市")]
    assert desk.take_in(texts, "editor") == 2
    assert desk.take_in(texts, "editor") == 0
    one, two = sorted(desk.look().messages, key=lambda each: each.id)
    assert (one.region, one.topics) == ("110105", ("dust",))
    assert "李先" not in one.text
    assert "139" not in one.text
    assert two.region == "110000"
    assert desk.look(NOW - timedelta(hours=2)).messages == ()
    with pytest.raises(OpinionError, match="expected a time up to"):
        desk.take_in([sent("3", "明天", back=-2)], "editor")


def test_the_desk_tells_alarm_words_and_groups(desk):
    usual = [sent(f"u{week}-{k}", "孩子停课", 7 * week) for week in range(1, 9) for k in range(2)]
    today = [sent(f"t{k}", "朝阳区停课了，复课通知在哪里") for k in range(12)]
    desk.take_in(usual + today, "editor", as_received=True)
    look = desk.look()
    assert [(one.topic, one.count) for one in look.alarms] == [("school", 12)]
    assert "复课" in {one.word for one in look.rising}
    assert (look.bunches[0].region, len(look.bunches[0].messages)) == ("110105", 12)
    assert look.total("school") == 14


def test_stock_answers_are_found_and_retired(desk):
    key = desk.put_stock("traffic", "单双号限行", "红色预警期间单双号行驶。", "editor")
    desk.put_stock("school", "停课安排", "停课不停学。", "editor")
    assert [one.id for one in desk.stock(asked="限行到几点")] == [key]
    assert [one.topic for one in desk.stock(topic="school")] == ["school"]
    desk.retire_stock(key, "editor")
    assert desk.stock(asked="限行") == []
    with pytest.raises(LookupError):
        desk.retire_stock(key, "editor")
    with pytest.raises(OpinionError, match="topic"):
        desk.put_stock("nothing", "a", "b", "editor")


def test_lists_of_messages_are_read_whole_or_not(tmp_path):
    path = tmp_path / "a.json"
    rows = [{"编号": "1", "时间": "2016-12-16 08:00", "内容": "雾霾", "渠道": "微博"}]
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    assert files.read(path) == [Sent("微博:1", datetime(2016, 12, 16, 0, tzinfo=UTC), "雾霾", "微博")]
    bad = tmp_path / "b.csv"
    bad.write_text("编号,时间,内容\n1,昨天,雾霾\n2,2016-12-16,\n", encoding="utf-8")
    with pytest.raises(ListError, match="received: '昨天'") as said:
        files.read(bad)
    assert "line 3: text" in str(said.value)


def test_letters_are_the_same_each_time_with_their_truth():
    regions = {"110105": "朝阳区"}
    one = letters.write(regions, DAY, 20, seed=3)
    assert one == letters.write(regions, DAY, 20, seed=3)
    assert one != letters.write(regions, DAY, 20, seed=4)
    assert len({each.id for each in one}) == len(one) > 150
    assert any(not each.topics for each in one)
    assert any(len(each.topics) == 2 for each in one)
    loud = letters.write(regions, DAY, 20, seed=3, spikes=[letters.Spike("school", DAY + timedelta(days=4), 20)])
    days = Counter(each.received_at.date() for each in loud if "school" in each.topics)
    assert days.most_common(1)[0][0] == DAY + timedelta(days=4)


def test_topics_places_and_rises_are_found_in_letters():
    """Held loosely; `python -m benchmarks.opinion` prints the figures."""
    every = bench.written()
    ours = bench.found(every)
    precision, recall = letters.scored((a, b.topics) for a, b in zip(ours, every, strict=True))
    assert precision > 0.85
    assert recall > 0.7
    precision, recall = bench.placed(every)
    assert precision > 0.98
    assert recall > 0.7
    rung, meant = bench.alarms(every, ours)
    assert len(rung & meant) >= 6
    assert len(rung - meant) <= 4


@pytest.mark.parametrize(
    ("requirement", "table", "least"),
    [
        pytest.param("V6", complaint, 0, marks=pytest.mark.requirement("V6", part="example")),
        pytest.param("P3", question, 15, marks=pytest.mark.requirement("P3", part="example")),
    ],
)
def test_the_example_loads_twice_without_change(platform, requirement, table, least):
    platform.clock.set_simulated(NOW, paused=True)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市"), Region("130100", "石家庄市")], "test")
    places.put_group(Group("2+26", "2+26城市", ("110000", "130100")), "test")
    config = {"group": "2+26", "until": "2016-12-16T20:00", "seed": 2016, "name": "x", "start": "2016-05-20"}
    first = example.install(platform, config, "example", Progress())
    assert first["messages"] > 500
    assert first["questions"] > 15
    with platform.engine.connect() as connection:
        head = connection.scalar(sa.text("select seq from audit_head"))
    assert example.install(platform, config, "example", Progress()) == {"complaints": 0, "questions": 0, "messages": 0}
    with platform.engine.connect() as connection:
        assert connection.scalar(sa.text("select seq from audit_head")) == head
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) >= least
    look = Opinion(platform).look()
    assert {"school", "traffic"} & {one.topic for one in look.alarms}
    with pytest.raises(ValueError, match="until: missing"):
        example.install(platform, {"group": "2+26"}, "example", Progress())


@pytest.mark.parametrize("page", ["disclosure/portal.md", "disclosure/opinion.md", "supervision/complaints.md"])
def test_examples_of_the_pages_run_and_print_what_they_say(page, capsys):
    text = (Path(__file__).parents[2] / "docs" / page).read_text("utf-8")
    said = []
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(code, page, "exec"), {})
        said += re.findall(r"print\(.*\)  # (.+)", code)
    printed = capsys.readouterr().out.splitlines()
    assert said
    assert printed[: len(said)] == said
