"""Questions: held until an editor publishes them, people covered, found by words, grouped by what they are about."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.disclosure import words
from lantian.disclosure.questions import example, hot
from lantian.disclosure.questions.service import LONGEST, QuestionError, Questions
from lantian.kernel import audit
from lantian.kernel.accounts import Account, Grant, NotPermitted

pytestmark = pytest.mark.requirement("P3")
NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)
EDITOR = Account(1, "editor", "editor", grants=(Grant("editor", frozenset({"publishing.edit"})),))
READER = Account(2, "reader", "reader", grants=(Grant("reader", frozenset({"publishing.read"})),))


@pytest.fixture
def desk(platform) -> Questions:
    platform.clock.set_simulated(NOW, paused=True)
    return Questions(platform)


def test_a_question_is_held_and_then_published_with_its_answer(desk, platform):
    key = desk.ask("  请问王女士（13900001234）家旁边\n的烧烤店归谁管？ ")
    (waiting,) = desk.waiting()
    assert waiting.text == "请问***女士（***）家旁边 的烧烤店归谁管？"
    assert desk.published() == []
    platform.clock.jump(NOW + timedelta(hours=3))
    with pytest.raises(NotPermitted):
        desk.publish(key, "烧烤店归谁管？", "城管。", READER)
    desk.publish(key, "烧烤店归谁管？", "城市管理部门，电话 010-12345678。", EDITOR)
    (shown,) = desk.published()
    assert (shown.shown, shown.answer) == ("烧烤店归谁管？", "城市管理部门，电话 ***。")
    assert desk.waiting() == []
    assert desk.published(as_of=NOW) == []
    assert desk.question(key, NOW).state == "waiting"
    desk.publish(key, "烧烤店归谁管？", "更好的答复", EDITOR)
    assert desk.published()[0].answer == "更好的答复"
    assert audit.verify(platform.engine) == []


def test_a_declined_question_is_off_the_portal_and_says_why(desk):
    key = desk.ask("这是广告请加我")
    with pytest.raises(QuestionError):
        desk.decline(key, " ", EDITOR)
    desk.decline(key, "广告", EDITOR)
    assert desk.question(key).reason == "广告"
    with pytest.raises(QuestionError, match="declined"):
        desk.publish(key, "这是广告请加我", "不", EDITOR)


@pytest.mark.parametrize("text", ["", "啊", "霾" * (LONGEST + 1), "   "])
def test_too_short_and_too_long_is_refused(desk, text):
    with pytest.raises(QuestionError):
        desk.ask(text)


def test_too_many_waiting_are_refused(desk, monkeypatch):
    monkeypatch.setattr("lantian.disclosure.questions.service.HELD", 1)
    desk.ask("第一个问题是什么")
    with pytest.raises(QuestionError, match="come back later"):
        desk.ask("第二个问题是什么")


def test_published_questions_are_found_by_words(desk, platform):
    assert example.install(platform, NOW, "example") == len(example.ASKED) + len(example.WAITING)
    assert example.install(platform, NOW, "example") == 0
    assert "PM2.5" in desk.published("pm2.5与PM10")[0].shown
    assert desk.published("停课")[0].shown.startswith("红色预警期间中小学停课")
    assert desk.published("哮喘的孩子")[0].shown.startswith("孩子有哮喘")
    assert desk.published("火星 & | ! ' 探测") == []
    assert len(desk.published("")) == len(example.ASKED)
    both = desk.published("渣土车 遗撒")
    assert "渣土车" in both[0].shown


@given(st.text(max_size=40))
def test_any_query_is_a_query(text):
    for every in (True, False):
        query = words.tsquery(words.asked(text), every)
        assert query.count("'") % 2 == 0
        assert "\\" not in query


def test_no_query_breaks_the_search(desk):
    for text in ("'", "\\", "a'b", "!&|():*", "《》", "pm2.5:*", "％"):
        desk.published(text)


def test_hot_topics_are_what_several_ask(desk, platform):
    example.install(platform, NOW, "example")
    topics = desk.hot()
    first = {word for topic in topics[:3] for word in topic.words}
    assert first & {"限行", "停课", "红色预警", "红色"}
    assert all(topic.count >= 2 for topic in topics)


@given(
    st.dictionaries(
        st.integers(), st.text(st.sampled_from("工地扬尘施工烧烤油烟限行停课雾霾"), max_size=12), max_size=12
    )
)
def test_a_text_stands_in_one_topic_at_most(texts):
    found = hot.topics(texts)
    keys = [key for topic in found for key in topic.keys]
    assert len(keys) == len(set(keys))
    assert set(keys) <= set(texts)
