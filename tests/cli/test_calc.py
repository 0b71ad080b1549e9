"""`lantian calc`: the worked cases of both editions, and what is refused."""

import pytest

PUBLISHED = {
    "普宁 2025": ("so2=6 no2=12 pm10=51 pm25=19 co=0.9 o3=137", 2.75),
    "淄博 2023-05": ("so2=12 no2=27 pm10=65 pm25=29 co=0.8 o3=191", 4.03),
    "沙洋 2024-11": ("so2=11 no2=15 pm10=74 pm25=44 co=1.0 o3=116", 3.85),
    "沙洋 2024-01..11": ("so2=11 no2=12 pm10=57 pm25=33 co=1.0 o3=148", 3.40),
}


@pytest.mark.requirement("A1", part="single values on the command line")
@pytest.mark.parametrize(
    ("arguments", "aqi", "level", "primary"),
    [
        ("--edition 2012 --daily pm25=75 pm10=150 so2=20 no2=60 co=1.2 o3_8h=90 o3_1h=110", 100, 2, ["pm10", "pm25"]),
        ("--edition 2012 pm25=35 pm10=50 so2=50 no2=40 co=2 o3_8h=100 o3_1h=160", 50, 1, []),
        ("--edition 2012 pm25=500", 500, 6, ["pm25"]),
        ("--edition 2012 pm25=75.5 pm10=1", 102, 3, ["pm25"]),  # half to even 76, then up
        ("--edition 2026 pm25=60 pm10=120 so2=10 no2=30 co=0.8 o3_8h=120", 100, 2, ["pm10", "pm25"]),
        ("--edition 2026 pm25=75 pm10=90 so2=10 no2=30 co=0.8 o3_8h=120", 114, 3, ["pm25"]),
        ("--edition 2026 --hourly pm25=115 so2=5 no2=20 co=1 o3=100 pm10=80", 150, 3, ["pm25"]),
        ("--edition 2012 --hourly pm25_24h=75 so2=800", 200, 4, ["so2"]),
    ],
)
def test_aqi_of_worked_cases(alone, arguments, aqi, level, primary):
    value = alone.value("calc", "aqi", *arguments.split())
    assert (value["aqi"], value["level"]["number"], sorted(value["primary"])) == (aqi, level, primary)


def test_each_sub_index_stands_beside_the_value_that_it_comes_from(alone):
    shown = alone.run("calc", "aqi", "--edition", "2012", "--hourly", "pm25_24h=75", "o3_8h=90", "co=1.2").stdout
    rows = {cells[0]: cells[1:] for cells in map(str.split, shown.splitlines()) if len(cells) == 3}
    assert (rows["PM2.5-24h"], rows["O3-8h"], rows["CO"]) == (["75", "100"], ["90", "45"], ["1.2", "12"])


def test_the_edition_follows_the_date(alone):
    assert alone.value("calc", "aqi", "pm25=75", "--date", "2026-02-28")["edition"] == 2012
    value = alone.value("calc", "aqi", "pm25=75", "--date", "2026-03-01")
    assert (value["edition"], value["complete"]) == (2026, False)


def test_an_index_that_may_not_be_published_is_null_with_the_reason(alone):
    value = alone.value("calc", "aqi", "--edition", "2026", "pm25=30")
    assert (value["aqi"], value["level"], value["iaqi"]["pm25"]) == (None, None, 43)
    assert "withheld" in [note["kind"] for note in value["notes"]]
    outside = ["so2=/", "no2=/", "co=/", "o3_8h=/", "pm10=/"]
    assert alone.value("calc", "aqi", "--edition", "2026", "pm25=30", *outside)["aqi"] == 43


@pytest.mark.requirement("A3", part="composite index on the command line")
@pytest.mark.parametrize("case", PUBLISHED)
def test_the_index_of_published_cases(alone, case):
    values, expected = PUBLISHED[case]
    value = alone.value("calc", "index", *values.split(), "--date", "2025-12-31")
    assert (value["variant"], value["composite"]) == ("2014", expected)


def test_the_index_in_use_leads_and_the_others_stand_beside(alone):
    values = ["so2=10", "no2=29", "pm10=56", "pm25=27", "co=1.0", "o3=178"]
    value = alone.value("calc", "index", *values, "--date", "2026-03-31")
    by_name = {one["variant"]: one for one in value["variants"]}
    assert [name for name, one in by_name.items() if one["in_use"]] == ["2026", "2026-weighted"]
    assert by_name["2014"]["composite"] == 3.82
    assert by_name["2014"]["single"] == {"so2": 0.17, "no2": 0.72, "pm10": 0.8, "pm25": 0.77, "co": 0.25, "o3": 1.11}
    assert (by_name["2014"]["max_index"], by_name["2014"]["max_items"]) == (1.11, ["o3"])


def test_a_missing_pollutant_leaves_no_index(alone):
    value = alone.value("calc", "index", "so2=10", "--date", "2016-12-31")
    assert (value["composite"], value["variants"][0]["single"]["so2"]) == (None, 0.17)


def test_people_see_level_and_primary_pollutant(alone):
    told = alone.run("calc", "aqi", "--edition", "2012", "pm25=75", "pm10=150").stdout
    assert "AQI 100  良 (good)  首要污染物 primary: PM10, PM2.5" in told
    assert "3.82" in alone.run("calc", "index", "so2=10", "no2=29", "pm10=56", "pm25=27", "co=1.0", "o3=178").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("aqi pm25", "expected item=value, for example pm25=75"),
        ("aqi pm26=75", "no item 'pm26' here; expected pm25, pm10"),
        ("aqi pm25=75 pm25=76", "pm25 was already given as 75"),
        ("aqi pm25=many", "pm25:"),
        ("aqi pm25=-1", "a concentration is >= 0"),
        ("aqi co=900", "looks like ug/m3, mg/m3 expected"),
        ("aqi --hourly --edition 2012 pm25=75", "give pm25_24h"),
        ("index pm25=many", "pm25=many:"),
        ("index o3_8h=100", "no item 'o3_8h' here"),
    ],
)
def test_what_is_no_concentration_is_refused_in_one_sentence(alone, arguments, said):
    assert said in alone.refusal("calc", *arguments.split(), code=2)
