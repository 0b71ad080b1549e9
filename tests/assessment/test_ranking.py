import polars as pl
import pytest

from lantian.assessment import ranking


@pytest.fixture
def stats():
    return pl.DataFrame(
        {
            "place": ["a", "b", "c", "d", "e"],
            "composite_index": [4.03, 3.85, 4.03, None, 9.1],
            "pm25": [29.0, 44, 19, 50, 19],
        }
    )


@pytest.mark.requirement("A3")
def test_ties_share_a_rank_and_the_next_is_skipped(stats):
    ranked = ranking.rank(stats)
    assert ranked.select("place", "rank_composite_index").rows() == [
        ("b", 1),
        ("a", 2),
        ("c", 2),
        ("e", 4),
        ("d", None),
    ]
    assert dict(ranked.select("place", "rank_pm25").rows()) == {"c": 1, "e": 1, "a": 3, "b": 4, "d": 5}


def test_no_column_to_rank_by_is_an_error(stats):
    with pytest.raises(ValueError, match="composite_index"):
        ranking.rank(stats.select("place"))


@pytest.mark.requirement("A3")
def test_year_on_year_is_half_even_on_published_values(stats):
    before = pl.DataFrame({"place": ["a", "b", "c", "e"], "composite_index": [8.0, 3.85, 0.0, 8.0]})
    changed = dict(ranking.year_on_year(stats, before).select("place", "change_composite_index").rows())
    # 4.03/8 - 1 = -49.625 -> -49.6 ; 9.1/8 - 1 = 13.75 -> 13.8 (half to even: 13.7|5 -> 13.8)
    assert changed == {"a": -49.6, "b": 0.0, "c": None, "d": None, "e": 13.8}
    ranks = dict(ranking.year_on_year(stats, before).select("place", "rank_change_composite_index").rows())
    assert ranks == {"a": 1, "b": 2, "e": 3, "c": None, "d": None}


def test_ministry_changes_round_half_to_even():
    now = pl.DataFrame({"place": ["x", "y"], "pm25": [45.0, 155.0]})
    before = pl.DataFrame({"place": ["x", "y"], "pm25": [40.0, 160.0]})
    # 12.5 stays; -3.125 -> -3.1
    assert ranking.year_on_year(now, before)["change_pm25"].to_list() == [12.5, -3.1]


@pytest.mark.requirement("A3")
def test_a_zone_against_the_county_mean():
    zone = pl.DataFrame({"place": ["Z"], "composite_index": [6.0]})
    counties = pl.DataFrame({"place": ["p", "q", "r"], "composite_index": [4.99, 5.0, 5.01]})
    row = ranking.against(zone, counties).row(0, named=True)
    assert row["against_composite_index"] == 20.0
    assert row["reference_composite_index"] == pytest.approx(5.0)
    assert (
        ranking.against(zone, counties.with_columns(composite_index=pl.lit(4.999)))["against_composite_index"][0]
        == 20.02
    )


def test_against_an_empty_group_is_an_error(stats):
    with pytest.raises(ValueError, match="nothing to compare"):
        ranking.against(stats, stats.filter(pl.col("place") == "d"))


@pytest.mark.requirement("A3")
def test_the_last_n_include_those_who_tie(stats):
    assert ranking.last(stats, 2)["place"].to_list() == ["e", "a", "c"]
    assert ranking.last(stats, 9)["place"].to_list() == ["e", "a", "c", "b"]


@pytest.mark.requirement("A3")
def test_more_good_days_are_an_improvement():
    now = pl.DataFrame({"place": ["a", "b"], "good_day_share": [60.0, 50.0]})
    before = pl.DataFrame({"place": ["a", "b"], "good_day_share": [50.0, 50.0]})
    changed = ranking.year_on_year(now, before, ["good_day_share"])
    assert changed.select("place", "change_good_day_share", "rank_change_good_day_share").rows() == [
        ("a", 20.0, 1),
        ("b", 0.0, 2),
    ]
