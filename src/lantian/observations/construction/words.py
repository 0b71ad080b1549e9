"""What is said of a site's episode, in one sentence with the figures, Chinese and English. Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from lantian.observations.alerts import Alert
from lantian.observations.construction.exceedance import Episode
from lantian.observations.construction.rules import Rule
from lantian.observations.construction.site import Site

_ZONE = ZoneInfo("Asia/Shanghai")
NAMES = {"pm10": "PM10", "tsp": "TSP"}
"""Item -> name."""


def sentence(site: Site, episode: Episode, rule: Rule) -> tuple[str, str]:
    """What happened, Chinese and English."""
    begin, end = episode.begin.astimezone(_ZONE), episode.end.astimezone(_ZONE)
    item, value = NAMES[episode.item], f"{episode.value:.0f}"
    mean = {60: "小时均值", 15: "15 分钟均值", 5: "5 分钟均值"}.get(rule.minutes, f"{rule.minutes} 分钟均值")
    until = "24:00" if end.date() > begin.date() else f"{end:%H:%M}"
    when_zh = f"{begin:%m月%d日 %H:%M}—{until}"
    when_en = f"{begin:%d %B %H:%M} to {until}"
    worst = f"{episode.worst.astimezone(_ZONE):%H:%M}"
    standard = rule.code.split("_")
    number = f"{standard[0].upper()}/{standard[1]}-{standard[2]}" if len(standard) == 3 else rule.code
    if rule.against:
        counted = _capped(rule, episode.background)
        zh = (
            f"{site.name} {when_zh} {item} {mean}超出所在区县 {episode.compared:.0f} µg/m³"
            f"（限值 {episode.limit:.0f}）：{worst} 工地 {value}，区县 {episode.background or 0:.0f}{counted[0]}；"
        )
        en = (
            f"{site.name}, {when_en}: {item} {episode.compared:.0f} µg/m³ above the county's hourly mean (limit "
            f"{episode.limit:.0f}); at {worst} the site had {value}, "
            f"the county {episode.background or 0:.0f}{counted[1]}; "
        )
    else:
        zh = f"{site.name} {when_zh} {item} {mean} {value} µg/m³（{worst}），超过限值 {episode.limit:.0f}；"
        en = (
            f"{site.name}, {when_en}: {rule.minutes}-minute mean of {item} {value} µg/m³ at {worst}, limit "
            f"{episode.limit:.0f}; "
        )
    zh += f"当日第 {episode.count} 次，允许 {episode.allowed} 次（{number}）"
    en += f"{episode.count} of the day, {episode.allowed} allowed ({number})"
    return zh, en


def alert(site: Site, episode: Episode, rule: Rule) -> Alert:
    """The alert of an episode, which becomes a case of the work line construction by itself."""
    zh, en = sentence(site, episode, rule)
    return Alert(
        kind="exceedance",
        subject=site.id,
        key=f"{rule.code} {_minute(episode.begin)}",
        name=site.name,
        region=site.region,
        at=episode.begin,
        zh=zh,
        en=en,
        department="housing",
        figures={
            "item": episode.item, "value": round(episode.value, 1), "background": episode.background,
            "compared": round(episode.compared, 1), "limit": episode.limit, "count": episode.count,
            "allowed": episode.allowed, "rule": rule.code, "confidence": rule.confidence.en,
        },
        link=f"/construction/{site.id}",
        category="construction",
        lon=site.lon,
        lat=site.lat,
        example=site.example,
    )  # fmt: skip


def _capped(rule: Rule, background: float | None) -> tuple[str, str]:
    if rule.background_cap is None or background is None or background <= rule.background_cap:
        return "", ""
    return f"（按 {rule.background_cap:.0f} 计）", f" (counted as {rule.background_cap:.0f})"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(_ZONE):%Y-%m-%dT%H:%M}"
