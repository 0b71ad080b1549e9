"""The example's campaign 示例: invented sites, findings and what people did about them, through the real rules.

Everything follows from a seed: the same places, seed and day give the same story. Each event passes the workflow's own
checks, so nothing in the story could not have happened on the platform.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from lantian.places.outlines import Outline
from lantian.standards import workdays
from lantian.standards.workdays import Calendar
from lantian.supervision import workflow_file
from lantian.supervision.case import Case, apply, fold
from lantian.supervision.draw import Candidate, Draw, Shares, draw
from lantian.supervision.events import BEIJING, Event, Party
from lantian.supervision.findings import Finding, categories
from lantian.supervision.rounds import Campaign, Round
from lantian.supervision.sites import Site

MARK = "示例"
OFFICE = Party("110000", "government")
_SHARES = Shares(random=0.5, hot_cell=0.2, elevated_record=0.15, complaint=0.15)
_KINDS = {
    "loose_coal": ("村", "煤炭销售点"),
    "boilers": ("洗浴中心", "热力站"),
    "industry": ("铸造厂", "建材有限公司", "化工有限公司"),
    "scattered": ("木器加工点", "小塑料厂", "石材加工点"),
    "construction": ("住宅项目工地", "管线改造工地", "学校扩建工地"),
    "roads": ("路段", "村道"),
    "muck": ("渣土运输车队",),
    "vehicles": ("机动车检验站", "物流园"),
    "fuel": ("加油站", "汽修喷漆店"),
    "catering": ("饭店", "烧烤店"),
    "burning": ("村地块",),
    "response": ("钢铁有限公司", "水泥粉磨站"),
}
_NAMES = (
    *("永兴", "恒通", "盛源", "宏达", "金石", "顺发", "天合", "润丰", "华远", "东升"),
    *("福田", "清河", "柳林", "高庄", "南苑", "北关", "西营", "新桥", "双井", "大寺"),
)
_STUCK = 0.85
"""Slowness beyond which nothing moves."""
_TALK = {
    "hand_over": "按职责交办，限期整改",
    "accept": "已签收，组织整改",
    "send_back": "不在辖区内，退回",
    "report": "整改完成，报请核查",
    "pass": "现场核查到位，同意销号",
    "fail": "现场核查仍有问题，退回重改",
    "interview": "逾期未完成，启动约谈",
    "commit": "已约谈，作出书面承诺",
    "reopen": "回头看发现反弹",
    "dismiss": "经核实不属大气问题",
}


@dataclass(frozen=True)
class Story:
    """The campaign so far: its sites, each round's draws by city, and each case's number and events."""

    sites: tuple[Site, ...]
    draws: Mapping[tuple[int, str], Draw]
    cases: tuple[tuple[str, tuple[Event, ...]], ...]
    found: Mapping[str, str]
    """Site id + round -> number of the case."""


def sites(counties: Sequence[Outline], seed: int, each: int = 7) -> Iterator[Site]:
    """Invented sites, about ``each`` a county, more where the county has more problems; inside its outline."""
    for county in counties:
        chance = random.Random(f"{seed} sites {county.code}")  # noqa: S311 (a story, not a secret)
        for number in range(1, each + round(6 * burden(county.code, seed)) + 1):
            kind = chance.choice(sorted(_KINDS))
            lon, lat = _inside(county, chance)
            name = f"{MARK}{chance.choice(_NAMES)}{chance.choice(_KINDS[kind])}"
            tags: dict[Any, float] = {}
            if chance.random() < 0.15:
                tags["hot_cell"] = 1.0
            if chance.random() < 0.12:
                tags["complaint"] = 1.0
            if kind in ("industry", "response", "boilers") and chance.random() < 0.3:
                tags["elevated_record"] = 1.0
            yield Site(
                f"S{county.code}-{number:02d}",
                name,
                county.code,
                address=f"{county.name}{MARK}{chance.choice(_NAMES)}路{chance.randint(1, 300)}号",
                lon=lon,
                lat=lat,
                industry=kind,
                person=f"{MARK}{chance.choice('赵钱孙李周吴郑王')}某",
                tags=tags,
                example=True,
            )


def burden(county: str, seed: int) -> float:
    """How many problems a county has, 0 to 1; most have few."""
    return max(random.Random(f"{seed} burden {county}").random() ** 3, 0.9 * stuck(county, seed))  # noqa: S311


def slowness(county: str, seed: int) -> float:
    """How slowly a county mends, 0 to 1; most are quick."""
    return max(random.Random(f"{seed} slow {county}").random() ** 4, 0.9 * stuck(county, seed))  # noqa: S311


def stuck(county: str, seed: int) -> bool:
    """Whether it is one of the few counties, one in twenty-five, where nothing moves."""
    return random.Random(f"{seed} stuck {county}").random() < 0.04  # noqa: S311


def tell(
    campaign: Campaign,
    cities: Mapping[str, Sequence[Outline]],
    until: datetime,
    *,
    seed: int = 2016,
    per_city: int = 4,
    proof: Callable[[str], str] = lambda kind: kind,
    calendar: Calendar | None = None,
) -> Story:
    """Tell the campaign up to a moment.

    Args:
        cities: code of each city -> outlines of its counties.
        per_city: sites drawn in a city and round.
        proof: the SHA-256 of an invented photograph: ``found``, ``mended``, ``checked`` or ``minutes``.
    """
    calendar = calendar or workdays.load()
    every = {city: tuple(sites(counties, seed)) for city, counties in cities.items()}
    draws: dict[tuple[int, str], Draw] = {}
    told: list[tuple[str, str, list[Event]]] = []
    seen: set[str] = set()
    for one in campaign.schedule():
        if datetime.combine(one.start, time(8), BEIJING) > until:
            break
        for city, known in every.items():
            candidates = [_candidate(site, seen) for site in known]
            drawn = draw(candidates, min(per_city, len(candidates)), f"{campaign.name} {one.number} {city}", _SHARES)
            draws[one.number, city] = drawn
            for chosen in drawn.drawn:
                site = next(site for site in known if site.id == chosen.candidate.id)
                told += _visit(one, site, chosen.stratum, until, seed, proof, calendar)
                seen.add(site.id)
    told.sort(key=lambda entry: (entry[2][0].at, entry[0]))
    numbered = []
    found = {}
    count: dict[int, int] = {}
    for site_id, round_id, events in told:
        year = events[0].day.year
        count[year] = count.get(year, 0) + 1
        number = f"{year}-{count[year]:06d}"
        numbered.append((number, tuple(events)))
        found[f"{site_id} {round_id}"] = number
    return Story(tuple(site for known in every.values() for site in known), draws, tuple(numbered), found)


def _candidate(site: Site, seen: set[str]) -> Candidate:
    return Candidate(
        site.id, site.name, site.region, site.industry, site.lon, site.lat, site.address, site.tags, site.id in seen
    )


def _visit(
    one: Round,
    site: Site,
    stratum: str,
    until: datetime,
    seed: int,
    proof: Callable[[str], str],
    calendar: Calendar,
) -> list[tuple[str, str, list[Event]]]:
    """What an inspection of a site in a round led to: a case, or nothing."""
    chance = random.Random(f"{seed} visit {one.number} {site.id}")  # noqa: S311
    at = _moment(one.start + timedelta(days=chance.randrange(one.days)), chance)
    if at > until or chance.random() > 0.45 + 0.5 * burden(site.region, seed):
        return []
    category = categories()[site.industry]
    points = sorted(chance.sample(range(len(category.checklist)), chance.choice((1, 1, 2))))
    finding = Finding(
        title=f"{site.name}{category.checklist[points[0]]}",
        category=category.code,
        source="complaint" if stratum == "complaint" else "inspection",
        region=site.region,
        subject=site.name,
        address=site.address,
        lon=site.lon,
        lat=site.lat,
        detail="、".join(category.checklist[point] for point in points),
        person=site.person,
        industry=site.industry,
        checklist=tuple(points),
        round=f"R{one.number:02d}",
        reference=site.id,
        example=True,
    )
    teller = _Teller(chance, slowness(site.region, seed), until, proof, calendar, category.department)
    return [(site.id, f"R{one.number:02d}", teller.run(finding, at))]


@dataclass
class _Teller:
    """Lets a case run as people of a quick or slow county would let it run, until the story's moment."""

    chance: random.Random
    slow: float
    until: datetime
    proof: Callable[[str], str]
    calendar: Calendar
    department: str

    def run(self, finding: Finding, at: datetime) -> list[Event]:
        workflow = workflow_file.load("five_step")
        team = f"example-team-{self.chance.randint(1, 28):02d}"
        data = {**finding.data(), "workflow": workflow.name}
        events = [Event(1, at, team, "open", OFFICE, data=data, evidence=(self.proof("found"),))]
        case = fold(events, workflow, self.calendar)
        while (event := self._next(case)) is not None:
            if event.at > self.until:
                break
            case = apply(case, event, self.calendar)
            events.append(event)
        return events

    def _next(self, case: Case) -> Event | None:
        """What happens next, and when; None: nothing more."""
        return {
            "found": self._found,
            "handed": self._handed,
            "mending": self._mending,
            "reported": self._reported,
            "interview": self._interview,
            "closed": self._closed,
        }.get(case.state, lambda _: None)(case)

    def _found(self, case: Case) -> Event:
        chance = self.chance
        if chance.random() < 0.03:
            return self._event(case, "dismiss", "example-office", 1, wait=chance.randint(0, 1))
        department = "government" if chance.random() < 0.25 else self.department
        owner = {"region": case.finding["region"], "department": department}
        days = chance.choice((5, 7, 10, 15, 20, 30))
        wait = 0 if case.last_at.astimezone(BEIJING).hour < 16 else 1
        detail = case.finding["detail"]
        return self._event(
            case, "hand_over", "example-office", 0, wait=wait, owner=owner, days=days, requirement=f"立即整改：{detail}"
        )

    def _handed(self, case: Case) -> Event:
        return self._event(case, "accept", self._owner(case), 0, wait=self.chance.choice((0, 1, 1, 2)))

    def _mending(self, case: Case) -> Event:
        chance, due = self.chance, case.due
        today = case.last_at.astimezone(BEIJING).date()
        last = due.date if due else today
        left = max((last - today).days, 1)
        if chance.random() < 0.2 + 0.75 * self.slow:
            late = 1 + int((150 if self.slow > _STUCK else 50) * self.slow * chance.random() ** 2)
            if late > 9 and chance.random() < 0.5 and not case.interviews:
                return self._event(case, "interview", "example-mayor", 0, wait=(last - today).days + 8)
            return self._event(case, "report", self._owner(case), 1, wait=(last - today).days + late)
        return self._event(case, "report", self._owner(case), 1, wait=chance.randint(0, left))

    def _reported(self, case: Case) -> Event:
        chance = self.chance
        patrol = f"example-patrol-{chance.randint(1, 9)}"
        wait = chance.randint(1, 6)
        if chance.random() < 0.08 + 0.4 * self.slow:
            return self._event(case, "fail", patrol, 1, wait=wait, days=chance.choice((5, 7, 10)))
        return self._event(case, "pass", patrol, 1, wait=wait)

    def _interview(self, case: Case) -> Event:
        return self._event(case, "commit", "example-mayor", 1, wait=self.chance.randint(2, 6), days=10)

    def _closed(self, case: Case) -> Event | None:
        chance = self.chance
        if not case.public and chance.random() < 0.75:
            event = self._event(case, None, "example-office", 0, wait=chance.randint(1, 10))
            data = {"desk": "office", "public": True}
            return replace(event, kind="publish", data=data, reason="按信息公开要求公开")
        if case.reopened == 0 and chance.random() < 0.03 + 0.2 * self.slow:
            patrol = f"example-patrol-{chance.randint(1, 9)}"
            return self._event(case, "reopen", patrol, 1, wait=chance.randint(15, 60), days=7)
        return None

    def _event(self, case: Case, move: str | None, actor: str, files: int, *, wait: int, **data: Any) -> Event:
        day = case.last_at.astimezone(BEIJING).date() + timedelta(days=max(wait, 0))
        at = _moment(day, self.chance)
        if at <= case.last_at:
            at = case.last_at + timedelta(minutes=self.chance.randint(5, 90))
        desk = case.workflow.moves[move].desk if move else "office"
        party = case.owner if desk == "owner" else OFFICE
        kind = {"report": "mended", "commit": "minutes"}.get(move or "", "checked")
        proofs = (self.proof(kind),) if files else ()
        return Event(
            case.events + 1, at, actor, "move", party, move, _TALK.get(move or "", ""), {"desk": desk, **data}, proofs
        )

    def _owner(self, case: Case) -> str:
        return f"example-{case.owner.region}-{case.owner.department}" if case.owner else "example-owner"


def _moment(day: date, chance: random.Random) -> datetime:
    return datetime.combine(day, time(9 + chance.randrange(8), chance.randrange(60)), BEIJING)


def _inside(county: Outline, chance: random.Random) -> tuple[float, float]:
    box = county.box
    for _ in range(400):
        lon, lat = chance.uniform(box.west, box.east), chance.uniform(box.south, box.north)
        if county.holds(lon, lat):
            return round(lon, 5), round(lat, 5)
    return county.polygons[0][0][0]
