"""Where manifests stand, and which never arrived."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lantian.observations.waste import STATES, alerts, rules, standing
from lantian.observations.waste.manifests import SHIPPED

NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)
SCHEMA = {
    "manifest": pl.String, "producer": pl.String, "region": pl.String, "receiver": pl.String,
    "receiver_region": pl.String, "waste_code": pl.String, "waste_name": pl.String,
    "dispatched_at": pl.Datetime("us", "UTC"), "received_at": pl.Datetime("us", "UTC"),
    "loaded_kg": pl.Float64, "received_kg": pl.Float64, "opinion": pl.String,
}  # fmt: skip


def manifests(*rows: dict[str, Any]) -> pl.DataFrame:
    whole = [
        {
            "manifest": f"M{n}",
            "producer": "甲厂",
            "region": "110105",
            "receiver": "乙厂",
            "receiver_region": "110111",
            **row,
        }
        for n, row in enumerate(rows)
    ]
    return pl.DataFrame([{name: row.get(name) for name in SCHEMA} for row in whole], SCHEMA)


def before(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


@pytest.mark.requirement("M12", part="hazardous-waste ledger")
@pytest.mark.parametrize(
    ("row", "state", "late"),
    [
        ({}, "planned", 0),
        ({"dispatched_at": before(47)}, "dispatched", 0),
        ({"dispatched_at": before(48)}, "dispatched", 0),
        ({"dispatched_at": before(50)}, "overdue", 2),
        (
            {"dispatched_at": before(50), "receiver_region": "130100"},
            "dispatched",
            0,
        ),  # another province, a longer term
        ({"dispatched_at": before(121), "receiver_region": "130100"}, "overdue", 1),
        ({"dispatched_at": before(90), "received_at": before(30)}, "arrived", 12),
        ({"dispatched_at": before(90), "opinion": "refuse"}, "refused", 42),
    ],
)
def test_what_is_filled_in_says_where_it_stands(row: dict[str, Any], state: str, late: int) -> None:
    (found,) = standing(manifests(row), NOW)
    assert (found.state, found.late) == (state, late)


@pytest.mark.parametrize(
    ("loaded", "received", "state", "percent"),
    [
        (1000, 880, "difference", "-12.0"),
        (1000, 1120, "difference", "12.0"),
        (10000, 9800, "arrived", "-2.0"),  # above 0.1 t, not above 5 %
        (1000, 900, "arrived", "-10.0"),  # 0.1 t exactly is not above it
        (2000, 1900, "arrived", "-5.0"),
        (500, 420, "arrived", "-16.0"),  # above 5 %, not above 0.1 t
        (0, 150, "difference", None),
        (None, 150, "arrived", None),
    ],
)
def test_both_bounds_must_be_passed(loaded: float | None, received: float, state: str, percent: str | None) -> None:
    row = {"dispatched_at": before(9), "received_at": before(1), "loaded_kg": loaded, "received_kg": received}
    (found,) = standing(manifests(row), NOW)
    assert (found.state, found.difference_percent) == (state, percent and Decimal(percent))


@pytest.mark.requirement("M12", part="manifests that never arrived")
def test_only_what_never_arrived_is_told_and_the_latest_stands_first() -> None:
    found = standing(
        manifests(
            {}, {"dispatched_at": before(60)}, {"dispatched_at": before(70), "loaded_kg": 1250.0, "waste_name": "废油"},
            {"dispatched_at": before(90), "received_at": before(3)}, {"dispatched_at": before(3)},
        ),
        NOW,
    )  # fmt: skip
    assert [one.manifest for one in found] == ["M2", "M1", "M4", "M0", "M3"]
    first, second = alerts(found)
    assert (first.subject, second.subject, first.kind, first.key) == ("M2", "M1", "manifest", "arrival")
    assert "废油，装载 1250 kg" in first.zh
    assert first.at == before(70) + timedelta(hours=48)


def test_every_state_has_words_and_the_terms_say_how_sure_they_are(tmp_path: Path) -> None:
    assert list(STATES) == ["overdue", "difference", "refused", "dispatched", "planned", "arrived"]
    assert rules().confidence.startswith("MEMORY")
    file = tmp_path / "waste.yaml"
    file.write_text(SHIPPED.read_text(encoding="utf-8").replace("within: 48", "within: two days"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"waste\.yaml, term\.within: 'two days'; expected a number above 0"):
        rules(file)
