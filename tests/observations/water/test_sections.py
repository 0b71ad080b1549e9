"""Months of sections: means, values below the detection limit, shares of the classes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from lantian.observations.water import months, shares, whole
from lantian.observations.water.sections import Section

SECTIONS = {
    one.id: one for one in (Section("A", "上游", "110105", target=3), Section("B", "水库", "110105", "lake", target=2))
}


def samples(*rows: tuple[str, str, str, float, bool]) -> pl.DataFrame:
    """Section, time of Beijing, item, value, below the detection limit."""
    parts = [(s, datetime.fromisoformat(f"{t}+08:00").astimezone(UTC), i, v, b) for s, t, i, v, b in rows]
    kinds = (pl.String, pl.Datetime("us", "UTC"), pl.String, pl.Float64, pl.Boolean)
    return pl.DataFrame(
        parts, dict(zip(("section", "time", "item", "value", "below"), kinds, strict=True)), orient="row"
    )


@pytest.mark.requirement("M12", part="a month of a section")
def test_a_month_is_the_mean_of_its_samples_rounded_once() -> None:
    found = months(
        samples(
            ("A", "2016-11-01 00:30", "nh3n", 0.9, False),  # still October in UTC
            ("A", "2016-11-30 23:30", "nh3n", 1.11, False),
            ("A", "2016-12-01 00:00", "nh3n", 1.0, False),
            ("A", "2016-11-10 08:00", "cod", 20, False),
            ("X", "2016-11-10 08:00", "cod", 99, False),
        ),
        SECTIONS,
    )
    assert [(one.section, one.month, one.samples) for one in found] == [
        ("A", date(2016, 11, 1), 3), ("A", date(2016, 12, 1), 1),
    ]  # fmt: skip
    assert found[0].values == {"nh3n": Decimal("1.00"), "cod": Decimal("20.0")}  # 1.005 to the even digit
    assert (found[0].judgement.grade, found[0].judgement.met) == (3, True)


def test_below_the_detection_limit_counts_half() -> None:
    found = months(
        samples(("A", "2016-11-01 08:00", "pb", 0.02, True), ("A", "2016-11-02 08:00", "pb", 0.01, False)), SECTIONS
    )
    assert found[0].values["pb"] == Decimal("0.0100")
    assert found[0].judgement.grade == 1


def test_a_year_of_a_section_is_the_mean_of_its_months() -> None:
    found = months(
        samples(
            ("B", "2016-10-01 08:00", "tp", 0.02, False),
            ("B", "2016-10-09 08:00", "tp", 0.04, False),
            ("B", "2016-11-01 08:00", "tp", 0.06, False),
        ),
        SECTIONS,
    )
    (all_,) = whole(found, SECTIONS)
    assert (all_.values["tp"], all_.month, all_.samples) == (Decimal("0.045"), date(2016, 10, 1), 3)
    assert (all_.judgement.grade, all_.judgement.met) == (3, False)


def test_shares_count_judged_sections_only() -> None:
    found = months(
        samples(
            ("A", "2016-11-01 08:00", "cod", 12, False),
            ("A", "2016-12-01 08:00", "cod", 41, False),
            ("B", "2016-11-01 08:00", "cod", 20, False),
            ("B", "2016-12-01 08:00", "temperature", 4, False),
        ),
        SECTIONS,
    )
    assert shares(found) == (3, Decimal("66.7"), Decimal("33.3"))
    assert shares([]) == (0, None, None)
