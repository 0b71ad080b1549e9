"""Production without treatment, and orders that were not kept."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from lantian.observations.power import Order, not_stopped, untreated

START = datetime(2016, 12, 16, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)


def worked(production: str, treatment: str, enterprise: str = "E", start: datetime = START) -> pl.DataFrame:
    """One letter a half hour: 1 runs, 0 stands still, ? unknown; a blank: no row."""
    word = {"1": True, "0": False, "?": None}
    rows = [
        (enterprise, start + n * HALF, word[p], word[t], 100.0 if p == "1" else 2.0, 0.5)
        for n, (p, t) in enumerate(zip(production, treatment, strict=True))
        if p != " "
    ]
    names = ("enterprise", "time", "production", "treatment", "production_kw", "treatment_kw")
    kinds = (pl.String, pl.Datetime("us", "UTC"), pl.Boolean, pl.Boolean, pl.Float64, pl.Float64)
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


@pytest.mark.parametrize(
    ("production", "treatment", "spans"),
    [
        ("0111100", "1100011", [(2, 5)]),
        ("1111", "1011", []),  # half an hour is not told
        ("1111", "1001", [(1, 3)]),
        ("1111", "????", []),  # nobody is accused by silence
        ("????", "0000", []),
        ("11 11", "00000", [(0, 2), (3, 5)]),  # a gap ends a span
        ("0000", "0000", []),
    ],
)
def test_production_without_treatment(production: str, treatment: str, spans: list[tuple[int, int]]) -> None:
    found = untreated(worked(production, treatment))
    assert [((one.start - START) / HALF, (one.end - START) / HALF) for one in found] == spans
    assert all(one.production_kw == 100 and one.treatment_kw == 0.5 for one in found)


def test_what_reaches_the_newest_reading_lasts() -> None:
    two = pl.concat([worked("1100", "0011"), worked("0011", "1100", "F")])
    assert [(one.enterprise, one.lasts, one.hours) for one in untreated(two)] == [("E", False, 1.0), ("F", True, 1.0)]


def test_an_order_binds_its_enterprise_and_its_hours_only() -> None:
    frame = pl.concat([worked("111111", "111111"), worked("111111", "111111", "F")])
    order = Order("E", START + 2 * HALF, START + 5 * HALF, "红色预警")
    (found,) = not_stopped(frame, [order])
    assert (found.enterprise, found.start, found.end, found.reason) == ("E", order.start, order.end, "红色预警")
    assert not found.lasts  # the order is over
    assert not_stopped(worked("0011", "0011"), [Order("E", START, START + 2 * HALF, "")]) == []
