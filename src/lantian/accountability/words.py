"""The sentences of proposals, near misses and gaps, Chinese and English from the same facts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from lantian.accountability.facts import Subject, written
from lantian.accountability.packs import ACTIONS, Pack, Rule, Step

if TYPE_CHECKING:
    from lantian.accountability.ladders import Reached

MEASURES: Final = {
    "unfinished": ("未完成整改问题", "problems not rectified"),
    "new": ("新发现问题", "problems newly found"),
}
"""What counts of problems are called."""
PLACE: Final = ("名次", "place in the ranking")
COMPLETION: Final = ("改善目标完成率", "completion of the target")
CHANGE: Final = ("浓度同比", "change of the concentration")
VALUE: Final = ("数值与所在县（区）均值", "value against the county's mean")

Near = tuple[str, str, str, str, str, str, str, str]
"""The fields of a near miss in their order."""


def threshold(step: Step) -> str:
    """The condition of a step in signs: ``≥ 2``, ``< 60 %``, ``> 0 %``, ``last 3``."""
    if step.rose:
        return "> 0 %"
    if step.completion_below is not None:
        return f"< {written(step.completion_below)} %"
    return f"≥ {step.at_least}" if step.at_least is not None else f"last {step.last}"


def said(condition: str, language: str) -> str:
    """A condition in a language: ``last 3`` is 后 3 位."""
    if language == "zh" and condition.startswith("last "):
        return f"后 {condition.removeprefix('last ')} 位"
    return condition


def change(subject: Subject) -> str:
    """The change in percent with its sign; concentrations where no change is published."""
    number = subject.change
    return "" if number is None else f"{number:+f} %"


def spread(rule: Rule, names: Sequence[str]) -> tuple[str, str]:
    """What a count of held places is called, with their names."""
    units = {"counties": ("县（市、区）", "counties"), "townships": ("乡镇（街道）", "townships")}
    zh, en = units.get(rule.over, ("单位", "units"))
    zh_names, en_names = "、".join(names), ", ".join(names)
    return (
        f"被提请处理的{zh}" + (f"（{zh_names}）" if names else ""),
        f"{en} proposed for" + (f" ({en_names})" if names else ""),
    )


def proposal(pack: Pack, found: Reached, language: str) -> str:
    """One proposal as a sentence with its numbers, the steps below, rule and document."""
    step, rule = found.rule.steps[found.step], found.rule
    zh = language == "zh"
    parts = []
    for measure in found.measures:
        text = f"{measure.zh} {measure.value}" if zh else f"{measure.en} {measure.value}"
        if measure.threshold:
            met = [said(each, language) for each in (*measure.passed, measure.threshold)]
            text += f"（{'、'.join(met)}）" if zh else f" ({', '.join(met)})"
        parts.append(text)
    action = ACTIONS[step.action]
    where = found.subject.name
    if zh:
        return f"{where}：{'，'.join(parts)}，建议{action[0]}{step.post.zh}（{rule.zh}，{pack.document}）。"
    return f"{where}: {', '.join(parts)}; proposed {action[1]}: {step.post.en} ({rule.en}, {pack.document})."


def near_count(rule: Rule, subject: Subject, number: int, step: int, way: str, distance: int) -> Near:
    """So many problems or units more reach a step, or fewer leave it."""
    post = rule.steps[step]
    if rule.kind == "task":
        zh_unit, en_unit = MEASURES[rule.measure]
    else:
        zh_unit, en_unit = "被提请处理的单位", "units proposed for"
    if way == "reach":
        zh = f"{subject.name}{zh_unit} {number} 个，再多 {distance} 个即达到{_zh(post)}一档。"
        en = f"{subject.name}: {en_unit} {number}; {distance} more reaches the {_en(post)}."
    else:
        zh = f"{subject.name}{zh_unit} {number} 个，少 {distance} 个即不到{_zh(post)}一档。"
        en = f"{subject.name}: {en_unit} {number}; {distance} fewer would not reach the {_en(post)}."
    return rule.id, subject.code, subject.name, way, post.post.code, str(distance), zh, en


def near_result(rule: Rule, subject: Subject, step: int, way: str, distance: Decimal) -> Near:
    """Points of completion between a place among the last and a step."""
    post = rule.steps[step]
    percent = f"{subject.completion} %"
    if way == "reach":
        zh = f"{subject.name}完成率 {percent}，在后 {rule.last} 位，再低 {distance} 个百分点即达到{_zh(post)}一档。"
        en = (
            f"{subject.name}: completion {percent}, among the last {rule.last}; {distance} points less reaches the "
            f"{_en(post)}."
        )
    else:
        zh = f"{subject.name}完成率 {percent}，再高 {distance} 个百分点即不到{_zh(post)}一档。"
        en = f"{subject.name}: completion {percent}; {distance} points more would not reach the {_en(post)}."
    return rule.id, subject.code, subject.name, way, post.post.code, str(distance), zh, en


def near_last(rule: Rule, subject: Subject, step: int, distance: Decimal) -> Near:
    """A completion low enough for a step, of a place just above the last ones."""
    post, last = rule.steps[step], rule.last
    return (
        rule.id,
        subject.code,
        subject.name,
        "reach",
        post.post.code,
        str(distance),
        f"{subject.name}完成率 {subject.completion} %，再低 {distance} 个百分点即进入后 {last} 位，"
        f"达到{_zh(post)}一档。",
        f"{subject.name}: completion {subject.completion} %; {distance} points less puts it among the last {last} and "
        f"reaches the {_en(post)}.",
    )


def near_place(rule: Rule, subject: Subject, step: int, places: int) -> Near:
    """So many places further back reach a step."""
    post = rule.steps[step]
    return (
        rule.id,
        subject.code,
        subject.name,
        "reach",
        post.post.code,
        str(places),
        f"{subject.name}再退 {places} 位即达到{_zh(post)}一档。",
        f"{subject.name}: {places} place{'s' if places > 1 else ''} further back reaches the {_en(post)}.",
    )


def near_mean(rule: Rule, subject: Subject, step: int, distance: Decimal) -> Near:
    """Among the last, and only not worse than the mean."""
    post = rule.steps[step]
    return (
        rule.id,
        subject.code,
        subject.name,
        "reach",
        post.post.code,
        written(distance),
        f"{subject.name}名次已在{_zh(post)}一档，只因不差于均值（相差 {written(distance)}）未提请。",
        f"{subject.name}: its place is at the {_en(post)}; only the mean spares it, by {written(distance)}.",
    )


def no_completion(subject: Subject) -> tuple[str, str]:
    """Why a completion is missing."""
    zh, en = [], []
    if subject.target_percent is None:
        zh.append("没有改善目标")
        en.append("no target of improvement is given")
    if subject.change is None:
        zh.append("没有浓度变化")
        en.append("no change of the concentration is known")
    return (
        f"{subject.name}：{'、'.join(zh)}，不计算完成率，不参加排名。",
        f"{subject.name}: {' and '.join(en)}; not ranked.",
    )


def no_rank(subject: Subject) -> tuple[str, str]:
    """A place without a published rank beside places that have one."""
    return (
        f"{subject.name}：其他单位用发布的名次，此处没有名次，未参加排名。",
        f"{subject.name}: others come with published ranks, this one with none; not ranked.",
    )


def no_count(subject: Subject, measure: str) -> tuple[str, str]:
    """A missing count of problems."""
    zh, en = MEASURES[measure]
    return f"{subject.name}：没有{zh}数，未评。", f"{subject.name}: the number of {en} is missing; not judged."


def no_value(subject: Subject) -> tuple[str, str]:
    """A missing value, or mean, of a ranked place."""
    if subject.value is None:
        return f"{subject.name}：没有数值，未参加排名。", f"{subject.name}: no value; not ranked."
    return (
        f"{subject.name}：没有所在县（区）均值，只排名，不提请。",
        f"{subject.name}: the county's mean is missing; ranked, nothing proposed.",
    )


def no_parent(subject: Subject) -> tuple[str, str]:
    """A place proposed for that belongs nowhere."""
    return (
        f"{subject.name}：没有写明上级单位，未计入。",
        f"{subject.name}: it is not said where it belongs; not counted.",
    )


def too_few(rule: Rule, ranked: int) -> tuple[str, str]:
    """Fewer places than a ranking needs."""
    return (
        f"{rule.zh}：只有 {ranked} 个单位参加排名，不足 {rule.ranked_at_least} 个，不评后几位。",
        f"{rule.en}: {ranked} ranked, fewer than {rule.ranked_at_least}; the last places are not judged.",
    )


def _zh(step: Step) -> str:
    return f"{ACTIONS[step.action][0]}{step.post.zh}"


def _en(step: Step) -> str:
    action = "" if step.action == "accountable" else f" ({ACTIONS[step.action][1]})"
    return f"step of the {step.post.en}{action}"
