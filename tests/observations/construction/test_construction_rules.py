"""Limits at sites: which rule holds, what exceeds, how often a day, what is said of it."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from lantian.observations.construction import Site, episodes, judge, words
from lantian.observations.construction import checklist as checklists
from lantian.observations.construction import rules as limits

DAY = datetime(2016, 12, 14, 16, tzinfo=UTC)  # midnight of the 15th in Beijing
SITE = Site("site-01", "示例工地", "110105", 116.4, 39.9, phase="earthwork", example=True)
RULES = limits.load()


def minutes(*hours, item="pm10", site="site-01", share=1.0):
    """An hour of minutes for each value; None: no data."""
    rows = [
        (site, item, DAY + timedelta(hours=at, minutes=minute), float(value))
        for at, value in enumerate(hours)
        if value is not None
        for minute in range(round(60 * share))
    ]
    return pl.DataFrame(rows, schema=["site", "item", "time", "value"], orient="row").with_columns(
        pl.col("time").cast(pl.Datetime("us", "UTC")), pl.lit(1.0).alias("span")
    )


def county(*values, site="site-01"):
    rows = [(site, DAY + timedelta(hours=at), value) for at, value in enumerate(values)]
    schema = {"site": pl.String, "time": pl.Datetime("us", "UTC"), "value": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def hebei(values, background, site=SITE):
    return judge(values, [site], RULES.rules["db13_2934_2019"], background, valid_share=RULES.valid_share)


@pytest.mark.requirement("M7", part="the hourly rule: site less county, 150 at most")
def test_the_site_less_its_county_is_compared_and_a_county_above_150_counts_as_150():
    found = hebei(minutes(180, 181, 231, 300), county(100.0, 100.0, 400.0, 400.0))
    assert found["compared"].to_list() == [80.0, 81.0, 81.0, 150.0]
    assert found["exceeds"].to_list() == [False, True, True, True]  # exactly 80 keeps the limit
    assert found["background"].to_list() == [100.0, 100.0, 400.0, 400.0]  # shown as it was measured


@pytest.mark.requirement("M7", part="at most two exceedances a day")
def test_the_third_exceedance_of_a_natural_day_violates_and_midnight_begins_anew():
    values = minutes(*[200] * 2, *[100] * 20, *[200] * 4)
    found = hebei(values, county(*[100.0] * 30))
    over = found.filter("exceeds")
    assert over["count"].to_list() == [1, 2, 3, 4, 1, 2]
    assert over["violates"].to_list() == [False, False, True, True, False, False]
    first, second, third = episodes(found, RULES.episode_gap)
    assert [one.violates for one in (first, second, third)] == [False, True, False]
    assert (second.begin, second.end) == (DAY + timedelta(hours=22), DAY + timedelta(hours=24))
    assert (second.count, second.allowed, second.periods) == (4, 2, 2)


def test_an_hour_without_the_county_or_with_too_few_minutes_is_not_judged():
    found = hebei(minutes(500, 500), county(100.0))
    assert found["exceeds"].to_list() == [True, None]
    assert hebei(minutes(500, share=0.74), county(100.0)).is_empty()
    assert hebei(minutes(500, share=0.75), county(100.0)).height == 1


def test_an_instrument_of_ten_minutes_makes_hours_and_no_five_minutes():
    values = minutes(500).filter(pl.col("time").dt.minute() % 10 == 0).with_columns(pl.lit(10.0).alias("span"))
    assert hebei(values, county(100.0))["value"].to_list() == [500.0]
    assert hebei(values.head(4), county(100.0)).is_empty()  # 40 of 60 minutes
    rule = RULES.rules["db21_2642_2016"]
    tsp = values.with_columns(pl.lit("tsp").alias("item"))
    assert judge(tsp, [SITE], rule, county(), valid_share=0.75).is_empty()


@pytest.mark.requirement("M7", part="the 15-minute rule")
def test_quarter_hours_are_counted_against_two_limits():
    rule = RULES.rules["db31_964_2016"]
    found = judge(minutes(1500, 2500, item="tsp"), [SITE], rule, county(), valid_share=0.75)
    assert found.height == 16  # two hours, four quarters each, two limits
    low, high = (found.filter(pl.col("limit") == value) for value in (1000, 2000))
    assert low["count"].to_list() == list(range(1, 9))
    assert low["violates"].to_list() == [False] * 6 + [True] * 2
    assert high["violates"].to_list() == [False] * 5 + [True] * 3
    (one,) = episodes(found, 120)
    assert (one.limit, one.count, one.allowed, one.periods) == (2000.0, 4, 1, 8)


@pytest.mark.parametrize(
    ("code", "change", "limit"),
    [
        ("db61_1078_2017", {"phase": "earthwork"}, 800.0),
        ("db61_1078_2017", {"phase": "structure"}, 700.0),
        ("db21_2642_2016", {"urban": True}, 800.0),
        ("db21_2642_2016", {"urban": False}, 1000.0),
    ],
)
def test_limits_by_phase_and_place(code, change, limit):
    site = Site("site-01", "示例工地", "610102", **change)
    found = judge(minutes(limit + 1, item="tsp"), [site], RULES.rules[code], county(), valid_share=0.75)
    assert set(found["limit"]) == {limit}
    assert found["violates"].all()


def test_the_nearest_region_names_the_rule_and_the_example_only_the_example():
    assert RULES.of("130102", date(2020, 1, 1)).code == "db13_2934_2019"
    assert RULES.of("130102", date(2018, 12, 31)) is None
    assert RULES.of("110105", date(2016, 12, 16)) is None
    assert RULES.of("110105", date(2016, 12, 16), example=True).code == "db13_2934_2019"
    own = limits.parse(
        """
