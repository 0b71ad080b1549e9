"""The example's campaign 示例: invented sites, findings and what people did about them, through the real rules.

Everything follows from a seed: the same places, seed and day give the same story. Each event passes the workflow's own
checks, so nothing in the story could not have happened on the platform.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
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
from lantian.supervision.rounds import Campaign, Round, Team, assign
from lantian.supervision.sites import Site
from lantian.supervision.story_sites import MARK, STUCK, banned, burden, sites, slowness

OFFICE = Party("110000", "government")
_SHARES = Shares(random=0.5, hot_cell=0.2, elevated_record=0.15, complaint=0.15)
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
    teams: tuple[Team, ...]
    assigned: tuple[Mapping[str, str], ...]
    """Team -> city, round by round."""
    draws: Mapping[int, tuple[Draw, tuple[Candidate, ...]]]
    """By round, each with the list that it was drawn from."""
    visits: tuple[Visit, ...]
    cases: tuple[tuple[str, tuple[Event, ...]], ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """An inspection of a drawn site; ``number``: of the case that it led to, None: nothing was found."""

    round: int
    site: str
    at: datetime
    number: str | None


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
        per_city: sites drawn in a round, for each city.
        proof: the SHA-256 of an invented photograph: ``found``, ``mended``, ``checked`` or ``minutes``.
    """
    calendar = calendar or workdays.load()
    every = {
        city: tuple(banned(sites(counties, seed), counties, seed, campaign.start)) for city, counties in cities.items()
    }
    known = {site.id: site for inside in every.values() for site in inside}
    teams = tuple(Team(f"T{k:02d}", f"{MARK}督查{k:02d}组", city) for k, city in enumerate(cities, 1))
    assigned = assign(teams, tuple(cities), campaign.rounds, seed) if len(cities) > 1 else ({},) * campaign.rounds
    draws: dict[int, tuple[Draw, tuple[Candidate, ...]]] = {}
    visits: list[tuple[Visit, list[Event]]] = []
    seen: set[str] = set()
    for one in campaign.schedule():
        if datetime.combine(one.start, time(8), BEIJING) > until:
            break
        people = tuple(_candidate(site, seen) for site in known.values() if _open(site, one.start))
        made = draw(people, min(per_city * len(cities), len(people)), f"{campaign.name} R{one.number:02d}", _SHARES)
        draws[one.number] = made, people
        there = {city: team for team, city in assigned[one.number - 1].items()}
        for chosen in made.drawn:
            site = known[chosen.candidate.id]
            city = next(city for city, inside in every.items() if site in inside)
            visit = _visit(
                campaign.name, one, site, chosen.stratum, there.get(city, "T00"), until, seed, proof, calendar
            )
            if visit is not None:
                visits.append(visit)
                seen.add(site.id)
    return _numbered(tuple(known.values()), teams, assigned, draws, visits)


def round_key(campaign: str, number: int) -> str:
    """How a case names the round that found it."""
    return f"{campaign}/{number}"


def _numbered(
    known: tuple[Site, ...],
    teams: tuple[Team, ...],
    assigned: tuple[Mapping[str, str], ...],
    draws: Mapping[int, tuple[Draw, tuple[Candidate, ...]]],
    visits: list[tuple[Visit, list[Event]]],
) -> Story:
    """The story with its cases numbered in the order in which they were opened."""
    visits.sort(key=lambda entry: (entry[0].at, entry[0].site))
    count: dict[int, int] = {}
    told, cases = [], []
    for visit, events in visits:
        number = None
        if events:
            year = events[0].day.year
            count[year] = count.get(year, 0) + 1
            number = f"{year}-{count[year]:06d}"
            cases.append((number, tuple(events)))
        told.append(replace(visit, number=number))
    return Story(known, teams, assigned, draws, tuple(told), tuple(cases))


def _open(site: Site, day: date) -> bool:
    """Whether a site could be visited on a day: not banned before it, and there by then."""
    shut = site.status == "banned" and site.status_on is not None and site.status_on <= day
    return not shut and (site.status == "banned" or site.since is None or site.since <= day)


def _candidate(site: Site, seen: set[str]) -> Candidate:
    return Candidate(
        site.id, site.name, site.region, site.industry, site.lon, site.lat, site.address, site.tags, site.id in seen
    )


def _visit(
    campaign: str,
    one: Round,
    site: Site,
    stratum: str,
    team: str,
    until: datetime,
    seed: int,
    proof: Callable[[str], str],
    calendar: Calendar,
) -> tuple[Visit, list[Event]] | None:
    """An inspection and the case that it led to, if any; None: it lies ahead."""
    chance = random.Random(f"{seed} visit {one.number} {site.id}")  # noqa: S311
    at = _moment(one.start + timedelta(days=chance.randrange(one.days)), chance)
    if at > until:
        return None
    visit = Visit(one.number, site.id, at, None)
    if chance.random() > 0.45 + 0.5 * burden(site.region, seed):
        return visit, []
    category = next(one for one in categories().values() if one.zh == site.industry)
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
        round=round_key(campaign, one.number),
        reference=f"{site.id} R{one.number:02d}",
        example=True,
    )
    teller = _Teller(chance, slowness(site.region, seed), until, proof, calendar, category.department, team)
    return visit, teller.run(finding, at, site.id)


@dataclass
class _Teller:
    """Lets a case run as people of a quick or slow county would let it run, until the story's moment."""

    chance: random.Random
    slow: float
    until: datetime
    proof: Callable[[str], str]
    calendar: Calendar
    department: str
    team: str

    def run(self, finding: Finding, at: datetime, site: str) -> list[Event]:
        workflow = workflow_file.load("five_step")
        data = {**finding.data(), "workflow": workflow.name, "site": site}
        events = [Event(1, at, f"example-{self.team}", "open", OFFICE, data=data, evidence=(self.proof("found"),))]
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
            late = 1 + int((150 if self.slow > STUCK else 50) * self.slow * chance.random() ** 2)
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
        if case.looked_back_on is None and case.public and chance.random() < 0.25:
            patrol = f"example-patrol-{chance.randint(1, 9)}"
            event = self._event(case, None, patrol, 1, wait=chance.randint(20, 60))
            return replace(event, kind="look_back", data={"desk": "checker"}, reason="回头看未见反弹")
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
