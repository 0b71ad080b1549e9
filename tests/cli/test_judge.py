"""Judgement by command: evaluation, ranking, targets, episodes and coverage of the small city, as of its clock."""

import pytest

from lantian.assessment.periods import parse
from lantian.assessment.service import Assessment


def test_an_evaluation_gives_statistics_attainment_index_and_days(city, city_platform):
    value = city.value("evaluate", "北京", "--period", "2016-11")
    assert value["now"] == "2016-12-16T20:00:00+08:00"
    assert value["period"] == {"label": "2016-11", "start": "2016-11-01", "end": "2016-11-30"}
    assert value["place"] == {"code": "110000", "name": "北京市"}
    row = value["result"]
    # the ministry's own: 92 for October and November 2016; November alone from the same table
    assert (row["pm25"], row["composite_index"], row["good_days"], row["heavy_days"]) == (99, 7.89, 14, 8)
    assert (row["attains"], row["attains_so2"], row["origin"]) == (False, True, "published")
    assert (
        row["composite_index"]
        == Assessment(city_platform).evaluate(["110000"], parse("2016-11"))["composite_index"].item()
    )


@pytest.mark.parametrize("name", ["北京", "北京市", "beijing", "110000"])
def test_a_place_goes_by_any_of_its_names(city, name):
    assert city.value("evaluate", name, "--period", "2016-11")["place"]["code"] == "110000"


def test_a_period_that_still_runs_is_judged_to_the_last_published_day(city):
    row = city.value("evaluate", "北京", "--period", "2016-12")["result"]
    assert (row["start"], row["end"], row["days"]) == ("2016-12-01", "2016-12-15", 15)


def test_people_see_the_digits_that_are_published(city):
    told = city.run("evaluate", "北京", "--period", "2016-11").stdout
    assert "北京市 2016年11月  综合指数 composite index 7.89" in told
    assert "1.70" in told
    assert "优良天数 good days 14 of 30 (46.7 %)" in told


@pytest.mark.requirement("A3", part="rankings by command")
def test_a_ranking_compares_with_the_year_before(city):
    value = city.value("rank", "--group", "three", "--period", "2016-11")
    assert (value["by"], value["against"]["label"]) == ("composite_index", "2015-11")
    rows = value["ranking"]
    assert [row["rank_composite_index"] for row in rows] == [1, 2, 3]
    assert [row["name"] for row in rows] == ["北京市", "天津市", "石家庄市"]
    last = rows[-1]
    assert (last["composite_index"], last["pm25"], last["pm25_before"], last["change_pm25"]) == (13.23, 169, 120, 40.8)


def test_a_ranking_by_one_pollutant_against_a_named_period(city):
    value = city.value("rank", "--group", "three", "--period", "2016-11", "--against", "2015-12", "--by", "pm25")
    assert (value["by"], value["against"]["label"]) == ("pm25", "2015-12")
    assert [row["rank_pm25"] for row in value["ranking"]] == [1, 2, 3]
    assert sorted(row["pm25"] for row in value["ranking"]) == [row["pm25"] for row in value["ranking"]]


def test_the_last_n_stand_with_the_worst_first(city):
    rows = city.value("rank", "--group", "three", "--period", "2016-11", "--last", 2)["ranking"]
    assert [(row["name"], row["rank_composite_index"]) for row in rows] == [("石家庄市", 3), ("天津市", 2)]


def test_a_place_is_set_against_the_mean_of_a_reference_group(city):
    rows = city.value("rank", "北京", "石家庄", "--period", "2016-11", "--reference", "two")["ranking"]
    index = {
        row["name"]: row["composite_index"]
        for row in city.value("rank", "--group", "three", "--period", "2016-11")["ranking"]
    }
    mean = (index["天津市"] + index["石家庄市"]) / 2
    assert rows[0]["reference_composite_index"] == pytest.approx(mean)
    assert rows[0]["against_composite_index"] == pytest.approx((index["北京市"] - mean) / mean * 100, abs=0.006)


