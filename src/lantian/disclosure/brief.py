"""The daily progress brief 每日快报: air of the last day, what is coming, cases, duties of disclosure, on one paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl

from lantian.assessment.service import Assessment
from lantian.disclosure.bulletin import ISSUER
from lantian.disclosure.bulletin_basis import digits
from lantian.disclosure.documents import day_zh
from lantian.disclosure.drafts import DraftError
from lantian.disclosure.duties import Duty
from lantian.disclosure.values import BriefAir, Count, DailyBrief
from lantian.forecast.service import Forecasts
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.standards import aqi
from lantian.standards.codes import ITEMS
from lantian.supervision.ledger import Filter
from lantian.supervision.service import Supervision

AHEAD = 3
"""Days of forecast that are told."""


def make(
    platform: Platform,
    region: str,
    duties: Sequence[Duty],
    moment: datetime,
    *,
    issuer: str = ISSUER,
    asked: Sequence[str] = (),
) -> DailyBrief:
    """The brief of a region as of a moment.

    ``region``: its code, empty the first of the first group; ``duties``: as they stand; ``asked``: what the public
    asks most, a sentence each. Raises `DraftError` where no place is known.
    """
    judge = Assessment(platform)
    groups = judge.places.groups()
    code = region or next((member for group in groups for member in group.members), "")
    if not code:
        raise DraftError("没有区域数据：先载入一个城市（lantian load）")
    names = {one.code: one.name for one in judge.places.regions()}
    examples = {one.code for one in judge.places.regions() if one.example}
    last = judge.last_finished(moment)
    summary = Supervision(platform).summary(Filter(region=code), moment)
    late = [duty for duty in duties if duty.state == "overdue"]
    near = [duty for duty in duties if duty.warned]
    air = _air(judge, code, names, last, moment)
    said = (
        f"{names.get(code, code)}{last.month}月{last.day}日AQI为{air[0].aqi}（{air[0].level}）"
        if air
        else "空气质量暂无数据"
    )
    return DailyBrief(
        issuer=issuer,
        issued_on=_day(moment),
        example=platform.settings.example or code in examples or any(duty.example for duty in duties),
        day=_day(moment),
        headline=f"{said}；未结问题{summary.open}个，其中逾期{summary.overdue}个；公开职责逾期{len(late)}项，即将到期{len(near)}项。",
        air=air,
        forecast=_forecast(platform, code, moment),
        counts=(
            Count("未结问题", str(summary.open), "个"),
            Count("逾期", str(summary.overdue), "个"),
            Count("未完成整改", str(summary.unfinished), "个"),
            Count("已销号", str(summary.closed), "个"),
        ),
        duties=tuple(_told(duty, names) for duty in (*late, *near)),
        asked=tuple(asked),
    )


def _air(judge: Assessment, code: str, names: dict[str, str], day: date, moment: datetime) -> tuple[BriefAir, ...]:
    """The region and the counties in it on the last day that is over."""
    counties = [one.code for one in judge.places.regions("county", within=code)]
    daily = judge.air.daily([code, *counties], day, day, moment)
    rows = {row["place"]: row for row in daily.filter(pl.col("aqi").is_not_null()).to_dicts()}
    return tuple(
        BriefAir(
            place=names.get(place, place),
            aqi=str(row["aqi"]),
            level=aqi.LEVELS[row["level"] - 1].zh,
            primary="、".join(ITEMS[item].symbol for item in row["primary"] or ()),
            pm25="" if row["pm25"] is None else digits("pm25", row["pm25"]),
        )
        for place, row in ((place, rows[place]) for place in (code, *counties) if place in rows)
    )


def _forecast(platform: Platform, code: str, moment: datetime) -> str:
    """The published forecast of the next days in words; empty where none was issued in the last two days."""
    forecasts = Forecasts(platform)
    run = forecasts.latest(moment)
    if run is None or moment - run.issue > timedelta(days=2):
        return ""
    text = forecasts.standing(run, code, moment).published
    if text is not None:
        return text.text
    today = _day(moment)
    days = forecasts.published(run, [code], moment).filter(
        pl.col("date").is_between(today + timedelta(days=1), today + timedelta(days=AHEAD))
    )
    parts = []
    for row in days.to_dicts():
        primary = "、".join(ITEMS[item].symbol for item in row["primary"] or ())
        parts.append(
            f"{row['date'].month}月{row['date'].day}日AQI {row['aqi_low']}至{row['aqi_high']}"
            + (f"，首要污染物{primary}" if primary else "")
        )
    return "；".join(parts) + "。" if parts else ""


def _told(duty: Duty, names: dict[str, str]) -> str:
    where = names.get(duty.region, duty.region)
    state = f"逾期{duty.days}天" if duty.state == "overdue" else "今日到期" if not duty.days else f"还有{duty.days}天"
    return f"{where}：{duty.zh}应于{day_zh(duty.due.date)}前完成，{state}。"


def _day(moment: datetime) -> date:
    return moment.astimezone(TIMEZONE).date()
