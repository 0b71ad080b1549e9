"""Bulletins from the loaded example: the figures are those of the ranking, the verification those of its page."""

from datetime import date, timedelta
from typing import Any

import pytest

from lantian.assessment.periods import parse
from lantian.assessment.service import Assessment
from lantian.disclosure import bulletin
from lantian.disclosure.bulletin import NothingKnownError
from lantian.disclosure.documents import render
from lantian.disclosure.verification_bulletin import verification
from lantian.forecast.service import Forecasts
from lantian.kernel.bootstrap import Platform
from tests.forecast import made

from . import test_forecast

town = test_forecast.town


@pytest.fixture(scope="module")
def december(beijing: Platform) -> Any:
    return bulletin.monthly(beijing, "2016-12")


@pytest.mark.requirement("A7", part="monthly ranking of 28 cities: first and last ten, last three, improvement")
def test_the_bulletin_prints_the_ranking(beijing: Platform, december: Any) -> None:
    judge = Assessment(beijing)
    ranked = judge.rank(judge.places.group("2+26").members, parse("2016-12")).to_dicts()
    assert len(december.rows) == 28
    for row, printed in zip(ranked, december.rows, strict=True):
        assert (printed.rank, printed.index) == (str(row["rank_composite_index"]), f"{row['composite_index']:.2f}")
        assert printed.pm25 == f"{row['pm25']:.0f}"
    seventh = [row.place for row in december.rows if row.rank == "7"]
    assert seventh == ["天津市", "焦作市"]  # a tie; nobody is eighth
    assert not any(row.rank == "8" for row in december.rows)
    assert [one.place for one in december.last] == ["石家庄市", "邯郸市", "太原市"]
    assert (len(december.best), len(december.worst)) == (10, 10)
    assert december.worst[0] == december.last[0]
    best = min(ranked, key=lambda row: row["change_composite_index"])
    assert december.improved[0].figure == f"{best['change_composite_index']:+.1f}%".replace("-", "−")
    assert december.declined[0].place == "太原市"
    assert [bar.value for bar in december.chart_index] == [row["composite_index"] for row in ranked]
    year = judge.rank(judge.places.group("2+26").members, parse("2016-01-01..2016-12-31"), by="pm25").to_dicts()
    assert {row.place: row.year for row in december.fine}["北京市"] == next(
        f"{row['pm25']:.0f}" for row in year if row["place"] == "110000"
    )


@pytest.mark.requirement("A7", part="a running month, its edition, dust, coverage and caveats are said")
def test_the_bulletin_says_on_what_it_rests(beijing: Platform, december: Any) -> None:
    basis = "".join(december.basis)
    assert december.state.startswith("2016年12月尚未结束")
    assert "2014年标准限值、六项等权" in basis
    assert "未剔除沙尘影响" in basis
    assert "上年同期为2015年12月1日至2015年12月15日" in basis
    assert "有效天数最少为15天（时段共15天）；有效天数不足、仅供参考的：全部" in basis
    assert any("臭氧" in caveat for caveat in december.caveats)
    whole = bulletin.monthly(beijing, "2016-11", deducted=True)
    assert (whole.state, whole.period) == ("", "2016年11月")
    assert "已剔除认定的沙尘天" in "".join(whole.basis)


@pytest.mark.requirement("A7", part="interview list of development zones")
def test_zones_above_the_counties_mean_are_interviewed(beijing: Platform, december: Any) -> None:
    assert [zone.rank for zone in december.interview] == ["4", "3", "2"]
    assert all("比县（市、区）平均高" in zone.figure for zone in december.interview)
    assert "（本办口径）" in december.basis[-1]


def test_a_month_of_which_nothing_is_known_is_refused(beijing: Platform) -> None:
    with pytest.raises(NothingKnownError, match="2012-01"):
        bulletin.monthly(beijing, "2012-01")


@pytest.mark.requirement("F7")
def test_the_verification_bulletin_says_what_its_page_says(town: Platform) -> None:
    with pytest.raises(NothingKnownError, match="no day of it is over"):
        verification(town, "2016-12-17..2016-12-31")
    town.clock.jump(made.ISSUE + timedelta(days=4))
    values = verification(town, "2016-12", place="北京", mode="history")
    assert (values.place, values.period) == ("北京市", "2016年12月1日至2016年12月19日（时段未结束）")
    assert values.sample.startswith("2次起报，4个有实况的日子")
    observed = Assessment(town).air.daily(["110000"], date(2016, 12, 1), date(2016, 12, 19))
    scores = Forecasts(town).scores("history", observed, ["110000"], date(2016, 12, 1), date(2016, 12, 19)).table
    ours = next(row for row in scores.to_dicts() if (row["source"], row["lead"], row["item"]) == ("lantian", 1, "aqi"))
    printed = next(row for row in values.index if row.ours and row.lead == "1天")
    assert printed.cells[values.index_columns.index("级别准确率")] == f"{100 * ours['level']:.0f}%"
    assert printed.cells[0] == str(ours["n"])
    assert [row.source for row in values.index if row.lead == "1天"][-1] == "持续性"
    assert values.chart[0].mark == 100 * ours["level_persistence"]
    assert any("HJ 1130" in one.source for one in values.definitions)
    for form, start in (("pdf", b"%PDF-"), ("docx", b"PK")):
        assert render("verification_bulletin", values, form).startswith(start)
    with pytest.raises(ValueError, match="mode 'best': expected one of"):
        verification(town, "2016-12", mode="best")
    with pytest.raises(LookupError, match="没有的地方"):
        verification(town, "2016-12", place="没有的地方")


def test_who_lacks_days_is_marked_and_january_is_told_once(beijing: Platform) -> None:
    first = bulletin.monthly(beijing, "2013-12")
    jiaozuo = next(row for row in first.rows if row.place.startswith("焦作市"))
    assert jiaozuo.place == "焦作市＊"
    assert any("仅供参考（标＊）的：" in one and "焦作市" in one for one in first.basis)
    assert any("未参加排名的4个" in one for one in first.basis)
    january = bulletin.monthly(beijing, "2014-01")
    assert not any("年初至今" in one for one in january.summary)
    assert all(row.change == "—" for row in january.rows)
    assert january.chart_change == ()
    winter = bulletin.monthly(beijing, "2016AW")
    assert winter.fine[0].year != "—"
    day = bulletin.monthly(beijing, "2016-12-15")
    assert day.period == "2016年12月15日"
