"""The monthly ranking 空气质量排名通报 from the assessment: figures as published, with what they rest on.

Rules: 环办〔2014〕64号 as revised by 环办监测〔2018〕19号 (ties share a rank, the next is skipped), improvement by the
plan of 2017-02-12 (who attains every limit is not among the worst changes). A period that still runs is said to run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from lantian.assessment import ranking
from lantian.assessment.periods import Period, parse
from lantian.assessment.service import Assessment
from lantian.disclosure.bulletin_basis import INDEX, INTERVIEWED, MISSING, Asked, basis, change, digits, doubtful, state
from lantian.disclosure.values import Bar, FineRow, MonthlyBulletin, Named, RankRow
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.standards.codes import ITEMS
from lantian.standards.rounding import half_even

ISSUER = "大气污染防治攻坚办公室"


class NothingKnownError(LookupError):
    """Nothing is known for the bulletin that was asked for; the message says of whom and when."""


def monthly(
    platform: Platform,
    period: str,
    *,
    group: str = "2+26",
    deducted: bool = False,
    issuer: str = ISSUER,
    number: str = "",
    as_of: datetime | None = None,
) -> MonthlyBulletin:
    """The values of a ranking of a group over a period (a month, or any that ``periods.parse`` reads), as of a moment.

    Raises `NothingKnownError` where no member has an index then, LookupError for an unknown group and ValueError for a
    period that cannot be read.
    """
    moment = as_of or platform.clock.now()
    judge, asked = Assessment(platform), parse(period)
    names = {region.code: region.name for region in judge.places.regions()}
    here = Asked(
        judge, judge.places.group(group), asked, asked.until(judge.last_finished(moment)), deducted, moment, names
    )
    ranked = here.rank(asked, INDEX)
    if INDEX not in ranked.columns or ranked[INDEX].null_count() == ranked.height:
        raise NothingKnownError(f"{here.group.name} has no composite index for {asked.label} that is known by {moment}")
    known = ranked.filter(pl.col(INDEX).is_not_null())
    here = replace(here, doubtful=doubtful(known))
    fine = here.rank(_to_date(here.known), "pm25")
    count = 10 if known.height >= 20 else 5 if known.height >= 10 else 3
    improved, declined = _changes(known, count, here)
    examples = {region.code for region in judge.places.regions() if region.example}
    return MonthlyBulletin(
        issuer=issuer,
        issued_on=moment.astimezone(TIMEZONE).date(),
        example=platform.settings.example or bool(examples & set(here.group.members)),
        number=number,
        period=here.label,
        period_label=asked.label,
        group=here.group.name,
        state=state(here),
        summary=tuple(_summary(known, fine, here)),
        rows=tuple(_row(row, here) for row in ranked.to_dicts()),
        fine=tuple(_fine(known, fine, here)),
        best=_named(_first(known, count), here),
        worst=_named(ranking.last(known, count), here),
        last=_named(ranking.last(known, 3), here),
        improved=improved,
        declined=declined,
        interview=_interviewed(here),
        chart_index=_bars(known, INDEX, here),
        chart_fine=_bars(_sorted(known, "pm25"), "pm25", here),
        chart_change=_change_bars(known, here),
        basis=tuple(basis(ranked, known, here)),
        caveats=tuple(
            f"{here.names.get(one.place, one.place)}：{one.zh}"
            for one in judge.caveats(here.group.members, here.known, moment)
        ),
    )


def _to_date(period: Period) -> Period:
    first = date(period.end.year, 1, 1)
    return parse(str(first.year)) if period.end == date(first.year, 12, 31) else Period(first, period.end)


def _summary(known: pl.DataFrame, fine: pl.DataFrame, here: Asked) -> Iterable[str]:
    low, high = (digits(INDEX, _number(value)) for value in (known[INDEX].min(), known[INDEX].max()))
    yield (
        f"{here.label}，{here.group.name}中参加排名的{known.height}个地区，"
        f"综合指数在{low}至{high}之间；{_mean(known, 'PM2.5')}。"
    )
    best, worst = _first(known, 3), ranking.last(known, 3)
    yield f"空气质量相对较好的依次是{_list(best, here)}；相对较差的依次是{_list(worst, here)}。"
    changes = known.drop_nulls(f"change_{INDEX}")
    if changes.height:
        fell, rose = (changes.filter(test).height for test in (_fell(), pl.col(f"change_{INDEX}") > 0))
        top = changes.sort(f"change_{INDEX}", "place").to_dicts()[0]
        yield (
            f"综合指数同比下降的有{fell}个，上升的有{rose}个；变化最有利的是{here.name(top['place'])}"
            f"（{change(top[f'change_{INDEX}'])}%）。"
        )
    year = _to_date(here.known)
    whole = (year.start, year.end) == (here.known.start, here.known.end)
    if not whole and "pm25" in fine.columns and fine["pm25"].drop_nulls().len():
        yield f"年初至今，{_mean(fine, 'PM2.5')}。"


def _mean(frame: pl.DataFrame, symbol: str) -> str:
    """The mean of the places' published means, as the ministry gives it for a region, and its change on the year."""
    now = frame.drop_nulls("pm25")
    if not now.height:
        return f"{symbol}无数据"
    mean = _average(now["pm25"])
    said = f"{symbol}平均浓度{mean}微克/立方米"
    if now["pm25_before"].null_count():
        return said
    before = _average(now["pm25_before"])
    moved = half_even((mean - before) / before * 100, 1)
    return f"{said}，同比{'上升' if moved > 0 else '下降' if moved < 0 else '持平'}" + (
        f"{abs(moved)}%" if moved else ""
    )


