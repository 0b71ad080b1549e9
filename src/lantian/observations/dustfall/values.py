"""Values of sites and counties, ranks and the share within the limit. Pure; one rounding, at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from lantian.observations.dustfall.weights import Exposure, Fault, Rules, dustfall, faults, rules
from lantian.standards.rounding import half_even


@dataclass(frozen=True, slots=True)
class Site:
    """A place where a jar stands; ``dusty``: in dusty terrain, where the milder limit holds."""

    id: str
    name: str
    region: str
    dusty: bool = False
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar at a site in a month."""

    site: str
    month: date
    jar: str
    exposure: Exposure


@dataclass(frozen=True, slots=True)
class SiteMonth:
    """A site in a month.

    Attributes:
        exact: mean of its jars that can be right, not rounded; None where there is none.
        value: as published; met: within the limit of the site.
        wrong: jars left out, with the reasons.
    """

    site: Site
    month: date
    exact: Decimal | None
    value: Decimal | None
    limit: Decimal
    wrong: tuple[tuple[str, tuple[Fault, ...]], ...]

    @property
    def met(self) -> bool | None:
        """Within the limit, by the published value; None where there is none."""
        return None if self.value is None else self.value <= self.limit


@dataclass(frozen=True, slots=True)
class Ranked:
    """A county in a month: the mean of its sites, its rank (1 is least; equal values share a rank), and its sites.

    ``limit`` is that of its terrain: the milder one where all of its sites stand in dusty terrain.
    """

    region: str
    value: Decimal
    rank: int
    limit: Decimal
    sites: int

    @property
    def met(self) -> bool:
        """Within the limit, by the published value."""
        return self.value <= self.limit


def site_months(jars: Iterable[Jar], sites: Mapping[str, Site], *, by: Rules | None = None) -> list[SiteMonth]:
    """Every month of every site, by month and site; jars of unknown sites are left out."""
    chosen = by or rules()
    parts: dict[tuple[date, str], list[Jar]] = {}
    for jar in jars:
        if jar.site in sites:
            parts.setdefault((jar.month.replace(day=1), jar.site), []).append(jar)
    found = []
    for (month, code), each in sorted(parts.items()):
        wrong = {jar.jar: tuple(faults(jar.exposure, by=chosen)) for jar in each}
        right = [dustfall(jar.exposure) for jar in each if not wrong[jar.jar]]
        exact = _mean(right) if right else None
        site = sites[code]
        found.append(
            SiteMonth(
                site,
                month,
                exact,
                None if exact is None else half_even(exact, chosen.decimals),
                chosen.dusty if site.dusty else chosen.plain,
                tuple((jar, reasons) for jar, reasons in sorted(wrong.items()) if reasons),
            )
        )
    return found


def counties(found: Iterable[SiteMonth], *, by: Rules | None = None) -> list[Ranked]:
    """Counties of one month by their value, the least first: the mean of their sites' exact values, rounded once."""
    chosen = by or rules()
    parts: dict[str, list[SiteMonth]] = {}
    for one in found:
        if one.exact is not None:
            parts.setdefault(one.site.region, []).append(one)
    values = {
        region: half_even(_mean([one.exact for one in each if one.exact is not None]), chosen.decimals)
        for region, each in parts.items()
    }
    ranks = ranked(values)
    return [
        Ranked(region, values[region], ranks[region], _limit(parts[region], chosen), len(parts[region]))
        for region in sorted(values, key=lambda region: (values[region], region))
    ]


def _limit(each: Sequence[SiteMonth], chosen: Rules) -> Decimal:
    return chosen.dusty if all(one.site.dusty for one in each) else chosen.plain


def ranked(values: Mapping[str, Decimal]) -> dict[str, int]:
    """Ranks from the least; equal values share a rank and the next is skipped (1, 2, 2, 4).

    Example:
        >>> ranked({"a": Decimal("5.0"), "b": Decimal("4.1"), "c": Decimal("5.0"), "d": Decimal("6.2")})
        {'a': 2, 'b': 1, 'c': 2, 'd': 4}
    """
    return {code: 1 + sum(other < value for other in values.values()) for code, value in values.items()}


def attainment(found: Iterable[SiteMonth | Ranked]) -> tuple[int, int, Decimal | None]:
    """How many are within the limit, of how many, and the percent to one decimal (None of none)."""
    met = [one.met for one in found if one.met is not None]
    if not met:
        return 0, 0, None
    with localcontext(prec=40):
        return sum(met), len(met), half_even(Decimal(sum(met)) * 100 / len(met), 1)


def _mean(values: Sequence[Decimal]) -> Decimal:
    with localcontext(prec=40):
        return sum(values, Decimal(0)) / len(values)
