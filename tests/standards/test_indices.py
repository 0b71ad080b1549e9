"""The composite index against published figures, and the variants against each other."""

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.standards import StandardsError, indices

NAMES = ("so2", "no2", "pm10", "pm25", "co", "o3")

PUBLISHED = [
    # so2, no2, pm10, pm2.5, co, o3, published index
    ("Puning 普宁 2025", 6, 12, 51, 19, "0.9", 137, "2.75"),
    ("Zibo 淄博 2023-05", 12, 27, 65, 29, "0.8", 191, "4.03"),
    ("Shayang 沙洋 2024-11", 11, 15, 74, 44, "1.0", 116, "3.85"),
    ("Shayang 沙洋 2024-01..11", 11, 12, 57, 33, "1.0", 148, "3.40"),
    ("1001A 2025-02-09..10", 4, 36, 50, 15, "0.5", 81, "2.74"),
]


def of(row: tuple[Any, ...]) -> indices.IndexResult:
    return indices.of(**dict(zip(NAMES, row[1:7], strict=True)))


def stats(rows: list[dict[str, object]]) -> pl.DataFrame:
    columns = [*indices.COLUMNS.values(), "so2_p98", "no2_p98", "pm10_p95", "pm25_p95"]
    return pl.DataFrame(rows, schema={"end": pl.Date, **dict.fromkeys(columns, pl.Float64)})


@pytest.mark.requirement("A3", part="composite index")
@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row[0])
def test_published_indices_are_reproduced(row: tuple[Any, ...]) -> None:
    assert str(of(row).composite) == row[7]
    values = {indices.COLUMNS[name]: float(value) for name, value in zip(NAMES, row[1:7], strict=True)}
    frame = indices.composite(stats([{"end": dt.date(2025, 12, 31), **values}]))
    assert frame["composite_index"].item() == float(row[7])
    assert frame["index_variant"].item() == "2014"


@pytest.mark.requirement("A3", part="single index")
def test_single_indices_of_the_provincial_interface_are_reproduced() -> None:
    result = of(PUBLISHED[4])
    expected = {"so2": "0.07", "no2": "0.90", "pm25": "0.43", "pm10": "0.71", "co": "0.12", "o3": "0.51"}
    assert {name: str(value) for name, value in result.single.items()} == expected
    assert (str(result.max_index), result.max_items) == ("0.90", ("no2",))


def test_the_one_published_figure_that_is_not_reproduced_stays_known() -> None:
    # An unnamed city, 2023, published 4.48; no rounding rule that was tried gives it (perhaps unrounded inputs).
    result = of(("unnamed", 12, 31, 74, 37, "1.4", 168))
    assert str(result.composite) == "4.50"


def test_summing_before_rounding_would_not_reproduce_them() -> None:
    row = PUBLISHED[3]
    limits = indices.VARIANTS["2014"].limits
    raw = sum(Decimal(str(value)) / limits[name] for name, value in zip(NAMES, row[1:7], strict=True))
    assert str(round(raw, 2)) == "3.42"
    assert str(of(row).composite) == "3.40"


def test_the_date_chooses_the_variants() -> None:
    values: dict[str, Any] = {"so2": 6, "no2": 30, "pm10": 54, "pm25": 27, "co": "1.0", "o3": 144}
    before = indices.of(**values, date=dt.date(2026, 2, 28))
    assert (before.variant.name, before.beside) == ("2014", ())
    after = indices.of(**values, date=dt.date(2026, 3, 31))
    assert after.variant.name == "2026"
    # 0.1 + 0.75 + 0.9 + 0.9 + 0.25 + 0.9; weighted: PM2.5 three times, NO2 and O3 twice.
    assert str(after.composite) == "3.800"
    assert [(each.variant.name, str(each.composite)) for each in after.beside] == [("2026-weighted", "7.250")]
    assert after.max_items == ("pm10", "pm25", "o3")
    old_weighted = indices.of(**values, variant="2014-weighted")
    # .10 + 2 x .75 + .77 + 3 x .77 + .25 + 2 x .90
    assert str(old_weighted.composite) == "6.73"
    assert indices.of(**values).variant.name == "2014"


