"""Audit 审计记录: who wrote what, when, why, with the values before and after; and whether the trail is untouched."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import func, select

from lantian.kernel import audit
from lantian.kernel.tables import audit as trail
from lantian.web.navigation import OFFICE, Page
from lantian.web.render import render
from lantian.web.security import Viewer, allow

PAGE = Page("audit", "/audit", OFFICE, "audit.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("audit.read")]
Text = Annotated[str, Query(max_length=100)]
_ROWS = 100


@router.get("/audit")
def page(
    request: Request,
    viewer: Reader,
    actor: Text = "",
    table: Text = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """List the newest entries, a hundred at a time. `actor`, `table`: only theirs; `before`: only entries with a
    smaller number.
    """
    question = select(trail).order_by(trail.c.seq.desc()).limit(_ROWS + 1)
    if actor:
        question = question.where(trail.c.actor == actor)
    if table:
        question = question.where(trail.c.table_name == table)
    if before is not None:
        question = question.where(trail.c.seq < before)
    with viewer.platform.engine.connect() as connection:
        found = connection.execute(question).mappings().all()
        total = connection.execute(select(func.count()).select_from(trail)).scalar_one()
        tables = connection.execute(select(trail.c.table_name).distinct().order_by(trail.c.table_name)).scalars().all()
    entries = [{**row, "changes": changes(row["before"], row["after"])} for row in found[:_ROWS]]
    older = entries[-1]["seq"] if len(found) > _ROWS else None
    return render(
        request,
        "audit.html",
        entries=entries,
        total=total,
        tables=tables,
        actor=actor,
        table=table,
        older=older,
        page_name="audit",
    )


@router.get("/audit/verify")
def verify(request: Request, viewer: Reader) -> Response:
    """Check the whole chain and say what is wrong with it, as a fragment."""
    faults = audit.verify(viewer.platform.engine, viewer.platform.anchors)
    return render(request, "audit_verify.html", faults=faults)


def changes(before: str | None, after: str | None) -> list[tuple[str, str, str]]:
    """Columns that an entry changed, each with its value before and after as text (empty where there was none).

    Args:
        before: the row as JSON text before the write; None for an insert.
        after: the row as JSON text after it; None for a delete.
    """
    old: dict[str, Any] = json.loads(before) if before else {}
    new: dict[str, Any] = json.loads(after) if after else {}
    return [
        (name, _text(old.get(name)), _text(new.get(name))) for name in {**old, **new} if old.get(name) != new.get(name)
    ]


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