rules:
  - {code: own, zh: 甲, en: A, clause: c, item: pm10, minutes: 15, limits: [{value: 500}], confidence: HIGH}
  - {code: city, zh: 乙, en: B, clause: c, item: tsp, minutes: 60, limits: [{value: 900}], confidence: HIGH}
holds:
  - {region: "130000", rule: own, since: 2019-01-01}
  - {region: "130100", rule: city, since: 2018-01-01}
""",
        "own",
    )
    assert own.of("130102", date(2020, 1, 1)).code == "city"
    assert own.of("130202", date(2020, 1, 1)).code == "own"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules: 3", "rules: missing"),
        ("rules: [{code: a}]", "rule 1: zh: missing"),
        ("rules: [{code: a, colour: red}]", "colour: unknown"),
        (
            "rules: [{code: a, zh: a, en: a, clause: c, item: so2, minutes: 60, limits: [{value: 1}], confidence: x}]",
            "item 'so2'",
        ),
        (
            "rules: [{code: a, zh: a, en: a, clause: c, item: tsp, minutes: 7, limits: [{value: 1}], confidence: x}]",
            "minutes 7: expected a divisor",
        ),
        (
            "rules: [{code: a, zh: a, en: a, clause: c, item: tsp, minutes: 5, limits: [{value: 0}], confidence: x}]",
            "limit 1: value 0",
        ),
        ("rules: []\nholds: [{region: '130000', rule: x, since: 2019-01-01}]", "rule 'x'"),
    ],
)
def test_a_file_of_rules_is_refused_with_the_entry(text, says):
    with pytest.raises(limits.RuleError, match=says):
        limits.parse(text, "own.yaml")


@pytest.mark.requirement("M7", part="an exceedance becomes a case with a reason")
def test_the_alert_says_what_where_when_how_much_and_becomes_a_case():
    found = hebei(minutes(*[100] * 6, 300, 350, 320), county(*[160.0] * 9))
    (one,) = episodes(found, 120)
    made = words.alert(SITE, one, RULES.rules["db13_2934_2019"])
    assert (made.kind, made.category, made.department, made.subject) == (
        "exceedance",
        "construction",
        "housing",
        "site-01",
    )
    for part in (
        "示例工地",
        "06:00—09:00",
        "200 µg/m³",
        "限值 80",
        "07:00 工地 350",
        "按 150 计",
        "第 3 次",
        "DB13/2934-2019",
    ):
        assert part in made.zh
    assert "3 of the day, 2 allowed" in made.en
    later = episodes(hebei(minutes(*[100] * 6, 300, 350, 320, 310), county(*[160.0] * 10)), 120)
    assert words.alert(SITE, later[0], RULES.rules["db13_2934_2019"]).key == made.key  # it goes on: the same alert


@pytest.mark.requirement("M7", part="the eight 100 % with score and what is missing")
def test_the_eight_points_are_scored_and_what_is_missing_is_named():
    held = checklists.load()
    assert len(held.points) == 8
    answers = dict.fromkeys([point.code for point in held.points], "yes")
    assert held.score(answers).percent == 100.0
    found = held.score(answers | {"covering": "no", "washing": "partly", "video": "na", "monitoring": None})
    assert found.percent == 75.0  # 4.5 of 6
    assert [point.code for point in found.missing] == ["covering"]
    assert [point.code for point in found.partly] == ["washing"]
    assert [point.code for point in found.unknown] == ["monitoring"]
    assert held.score({}).percent is None


def test_an_office_brings_its_own_rules_and_points(tmp_path):
    (tmp_path / checklists.FILE).write_text(
        "points: [{code: video, zh: 视频, en: Video, points: 3, confidence: HIGH}]", encoding="utf-8"
    )
    assert [point.points for point in checklists.load(tmp_path).points] == [3.0]
    (tmp_path / checklists.FILE).write_text("points: [{code: video}]", encoding="utf-8")
    with pytest.raises(limits.RuleError, match="construction_checklist"):
        checklists.load(tmp_path)