def test_a_frame_over_the_change_shows_each_row_by_its_end() -> None:
    values: dict[str, object] = {"so2": 6, "no2": 30, "pm10": 54, "pm25": 27, "co_p95": 1, "o3_8h_p90": 144}
    frame = stats([{"end": dt.date(2026, month, 28), **values} for month in (3, 2, 4)]).with_columns(
        note=pl.lit("kept")
    )
    result = indices.composite(frame)
    assert result["end"].to_list() == frame["end"].to_list()
    assert result["note"].to_list() == ["kept"] * 3
    assert result["index_variant"].to_list() == ["2026", "2014", "2026"]
    assert result["composite_index"].to_list() == [3.8, 3.54, 3.8]
    assert result["composite_index_weighted"].to_list() == [7.25, None, 7.25]


def test_a_missing_pollutant_is_not_a_clean_one() -> None:
    values: dict[str, Any] = {"so2": 6, "no2": 12, "pm10": 51, "pm25": 19, "o3": 137}
    result = indices.of(**values)
    assert (result.composite, result.max_index, result.max_items, result.single["co"]) == (None, None, (), None)
    assert str(result.single["o3"]) == "0.86"
    row = {"end": dt.date(2016, 12, 31), **{indices.COLUMNS[name]: value for name, value in values.items()}}
    frame = indices.composite(stats([row])).row(0, named=True)
    assert (frame["composite_index"], frame["max_index"], frame["max_items"]) == (None, None, None)
    assert (frame["index_co"], frame["index_o3"]) == (None, 0.86)


def test_the_index_of_2013_takes_the_larger_ratio() -> None:
    row: dict[str, object] = {
        "so2": 30, "so2_p98": 90, "no2": 40, "no2_p98": 60, "pm10": 70, "pm10_p95": 180, "pm25": 35, "pm25_p95": 75,
        "co_p95": 2, "o3_8h_p90": 160,
    }  # fmt: skip
    frame = indices.composite(stats([row, {**row, "so2_p98": None}]), variant="hj663-2013")
    first = frame.row(0, named=True)
    assert [first[f"index_{name}"] for name in NAMES] == [0.6, 1.0, 1.2, 1.0, 0.5, 1.0]
    assert (first["composite_index"], first["max_index"], first["max_items"]) == (5.3, 1.2, ["pm10"])
    assert frame["composite_index"][1] is None
    with pytest.raises(StandardsError, match=r"needs percentiles: use indices\.composite"):
        indices.of(so2=1, variant="hj663-2013")


value = st.one_of(st.integers(0, 6000).map(lambda tenths: tenths / 10), st.none())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(value, value, value, value, st.integers(0, 100).map(lambda t: t / 10), value), min_size=1))
def test_frame_and_scalar_agree(rows: list[tuple[Any, ...]]) -> None:
    frame = stats([{indices.COLUMNS[name]: each for name, each in zip(NAMES, row, strict=True)} for row in rows])
    for variant in ("2014", "2014-weighted", "2026", "2026-weighted"):
        table = indices.composite(frame, variant=variant).rows(named=True)
        for row, line in zip(rows, table, strict=True):
            single = indices.of(**dict(zip(NAMES, row, strict=True)), variant=variant)
            assert line["composite_index"] == (None if single.composite is None else float(single.composite))
            assert line["max_index"] == (None if single.max_index is None else float(single.max_index))
            assert tuple(line["max_items"] or ()) == single.max_items


def test_every_variant_says_where_it_comes_from() -> None:
    for variant in indices.VARIANTS.values():
        assert set(variant.limits) == set(variant.weights) == set(variant.decimals) == set(NAMES)
        assert variant.source
        assert variant.confidence in {"HIGH", "MEDIUM-LOW", "LOW", "MEMORY"}


def test_wrong_input_is_refused_by_name() -> None:
    with pytest.raises(StandardsError, match="co=900 looks like ug/m3"):
        indices.of(co=900)
    with pytest.raises(StandardsError, match="so2=-1"):
        indices.of(so2=-1)
    with pytest.raises(StandardsError, match="unknown index variant '2015', expected one of 2014"):
        indices.of(so2=1, variant="2015")
    with pytest.raises(StandardsError, match="co_p95"):
        indices.composite(stats([]).drop("co_p95"))
    with pytest.raises(StandardsError, match='expected column "end"'):
        indices.composite(stats([]).drop("end"))
