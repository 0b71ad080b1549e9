"""The register over the store, the same for pages, commands and notebooks: plan, draw, inspect, look for returns."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.places.regions import is_within
from lantian.supervision import rebound, routes
from lantian.supervision.alike import Points, Problem, Similar, of_site, similar
from lantian.supervision.candidates import to_csv
from lantian.supervision.coverage import Coverage, Standing, coverage
from lantian.supervision.draw import Candidate, Draw, Shares, draw
from lantian.supervision.rebound_levels import profile
from lantian.supervision.register.store import (
    Decision,
    Planned,
    PlannedRound,
    RegisterStore,
    Review,
    Target,
    as_known,
)
from lantian.supervision.rounds import Campaign, Team, assign
from lantian.supervision.sites import Site


class Register:
    """Sites and rounds of one platform. What is read is as of a moment (None: the clock's now)."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.store = RegisterStore(platform.engine)

    def _moment(self, as_of: datetime | None) -> datetime:
        return self._platform.clock.now() if as_of is None else as_of

    # rounds

    def plan(
        self,
        campaign: Campaign,
        cities: Sequence[str],
        teams: Sequence[Team],
        actor: str,
        *,
        seed: int | str = 0,
        example: bool = False,
    ) -> Planned:
        """Plan a campaign: its rounds, and which team goes where in each; without teams only the rounds.

        Raises:
            AssignmentError: teams cannot be kept out of their own regions. ValueError: a name twice, no city.
        """
        if not cities:
            raise ValueError(f"campaign {campaign.name}: no city; expected the codes of the cities to inspect")
        schedule = campaign.schedule()
        places = assign(teams, cities, len(schedule), seed) if teams else ({},) * len(schedule)
        rounds = tuple(
            PlannedRound(campaign.name, one, settled, None) for one, settled in zip(schedule, places, strict=True)
        )
        planned = Planned(campaign, tuple(cities), tuple(teams), rounds, example)
        self.store.put_campaign(planned, str(seed), self._platform.clock.now(), actor)
        return planned

    def campaigns(self, as_of: datetime | None = None) -> list[Planned]:
        """All campaigns, the newest first."""
        return self.store.campaigns(self._moment(as_of))

    def campaign(self, name: str, as_of: datetime | None = None) -> Planned:
        """One campaign. Raises LookupError for an unknown one."""
        found = self.campaigns(as_of)
        for one in found:
            if one.campaign.name == name:
                return one
        known = ", ".join(one.campaign.name for one in found) or "none is planned"
        raise LookupError(f"there is no campaign {name!r}; known: {known}")

    def candidates(
        self, campaign: str | None = None, *, before: int | None = None, as_of: datetime | None = None
    ) -> list[Candidate]:
        """Active sites as candidates; of a campaign: those in its cities, with who was inspected in it already.

        ``before``: count only inspections of rounds before this one.
        """
        moment = self._moment(as_of)
        within: tuple[str, ...] = ()
        done: set[str] = set()
        if campaign is not None:
            within = self.campaign(campaign, moment).cities
            done = {
                one.site.id
                for one in self.store.targets(moment, campaign)
                if one.inspected_at is not None and (before is None or one.number < before)
            }
        there = self.sites(moment, within=within)
        return [candidate_of(site, inspected=site.id in done) for site in there if site.status == "active"]

    def draw(
        self, campaign: str, number: int, n: int, seed: int | str, actor: str, shares: Shares | None = None
    ) -> Draw:
        """Draw the targets of a round, once, and keep the list that it was drawn from for everybody to repeat it.

        Raises:
            LookupError: no such round. ValueError: it was drawn already, or the register has nobody to draw.
        """
        now = self._platform.clock.now()
        people = self.candidates(campaign, before=number, as_of=now)
        if not people:
            raise ValueError(f"{campaign}: the register has no active site in its cities; load a list first")
        made = draw(people, n, seed, shares)
        self.keep_list(made.list_hash, people)
        self.store.put_draw(campaign, number, made, now, actor)
        return made

    def keep_list(self, list_sha256: str, people: Sequence[Candidate]) -> None:
        """Keep the list of a draw, compressed."""
        path = self.list_path(list_sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(to_csv(people).encode(), mtime=0))

    def list_path(self, list_sha256: str) -> Path:
        """Where the list of a draw lies, compressed."""
        return self._platform.home / "rounds" / f"{list_sha256}.csv.gz"

    def list_of(self, list_sha256: str) -> str:
        """The list of a draw as CSV. Raises LookupError where the file is gone."""
        path = self.list_path(list_sha256)
        if not path.is_file():
            raise LookupError(f"the list {list_sha256[:12]} is no longer under rounds/ of the data directory")
        return gzip.decompress(path.read_bytes()).decode()

    def targets(self, campaign: str, number: int | None = None, as_of: datetime | None = None) -> list[Target]:
        """Who was drawn in a campaign, or in one of its rounds."""
        found = self.store.targets(self._moment(as_of), campaign)
        return [one for one in found if number is None or one.number == number]

    def inspected(self, campaign: str, number: int, site: str, actor: str, *, case_number: str | None = None) -> None:
        """Note that a target was inspected, and the case that was opened if any; see `RegisterStore.inspected`."""
        self.store.inspected(campaign, number, site, self._platform.clock.now(), actor, case_number)

    def coverage(self, campaign: str, as_of: datetime | None = None, number: int | None = None) -> Coverage:
        """How a campaign, or one round, covers the active sites of its cities by county and industry."""
        moment = self._moment(as_of)
        targets = {one.site.id: one for one in self.targets(campaign, number, moment)}
        return coverage(
            Standing(
                one.region[:6],
                one.industry,
                one.id in targets,
                one.id in targets and targets[one.id].inspected_at is not None,
            )
            for one in self.candidates(campaign, as_of=moment)
        )

    def route(
        self,
        planned: Planned,
        number: int,
        team: str,
        as_of: datetime | None = None,
        *,
        start: tuple[float, float] | None = None,
        days: int | None = None,
    ) -> routes.Route:
        """The days of a team in a round: its share of the targets of its city that are not inspected yet.

        Teams of one city take every k-th target by county. ``start``: where days begin; None: the middle of the
        targets. ``days``: None: all of the round. Targets without a position are left out.
        """
        city = planned.rounds[number - 1].assignment[team]
        beside = sorted(one for one, where in planned.rounds[number - 1].assignment.items() if where == city)
        there = [
            one.site
            for one in self.targets(planned.campaign.name, number, as_of)
            if is_within(one.site.region, city) and one.inspected_at is None
        ]
        mine = sorted(there, key=lambda site: (site.region, site.id))[beside.index(team) :: len(beside)]
        stops = [routes.Stop(one.id, one.lon, one.lat) for one in mine if one.lon is not None and one.lat is not None]
        if not stops:
            return routes.Route(())
        middle = sum(stop.lon for stop in stops) / len(stops), sum(stop.lat for stop in stops) / len(stops)
        return routes.plan(stops, routes.Terms(start or middle, days=days or planned.rounds[number - 1].round.days))

    # sites

    def sites(self, as_of: datetime | None = None, *, within: Sequence[str] = ()) -> list[Site]:
        """The sites known at a moment, with the status that held then."""
        day = self._moment(as_of).astimezone(TIMEZONE).date()
        return [known for site in self.store.sites(within=within) if (known := as_known(site, day)) is not None]

    def returns(self, site_id: str, as_of: datetime | None = None) -> list[rebound.Proposal]:
        """Proposals for one banned site: who in the register may be its return, with the explained score."""
        day = self._moment(as_of).astimezone(TIMEZONE).date()
        one = profile(self.store.site(site_id))
        others, frequencies = self.store.near(one, rebound.FULL_BLOCK)
        there = [each for each in others if (site := as_known(each.site, day)) is not None and site.status != "banned"]
        return rebound.rank(one, there, frequencies)

    def review(self, site_id: str, other: str, decision: Decision, actor: str, note: str = "") -> None:
        """Keep what a person says of a proposal: the same, or somebody else. Nothing is merged.

        Raises:
            LookupError: there is no such proposal.
        """
        found = next((one for one in self.returns(site_id) if one.other.id == other), None)
        if found is None:
            raise LookupError(f"{other!r} is not proposed as a return of {site_id!r}")
        now = self._platform.clock.now()
        self.store.review(Review(site_id, other, decision, found.score.total, note, actor, now))

    def alike(
        self,
        site_id: str,
        category: str = "",
        points: Points | None = None,
        most: int = 50,
        as_of: datetime | None = None,
    ) -> list[Similar]:
        """Sites like one of the register; see `alike_problem`."""
        return self.alike_problem(of_site(category, self.store.site(site_id)), points, most, as_of)

    def alike_problem(
        self, problem: Problem, points: Points | None = None, most: int = 50, as_of: datetime | None = None
    ) -> list[Similar]:
        """举一反三: active sites that are like the one where a problem was found."""
        return similar(problem, self.sites(as_of), points, most)


def candidate_of(site: Site, *, inspected: bool = False) -> Candidate:
    """A site as a candidate of the draw; its county where it stands under a township."""
    return Candidate(
        site.id,
        site.name,
        site.region[:6],
        site.industry,
        site.lon,
        site.lat,
        site.address,
        dict(site.tags),
        inspected,
    )
