"""Rule packs 问责规则包: what a regulation says about who answers for what, as data with a date and a source.

A pack is a YAML file (``docs/accountability.md`` has its fields). Each rule is a ladder: steps from the lightest to the
heaviest, each with the post that answers. Four kinds of rule cover what regulations say:

- ``result`` 结果型: among the ``last`` places by completion of the target, and completion below a percentage or the
  concentration risen;
- ``task`` 任务型: at least so many problems ``unfinished`` or ``new``;
- ``spread`` 城市型: at least so many units below it are themselves proposed for by the rules that it ``counts``;
- ``place`` 排名: among the last places by a value, and worse than the mean that it is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from lantian.accountability.entries import Entry, read_yaml, text_of

FOLDER: Final = Path(__file__).parent / "packs"
LEVELS: Final = ("cities", "counties", "townships", "zones")
KINDS: Final = ("result", "task", "spread", "place")
MEASURES: Final = ("unfinished", "new")
CONFIDENCES: Final = ("HIGH", "MEDIUM", "LOW", "MEMORY", "OWN")
"""How sure a rule is; ``OWN``: the project's own design, no official text."""
ACTIONS: Final = {
    "accountable": ("问责", "to be held accountable"),
    "interview": ("约谈", "to be interviewed"),
    "criticism": ("通报批评", "to be criticised in a circular"),
    "warning": ("预警提醒", "to be warned"),
}
"""What may be proposed, in both languages."""

_BY_KIND: Final = {"result": ("completion_below", "rose"), "task": ("at_least",), "spread": ("at_least",)}


class PackError(ValueError):
    """A pack that cannot be used; the message names file, rule, field, value and what would be right."""


@dataclass(frozen=True)
class Post:
    """Who answers, in both languages."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Step:
    """One step of a ladder: its condition, of which exactly one field is set, and who answers how.

    ``at_least``: problems or units. ``completion_below``: percent. ``rose``: the concentration is higher than in the
    base. ``last``: places from the end of the ranking.
    """

    post: Post
    action: str
    at_least: int | None = None
    completion_below: Decimal | None = None
    rose: bool = False
    last: int | None = None


@dataclass(frozen=True)
class Rule:
    """One ladder with its source.

    ``last`` (kind ``result``): how many places from the end of the ranking it speaks of; ``ranked_at_least``: fewer
    ranked places are no ranking, and the rule is not applied. ``near``: how far from a step a near miss may be, in
    problems, units, places or percentage points of completion.
    """

    id: str
    zh: str
    en: str
    kind: str
    over: str
    clause: str
    confidence: str
    steps: tuple[Step, ...]
    near: Decimal
    measure: str = ""
    within: str = ""
    counts: tuple[str, ...] = ()
    last: int = 0
    ranked_at_least: int = 1
    worse_than_mean: bool = False


@dataclass(frozen=True)
class Pack:
    """A dated set of rules. ``start`` and ``end`` (None: until further notice) are the first and last day in force;

    ``text`` is the file itself, so that an evaluation can be repeated after the file has changed.
    """

    name: str
    edition: str
    zh: str
    en: str
    issuer: str
    document: str
    start: date
    end: date | None
    confidence: str
    official: bool
    note: str
    rules: tuple[Rule, ...]
    text: str

    def in_force(self, day: date) -> bool:
        """Whether the pack is in force on a day."""
        return self.start <= day and (self.end is None or day <= self.end)

    def rule(self, rule_id: str) -> Rule:
        """One rule. Raises LookupError for an unknown id."""
        for each in self.rules:
            if each.id == rule_id:
                return each
        raise LookupError(f"pack {self.name}: no rule {rule_id!r}; there are {', '.join(r.id for r in self.rules)}")


def names() -> tuple[str, ...]:
    """The packs that come with the platform."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load(source: str | Path) -> Pack:
    """A pack by its name, from a file, or from the text of one.

    Raises:
        PackError: it is no pack; the message names file, rule, field, value and what would be right.
        FileNotFoundError: neither a shipped pack nor a file is called so; the message lists the shipped ones.
    """
    if isinstance(source, str) and source in names():
        return _shipped(FOLDER / f"{source}.yaml")
    try:
        text, file = text_of(source, "a rule pack in YAML")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{source}: no such pack or file: expected one of {', '.join(names())}, or the path of a YAML file"
        ) from None
    return read(text, file)


def on(day: date) -> tuple[Pack, ...]:
    """The shipped packs in force on a day, official ones first."""
    found = [load(name) for name in names()]
    return tuple(sorted((pack for pack in found if pack.in_force(day)), key=lambda p: (not p.official, p.name)))


