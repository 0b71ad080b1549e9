"""Rounds of inspection 轮次督查: when each round runs, and which team goes to which city.

In 2017-18 the ministry ran fifteen rounds over 210 days in 28 cities, five before and ten in the heating season
(`STAGES`). Here any number of rounds share any number of days, and no team inspects where it comes from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from lantian.places.regions import is_within, level_of


@dataclass(frozen=True)
class Stage:
    """A part of a plan with an even rhythm: so many rounds over so many days."""

    rounds: int
    days: int

    def __post_init__(self) -> None:
        """Refuse a rhythm in which a round has no day."""
        if not 1 <= self.rounds <= self.days:
            raise ValueError(
                f"{self.rounds} rounds in {self.days} days: expected at least one round and a day for each"
            )


STAGES = (Stage(5, 70), Stage(10, 140))
"""The plan of 2017-09-01: 2017-09-01..11-09, then 2017-11-10..2018-03-29 (confidence HIGH, see docs)."""


@dataclass(frozen=True)
class Round:
    """One round, by its number from 1; both days belong to it."""

    number: int
    start: date
    end: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1


@dataclass(frozen=True)
class Campaign:
    """A series of rounds. With ``stages`` their rounds and days must add up to ``rounds`` and ``days``.

    Raises:
        ValueError: no name, fewer days than rounds, or stages that do not add up.

    Example:
        >>> plan = Campaign("2017-18", date(2017, 9, 1), stages=STAGES)
        >>> [(one.number, one.start.isoformat(), one.days) for one in plan.schedule() if one.number in (1, 6, 15)]
        [(1, '2017-09-01', 14), (6, '2017-11-10', 14), (15, '2018-03-16', 14)]
    """

    name: str
    start: date
    rounds: int = 15
    days: int = 210
    stages: tuple[Stage, ...] = ()

    def __post_init__(self) -> None:
        """Check that the plan can be kept."""
        if not self.name.strip():
            raise ValueError("campaign: name is empty; expected what the office calls it")
        Stage(self.rounds, self.days)
        sums = sum(stage.rounds for stage in self.stages), sum(stage.days for stage in self.stages)
        if self.stages and sums != (self.rounds, self.days):
            raise ValueError(
                f"campaign {self.name}: its stages have {sums[0]} rounds in {sums[1]} days; expected "
                f"{self.rounds} in {self.days}"
            )

    def schedule(self) -> tuple[Round, ...]:
        """Every round without a gap between; where days do not divide, the first rounds have one more."""
        rounds: list[Round] = []
        day = self.start
        for stage in self.stages or (Stage(self.rounds, self.days),):
            length, longer = divmod(stage.days, stage.rounds)
            for number in range(stage.rounds):
                end = day + timedelta(length + (number < longer) - 1)
                rounds.append(Round(len(rounds) + 1, day, end))
                day = end + timedelta(1)
        return tuple(rounds)

    def round_on(self, day: date) -> Round | None:
        """The round that a day falls in; None before the first and after the last."""
        return next((one for one in self.schedule() if one.start <= day <= one.end), None)


@dataclass(frozen=True)
class Team:
    """A team of inspectors 督查组. ``home_region``: the region that its people come from, and never inspect."""

    id: str
    name: str
    home_region: str
    people: int = 3

    def __post_init__(self) -> None:
        """Refuse a home that is no region, and a team of nobody."""
        level_of(self.home_region)
        if not self.id.strip() or self.people < 1:
            raise ValueError(f"team {self.id!r} of {self.people}: expected an id and at least one person")

    def may_inspect(self, city: str) -> bool:
        """Whether a city is neither its home, nor in it, nor around it."""
        return not (is_within(city, self.home_region) or is_within(self.home_region, city))


class AssignmentError(ValueError):
    """Teams cannot be given cities without one of them inspecting its own region; the message says which."""


def assign(
    teams: Sequence[Team], cities: Sequence[str], rounds: int, seed: int | str = 0
) -> tuple[dict[str, str], ...]:
    """Which city each team inspects, round by round: ``{team: city}`` for each round.

    Each round is a minimum-cost assignment of teams to seats in cities. What counts, each before all that follow:

    1. no team inspects its own region (never broken);
    2. as few teams as possible stay in the city of the round before;
    3. teams are spread evenly over cities, and where there are fewer teams than cities none waits longer than needed;
    4. a team meets a city that it has not seen before one that it has;
    5. what is left open the seed decides, by SHA-256 of seed, round, team and city, so that anybody can repeat it.

    Rounds are settled one after the other: 2 holds for each round given the one before it.

    Raises:
        AssignmentError: no such assignment exists. ValueError: no team, no city, or one of them twice.
    """
    _once("team", [team.id for team in teams])
    _once("city", list(cities))
    if rounds < 1:
        raise ValueError(f"rounds = {rounds}: expected at least 1")
    teams, cities = sorted(teams, key=lambda team: team.id), sorted(cities)
    seats = -(-len(teams) // len(cities))
    visits = {(team.id, city): 0 for team in teams for city in cities}
    last: dict[str, str] = {}
    waited = dict.fromkeys(cities, 0)  # rounds since somebody was there
    settled = []
    for number in range(1, rounds + 1):
        cost = _costs(teams, cities, seats, (str(seed), number), last, visits, waited)
        last = _settle(teams, cities, seats, cost)
        for team, city in last.items():
            visits[team, city] += 1
        there = set(last.values())
        waited = {city: 0 if city in there else waited[city] + 1 for city in cities}
        settled.append(last)
    return tuple(settled)


_SHARES = 100  # steps in which the seed's hash enters the cost
_FORBIDDEN = float(2**52)


def _costs(
    teams: Sequence[Team],
    cities: Sequence[str],
    seats: int,
    draw: tuple[str, int],
    last: Mapping[str, str],
    visits: Mapping[tuple[str, str], int],
    waited: Mapping[str, int],
) -> list[list[float]]:
    """Costs of (team, seat of a city) as whole numbers: a unit of each rule outweighs all that all teams can have of
    the rules below it. Seats beyond the first of a city cost more, a city that waited less.
    """
    n = len(teams)
    seen = n * _SHARES
    spread = n * seen * (max(visits.values(), default=0) + 1)
    longest = max(waited.values(), default=0)
    stay = n * spread * (seats + longest + 1)
    if stay * n >= _FORBIDDEN:
        raise ValueError(f"{n} teams over {longest + 1} rounds of waiting are more than can be assigned exactly")
    table = []
    for team in teams:
        row = []
        for city in cities:
            base = float(
                (last.get(team.id) == city) * stay
                + (longest - waited[city]) * spread
                + visits[team.id, city] * seen
                + _hash(draw, team.id, city) % _SHARES
            )
            allowed = team.may_inspect(city)
            row += [base + seat * (longest + 1) * spread if allowed else _FORBIDDEN for seat in range(seats)]
        table.append(row)
    return table


def _settle(teams: Sequence[Team], cities: Sequence[str], seats: int, cost: list[list[float]]) -> dict[str, str]:
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]  # only who plans needs it

    rows, columns = linear_sum_assignment(cost)
    chosen = {teams[row].id: cities[column // seats] for row, column in zip(rows, columns, strict=True)}
    wrong = [team for team in teams if not team.may_inspect(chosen[team.id])]
    if wrong:
        free = {team.id: [city for city in cities if team.may_inspect(city)] for team in wrong}
        told = "; ".join(f"{one} may go to {', '.join(where) or 'none of the cities'}" for one, where in free.items())
        raise AssignmentError(
            f"{len(teams)} teams and {len(cities)} cities: no assignment keeps every team out of its own region "
            f"({told}); add a city or a team from elsewhere"
        )
    return chosen


def _hash(draw: tuple[str, int], team: str, city: str) -> int:
    text = "\n".join((draw[0], str(draw[1]), team, city))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def _once(what: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice:
        raise ValueError(
            f"{what}: {', '.join(twice)} twice" if twice else f"no {what} was given; expected at least one"
        )
