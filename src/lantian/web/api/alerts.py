"""`/alerts`: what instruments said by themselves, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query

from lantian.kernel.accounts import scopes_of
from lantian.observations import alerts
from lantian.observations.alerts import KINDS
from lantian.web.api.answers import refuse, resource
from lantian.web.security import Viewer, allow

router = resource("alerts")


@router.get("/alerts")
def listed(
    viewer: Annotated[Viewer, allow("alerts.read")],
    kind: Annotated[str, Query(max_length=20, description="a kind; empty: every kind")] = "",
    standing: Literal["waiting", "all"] = "waiting",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[dict[str, Any]]:
    """Alerts in the reader's regions and departments, the newest first."""
    if kind and kind not in KINDS:
        raise refuse("kind", kind, f"expected one of {', '.join(KINDS)}")
    found = alerts.listed(
        viewer.platform.engine,
        scopes_of(viewer.account, "alerts.read"),
        as_of=viewer.now,
        kind=kind or None,
        waiting=standing == "waiting",
        most=limit,
    )
    return [_told(one) for one in found]


def _told(one: alerts.Standing) -> dict[str, Any]:
    fields = {name: getattr(one.alert, name) for name in alerts.Alert.__dataclass_fields__}
    fields |= {"at": _iso(one.alert.at), "figures": dict(one.alert.figures), "id": one.id}
    fields |= {"raised_at": _iso(one.raised_at), "ended_at": _iso(one.ended_at), "case_number": one.case_number}
    return fields | {"dismissed_by": one.dismissed_by, "reason": one.reason}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
