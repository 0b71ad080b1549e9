"""From the names in a file to place ids."""

import re
import unicodedata

import polars as pl

from lantian.observations import words
from lantian.observations.readers.reading import Options

_ID = re.compile(r"[0-9A-Za-z_.\-]+")


def ids(raw: pl.Series, options: Options) -> tuple[pl.Series, list[str]]:
    """Place ids (null where there is none) and notes.

    A name found in `options.stations` becomes its code; what looks like an id (letters, digits, `_`, `-`, `.`) stands
    for itself; any other name is asked of `options.places`, and stands for itself, with a note, when no such function
    was given.
    """
    meaning: dict[str, str | None] = {}
    kept: list[str] = []
    for text in raw.drop_nulls().unique().sort().to_list():
        name = unicodedata.normalize("NFKC", text).strip()
        if name in options.stations:
            meaning[text] = options.stations[name]
        elif not name or _ID.fullmatch(name):
            meaning[text] = name or None
        elif options.places is not None:
            meaning[text] = options.places(name)
        else:
            meaning[text] = name
            kept.append(name)
    table = pl.DataFrame(
        {"raw": list(meaning), "place": list(meaning.values())}, schema={"raw": pl.String, "place": pl.String}
    )
    found = pl.DataFrame({"raw": raw}).join(table, on="raw", how="left", maintain_order="left")["place"]
    notes = [words.NAMES_AS_IDS.say(n=len(kept), names=_some(kept))] if kept else []
    return found, notes


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
