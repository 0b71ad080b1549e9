"""OpenAQ v3 JSON: answers of `/sensors/{id}/measurements`, `/hours` and `/days` (docs.openaq.org)."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from lantian.observations import words
from lantian.observations.readers import headers, longform, places, stamps
from lantian.observations.readers.reading import REJECT_SCHEMA, Options, Piece, ReadError
from lantian.observations.rules import Resolution

# Spellings of one hour and one day in period.interval / period.label.
_SPANS: dict[str, Resolution] = {
    "01:00:00": "hour", "1hour": "hour", "1 hour": "hour", "hour": "hour",
    "24:00:00": "day", "1 day, 0:00:00": "day", "1day": "day", "1 day": "day", "day": "day",
}  # fmt: skip
_LOCATION = ("locationsId", "locations_id", "locationId", "location_id")
_SENSOR = ("sensorsId", "sensors_id", "sensorId", "sensor_id")
_CHINA_HOURS = 8


def records_of(text: str, file: str) -> list[dict[str, Any]] | None:
    """The measurements in a JSON text (one answer, a list of answers, or a list of measurements), or None if it holds
    none.

    Raises ReadError, with the line, when the text begins as JSON and is not.
    """
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        content = json.loads(text)
    except json.JSONDecodeError as fault:
        raise ReadError(words.BROKEN_JSON.say(file=file, line=fault.lineno, fault=fault.msg)) from fault
    pages = content if isinstance(content, list) else [content]
    found: list[dict[str, Any]] = []
    for page in pages:
        inside = page.get("results", [page]) if isinstance(page, dict) else []
        found.extend(r for r in inside if isinstance(r, dict) and {"value", "period", "parameter"} <= r.keys())
    return found or None


def read(records: list[dict[str, Any]], file: str, options: Options) -> list[Piece]:
    """Read measurements into one `Piece` an hour and one a day.

    A place is `openaq-<location id>`, or `openaq-sensor-<sensor id>` where the record names no location, or the file's
    name without its ends where it names neither; `options.stations` maps each of these to a code. The stamp is
    `period.datetimeFrom`, the beginning.
    """
    stem = Path(file).name.split(".")[0]
    rows = [_row(number, record, stem) for number, record in enumerate(records, start=1)]
    faults = [row for row in rows if row["reason"]]
    rejects = [_rejects(file, faults)] if faults else []
    pieces = []
    kinds: tuple[Resolution, Resolution] = ("hour", "day")
    for resolution in kinds:
        group = [row for row in rows if row["resolution"] == resolution and not row["reason"]]
        if group or (resolution == "hour" and len(faults) == len(rows)):
            piece = _piece(group, resolution, file, options)
            piece.rejects.extend(rejects)
            rejects = []
            pieces.append(piece)
    pieces[0].rows = len(rows)
    return pieces


def _row(number: int, record: dict[str, Any], stem: str) -> dict[str, str | None]:
    """One measurement as text, with the reason when it cannot be used."""
    period, parameter = _dict(record["period"]), _dict(record["parameter"])
    begins = _dict(period.get("datetimeFrom"))
    resolution = _span(period)
    name = str(parameter.get("name") or "")
    item = headers.item_of(name)
    utc = begins.get("utc")
    stamp = (begins.get("local") or utc) if resolution == "day" else utc
    value = record["value"]
    row = {
        "line": f"results[{number}]", "place": _place(record, stem), "stamp": str(stamp or ""),
        "resolution": resolution, "item": item, "unit": parameter.get("units"),
        "raw": None if value is None else str(value),
        "field": name, "value": None, "reason": None,
    }  # fmt: skip
    if resolution is None:
        return row | {
            "field": "period.interval", "value": str(period.get("interval") or period.get("label")),
            "reason": words.NO_SPAN.say(),
        }  # fmt: skip
    if item is None:
        return row | {"field": "parameter.name", "value": name, "reason": longform.ITEM_HINT}
    if resolution == "day" and item == "o3":
        return row | {"field": "parameter.name", "value": name, "reason": words.MEAN_OF_OZONE.say()}
    return row


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _span(period: dict[str, Any]) -> Resolution | None:
    for key in ("interval", "label"):
        if (span := _SPANS.get(str(period.get(key)).lower())) is not None:
            return span
    return None


def _place(record: dict[str, Any], stem: str) -> str:
    for keys, prefix in ((_LOCATION, "openaq-"), (_SENSOR, "openaq-sensor-")):
        for key in keys:
            if record.get(key) is not None:
                return f"{prefix}{record[key]}"
    return stem


def _rejects(file: str, rows: list[dict[str, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        [{name: row.get(name) for name in REJECT_SCHEMA} | {"file": file} for row in rows], schema=REJECT_SCHEMA
    )


def _piece(rows: list[dict[str, str | None]], resolution: Resolution, file: str, options: Options) -> Piece:
    names = ("line", "place", "stamp", "item", "unit", "raw", "field")
    frame = pl.DataFrame([{name: row[name] for name in names} for row in rows], schema=dict.fromkeys(names, pl.String))
    place, notes = places.ids(frame["place"], options)
    piece = Piece("openaq", resolution, pl.DataFrame(), False, 0, [], notes)
    local = _local(frame["stamp"], resolution)
    unusable = (
        (
            local.is_null(),
            "period.datetimeFrom",
            "stamp",
            words.NO_BEGINNING.say(),
        ),
        (place.is_null() & local.is_not_null(), "place", "place", words.UNKNOWN_PLACE.say()),
    )
    for mask, field, column, reason in unusable:
        if mask.any():
            bad = frame.filter(mask)
            piece.rejects.append(_rejects(file, [
                {"line": row["line"], "field": field, "value": row[column], "reason": reason}
                for row in bad.rows(named=True)
            ]))  # fmt: skip
    stamp = local.dt.date() if resolution == "day" else local.dt.offset_by(f"-{_CHINA_HOURS}h")
    frame = frame.with_columns(place.alias("place"), stamp.alias("stamp"), local.dt.date().alias("local_date"))
    frame = frame.drop_nulls(["place", "stamp"]).select(longform.LONG_RAW)
    longform.read_values(piece, file, frame)
    return piece


def _local(raw: pl.Series, resolution: Resolution) -> pl.Series:
    """Local beginnings; a stamp under `utc` without an offset is UTC all the same."""
    if resolution == "day":
        # The day is the one of the place, whatever its offset: cut the clock off before reading.
        return stamps.parse(raw.str.slice(0, 10))["local"]
    marked = pl.select(pl.when(raw.str.contains(r"(Z|[+-]\d{2}:?\d{2})$")).then(raw).otherwise(raw + "Z").alias("raw"))
    local = stamps.parse(marked["raw"])["local"]
    whole = (local == local.dt.truncate("1h")).fill_null(value=False)
    return local.set(~whole, None)