def test_a_place_without_data_stands_last_without_a_rank(city):
    rows = city.value("rank", "朝阳区", "北京", "--period", "2016-11")["ranking"]
    assert [(row["name"], row["rank_composite_index"]) for row in rows] == [("北京市", 1), ("朝阳区", None)]


@pytest.mark.requirement("A4", part="targets by command")
def test_targets_say_what_the_rest_of_the_period_may_average(city):
    targets = {one["name"]: one for one in city.value("target")["targets"]}
    whole = targets["北京市"]
    base = city.value("evaluate", "北京", "--period", "2015-12")["result"]["pm25"]
    assert (whole["base"], whole["limit"], whole["cut_percent"]) == (base, base * 0.75, 25)
    assert (whole["day"], whole["days_left"], whole["known_days"]) == ("2016-12-15", 16, 15)
    exact = whole["value"] * 15 + whole["allowance"] * 16
    assert exact == pytest.approx(whole["limit"] * 31, abs=0.5 * 15)
    station = targets["万寿西宫"]
    assert (station["source"], station["example"], station["parent"]) == ("站点目标", True, whole["id"])


def test_a_target_on_an_earlier_day_knows_only_that_day(city):
    one = city.value("target", "北京", "--day", "2016-12-05")["targets"]
    assert [(target["day"], target["known_days"]) for target in one] == [("2016-12-05", 5)]


def test_episodes_of_a_city(city):
    found = city.value("episodes", "北京", "--period", "2016-12")["episodes"]
    assert [(one["start"], one["end"], one["peak_aqi"]) for one in found] == [
        ("2016-12-02", "2016-12-04", 312),
        ("2016-12-11", "2016-12-12", 234),
    ]
    assert "PM2.5" in city.run("episodes", "--group", "three", "--period", "2016-12").stdout


def test_coverage_of_a_citys_stations_and_of_its_published_days(city):
    value = city.value("coverage", "北京", "--period", "2016-12-16")
    measured = {(row["name"], row["item"]): (row["expected"], row["observed"]) for row in value["coverage"]}
    # the clock stands at 20:00: twenty hours have ended; one of 万寿西宫 was refused
    assert measured["万寿西宫", "pm25"] == (20, 19)
    assert measured["东四", "pm25"] == (20, 20)
    assert measured["东四", "so2"] == (20, 0)
    days = city.value("coverage", "北京", "--period", "2016-11", "--daily")
    assert days["resolution"] == "day"
    assert {row["item"]: row["observed"] for row in days["coverage"]}["o3_8h"] == 30
    assert "95.0" in city.run("coverage", "1001A", "--period", "2016-12-16").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("evaluate 背景 --period 2016-11", 2, "no place is called '背景'"),
        ("evaluate 北京 --period november", 2, "expected one of 2016-12, 2016Q4"),
        (
            "evaluate 北京 --period 2014-11",
            3,
            "observations run from 2015-11-01 to 2016-12-31, the clock shows 2016-12-16 20:00",
        ),
        ("evaluate 北京 --period 2017-01", 3, "nothing is known of 北京市 in 2017-01"),
        ("rank --group four --period 2016-11", 2, "no group is called 'four'; expected one of three, two"),
        ("rank --period 2016-11", 2, "name some, or a group with --group"),
        ("rank --group three --period 2016-11 --by pm1", 2, "expected one of index, so2"),
        ("rank --group three --period 2014-11", 3, "nothing is known of index of three in 2014-11"),
        ("target 石家庄", 3, "no target is set for 石家庄"),
        ("target --day yesterday", 2, "expected one such as 2016-12-16"),
        ("episodes 朝阳区 --period 2016-11", 3, "nothing is known of 朝阳区"),
        ("coverage 北京 --period 2014-11", 3, "nothing is known of 北京市"),
    ],
)
def test_what_cannot_be_judged_is_said_in_one_sentence(city, arguments, code, said):
    assert said in city.refusal(*arguments.split(), code=code)


def test_without_places_it_is_said_how_to_load_some(empty):
    assert "lantian load" in empty.refusal("evaluate", "北京", "--period", "2016-11", code=3)
