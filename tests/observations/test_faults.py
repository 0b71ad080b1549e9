"""Faults in a real series: exact truth, nothing else touched, and each kind does what it imitates."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lantian.observations.faults import KINDS, Injected, inject

pytestmark = pytest.mark.requirement("M2", part="faults of the simulator")

START = datetime(2016, 1, 1, tzinfo=UTC)
FROM, TO = START + timedelta(days=3), START + timedelta(days=5)


def wide(days: int = 8) -> pl.DataFrame:
    hours = np.arange(days * 24)
    random = np.random.default_rng(1)

    def series(shift: float) -> np.ndarray:
        return np.round(80 + shift + 40 * np.sin((hours + shift) / 24 * 6.283) + random.normal(0, 6, hours.size))

    parts = []
    for place, shift in (("A", 0.0), ("B", 5.0)):
        parts.append(
            pl.DataFrame(
                {
                    "place": [place] * hours.size,
                    "time": [START + timedelta(hours=int(hour)) for hour in hours],
                    "so2": series(shift),
                    "a19001": np.round(8 + np.sin(hours), 1),
                }
            ).with_columns(pl.when(pl.int_range(pl.len()) % 17 == 0).then(None).otherwise(pl.col("so2")).alias("so2"))
        )
    return pl.concat(parts)


def long() -> pl.DataFrame:
    frame = wide().unpivot(["so2", "a19001"], index=["place", "time"], variable_name="item", value_name="value")
    return frame.with_columns(flag=pl.lit("N")).sort("time", "place", "item")


def put(frame: pl.DataFrame, kind: str, seed: int = 1, **sizes) -> Injected:
    return inject(frame, kind, item="so2", place="A", start=FROM, end=TO, seed=seed, **sizes)


def in_period(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter((pl.col("place") == "A") & pl.col("time").is_between(FROM, TO, closed="left"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [wide, long])
def test_truth_is_exact_and_all_else_is_as_it_was(kind, make):
    frame = make()
    done = put(frame, kind)
    assert done.frame.columns == frame.columns
    assert done.truth.sum() > 0
    assert frame.filter(~done.truth).equals(done.frame.filter(~done.truth))
    touched = frame.filter(done.truth)
    assert set(touched["place"]) == {"A"}
    assert touched["time"].min() >= FROM
    assert touched["time"].max() < TO
    value = "value" if "value" in frame.columns else "so2"
    differs = done.frame[value].ne_missing(frame[value])
    if make is wide:
        differs |= done.frame["a19001"].ne_missing(frame["a19001"])
    assert done.changed.equals(differs.alias("changed"))
    assert not (done.changed & ~done.truth).any()
    assert done.frame.select(pl.exclude("flag")).equals(put(frame, kind).frame.select(pl.exclude("flag")))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(sorted(KINDS)))
def test_any_seed_keeps_digits_and_sign(seed, kind):
    done = put(wide(), kind, seed)
    values = done.frame["so2"].drop_nulls().to_numpy()
    assert np.array_equal(values, np.round(values))
    assert values.min() >= 0


def so2(done: Injected) -> np.ndarray:
    return in_period(done.frame)["so2"].to_numpy()


def test_each_kind_does_what_it_imitates():
    frame = wide()
    real = in_period(frame)["so2"].to_numpy()
    known = real[~np.isnan(real)]
    assert len(set(so2(put(frame, "stuck"))[~np.isnan(real)])) == 1
    assert np.nanmax(so2(put(frame, "spike", size=10))) > known.max() + 5 * known.std()
    rise = so2(put(frame, "drift", per_day=0.5)) - real
    assert np.nanmin(np.diff(rise[~np.isnan(rise)])) >= -1
    assert np.nanmax(rise) == pytest.approx(np.median(known), rel=0.1)
    assert np.nanmean(so2(put(frame, "offset", by=20)) - real) == 20
    assert np.nanstd(so2(put(frame, "noise", size=1)) - real) == pytest.approx(known.std(), rel=0.35)
    assert {value % 25 for value in so2(put(frame, "quantised", step=25))[~np.isnan(real)]} == {0}
    assert np.nanmax(so2(put(frame, "clipped", limit=90))) == 90
    assert np.nanstd(so2(put(frame, "low_variance", share=0.1))) < 0.2 * known.std()
    assert np.isnan(so2(put(frame, "gap"))).all()
    assert np.nanmax(np.abs(so2(put(frame, "scaled", factor=0.5)) - real / 2)) <= 0.5
    assert np.nanmax(so2(put(frame, "zeroed"))) < 5 < known.min()
    held = so2(put(frame, "held", minutes=180))
    for three, had in zip(held.reshape(-1, 3), real.reshape(-1, 3), strict=True):
        assert set(three[~np.isnan(had)]) == {np.round(np.nanmean(had))}
    hidden = so2(put(frame, "gap_when_bad", quantile=0.5))
    assert np.nanmax(hidden) <= np.median(known)


def test_a_copied_day_and_a_copied_neighbour_are_copies():
    frame = wide()
    by_time = dict(frame.filter(place="A").select("time", "so2").iter_rows())
    done = put(frame, "copied_day", lag_days=2)
    for when, value in done.frame.filter(done.truth).select("time", "so2").iter_rows():
        assert value == by_time[when - timedelta(days=2)]
    other = dict(frame.filter(place="B").select("time", "so2").iter_rows())
    done = put(frame, "copied_neighbour")
    for when, value in done.frame.filter(done.truth).select("time", "so2").iter_rows():
        assert value == other[when]


def test_dilution_moves_oxygen_and_calibration_is_marked():
    frame = long()
    done = put(frame, "oxygen_dilution", air=0.5)
    moved = done.frame.filter(done.truth & (done.frame["item"] == "a19001"))
    before = frame.filter(done.truth & (frame["item"] == "a19001"))
    assert (moved["value"] > before["value"]).all()
    assert (moved["value"] - (before["value"] * 0.5 + 10.45)).abs().max() <= 0.051
    done = put(frame, "calibration_abuse")
    assert set(done.frame.filter(done.truth)["flag"]) == {"C"}
    assert set(done.frame.filter(~done.truth)["flag"]) == {"N"}
    assert done.frame.filter(done.truth)["value"].max() < 20 < frame.filter(done.truth)["value"].min()


def test_an_empty_period_has_no_truth():
    frame = wide()
    done = inject(
        frame, "stuck", item="so2", place="A", start=TO + timedelta(days=90), end=TO + timedelta(days=91), seed=1
    )
    assert done.frame.equals(frame)
    assert not done.truth.any()


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("wobble", {}, "no fault 'wobble'; there are stuck"),
        ("stuck", {"size": 3}, "no size 'size'; it has value"),
        ("stuck", {"place": "C"}, "place 'C' is not in the frame; it has A, B"),
        ("stuck", {"item": "hg"}, "no item 'hg'"),
        ("oxygen_dilution", {"oxygen": "o2"}, "no item 'o2'"),
        ("copied_neighbour", {"neighbour": "Z"}, "no neighbour Z"),
        ("stuck", {"start": datetime(2016, 1, 1)}, "time zone"),
    ],
)
def test_what_cannot_be_done_is_said(kind, more, said):
    given = {"item": "so2", "place": "A", "start": FROM, "end": TO, "seed": 1} | more
    with pytest.raises(ValueError, match=said):
        inject(wide(), kind, **given)