def _average(values: pl.Series) -> Decimal:
    return half_even(sum(Decimal(str(value)) for value in values) / len(values), 0)


def _row(row: dict[str, Any], here: Asked) -> RankRow:
    rank = row[f"rank_{INDEX}"]
    return RankRow(
        rank=MISSING if rank is None else str(rank),
        place=here.name(row["place"]),
        index=digits(INDEX, row[INDEX]),
        change=change(row[f"change_{INDEX}"]),
        greatest="、".join(ITEMS[item].symbol for item in row["max_items"] or ()) or MISSING,
        pm25=digits("pm25", row["pm25"]),
        pm10=digits("pm10", row["pm10"]),
        so2=digits("so2", row["so2"]),
        no2=digits("no2", row["no2"]),
        co=digits("co_p95", row["co_p95"]),
        o3=digits("o3_8h_p90", row["o3_8h_p90"]),
        good=MISSING if row["good_day_share"] is None else f"{row['good_day_share']:.1f}",
    )


def _fine(known: pl.DataFrame, fine: pl.DataFrame, here: Asked) -> Iterable[FineRow]:
    if "pm25" not in fine.columns:
        return
    year = {row["place"]: row for row in fine.to_dicts()}
    for row in _sorted(known, "pm25").to_dicts():
        so_far = year.get(row["place"], {})
        yield FineRow(
            place=here.name(row["place"]),
            rank=_whole(row["rank_pm25"]),
            month=digits("pm25", row["pm25"]),
            month_before=digits("pm25", row["pm25_before"]),
            month_change=change(row["change_pm25"]),
            year_rank=_whole(so_far.get("rank_pm25")),
            year=digits("pm25", so_far.get("pm25")),
            year_before=digits("pm25", so_far.get("pm25_before")),
            year_change=change(so_far.get("change_pm25")),
        )


def _first(known: pl.DataFrame, count: int) -> pl.DataFrame:
    return known.filter(pl.col(f"rank_{INDEX}") <= count).sort(f"rank_{INDEX}", "place")


def _named(frame: pl.DataFrame, here: Asked) -> tuple[Named, ...]:
    return tuple(
        Named(str(row[f"rank_{INDEX}"]), here.name(row["place"]), digits(INDEX, row[INDEX])) for row in frame.to_dicts()
    )


def _changes(known: pl.DataFrame, count: int, here: Asked) -> tuple[tuple[Named, ...], tuple[Named, ...]]:
    """The best and the worst changes of the index; who attains every limit is not held up for a worse one."""
    column, rank = f"change_{INDEX}", f"rank_change_{INDEX}"
    moved = known.drop_nulls(column)
    fell = moved.filter(_fell() & (pl.col(rank) <= count)).sort(rank, "place")
    rest = moved.filter(~pl.col("attains").fill_null(False)).filter(pl.col(rank) > fell.height)
    worst = rest.sort(column, "place", descending=[True, False]).head(count)
    return tuple(_moved(fell, rank, column, here)), tuple(_moved(worst, rank, column, here))


def _moved(frame: pl.DataFrame, rank: str, column: str, here: Asked) -> Iterable[Named]:
    return (Named(str(row[rank]), here.name(row["place"]), f"{change(row[column])}%") for row in frame.to_dicts())


def _fell() -> pl.Expr:
    return pl.col(f"change_{INDEX}") < 0


def _interviewed(here: Asked) -> tuple[Named, ...]:
    """Zones at the end of the zones' ranking that are above the counties' mean; none where there are no zones."""
    places = here.judge.places
    zones = here.zones()
    if not zones:
        return ()
    ranked = here.judge.rank(
        zones,
        here.period,
        reference=[region.code for region in places.regions("county")],
        deducted=here.deducted,
        as_of=here.as_of,
    )
    against = f"against_{INDEX}"
    if against not in ranked.columns or ranked[against].null_count() == ranked.height:
        return ()
    worst = ranking.last(ranked, INTERVIEWED).filter(pl.col(against) > 0)
    return tuple(
        Named(
            str(row[f"rank_{INDEX}"]),
            here.name(row["place"]),
            f"综合指数{digits(INDEX, row[INDEX])}，列开发区第{row[f'rank_{INDEX}']}位，"
            f"比县（市、区）平均高{row[against]:.2f}%",
        )
        for row in worst.to_dicts()
    )


def _bars(frame: pl.DataFrame, column: str, here: Asked) -> tuple[Bar, ...]:
    return tuple(
        Bar(here.short(row["place"]), row[column], digits(column, row[column]), row[f"{column}_before"])
        for row in frame.to_dicts()
        if row[column] is not None
    )


def _change_bars(known: pl.DataFrame, here: Asked) -> tuple[Bar, ...]:
    column = f"change_{INDEX}"
    return tuple(
        Bar(here.short(row["place"]), row[column], change(row[column]))
        for row in known.drop_nulls(column).sort(column, "place").to_dicts()
    )


def _sorted(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    return frame.sort(f"rank_{column}", "place", nulls_last=True)


def _list(frame: pl.DataFrame, here: Asked) -> str:
    return "、".join(f"{here.name(row['place'])}（{digits(INDEX, row[INDEX])}）" for row in frame.to_dicts())


def _whole(value: int | None) -> str:
    return MISSING if value is None else str(value)


def _number(value: Any) -> float:
    return float(value)
