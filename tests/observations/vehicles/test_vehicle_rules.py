"""High emitters: the rule of two exceedances, routes and hours, emissions by road and hour."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from lantian.observations import vehicles
from lantian.observations.vehicles import limits as files
from lantian.observations.vehicles.emitters import PASSINGS, unjudged
from lantian.observations.vehicles.plates import covered, handle
from lantian.observations.vehicles.routes import main_hours

LIMITS = files.load()
PLATE = "京A12345"


def passing(when, plate=PLATE, gate="g1", fuel="diesel", vehicle="heavy", **values):
    at = datetime.fromisoformat(when).replace(tzinfo=UTC)
    return {**dict.fromkeys(PASSINGS), "gate": gate, "time": at, "plate": plate, "vehicle": vehicle, "fuel": fuel,
            "valid": True, **values}  # fmt: skip


def frame(*rows):
    return pl.DataFrame(rows, schema=PASSINGS)


def state(*rows, limits=LIMITS):
    found = vehicles.emitters(frame(*rows), limits)
    return found["state"].item() if found.height else None


@pytest.mark.requirement("M9", part="two exceedances of one pollutant within six months")
@pytest.mark.parametrize(
    ("second", "wanted"),
    [("2018-07-15T04:00", "confirmed"), ("2018-07-15T05:00", "repeated"), ("2018-01-15T04:01", "confirmed")],
)
def test_two_exceedances_confirm_within_six_calendar_months_and_not_later(second, wanted):
    assert state(passing("2018-01-15T04:00", opacity=31), passing(second, opacity=40)) == wanted


def test_one_exceedance_two_pollutants_or_a_clean_measurement_between_confirm_nobody():
    assert state(passing("2018-01-15T04:00", opacity=31)) == "once"
    assert state(passing("2018-01-15T04:00", opacity=30)) is None  # at the limit
    assert state(passing("2018-01-15T04:00", opacity=31), passing("2018-02-15T04:00", blackness=2)) == "once"
    between = (
        passing("2018-01-15T04:00", opacity=31),
        passing("2018-02-15T04:00", opacity=10),
        passing("2018-03-15T04:00", opacity=31),
    )
    assert state(*between) == "repeated"
    lenient = replace(LIMITS, confirmed=replace(LIMITS.confirmed, consecutive=False))
    assert state(*between, limits=lenient) == "confirmed"


def test_what_screens_invalid_values_other_fuels_and_days_before_the_standard_confirm_nobody():
    two = ("2018-01-15T04:00", "2018-02-15T04:00")
    assert state(*(passing(when, no=2000) for when in two)) is None
    assert state(*(passing(when, opacity=50, valid=False) for when in two)) is None
    assert state(*(passing(when, opacity=50, fuel="petrol") for when in two)) is None
    assert state(passing("2017-07-26T04:00", opacity=50), passing("2017-07-28T04:00", opacity=50)) == "once"


def test_an_invalid_measurement_between_does_not_break_the_row():
    rows = (
        passing("2018-01-15T04:00", opacity=31),
        passing("2018-02-15T04:00", opacity=1, valid=False),
        passing("2018-03-15T04:00", opacity=31),
    )
    assert state(*rows) == "confirmed"


@pytest.mark.requirement("M9", part="ranked vehicles")
def test_the_worst_stand_first_with_the_figures_that_put_them_there():
    rows = [
        passing("2018-01-15T04:00", plate="a", opacity=45),
        *(passing(f"2018-0{month}-15T04:00", plate="b", opacity=33) for month in (1, 2, 3)),
        *(passing(f"2018-0{month}-15T04:00", plate="c", opacity=66, blackness=2) for month in (1, 2)),
        passing("2018-01-16T04:00", plate="clean", opacity=3),
    ]
    found = vehicles.emitters(frame(*rows), LIMITS)
    assert found["plate"].to_list() == ["c", "b", "a"]
    assert found["rank"].to_list() == [1, 2, 3]
    first = found.row(0, named=True)
    assert (first["exceedances"], first["worst"], first["worst_pollutant"]) == (4, 2.2, "opacity")
    assert set(first["pollutants"]) == {"opacity", "blackness"}
    assert first["confirmed_at"] == datetime(2018, 2, 15, 4, tzinfo=UTC)
    assert vehicles.emitters(frame(), LIMITS).is_empty()


@pytest.mark.requirement("M9", part="main routes and hours")
def test_routes_are_gates_in_order_and_a_long_pause_begins_a_new_journey():
    start = datetime(2018, 1, 15, 22, tzinfo=UTC)  # 06:00 in Beijing
    rows = []
    for day in range(3):
        for number, gate in enumerate(("g1", "g2", "g2", "g3")):
            at = start + timedelta(days=day, minutes=20 * number)
            rows.append(passing(at.replace(tzinfo=None).isoformat(), gate=gate))
    back = start + timedelta(hours=9)
    rows.append(passing(back.replace(tzinfo=None).isoformat(), gate="g3"))
    found = vehicles.routes(frame(*rows), gap=60)
    assert found.select("route", "journeys").rows() == [(["g1", "g2", "g3"], 3), (["g3"], 1)]
    by_hour = vehicles.hours(frame(*rows))
    assert dict(by_hour.select("hour", "passings").iter_rows()) == {6: 9, 7: 3, 15: 1}
    assert main_hours([0, 4, 4, 0, 1] + [0] * 19, share=0.8) == [(1, 3)]


def test_rates_follow_the_carbon_balance():
    found = vehicles.rates(frame(passing("2018-01-15T04:00", co=1.5, hc=300.0, no=1000.0, co2=12.0)))
    q, q1 = 1.5 / 12, 0.03 / 12
    whole = 1 + q + 6 * q1
    assert found["rate_co"].item() == pytest.approx(28 * q * 860 / 12 / whole)
    assert found["rate_no"].item() == pytest.approx(30 * (0.1 / 12) * 860 / 12 / whole)
    assert vehicles.rates(frame(passing("2018-01-15T04:00", co=1.5)))["rate_co"].item() is None


@pytest.mark.requirement("M9", part="road-hour emissions")
def test_a_road_hour_is_flow_times_rate_times_fuel():
    rows = [
        passing(f"2018-01-15T00:{minute:02d}", plate=f"p{minute}", gate="g1", vehicle=kind, co=co, co2=10.0)
        for minute, (kind, co) in enumerate([("light", 0.5)] * 3 + [("heavy", 1.0)] * 3)
    ]
    flow = pl.DataFrame(
        {"road": ["r", "r"], "time": [datetime(2018, 1, day, 0, tzinfo=UTC) for day in (15, 16)],
         "light": [1000, 2000], "heavy": [100, 100]},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )  # fmt: skip
    found = vehicles.road_hours(frame(*rows), {"g1": "r"}, flow, {"light": 0.05, "heavy": 0.2})
    one = found.filter(pl.col("pollutant") == "co").row(0, named=True)
    light, heavy = (28 * q * 860 / 12 / (1 + q) for q in (0.05, 0.1))
    assert one["hour"] == 8  # Beijing
    assert one["emission"] == pytest.approx(1500 * light * 0.05 + 100 * heavy * 0.2)
    assert (one["flow"], one["passings"], one["basis"]) == (1600.0, 6, "hour")
    assert found.filter(pl.col("pollutant") == "no").is_empty()  # nobody measured it


def test_too_few_passings_of_an_hour_take_the_roads_mean_then_all_roads():
    rows = [
        passing(f"2018-01-15T0{hour}:00", plate=f"p{hour}", vehicle="light", co=0.5, co2=10.0) for hour in (0, 1, 2)
    ]
    times = [datetime(2018, 1, 15, 0, tzinfo=UTC)] * 2
    flow = pl.DataFrame({"road": ["r", "s"], "time": times, "light": [10, 10]}).with_columns(
        pl.col("time").cast(pl.Datetime("us", "UTC"))
    )
    found = vehicles.road_hours(frame(*rows), {"g1": "r"}, flow, {"light": 0.05}).filter(pl.col("pollutant") == "co")
    assert dict(found.select("road", "basis").iter_rows()) == {"r": "road", "s": "all"}


def test_a_plate_is_covered_and_its_handle_needs_the_key():
    assert covered(PLATE) == "京A****5"
    assert "1234" not in covered(PLATE)
    assert handle(PLATE, b"one") != handle(PLATE, b"two")
    assert PLATE not in handle(PLATE, b"one")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("pollutant: opacity", "pollutant: soot"), "pollutant 'soot'"),
        (("role: screens", "role: guesses"), "role 'guesses'"),
        (("value: 30", "value: none"), "value 'none'"),
        (("journey_gap: 60", "gap: 60"), "gap: expected one of limits, confirmed"),
        (
            ('unit: "%", role: decides, since: 2017', "unit: ppm, role: decides, since: 2017"),
            "opacity is measured in %",
        ),
        (("fuel: diesel, pollutant: blackness", "fuel: coal, pollutant: blackness"), "limit 2: fuel 'coal'"),
        (("source: HJ 845-2017 (R", "source: '', x: (R"), "limit 2: expected fuel"),
        (("source: HJ 845-2017, confidence: MEMORY", "source: '', confidence: MEMORY"), "limit 1: source: missing"),
        (("confidence: MEMORY}", "confidence: sure}"), "confidence 'sure'"),
        (("heavy: 0.22", "heavy: 22"), "fuel_use heavy"),
    ],
)
def test_a_file_of_limits_is_refused_with_the_entry(tmp_path, change, says):
    from importlib.resources import files as resources

    text = resources("lantian.observations.vehicles").joinpath("limits.yaml").read_text("utf-8")
    assert change[0] in text
    (tmp_path / files.FILE).write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(files.LimitError, match=says):
        files.load(tmp_path)


OWN = """
limits:
  - {fuel: petrol, pollutant: no, value: 700, unit: ppm, role: decides, since: 2018-02-01, source: 示例市限值,
     confidence: 示例}
  - {fuel: diesel, pollutant: opacity, value: 20, unit: "%", role: decides, since: 2016-01-01, source: 示例市限值,
     confidence: 示例}
