"""Messages in both languages: what is said, raised, stored and found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.kernel.said import Phrase, Said, SaidError, chinese, in_language, joined

TWICE = Phrase("{item} ({unit}) stands twice: {item}. Why?", "{item} 重复（{unit}）")


def test_a_text_is_its_english_and_carries_its_chinese():
    one = Said("no such place", "没有这个地方")
    assert (one, one.en, one.zh) == ("no such place", "no such place", "没有这个地方")
    assert [in_language(one, language) for language in ("zh", "en")] == ["没有这个地方", "no such place"]
    assert in_language("plain", "zh") == Said("plain").zh == "plain"
    both = joined([one, "and more"], zh="；", en="\n")
    assert (both, both.zh) == ("no such place\nand more", "没有这个地方；and more")


def test_an_error_speaks_english_by_itself_and_both_to_a_page():
    error = SaidError("line 3: twice", "第 3 行：重复")
    assert (str(error), in_language(error, "zh"), in_language(error, "en")) == (
        "line 3: twice",
        "第 3 行：重复",
        str(error),
    )
    assert SaidError("only so").zh == "only so"
    assert in_language(ValueError("other"), "zh") == "other"


@given(st.text(max_size=20), st.text(max_size=20))
def test_the_chinese_of_a_phrase_is_found_again_whatever_fills_it(item, unit):
    told = TWICE.say(item=item, unit=unit)
    assert TWICE.chinese(told) is not None
    if not {"(", ")", ":", "."} & set(item + unit):
        assert TWICE.chinese(told) == f"{item} 重复（{unit}）"


def test_a_text_of_no_phrase_has_no_chinese():
    assert chinese("something else", [TWICE]) is None
    assert chinese(TWICE.say(item="a", unit="b"), [Phrase("x", "甲"), TWICE]) == "a 重复（b）"
    assert TWICE.chinese("a (b) stands twice: c. Why?") is None


def test_the_chinese_has_no_slot_of_its_own():
    with pytest.raises(ValueError, match="slot m is not in"):
        Phrase("{n} hours", "{m} 小时")
