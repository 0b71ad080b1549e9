"""Routes: in which order a team visits the enterprises of its list, day by day, and what does not fit.

Nearest neighbour, then 2-opt and or-opt until nothing becomes shorter; the round trip is cut into days at the places
where that costs least (route first, cluster second: Beasley 1983, Omega 11:403). Distances are great circles times a
factor for roads; nothing is asked of a map service, so it works without a network and gives the same route everywhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH_KM: Final = 6371.0088  # mean radius (IUGG)


@dataclass(frozen=True)
class Stop:
    """A place to visit. ``minutes``: how long an inspection there takes; None: as long as `Terms` says."""

    id: str
    lon: float
    lat: float
    minutes: float | None = None


@dataclass(frozen=True)
class Terms:
    """How a team works.

    Attributes:
        start: longitude and latitude at which each day begins and ends.
        speed_km_h: on the road, breaks and traffic included.
        detour: length of roads over that of the great circle; 1.3 is usual in plains (own choice, no standard).
        service_minutes: for a stop that says nothing itself.
        begin_minute, end_minute: of the day, 510 is 08:30; the team must be back by the latter.
        days: how many days there are.
    """

    start: tuple[float, float]
    speed_km_h: float = 40.0
    detour: float = 1.3
    service_minutes: float = 45.0
    begin_minute: int = 8 * 60 + 30
    end_minute: int = 18 * 60
    days: int = 1

    def __post_init__(self) -> None:
        """Refuse a day in which nothing can be done."""
        if (
            not (self.speed_km_h > 0 and self.detour >= 1 and self.service_minutes >= 0 and self.days >= 1)
            or not 0 <= self.begin_minute < self.end_minute <= 24 * 60
        ):
            raise ValueError(
                f"{self}: expected speed above 0, detour of at least 1, minutes of 0 or more, at least one day, and "
                "working hours that begin before they end"
            )


@dataclass(frozen=True)
class Visit:
    """One stop of a day: when the team arrives and leaves (minute of the day), and the road to it in km."""

    stop: Stop
    arrive: float
    leave: float
    km: float


@dataclass(frozen=True)
class Day:
    """A day's visits in their order; ``km`` with the way back, ``back`` the minute of return."""

    visits: tuple[Visit, ...]
    km: float
    back: float


@dataclass(frozen=True)
class Route:
    """The days, and the stops that none of them has room for, in the order of the tour."""

    days: tuple[Day, ...]
    left: tuple[Stop, ...] = field(default=())

    @property
    def km(self) -> float:
        """Road of all days."""
        return sum(day.km for day in self.days)


