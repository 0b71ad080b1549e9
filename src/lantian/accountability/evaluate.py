"""Evaluation of facts by a rule pack: who is proposed for what, by which clause, on which facts, and who is near.

Pure and exact: the same pack and facts give the same bytes on any day and machine. A proposal is a proposal; a person
decides (``store``). Of each ladder the highest step that is reached is proposed and the lower ones are named among its
facts; a post that two rules reach in the same way is proposed once, with the facts of both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from lantian.accountability import ladders, words
from lantian.accountability.facts import FIELDS, Facts, Subject
from lantian.accountability.ladders import Gap, NearMiss, Reached
from lantian.accountability.packs import Pack, Rule
from lantian.assessment import periods

__all__ = ["Fact", "Gap", "NearMiss", "Proposal", "Result", "evaluate"]


@dataclass(frozen=True)
class Fact:
    """One number behind a proposal: what it is, the published digits, the threshold it met, what proves it.

    ``passed``: the lighter steps of the same ladder, which the number met as well.
    """

    name: str
    zh: str
    en: str
    value: str
    threshold: str
    passed: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """Who should answer how, by which rule and clause, on which facts.

    ``also``: further rules that reach the same post in the same way; ``where`` is the code of the region, ``name`` its
    name. ``example``: a fact is invented.
    """

    rule: str
    also: tuple[str, ...]
    clause: str
    action: str
    post: str
    post_zh: str
    post_en: str
    where: str
    name: str
    facts: tuple[Fact, ...]
    zh: str
    en: str
    example: bool = False

    @property
    def key(self) -> str:
        """What the proposal is called within its result: region, action and post."""
        return f"{self.where}/{self.action}/{self.post}"


@dataclass(frozen=True)
class Result:
    """What an evaluation found, in the order of the pack's rules and of the regions' codes.

    ``gaps``: what could not be judged, and why. ``pack_sha256``: of the pack's file.
    """

    pack: str
    edition: str
    document: str
    pack_sha256: str
    as_of: date
    period: str
    proposals: tuple[Proposal, ...]
    near_misses: tuple[NearMiss, ...]
    gaps: tuple[Gap, ...]

    def to_json(self) -> str:
        """The result as JSON, the same bytes for the same pack and facts on any day and machine."""
        return json.dumps(self.plain(), ensure_ascii=False, sort_keys=True, indent=1) + "\n"

    def plain(self) -> dict[str, Any]:
        """The result as values that JSON can hold; numbers of facts are texts with their published digits."""
        value = asdict(self)
        value["as_of"] = self.as_of.isoformat()
        value["proposals"] = [{"key": each.key, **asdict(each)} for each in self.proposals]
        return value

    def proposal(self, key: str) -> Proposal:
        """One proposal by its key. Raises LookupError."""
        for each in self.proposals:
            if each.key == key:
                return each
        raise LookupError(f"no proposal {key!r} in this result of {self.pack} as of {self.as_of}")


def read_result(text: str) -> Result:
    """The result that ``to_json`` wrote."""
    value = json.loads(text)
    proposals = []
    for row in value["proposals"]:
        del row["key"]
        found = tuple(Fact(**{**f, "passed": tuple(f["passed"]), "links": tuple(f["links"])}) for f in row["facts"])
        proposals.append(Proposal(**{**row, "also": tuple(row["also"]), "facts": found}))
    return Result(
        **{
            **value,
            "as_of": date.fromisoformat(value["as_of"]),
            "proposals": tuple(proposals),
            "near_misses": tuple(NearMiss(**row) for row in value["near_misses"]),
            "gaps": tuple(Gap(**row) for row in value["gaps"]),
        }
    )


def evaluate(pack: Pack, facts: Facts) -> Result:
    """Apply every rule of a pack to facts.

    A rule of kind ``spread`` counts the places for which the rules that it names propose something. Facts of a period
    outside the days in force are judged all the same, and the result says so among its gaps.
    """
    facts = _ordered(facts)
    reached: list[Reached] = []
    near: list[NearMiss] = []
    gaps = list(_outside(pack, facts))
    for rule in pack.rules:
        found = _judge(rule, facts, reached)
        reached += found.reached
        near += found.near
        gaps += found.gaps
    return Result(
        pack=pack.name,
        edition=pack.edition,
        document=pack.document,
        pack_sha256=hashlib.sha256(pack.text.encode()).hexdigest(),
        as_of=facts.as_of,
        period=facts.period,
        proposals=_proposals(pack, reached),
        near_misses=tuple(near),
        gaps=tuple(gaps),
    )


def _judge(rule: Rule, facts: Facts, before: Sequence[Reached]) -> ladders.Found:
    subjects = facts.of(rule.over)
    if rule.kind == "result":
        return ladders.result(rule, subjects)
    if rule.kind == "place":
        return ladders.place(rule, subjects)
    if rule.kind == "task":
        return ladders.task(rule, subjects)
    held = {each.subject.code: each.subject for each in before if each.rule.id in rule.counts}
    return ladders.spread(rule, tuple(held.values()), _aboves(rule, facts))


def _aboves(rule: Rule, facts: Facts) -> tuple[Subject, ...]:
    """The places whose units are counted: those given, and those that are only named as a parent."""
    given = {each.code: each for each in facts.of(rule.within)}
    for each in facts.of(rule.over):
        if each.parent and each.parent not in given:
            given[each.parent] = Subject(each.parent, each.parent)
    return tuple(given[code] for code in sorted(given))


def _proposals(pack: Pack, reached: Sequence[Reached]) -> tuple[Proposal, ...]:
    """One proposal for each place, action and post; what reaches it again adds its facts."""
    found: dict[str, Proposal] = {}
    for each in reached:
        one = _proposal(pack, each)
        first = found.get(one.key)
        found[one.key] = one if first is None else _joined(first, one)
    return tuple(found.values())


def _proposal(pack: Pack, each: Reached) -> Proposal:
    step, rule = each.rule.steps[each.step], each.rule
    facts = tuple(Fact(m.name, m.zh, m.en, m.value, m.threshold, m.passed, m.links) for m in each.measures)
    return Proposal(
        rule=rule.id,
        also=(),
        clause=rule.clause,
        action=step.action,
        post=step.post.code,
        post_zh=step.post.zh,
        post_en=step.post.en,
        where=each.subject.code,
        name=each.subject.name,
        facts=facts,
        zh=words.proposal(pack, each, "zh"),
        en=words.proposal(pack, each, "en"),
        example=each.example,
    )


def _joined(first: Proposal, second: Proposal) -> Proposal:
    return replace(
        first,
        also=(*first.also, second.rule),
        clause=f"{first.clause}；{second.clause}",
        facts=(*first.facts, *second.facts),
        zh=f"{first.zh}{second.zh}",
        en=f"{first.en} {second.en}",
        example=first.example or second.example,
    )


def _ordered(facts: Facts) -> Facts:
    """The facts by code: in which order a file lists places must not show."""
    ordered = {level: tuple(sorted(facts.of(level), key=lambda s: s.code)) for level in FIELDS}
    return Facts(facts.as_of, facts.period, **ordered)


def _outside(pack: Pack, facts: Facts) -> list[Gap]:
    judged = min(facts.as_of, periods.parse(facts.period).end)
    if pack.in_force(judged):
        return []
    until = f"—{pack.end}" if pack.end else "起"
    return [
        Gap(
            "",
            "",
            f"规则包 {pack.name} 的施行期为{pack.start}{until}，所评{judged}不在其中：结果仅供推演。",
            f"Pack {pack.name} is in force from {pack.start}{f' to {pack.end}' if pack.end else ''}; {judged} lies "
            "outside: the result is an exercise.",
        )
    ]
