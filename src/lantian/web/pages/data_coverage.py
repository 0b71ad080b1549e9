"""Completeness and revisions of the data 完整性与修订: what is missing in a month, and how one value came about."""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

import polars as pl
from fastapi import APIRouter, Query, Request, Response

from lantian.kernel.settings import TIMEZONE
from lantian.observations.statements import Resolution, items_of
from lantian.observations.store import ObservationStore
from lantian.places.names import PlaceLookupError
from lantian.places.store import PlaceStore
from lantian.standards.codes import ITEMS, WEATHER
from lantian.web.atlas import Atlas
from lantian.web.completeness import LEGEND, of_month
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

router = APIRouter()
Reader = Annotated[Viewer, allow("data.read")]
What = Literal["hourly", "weather", "daily"]

_AIR = ("pm25", "pm10", "o3", "no2", "so2", "co")
ITEMS_OF: dict[What, tuple[str, ...]] = {
    "hourly": _AIR,
    "weather": tuple(item for item in WEATHER if item != "humidity"),
    "daily": ("aqi", "pm25", "pm10", "o3_8h", "no2", "so2", "co"),
}
BACK = "↩"
"""Stands for a value that a person took back."""


@router.get("/data/coverage")
def coverage(
    request: Request,
    viewer: Reader,
    month: Annotated[str | None, Query(pattern=r"^(19|20)\d{2}-(0[1-9]|1[0-2])$")] = None,
    what: What = "hourly",
) -> Response:
    """How complete a month (`2016-12`) is, by place and item, and where raw and reviewed values join in it."""
    first = date.fromisoformat(f"{month}-01") if month else viewer.today.replace(day=1)
    resolution: Resolution = "day" if what == "daily" else "hour"
    found = of_month(viewer.platform, first, ITEMS_OF[what], resolution, viewer.now)
    names = _names(viewer, language_of(request))
    after = (first + timedelta(days=31)).replace(day=1)
    runs = ObservationStore(viewer.platform).splice(start=first, end=after, resolution=resolution, as_of=viewer.now)
    reviewed = runs.filter(pl.col("grade") == "reviewed")
    return render(
        request,
        "data_coverage.html",
        page_name="data",
        what=what,
        kinds=tuple(ITEMS_OF),
        month=first,
        before=(first - timedelta(days=1)).replace(day=1),
        after=after if after <= viewer.today else None,
        found=found,
        names=names,
        items=[ITEMS[name] for name in found.items],
        legend=LEGEND,
        silent=_silent(viewer, first, after, {row.place for row in found.rows}) if what != "daily" else [],
        symbols={name: ITEMS[name].symbol for name in found.items},
        runs=runs.filter(pl.col("place").is_in(reviewed["place"].to_list())).to_dicts(),
        grades=sorted(runs["grade"].unique()),
        reviewed_places=reviewed["place"].n_unique(),
        reviewed_rows=reviewed["rows"].sum(),
        hourly=resolution == "hour",
    )


@router.get("/data/history")
def history(
    request: Request,
    viewer: Reader,
    place: Annotated[str, Query(max_length=60)] = "",
    at: Annotated[str, Query(pattern=r"^(\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?)?$")] = "",
    resolution: Resolution = "hour",
) -> Response:
    """Everything that was ever stated about a place (name or code) at an hour (`2016-12-16T08:00`, Beijing) or day."""
    fault, code, shown = "", "", place
    if place:
        try:
            found = PlaceStore(viewer.platform.engine).resolve(place)
            code, shown = found.code, found.name
        except PlaceLookupError as error:
            fault = str(error)
    last = (viewer.now - timedelta(hours=1)).astimezone(TIMEZONE).replace(tzinfo=None)  # the last hour that is over
    hour = datetime.fromisoformat(at) if at else last
    when = hour.replace(minute=0, second=0, microsecond=0)
    told = history_of(viewer, code, when, resolution) if code else None
    return render(
        request,
        "data_history.html",
        page_name="data",
        place=place,
        shown=shown,
        when=when,
        resolution=resolution,
        told=told,
        fault=fault,
        label=label,
        back=BACK,
        names=_names(viewer, language_of(request)),
    )


@dataclass(frozen=True)
class Statement:
    """One statement about a place and time.

    `batch`: the import that brought it, None for another `source`. `cells`: for each item what it says and what that
    replaces, the raw value too where a reviewed one comes after it; empty where there is none.
    """

    known_at: datetime
    grade: str
    source: str
    batch: int | None
    cells: tuple[tuple[str, str], ...]

    @property
    def changes(self) -> int:
        """Values that replace a different one."""
        return sum(1 for _, before in self.cells if before)


@dataclass(frozen=True)
class History:
    """Everything stated about a place and time, first to last, and what stands now; `items` names the columns."""

    items: tuple[str, ...]
    statements: tuple[Statement, ...]
    stands: tuple[str, ...]

    @property
    def changes(self) -> int:
        """Values that were changed later."""
        return sum(each.changes for each in self.statements)


def history_of(viewer: Viewer, place: str, when: datetime, resolution: Resolution) -> History:
    """Look one place and time up, as known at the clock's now; `when` is naive, Beijing time."""
    store = ObservationStore(viewer.platform)
    day = when.date()
    if resolution == "hour":
        hour = when.replace(tzinfo=TIMEZONE)
        said = store.revisions(place, hour)
        view = store.hourly(place, hour, hour + timedelta(hours=1), None, viewer.now)
    else:
        said = store.revisions(place, day, "day")
        view = store.daily(place, day, day + timedelta(days=1), None, viewer.now)
    said = said.filter(pl.col("known_at") <= viewer.now)
    items = tuple(name for name in items_of(said.columns) if said[name].null_count() < said.height)
    last: dict[tuple[str, str], str] = {}
    statements = []
    for row in said.iter_rows(named=True):
        cells = []
        for item in items:
            text = _printed(row[item])
            known = last.get((row["grade"], item)) or last.get(("raw", item), "")
            cells.append((text, known if text and known != text else ""))
            last[row["grade"], item] = text or known
        batch = row["source"].removeprefix("import:")
        number = int(batch) if batch != row["source"] and batch.isdecimal() else None
        statements.append(Statement(row["known_at"], row["grade"], row["source"], number, tuple(cells)))
    standing = view.select(items).collect().to_dicts()
    return History(
        items, tuple(statements), tuple(_printed(value) for value in standing[0].values()) if standing else ()
    )


def label(item: str) -> str:
    """The head of an item's column; `n_<item>` are the hours that a day's value rests on."""
    return ITEMS[item].symbol if item in ITEMS else f"n {ITEMS[item.removeprefix('n_')].symbol}"


def _printed(value: float | None) -> str:
    """A value with all its digits, as two statements may differ in the last; empty: not spoken of; NaN: taken back."""
    if value is None:
        return ""
    return BACK if math.isnan(value) else f"{value:.10g}"


def _names(viewer: Viewer, language: str) -> dict[str, str]:
    atlas = Atlas(PlaceStore(viewer.platform.engine))
    return {code: name.text(language) for code, name in atlas.names.items()}


def _silent(viewer: Viewer, first: date, after: date, heard: set[str]) -> list[str]:
    """Registered stations that were in service in the month and have no row in it."""
    stations = PlaceStore(viewer.platform.engine).stations()
    served = (
        each for each in stations if (not each.since or each.since < after) and (not each.until or each.until >= first)
    )
    return [f"{each.name} {each.code}" for each in served if each.code not in heard]