def distance_km(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Great-circle distance in km (haversine).

    Example:
        >>> round(distance_km(116.4, 39.9, 114.5, 38.04))
        264
    """
    a, b = radians(lat1), radians(lat2)
    h = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(h)))


def plan(stops: Sequence[Stop], terms: Terms) -> Route:
    """Plan the route of a team; the order in which stops are given does not matter.

    As many stops as the days can hold are visited, those that fit no day alone not at all; then the road is short, not
    proven shortest.

    Raises:
        ValueError: an id twice.
    """
    places = sorted(stops, key=lambda stop: stop.id)
    ids = [stop.id for stop in places]
    if len(set(ids)) < len(ids):
        raise ValueError(f"stops: {', '.join(sorted({i for i in ids if ids.count(i) > 1}))} twice; expected each once")
    far = _Distances(places, terms)
    able = [k for k in range(len(places)) if far.minutes([k]) <= terms.end_minute - terms.begin_minute]
    order = far.tour(able)
    days, left = _cut(order, far, terms)
    tours = [far.tour(day) for day in days]
    alone = [k for k in range(len(places)) if k not in set(able)]
    return Route(tuple(far.day(tour) for tour in tours if tour), tuple(places[k] for k in [*left, *alone]))


def tour_km(order: Sequence[Stop], terms: Terms) -> float:
    """Road of a round trip in this order."""
    far = _Distances(order, terms)
    return far.length(list(range(len(order))))


class _Distances:
    """Road in km between stops, the start as the last index."""

    def __init__(self, stops: Sequence[Stop], terms: Terms) -> None:
        self.stops, self.terms = stops, terms
        points = [(stop.lon, stop.lat) for stop in stops] + [terms.start]
        self.km = [[distance_km(*a, *b) * terms.detour for b in points] for a in points]
        self.home = len(stops)

    def length(self, order: list[int]) -> float:
        path = [self.home, *order, self.home]
        return sum(self.km[a][b] for a, b in itertools.pairwise(path))

    def service(self, k: int) -> float:
        own = self.stops[k].minutes
        return self.terms.service_minutes if own is None else own

    def minutes(self, order: list[int]) -> float:
        """Time of a day with these stops."""
        return self.length(order) / self.terms.speed_km_h * 60 + sum(self.service(k) for k in order)

    def tour(self, members: list[int]) -> list[int]:
        """A short round trip: the best of several beginnings, each improved until nothing helps."""
        if len(members) < 3:
            return sorted(members)
        near = sorted(members, key=lambda k: (self.km[self.home][k], k))
        firsts = near if len(near) <= 12 else near[:: max(1, len(near) // 4)][:4]
        tours = [self._improve(self._nearest(first, members)) for first in firsts]
        return min(tours, key=lambda order: (round(self.length(order), 6), order))

    def _nearest(self, first: int, members: list[int]) -> list[int]:
        order, left = [first], sorted(set(members) - {first})
        while left:
            order.append(min(left, key=lambda k: (self.km[order[-1]][k], k)))
            left.remove(order[-1])
        return order

    def _improve(self, order: list[int]) -> list[int]:
        path = [self.home, *order, self.home]
        while self._two_opt(path) or self._or_opt(path):
            pass
        return path[1:-1]

    def _two_opt(self, path: list[int]) -> bool:
        """Turn around one stretch where that is shorter; whether one was found."""
        km, found = self.km, False
        for i in range(1, len(path) - 2):
            a, b = path[i - 1], path[i]
            for j in range(i + 1, len(path) - 1):
                c, d = path[j], path[j + 1]
                if km[a][c] + km[b][d] < km[a][b] + km[c][d] - 1e-9:
                    path[i : j + 1] = path[i : j + 1][::-1]
                    b, found = path[i], True
        return found

    def _or_opt(self, path: list[int]) -> bool:
        """Move a stretch of up to three stops elsewhere, either way around."""
        km = self.km
        for length in (1, 2, 3):
            for i in range(1, len(path) - length):
                part = path[i : i + length]
                rest = path[:i] + path[i + length :]
                gain = km[path[i - 1]][part[0]] + km[part[-1]][path[i + length]] - km[path[i - 1]][path[i + length]]
                for j in range(len(rest) - 1):
                    a, b = rest[j], rest[j + 1]
                    for piece in (part, part[::-1]):
                        if km[a][piece[0]] + km[piece[-1]][b] - km[a][b] < gain - 1e-9:
                            path[:] = [*rest[: j + 1], *piece, *rest[j + 1 :]]
                            return True
        return False

    def day(self, order: list[int]) -> Day:
        """When the team is where."""
        clock, here, visits = float(self.terms.begin_minute), self.home, []
        for k in order:
            clock += self.km[here][k] / self.terms.speed_km_h * 60
            visits.append(Visit(self.stops[k], clock, clock + self.service(k), self.km[here][k]))
            clock, here = clock + self.service(k), k
        clock += self.km[here][self.home] / self.terms.speed_km_h * 60
        return Day(tuple(visits), self.length(order), clock)


def _cut(order: list[int], far: _Distances, terms: Terms) -> tuple[list[list[int]], list[int]]:
    """Cut a tour into at most ``days`` days: most stops first, then the shortest road; what is left over besides.

    ``best[d][k]``: (stops visited, -km) with d days over the first k stops of the tour, and how that came about.
    """
    limit = terms.end_minute - terms.begin_minute
    n = len(order)
    best: list[list[tuple[int, float]]] = [[(0, 0.0)] * (n + 1)]
    came: list[list[tuple[int, bool]]] = [[(0, False)] * (n + 1)]
    for _ in range(terms.days):
        row, how = [(0, 0.0)], [(0, False)]
        for k in range(1, n + 1):
            choice, by = row[k - 1], (k - 1, False)  # the k-th stop is left out
            for first in range(k - 1, -1, -1):
                part = order[first:k]
                if far.minutes(part) > limit + 1e-9:
                    break  # with the triangle inequality a longer stretch takes longer
                count, road = best[-1][first]
                other = count + len(part), road - far.length(part)
                if other > choice:
                    choice, by = other, (first, True)
            row.append(choice)
            how.append(by)
        best.append(row)
        came.append(how)
    days, left, k = [], [], n
    for d in range(terms.days, 0, -1):
        while k and not came[d][k][1]:
            left.append(order[k - 1])
            k -= 1
        days.append(order[came[d][k][0] : k])
        k = came[d][k][0]
    return [day for day in reversed(days) if day], [*order[:k], *reversed(left)]
