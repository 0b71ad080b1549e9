"""Facts from the platform: targets and published means, the tally of cases, zones; as known at the end of a day."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from lantian.accountability import facts as files
from lantian.accountability import packs, service
from lantian.accountability.evaluate import evaluate
from lantian.assessment.periods import parse
from lantian.assessment.records import Records
from lantian.assessment.targets import Target
from lantian.kernel.bootstrap import Platform
from lantian.observations.store import open_store
from lantian.places.groups import Group
from lantian.places.regions import Region
from lantian.places.store import PlaceStore

NOW = datetime(2017, 1, 20, 12, tzinfo=UTC)
PERIOD = parse("2016-12")
CITIES = {"130100": 120.0, "130200": 94.0, "130300": 90.0, "130400": 101.0, "130500": 60.0}
TALLY = pl.DataFrame(
    [("130102", 2, 0), ("130104", 0, 5), ("130100", 9, 9), ("139999", 1, 0)],
    schema={"region": pl.String, "unfinished": pl.Int64, "new": pl.Int64},
    orient="row",
)


@pytest.fixture
def city(platform: Platform) -> Platform:
    """Five cities at 100 ug/m3 a year before, four with a target of -20 %; two counties with cases; a zone."""
    places = PlaceStore(platform.engine)
    places.put_regions(
        [
            *(Region(code, f"市{code}") for code in ("130000", *CITIES)),
            *(Region("130102", "长安区"), Region("130104", "桥西区"), Region("Z13010201", "示例开发区", example=True)),
        ],
        "test",
    )
    places.put_group(Group("five", "五市", tuple(CITIES)), "test")
    platform.clock.set_simulated(NOW, paused=True, actor="test")
    store = open_store(platform)
    for code, now in CITIES.items():
        for year, pm25 in ((2015, 100.0), (2016, now)):
            store.append(days(code, year, pm25), "day", "published")
    records = Records(platform.engine)
    records.put_target(Target("130100", "pm25", PERIOD, limit=80, base=100), "test")
    for code in ("130200", "130300", "130400"):
        records.put_target(Target(code, "pm25", PERIOD, limit=80), "test")  # against the year before
    return platform


def days(place: str, year: int, pm25: float) -> pl.DataFrame:
    return pl.DataFrame({"date": pl.date_range(date(year, 12, 1), date(year, 12, 31), "1d", eager=True)}).select(
        pl.lit(place).alias("place"),
        "date",
        so2=30.0,
        no2=50.0,
        co=2.0,
        o3_8h=60.0,
        pm10=pm25 * 1.5,
        pm25=pl.lit(pm25),
    )


@pytest.mark.requirement("C1", part="facts from the platform")
def test_cities_stand_by_targets_and_published_means(city: Platform) -> None:
    found = service.facts(city, PERIOD, date(2017, 1, 15), tally=TALLY)
    rows = {each.code: each for each in found.cities}
    assert {code: each.completion for code, each in rows.items()} == {
        "130100": Decimal("-100.0"),
        "130200": Decimal("30.0"),
        "130300": Decimal("50.0"),
        "130400": Decimal("-5.0"),
        "130500": None,  # in the group, and without a target
    }
    assert (rows["130100"].before, rows["130100"].after) == (100, 120)
    assert rows["130100"].links[0].startswith("/targets?target=")
    result = evaluate(packs.load("2017-18"), found)
    held = {each.where: each.post for each in result.proposals if each.rule == "result"}
    assert held == {"130100": "city_secretary", "130400": "city_secretary", "130200": "vice_mayor"}
    assert [gap.where for gap in result.gaps if gap.rule == "result"] == ["130500"]
    assert files.read(found.to_json()) == found  # can be kept and repeated


@pytest.mark.requirement("C1", part="facts from the platform")
def test_counties_stand_by_the_tally_and_a_city_s_own_cases_are_no_county_s(city: Platform) -> None:
    found = service.facts(city, PERIOD, date(2017, 1, 15), tally=TALLY)
    assert [(each.code, each.parent, each.unfinished, each.new) for each in found.counties] == [
        ("130102", "130100", 2, 0),
        ("130104", "130100", 0, 5),
        ("139999", "", 1, 0),
    ]
    result = evaluate(packs.load("2017-18"), found)
    spread = next(each for each in result.proposals if each.rule == "city")
    assert (spread.where, spread.post, spread.facts[0].value) == ("130100", "vice_mayor", "2")
    assert spread.facts[0].links == ("/cases?region=130102", "/cases?region=130104")


@pytest.mark.requirement("C1", part="facts from the platform")
def test_without_a_tally_supervision_is_asked(city: Platform) -> None:
    assert service.facts(city, PERIOD, date(2017, 1, 15)).counties == ()


@pytest.mark.requirement("C1", part="facts as known on a past day")
def test_what_became_known_later_is_not_used(city: Platform) -> None:
    before = service.facts(city, PERIOD, date(2017, 1, 15), tally=TALLY)
    city.clock.jump(datetime(2017, 2, 1, tzinfo=UTC), actor="test")
    open_store(city).append(days("130200", 2016, 60.0), "day", "published")
    assert service.facts(city, PERIOD, date(2017, 1, 15), tally=TALLY).to_json() == before.to_json()
    after = service.facts(city, PERIOD, date(2017, 2, 1), tally=TALLY)
    assert next(each for each in after.cities if each.code == "130200").completion == Decimal("200.0")
    with pytest.raises(ValueError, match="as of 2017-03-01: expected 2017-02-01 or an earlier day"):
        service.facts(city, PERIOD, date(2017, 3, 1), tally=TALLY)
    with pytest.raises(ValueError, match="expected 2016-12-01, the first day of 2016-12, or a later day"):
        service.facts(city, PERIOD, date(2016, 11, 30), tally=TALLY)


def test_a_zone_without_values_is_said(city: Platform) -> None:
    found = service.facts(city, PERIOD, date(2017, 1, 15), tally=TALLY)
    assert [(each.code, each.parent, each.value, each.example) for each in found.zones] == [
        ("Z13010201", "130102", None, True)
    ]


@pytest.mark.parametrize(
    ("limit", "base", "before", "percent"),
    [
        (77.35, 91, None, "15.0"),
        (80, None, 100.0, "20.0"),
        (80, None, None, None),
        (80, None, 80.0, None),
        (90, 80, None, None),
    ],
)
def test_the_cut_that_a_target_means(
    limit: float, base: float | None, before: float | None, percent: str | None
) -> None:
    found = service.percent_of(Target("130100", "pm25", PERIOD, limit=limit, base=base), before)
    assert found == (None if percent is None else Decimal(percent))
