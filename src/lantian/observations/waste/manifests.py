"""What is filled in on a manifest says where it stands. Pure.

A manifest is filled by producer, carrier and receiver in turn (《危险废物转移管理办法》, order 23 of 2021): planned,
dispatched with the weight loaded, arrived with the weight received, or refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import polars as pl
import yaml

from lantian.observations.alerts import Alert
from lantian.standards.rounding import as_decimal, half_even

SHIPPED: Final = Path(__file__).with_name("waste.yaml")

State = Literal["planned", "dispatched", "overdue", "arrived", "difference", "refused"]

STATES: Final[Mapping[State, tuple[str, str]]] = MappingProxyType(
    {
        "overdue": ("逾期未到达", "never arrived"),
        "difference": ("重量不符", "weights differ"),
        "refused": ("拒收", "refused"),
        "dispatched": ("在途", "on its way"),
        "planned": ("待发运", "planned"),
        "arrived": ("已接收", "arrived"),
    }
)
"""States in the order in which the ledger shows them, with their Chinese and English words."""

UNDER_WAY: Final = ("overdue", "dispatched")
"""States of a manifest that left and has not come to an end."""

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rules:
    """The terms (hours) within and across provinces; the difference of weights that counts, in kg and percent."""

    within: float
    across: float
    kg: Decimal
    percent: Decimal
    confidence: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a manifest stands at a moment.

    Attributes:
        manifest: its number; ``row``: all its fields.
        state: one of `STATES`.
        due: when it should have arrived; None before dispatch.
        late: how many whole hours it is or was over the term; 0 where it is not.
        difference_kg: received less loaded; None where one is missing. ``difference_percent``: of the weight loaded,
            one decimal.
    """

    manifest: str
    state: State
    row: Mapping[str, Any]
    due: datetime | None
    late: int
    difference_kg: Decimal | None
    difference_percent: Decimal | None


@cache
def rules(path: Path = SHIPPED) -> Rules:
    """The rules of a file. Raises ValueError naming file, entry, value and what would be right."""
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    numbers = {}
    for part, name in (("term", "within"), ("term", "across"), ("difference", "kg"), ("difference", "percent")):
        try:
            given = value[part][name]
        except (KeyError, TypeError):
            raise ValueError(f"{path.name}, {part}.{name}: missing; expected a number above 0") from None
        if not isinstance(given, int | float) or given <= 0:
            raise ValueError(f"{path.name}, {part}.{name}: {given!r}; expected a number above 0")
        numbers[name] = given
    confidence = str(value["term"].get("confidence", ""))
    return Rules(
        numbers["within"], numbers["across"], as_decimal(numbers["kg"]), as_decimal(numbers["percent"]), confidence
    )


def standing(manifests: pl.DataFrame, now: datetime, *, by: Rules | None = None) -> list[Standing]:
    """Where every manifest stands, those that never arrived first, the latest of them at the top.

    Args:
        manifests: rows of the feed: at least ``manifest``, ``region``, ``receiver_region``, ``dispatched_at``,
            ``received_at``, ``loaded_kg``, ``received_kg``, ``opinion``.
        now: the moment, aware.
        by: the rules; None: the shipped ones.
    """
    chosen = by or rules()
    return ordered([_standing(row, now, chosen) for row in manifests.iter_rows(named=True)], now)


def ordered(found: Iterable[Standing], now: datetime) -> list[Standing]:
    """Manifests as the ledger shows them: those that never arrived first, of each state the latest at the top."""
    order = {state: number for number, state in enumerate(STATES)}
    return sorted(found, key=lambda one: (order[one.state], -one.late, one.due or now, one.manifest))


def _standing(row: Mapping[str, Any], now: datetime, chosen: Rules) -> Standing:
    left, arrived = row["dispatched_at"], row["received_at"]
    across = bool(row["receiver_region"]) and str(row["receiver_region"])[:2] != str(row["region"])[:2]
    due = None if left is None else left + (chosen.across if across else chosen.within) * _HOUR
    late = 0 if due is None else max(0, int(((arrived or now) - due) / _HOUR))
    kg, percent = _difference(row["loaded_kg"], row["received_kg"])
    if row["opinion"] == "refuse":
        state: State = "refused"
    elif arrived is not None:
        differs = kg is not None and abs(kg) > chosen.kg and (percent is None or abs(percent) > chosen.percent)
        state = "difference" if differs else "arrived"
    elif due is None:
        state = "planned"
    else:
        state = "overdue" if now > due else "dispatched"
    shown = None if percent is None else half_even(percent, 1)
    return Standing(str(row["manifest"]), state, dict(row), due, late, kg, shown)


def _difference(loaded: float | None, received: float | None) -> tuple[Decimal | None, Decimal | None]:
    """Received less loaded in kg, and in percent of what was loaded (None where nothing was)."""
    if loaded is None or received is None:
        return None, None
    kg = as_decimal(received) - as_decimal(loaded)
    return kg, None if loaded == 0 else kg * 100 / as_decimal(loaded)


def alerts(found: Iterable[Standing]) -> list[Alert]:
    """One alert for every manifest that never arrived; it ends when the manifest does arrive."""
    made = []
    for one in found:
        if one.state != "overdue" or one.due is None:
            continue
        row = one.row
        kg = row["loaded_kg"]
        weight_zh, weight_en = (f"，装载 {kg:g} kg", f", {kg:g} kg") if kg is not None else ("", "")
        name, receiver = str(row["waste_name"] or row["waste_code"] or "—"), str(row["receiver"] or "—")
        made.append(
            Alert(
                kind="manifest",
                subject=one.manifest,
                key="arrival",
                name=f"联单 {one.manifest}",
                region=str(row["region"]),
                at=one.due,
                zh=f"{row['producer']}发往{receiver}的{name}{weight_zh}，过了应到时间仍未接收（联单 {one.manifest}）",
                en=f"{name} from {row['producer']} to {receiver}{weight_en}: no arrival by its term ({one.manifest})",
                department="ecology",
                figures={
                    "loaded_kg": kg,
                    "dispatched_at": row["dispatched_at"].isoformat(),
                    "due": one.due.isoformat(),
                },
                link="/waste?state=overdue",
                example=bool(row.get("example", False)),
            )
        )
    return made
