"""From the pieces of a file to its frames: duplicates settled, one row a place and time."""

from collections import defaultdict

import polars as pl

from lantian.observations import words
from lantian.observations.readers.reading import REJECT_SCHEMA, Piece, Reading, rejected
from lantian.observations.rules import RULES, Resolution, particle_order

_KEYS = ["place", "stamp"]


def assemble(file: str, pieces: list[Piece], notes: list[str]) -> Reading:
    """Join what the tables of one file say.

    Duplicates: of several values for one place, time and item the first stands. A later equal one is dropped and
    counted in a note, a later different one is rejected with its line; a later value where the first was missing fills
    the gap.
    """
    rejects = [r for piece in pieces for r in piece.rejects]
    notes = list(dict.fromkeys([*notes, *(note for piece in pieces for note in piece.notes)]))
    by_resolution: dict[Resolution, list[Piece]] = defaultdict(list)
    for piece in pieces:
        by_resolution[piece.resolution].append(piece)
    frames: dict[Resolution, pl.DataFrame] = {}
    for resolution, group in by_resolution.items():
        frame, later, repeats = _settle(group)
        if repeats:
            notes.append(words.REPEATS.say(n=repeats))
        if later.height:
            kept = later["kept"].cast(pl.String)
            pairs = zip(kept, later["first"], strict=True)
            said = pl.Series([words.STANDS_ALREADY.say(kept=one, first=line) for one, line in pairs], dtype=pl.String)
            part = rejected(file, later["line"], later["item"], later["value"].cast(pl.String), "")
            rejects.append(part.with_columns(said.alias("reason")))
        frames[resolution] = _named(frame, resolution)
        doubtful = int(particle_order(frame).sum())
        if doubtful:
            notes.append(words.FINE_ABOVE_COARSE.say(n=doubtful))
    everything = pl.concat([pl.DataFrame(schema=REJECT_SCHEMA), *rejects])
    kinds = list(dict.fromkeys(piece.kind for piece in pieces))
    return Reading("+".join(kinds), frames, everything, notes, sum(piece.rows for piece in pieces))


def _settle(pieces: list[Piece]) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """One row a place and time, the later different values, and the number of later equal ones."""
    if all(piece.wide for piece in pieces):
        whole = pl.concat([piece.values for piece in pieces], how="diagonal")
        doubled = whole.select(pl.struct(_KEYS).is_duplicated()).to_series()
        if not doubled.any():
            return whole.drop("line"), _no_later(), 0
        frame, later, repeats = _pivot(_melt(whole.filter(doubled)))
        return pl.concat([whole.filter(~doubled).drop("line"), frame], how="diagonal"), later, repeats
    return _pivot(pl.concat([_melt(piece.values) if piece.wide else piece.values for piece in pieces]))


def _no_later() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"line": pl.String, "item": pl.String, "value": pl.Float64, "kept": pl.Float64, "first": pl.String}
    )


def _melt(wide: pl.DataFrame) -> pl.DataFrame:
    ordered = wide.with_row_index("order")
    long = ordered.unpivot(index=["order", "line", *_KEYS], variable_name="item", value_name="value")
    return long.sort("order", maintain_order=True).drop("order")


def _pivot(long: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    rows = long.select(_KEYS).unique()
    present = long.drop_nulls("value")
    doubled = present.select(pl.struct(*_KEYS, "item").is_duplicated()).to_series()
    later, repeats = _no_later(), 0
    if doubled.any():
        keys = [*_KEYS, "item"]
        several = present.filter(doubled).with_columns(
            pl.col("value").first().over(keys).alias("kept"), pl.col("line").first().over(keys).alias("first"),
            pl.int_range(pl.len()).over(keys).alias("nth"),
        )  # fmt: skip
        repeats = several.filter((pl.col("nth") > 0) & (pl.col("value") == pl.col("kept"))).height
        later = several.filter(pl.col("value") != pl.col("kept")).select("line", "item", "value", "kept", "first")
        present = pl.concat([present.filter(~doubled), several.filter(pl.col("nth") == 0).select(present.columns)])
    columns = sorted(long["item"].unique().to_list(), key=list(RULES).index)
    if not columns:
        return rows, later, repeats
    frame = present.pivot(on="item", on_columns=columns, index=_KEYS, values="value", aggregate_function="first")
    # A row whose every value is missing is still a row: the place reported for that time.
    return rows.join(frame, on=_KEYS, how="left"), later, repeats


def _named(frame: pl.DataFrame, resolution: Resolution) -> pl.DataFrame:
    """Name and type the stamp, order the columns as the rules list them, sort the rows."""
    stamp = pl.col("stamp").alias("date")
    if resolution == "hour":
        stamp = pl.col("stamp").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("time")
    items = [item for item in RULES if item in frame.columns]
    return frame.select("place", stamp, *items).sort("place", "time" if resolution == "hour" else "date")
