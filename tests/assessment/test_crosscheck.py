from datetime import date, timedelta

import polars as pl
import pytest

from lantian.assessment import crosscheck


def frames(days, published):
    dates = [date(2016, 7, 1) + timedelta(days=i) for i in range(days)]
    made = pl.DataFrame({"place": "110000", "date": dates, "o3_8h": [150.2 + i for i in range(days)]})
    made = made.with_columns(o3_1h=pl.col("o3_8h") + 25.3)
    table = made.select("place", "date", o3_8h=pl.col(published).round(0))
    return table, made


@pytest.mark.requirement("A2", part="a published ozone that is not MDA8 is told")
def test_the_largest_hour_in_the_place_of_mda8_is_told():
    (caveat,) = crosscheck.ozone(*frames(20, "o3_1h"))
    assert (caveat.place, caveat.days, caveat.agree) == ("110000", 20, 20)
    assert "偏高" in caveat.zh
    assert "too high" in caveat.en


def test_a_true_mda8_and_too_few_days_say_nothing():
    assert crosscheck.ozone(*frames(20, "o3_8h")) == []
    assert crosscheck.ozone(*frames(9, "o3_1h")) == []
    table, made = frames(20, "o3_1h")
    assert crosscheck.ozone(table.clear(), made) == []
