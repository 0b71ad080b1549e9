"""Kilometres of road cleaning vehicles."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from lantian.observations.cleaning import cleaned

START = datetime(2016, 12, 15, 15, 30, tzinfo=UTC)  # 23:30 in Beijing
DEGREE_KM = 111.195  # of a meridian, on a sphere of 6371.0088 km


def track(vehicle: str, *points: tuple[float, float, bool, str | None]) -> pl.DataFrame:
    """Minutes after the start, thousandths of a degree to the north, at work, road."""
    return pl.DataFrame(
        {
            "vehicle": vehicle,
            "time": [START + timedelta(minutes=minutes) for minutes, *_ in points],
            "lon": [116.4] * len(points),
            "lat": [39.9 + north / 1000 for _, north, *_ in points],
            "working": [works for *_, works, _ in points],
            "road": [road for *_, road in points],
        },
        schema_overrides={"time": pl.Datetime("us", "UTC"), "road": pl.String},
    )


def test_legs_at_work_are_summed_by_road_and_day_of_beijing() -> None:
    points = pl.concat(
        [
            track(
                "A", (0, 0, True, "长安街"), (2, 2, True, "长安街"), (29, 4, True, "长安街"), (31, 6, True, "长安街")
            ),
            track("B", (32, 0, True, "长安街"), (34, 3, True, "建国路"), (36, 9, False, "建国路")),
        ]
    )
    found = cleaned(points)
    assert found.select("day", "road", "vehicles").rows() == [
        (date(2016, 12, 15), "长安街", 1),
        (date(2016, 12, 16), "建国路", 1),  # a leg counts where it ends; the one to a point at rest does not
        (date(2016, 12, 16), "长安街", 1),  # 27 minutes of silence are not joined
    ]
    assert found["kilometres"].to_list() == pytest.approx(
        [2 * DEGREE_KM / 1000, 3 * DEGREE_KM / 1000, 2 * DEGREE_KM / 1000], abs=6e-4
    )
    assert found["hours"].to_list() == [0.03, 0.03, 0.03]


def test_a_jump_of_the_receiver_is_left_out_and_a_point_sent_twice_counts_once() -> None:
    jump = track("A", (0, 0, True, None), (1, 50, True, None), (2, 51, True, None), (2, 51, True, None))
    found = cleaned(jump)
    assert found["kilometres"].to_list() == pytest.approx([DEGREE_KM / 1000], abs=6e-4)
    assert found["road"].to_list() == [None]
    assert cleaned(jump.clear()).is_empty()