def read(text: str, file: str = "pack") -> Pack:
    """A pack from its text; ``file`` is what messages call it. Raises PackError."""
    top = read_yaml(text, file, PackError)
    posts = {code: _post(code, each) for code, each in top.named("posts", "post").items()}
    force = top.entry("in_force")
    start, end = force.day("from"), force.day_or_none("to")
    force.close()
    if end is not None and end < start:
        raise PackError(f"{file}: in_force, to {end}: expected {start} or a later day")
    rules = tuple(_rule(each, posts) for each in top.list("rules", "rule", needed=True))
    pack = Pack(
        name=top.text("pack"),
        edition=top.text("edition"),
        zh=top.text("zh"),
        en=top.text("en"),
        issuer=top.text("issuer"),
        document=top.text("document"),
        start=start,
        end=end,
        confidence=top.one_of("confidence", CONFIDENCES),
        official=top.flag("official"),
        note=top.text("note", ""),
        rules=rules,
        text=text,
    )
    top.close()
    _check_rules(pack, file)
    return pack


@cache
def _shipped(path: Path) -> Pack:
    """A pack that comes with the platform, read once: it never changes while the platform runs."""
    return read(path.read_text(encoding="utf-8"), path.name)


def _post(code: str, entry: Entry) -> Post:
    post = Post(code, entry.text("zh"), entry.text("en"))
    entry.close()
    return post


def _rule(entry: Entry, posts: dict[str, Post]) -> Rule:
    kind = entry.one_of("kind", KINDS)
    action = entry.one_of("action", tuple(ACTIONS), "accountable")
    steps = tuple(_step(each, kind, action, posts) for each in entry.list("steps", "step", needed=True))
    rule = Rule(
        id=entry.text("id"),
        zh=entry.text("zh"),
        en=entry.text("en"),
        kind=kind,
        over=entry.one_of("over", LEVELS),
        clause=entry.text("clause"),
        confidence=entry.one_of("confidence", CONFIDENCES),
        steps=steps,
        near=entry.decimal("near", Decimal(1)),
        measure=entry.one_of("measure", MEASURES) if kind == "task" else "",
        within=entry.one_of("within", LEVELS) if kind == "spread" else "",
        counts=entry.texts("counts") if kind == "spread" else (),
        last=entry.count("last", least=1) if kind == "result" else 0,
        ranked_at_least=entry.count_or_none("ranked_at_least", least=1) or 1,
        worse_than_mean=entry.flag("worse_than_mean"),
    )
    entry.close()
    if rule.near < 0:
        raise entry.fault("near", "a number of at least 0")
    if kind == "spread" and not rule.counts:
        raise entry.fault("counts", "the ids of the rules whose proposals are counted")
    if rule.worse_than_mean and kind != "place":
        raise entry.fault("worse_than_mean", "it only in a rule of kind place")
    _check_ladder(entry, rule)
    return rule


def _step(entry: Entry, kind: str, action: str, posts: dict[str, Post]) -> Step:
    code = entry.one_of("post", tuple(posts))
    action = entry.one_of("action", tuple(ACTIONS), action)
    conditions = _BY_KIND.get(kind, ("last",))
    given = [field for field in conditions if entry.has(field)]
    if len(given) != 1:
        raise entry.fault(given[-1] if given else conditions[0], f"exactly one of {', '.join(conditions)}")
    field = given[0]
    step = Step(
        post=posts[code],
        action=action,
        at_least=entry.count("at_least", least=1) if field == "at_least" else None,
        completion_below=entry.decimal("completion_below") if field == "completion_below" else None,
        rose=entry.flag("rose") if field == "rose" else False,
        last=entry.count("last", least=1) if field == "last" else None,
    )
    if field == "rose" and not step.rose:
        raise entry.fault("rose", "true, or no such field")
    entry.close()
    return step


def _check_ladder(entry: Entry, rule: Rule) -> None:
    """Steps go from the lightest to the heaviest: the evaluation takes the last one that is reached."""
    weights = [_weight(step) for step in rule.steps]
    if any(after <= before for before, after in pairwise(weights)):
        right = {"result": "completion_below falling, then rose", "place": "last falling"}.get(rule.kind)
        raise entry.fault("steps", f"steps from the lightest to the heaviest: {right or 'at_least rising'}")


def _weight(step: Step) -> tuple[int, Decimal]:
    if step.rose:
        return 1, Decimal(0)
    if step.completion_below is not None:
        return 0, -step.completion_below
    return 0, Decimal(step.at_least) if step.at_least is not None else -Decimal(step.last or 0)


def _check_rules(pack: Pack, file: str) -> None:
    ids = [rule.id for rule in pack.rules]
    for number, rule in enumerate(pack.rules):
        if rule.id in ids[:number]:
            raise PackError(f"{file}: rule {rule.id}: id {rule.id!r} stands twice: expected each id once")
        for counted in rule.counts:
            if counted not in ids[:number]:
                raise PackError(
                    f"{file}: rule {rule.id}: counts {counted!r}: expected the id of a rule that stands before it"
                )
            if pack.rule(counted).over != rule.over:
                raise PackError(
                    f"{file}: rule {rule.id}: counts {counted!r}, a rule over {pack.rule(counted).over}: "
                    f"expected one over {rule.over}"
                )
