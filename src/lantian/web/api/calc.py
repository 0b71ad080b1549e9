"""`/calc`: the index of one set of values, with every step, as offices check single figures."""

import datetime as dt
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from lantian.standards import aqi, indices
from lantian.standards.aqi import AqiResult
from lantian.standards.codes import POLLUTANTS
from lantian.standards.frames import StandardsError
from lantian.standards.indices import IndexResult
from lantian.standards.rounding import half_even
from lantian.web.api.answers import resource
from lantian.web.pages.aqi_steps import steps
from lantian.web.pages.index_steps import index_steps
from lantian.web.security import Viewer, allow

router = resource("calc")
User = Annotated[Viewer, allow("calc.use")]
Value = Annotated[str | None, Query(max_length=20)]
Period = Literal["daily", "hourly"]

OUTSIDE = "/"
"""Given for a pollutant that the monitoring plan leaves out, as reports print it (HJ 633-2026)."""


def concentrations(
    pm25: Value = None,
    pm10: Value = None,
    so2: Value = None,
    no2: Value = None,
    co: Value = None,
    o3: Value = None,
    o3_8h: Value = None,
    o3_1h: Value = None,
    pm25_24h: Value = None,
    pm10_24h: Value = None,
    so2_24h: Value = None,
) -> dict[str, str]:
    """Collect the values that were given; digits stay as typed, so that rounding is exact."""
    return {name: text.strip() for name, text in locals().items() if text and text.strip()}


Given = Annotated[dict[str, str], Depends(concentrations)]


@router.get("/calc/aqi")
def calc_aqi(
    viewer: User,
    given: Given,
    period: Period = "daily",
    edition: Literal["2012", "2026"] | None = None,
    date: dt.date | None = None,
) -> dict[str, Any]:
    """Air quality index of a day or an hour by either edition of HJ 633.

    Values in ug/m3, CO in mg/m3; `/` says that the monitoring plan leaves a pollutant out. `daily` takes so2, no2, co,
    pm10, pm25 (24-hour means), o3_1h, o3_8h; `hourly` takes one-hour means, and by the 2012 edition o3_8h, pm25_24h,
    pm10_24h, so2_24h. The edition follows `date`, or the platform's clock where neither is given.
    """
    day = date or viewer.today
    result = judge(given, period, int(edition) if edition else aqi.on(day).year)
    return described(result, given, period)


def statistics(
    so2: Value = None, no2: Value = None, pm10: Value = None, pm25: Value = None, co: Value = None, o3: Value = None
) -> dict[str, str]:
    """Collect the six statistics that were given."""
    return {name: text.strip() for name, text in locals().items() if text and text.strip()}


Statistics = Annotated[dict[str, str], Depends(statistics)]


@router.get("/calc/index")
def calc_index(
    viewer: User,
    given: Statistics,
    variant: Annotated[str | None, Query(max_length=40)] = None,
    date: dt.date | None = None,
) -> list[dict[str, Any]]:
    """Composite index of one set of statistics, in every variant in use on `date` (the clock's day if not given), or
    in the `variant` named.

    so2, no2, pm10, pm25: means in ug/m3; co: 95th percentile of daily means in mg/m3; o3: 90th percentile of the daily
    largest 8-hour means in ug/m3.
    """
    names = [variant] if variant else [each.name for each in indices.variants_on(date or viewer.today)]
    return [index_described(compose(given, variant=name), given) for name in names]


def compose(given: dict[str, str], *, variant: str) -> IndexResult:
    """Compute the composite index of what was typed, in one variant.

    Raises:
        StandardsError: a value is no concentration, or the variant is unknown.
    """
    for name, text in given.items():
        try:
            half_even(text, 6)
        except ValueError as error:
            raise StandardsError(f"{name}: {error}") from None
    values: dict[str, Any] = given
    return indices.of(**values, variant=variant)


def index_described(result: IndexResult, given: dict[str, str]) -> dict[str, Any]:
    """A result as JSON values; decimals as text, so that no digit is lost."""
    text = {name: None if value is None else f"{value:f}" for name, value in result.single.items()}
    return {
        "variant": result.variant.name,
        "label": result.variant.label,
        "source": result.variant.source,
        "confidence": result.variant.confidence,
        "composite": None if result.composite is None else f"{result.composite:f}",
        "single": text,
        "max_index": None if result.max_index is None else f"{result.max_index:f}",
        "max_items": list(result.max_items),
        "steps": [asdict(step) for step in index_steps(result, given)],
    }


def judge(given: dict[str, str], period: Period, edition: int) -> AqiResult:
    """Compute the index of what was typed.

    Raises:
        StandardsError: a value is no concentration, or not one that this period of this edition takes.
    """
    values: dict[str, Any] = {name: value for name, value in given.items() if value != OUTSIDE}
    outside = sorted({name.partition("_")[0] for name, value in given.items() if value == OUTSIDE} & set(POLLUTANTS))
    known = columns(period)
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise StandardsError(f"{', '.join(unknown)}: a {period} index takes {', '.join(known)}")
    compute: Any = aqi.of_day if period == "daily" else aqi.of_hour
    result: AqiResult = compute(**values, edition=edition, outside_plan=outside)
    return result


def columns(period: Period) -> tuple[str, ...]:
    """The concentrations that an index of this period may take, in any edition."""
    if period == "daily":
        return ("pm25", "pm10", "o3_8h", "o3_1h", "no2", "so2", "co")
    return ("pm25", "pm10", "o3", "no2", "so2", "co", "pm25_24h", "pm10_24h", "o3_8h", "so2_24h")


def described(result: AqiResult, given: dict[str, str], period: Period) -> dict[str, Any]:
    """A result as JSON values."""
    return {
        "edition": result.edition.name,
        "period": period,
        "aqi": result.aqi,
        "aqi_text": result.text("aqi"),
        "level": None
        if result.level is None
        else {"number": result.level.number, "zh": result.level.zh, "en": result.level.en},
        "primary": list(result.primary),
        "exceeding": list(result.exceeding),
        "complete": result.complete,
        "capped": result.capped,
        "iaqi": dict(result.iaqi),
        "notes": [asdict(note) for note in result.notes],
        "steps": [
            asdict(step) | {"formula": step.formula}
            for step in steps(result, measured(given), hourly=period == "hourly")
        ],
    }


def measured(given: dict[str, str]) -> dict[str, str]:
    """What was given, less the pollutants outside the plan."""
    return {name: value for name, value in given.items() if value != OUTSIDE}