days: 10
"""


@pytest.mark.requirement("M9", part="limits of any fuel and pollutant in a city's own file")
def test_a_city_adds_limits_of_petrol_and_states_its_own_of_diesel(tmp_path):
    (tmp_path / files.FILE).write_text(OWN, encoding="utf-8")
    own = files.load(tmp_path)
    assert (own.days, own.journey_gap) == (10, LIMITS.journey_gap)
    held = {(one.fuel, one.pollutant): one.value for one in own.limits}
    assert held == {
        ("petrol", "no"): 700.0,
        ("diesel", "opacity"): 20.0,
        ("diesel", "blackness"): 1.0,
        ("diesel", "no"): 1500.0,
    }
    two = [passing(when, fuel="petrol", vehicle="light", no=900) for when in ("2018-02-15T04:00", "2018-03-15T04:00")]
    assert state(*two) is None
    assert state(*two, limits=own) == "confirmed"
    early = [passing("2017-12-15T04:00", opacity=25), passing("2018-01-15T04:00", opacity=25)]
    assert (state(*early), state(*early, limits=own)) == (None, "confirmed")


@pytest.mark.requirement("M9", part="which vehicles are not judged, and how many")
def test_vehicles_without_a_limit_are_counted_by_fuel():
    rows = [
        *(passing("2018-02-15T04:00", plate=plate, fuel="petrol", no=900) for plate in ("p1", "p2", "p1")),
        passing("2018-02-15T04:00", plate="g", fuel="gas", no=9),
        passing("2018-02-15T04:00", plate="e", fuel="electric"),
        passing("2018-02-15T04:00", plate="judged", opacity=5),
        passing("2018-02-15T05:00", plate="judged"),  # once is enough
        passing("2018-02-15T04:00", plate="screened", no=5),  # NO of diesel only screens
        passing("2017-02-15T04:00", plate="early", opacity=5),
        passing("2018-02-15T04:00", plate="invalid", opacity=5, valid=False),
    ]
    assert unjudged(frame(*rows), LIMITS).rows() == [("diesel", 3, 3), ("petrol", 2, 3), ("gas", 1, 1)]
    assert unjudged(frame(), LIMITS).is_empty()
