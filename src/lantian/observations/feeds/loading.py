"""Definition files: YAML in, a `Feed` out, or a sentence that names file, entry, field, value and what is right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import polars as pl
import yaml

from lantian.kernel.accounts.permissions import PERMISSIONS
from lantian.observations.feeds.definition import (
    ACTIONS,
    NUMBERS,
    SENSITIVITIES,
    STORES,
    TYPES,
    Chart,
    Check,
    Feed,
    Field,
    Hints,
    Source,
    Span,
    Update,
    Words,
)
from lantian.observations.feeds.entry import Entry, FeedError
from lantian.standards.departments import DEPARTMENTS

OURS: Final = Path(__file__).with_name("definitions")
"""The definitions that come with the platform."""

RESERVED: Final = frozenset({"health", "key", "line", "file", "region", "flags", "known_at", "batch"})
"""Names that no feed may have (a page is called so) and no field (a column of every feed is called so), but that a
field of type region may be called `region`."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")
_SPAN: Final = re.compile(r"(\d{1,4})\s*(min|h|d|month)s?")


def load(path: Path | str) -> Feed:
    """Read one definition file.

    Raises:
        FeedError: anything in it is wrong; FileNotFoundError: there is no such file.
    """
    path = Path(path)
    return read(path.read_text(encoding="utf-8"), str(path.name), str(path))


def read(text: str, name: str, file: str = "") -> Feed:
    """Read a definition from its text; ``name`` is what errors call the file. Raises FeedError."""
    try:
        # An alias that repeats itself makes gigabytes of a few lines; no definition needs one.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, _LOADER)):
            raise FeedError(f"{name}: it has an alias (*name); expected everything written out")
        content = yaml.load(text, _LOADER)  # noqa: S506  (one of the two safe ones)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise FeedError(f"{name}{line}: not YAML: {problem}") from None
    except (ValueError, RecursionError) as error:  # a date that is none, a thousand brackets
        raise error if isinstance(error, FeedError) else FeedError(f"{name}: cannot be read: {error}") from None
    return made_of(content, name, file, text)


def made_of(content: Any, name: str, file: str = "", text: str = "") -> Feed:
    """A definition from what its YAML holds. Raises FeedError."""
    if not isinstance(content, dict):
        raise FeedError(f"{name}: expected a mapping that begins with `feed: <name>`")
    return _feed(Entry(name, "", content), file or name, text)


def definitions(home: Path | str | None = None) -> dict[str, Feed]:
    """All feeds by name: ours, then those under ``<home>/feeds``.

    Raises:
        FeedError: one of the files is wrong, two define one name, or a reference names a feed that there is not.
    """
    folders = [OURS, *([Path(home) / "feeds"] if home is not None else [])]
    return together(load(path) for folder in folders for path in sorted(folder.glob("*.y*ml")))


_INSTALLED: dict[Path, tuple[tuple[tuple[str, int, int], ...], dict[str, Feed]]] = {}


def installed(home: Path) -> dict[str, Feed]:
    """`definitions` of a data directory, read again only when a file has changed."""
    folders = (OURS, home / "feeds")
    found = tuple(
        (str(path), (stat := path.stat()).st_mtime_ns, stat.st_size)
        for folder in folders
        for path in sorted(folder.glob("*.y*ml"))
    )
    kept = _INSTALLED.get(home)
    if kept is None or kept[0] != found:
        kept = _INSTALLED[home] = (found, definitions(home))
    return kept[1]


def together(feeds: Iterable[Feed]) -> dict[str, Feed]:
    """Feeds by name, checked against each other. Raises FeedError as `definitions`."""
    found: dict[str, Feed] = {}
    for feed in feeds:
        if feed.name in found:
            raise FeedError(
                f"{Path(feed.file).name}, feed: {feed.name!r} is defined already in "
                f"{Path(found[feed.name].file).name}; expected one file a name"
            )
        found[feed.name] = feed
    for feed in found.values():
        for one in feed.fields:
            if one.feed is None:
                continue
            other, where = found.get(one.feed), f"{Path(feed.file).name}, fields, {one.name}, feed"
            if other is None or other.store != "records":
                raise FeedError(f"{where}: {one.feed!r}; expected one of the feeds {', '.join(sorted(found))}")
            if len(other.key) != 1:
                raise FeedError(
                    f"{where}: {one.feed!r} has the key {', '.join(other.key)}; expected one with one field"
                )
    return found


def _feed(entry: Entry, file: str, text: str) -> Feed:
    name = entry.text("feed", right="a name of small letters, digits and _, such as dustfall")
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise entry.fault("feed", name, "a name of small letters, digits and _, such as dustfall")
    fields = tuple(_field(one) for one in entry.entries("fields"))
    names = [one.name for one in fields]
    if not fields:
        raise entry.fault("fields", None, "a list with one entry a field")
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise entry.fault("fields", twice[0], "each field once")
    feed = Feed(
        name=name,
        zh=entry.text("zh"),
        en=entry.text("en"),
        about=entry.words("about", needed=True),
        owner=entry.one_of("owner", DEPARTMENTS),
        sensitivity=entry.one_of("sensitivity", SENSITIVITIES, "shared"),
        fields=fields,
        key=entry.names("key", names, needed=True),
        store=entry.one_of("store", STORES, "records"),
        time=entry.one_of("time", names, None),
        place=_place(entry, names),
        update=_update(entry),
        checks=tuple(_check(one, fields) for one in entry.entries("checks")),
        page=_hints(entry.below("page"), names),
        source=_source(entry.below("source"), names) if entry.has("source") else None,
        licence=entry.text("licence", ""),
        lineage=entry.words("lineage"),
        example=entry.flag("example"),
        file=file,
        text=text,
    )
    entry.nothing_else()
    _agree(entry, feed)
    return feed


def _agree(entry: Entry, feed: Feed) -> None:
    """What one entry alone cannot tell."""
    types = {one.name: one.type for one in feed.fields}
    if feed.time is not None and types[feed.time] not in ("date", "time"):
        raise entry.fault("time", feed.time, "a field of type date or time")
    if feed.update is not None and feed.time is None:
        raise entry.fault("update", None, "an entry `time` beside it, by which it is judged")
    if isinstance(feed.place, tuple):
        if (types[feed.place[0]], types[feed.place[1]]) != ("lon", "lat"):
            raise entry.fault("place", list(feed.place), "[a field of type lon, one of type lat]")
    elif feed.place is not None and types[feed.place] not in ("region", "station", "reference"):
        raise entry.fault("place", feed.place, "a field of type region, station or reference, or [lon, lat]")
    if "region" in types and feed.place != "region":
        raise entry.fault("place", feed.place, "region: where a field is called so it says where, or has another name")
    if feed.page.map and feed.position() is None and feed.place is None:
        raise entry.below("page").fault("map", True, "a feed with a place")


def _field(entry: Entry) -> Field:
    name = entry.text("name")
    entry = entry.called(name)
    kind = entry.one_of("type", TYPES)
    if not _NAME.fullmatch(name) or (name in RESERVED and (name, kind) != ("region", "region")):
        raise entry.fault("name", name, f"small letters, digits and _, none of {', '.join(sorted(RESERVED))}")
    low, high = entry.number("low"), entry.number("high")
    codes = _codes(entry) if entry.has("codes") else {}
    made = Field(
        name=name,
        type=kind,
        zh=entry.text("zh"),
        en=entry.text("en"),
        unit=entry.text("unit", ""),
        required=entry.flag("required"),
        low=low,
        high=high,
        decimals=entry.whole("decimals", 9),
        codes=MappingProxyType(codes),
        pattern=_pattern(entry),
        feed=entry.text("feed", "") or None,
        mask=entry.one_of("mask", PERMISSIONS, None),
    )
    entry.nothing_else()
    for given, fits, right in (
        (codes, kind == "choice", "codes with a field of type choice, and with no other"),
        (made.feed, kind == "reference", "feed with a field of type reference, and with no other"),
    ):
        if bool(given) != fits:
            raise entry.fault("type", kind, right)
    if (low is not None or high is not None) and kind not in NUMBERS:
        raise entry.fault("low" if low is not None else "high", low if low is not None else high, "bounds of a number")
    if low is not None and high is not None and low > high:
        raise entry.fault("high", high, f"at least low, which is {low:g}")
    if made.pattern and kind not in ("text", "person"):
        raise entry.fault("pattern", made.pattern, "a pattern with a field of type text")
    return made


def _codes(entry: Entry) -> dict[str, Words]:
    below = entry.below("codes")
    return {code: below.words(code, needed=True) for code in below.keys()}  # noqa: SIM118  (a method of ours)


def _pattern(entry: Entry) -> str | None:
    text = entry.text("pattern", "")
    try:
        pl.Series(["x"]).str.contains(text)
    except pl.exceptions.PolarsError:
        raise entry.fault("pattern", text, "a regular expression without look-around") from None
    return text or None


def _place(entry: Entry, names: list[str]) -> str | tuple[str, str] | None:
    if isinstance(entry.raw("place"), list):
        found = entry.names("place", names)
        if len(found) != 2:
            raise entry.fault("place", list(found), "[lon, lat]")
        return found[0], found[1]
    single: str | None = entry.one_of("place", names, None)
    return single


def _span(entry: Entry, name: str, otherwise: str | None = None) -> Span:
    text = entry.text(name, otherwise)
    found = _SPAN.fullmatch(text.strip())
    if not found or int(found[1]) == 0:
        raise entry.fault(name, text, "a number and min, h, d or month, such as 30 d")
    unit: Any = found[2]
    return Span(int(found[1]), unit)


def _update(entry: Entry) -> Update | None:
    if not entry.has("update"):
        return None
    below = entry.below("update")
    made = Update(_span(below, "every"), _span(below, "within"))
    below.nothing_else()
    return made


def _check(entry: Entry, fields: tuple[Field, ...]) -> Check:
    made = Check(entry.text("rule"), entry.text("zh"), entry.text("en"), entry.one_of("action", ACTIONS, "flag"))
    entry.nothing_else()
    nothing = pl.DataFrame(schema={one.name: one.dtype for one in fields})
    try:
        kind = nothing.select(pl.sql_expr(made.rule).alias("right")).schema["right"]
    except Exception as error:
        raise entry.fault(
            "rule", made.rule, f"an SQL expression over the fields ({str(error).splitlines()[0]})"
        ) from None
    if kind != pl.Boolean:
        raise entry.fault("rule", made.rule, "an expression that is true or false, such as a <= b")
    return made


def _hints(entry: Entry, names: list[str]) -> Hints:
    chart = None
    if entry.has("chart"):
        below = entry.below("chart")
        kind = below.one_of("kind", ("line", "bar"), "line")
        x, y = below.one_of("x", names), below.one_of("y", names)
        chart = Chart(kind, x, y, below.one_of("by", names, None))
        below.nothing_else()
    sort = entry.text("sort", "")
    if sort.lstrip("-") and sort.lstrip("-") not in names:
        raise entry.fault("sort", sort, f"a field, falling with - before it: {', '.join(names)}")
    made = Hints(
        entry.names("columns", names) or tuple(names),
        chart,
        entry.flag("map"),
        sort.lstrip("-") or None,
        sort.startswith("-") or not sort,
    )
    entry.nothing_else()
    return made


def _source(entry: Entry, names: list[str]) -> Source:
    kind = entry.one_of("kind", ("poll",))
    url = entry.text("url")
    if not re.match(r"https?://[^\s]+$", url):
        raise entry.fault("url", url, "an address that begins with http:// or https://")
    mapping = entry.below("names")
    below = {theirs: mapping.raw(theirs) for theirs in mapping.keys()}  # noqa: SIM118  (a method of ours)
    for theirs, ours in below.items():
        if ours not in names:
            raise entry.fault("names", f"{theirs}: {ours}", f"one of the fields {', '.join(names)}")
    made = Source(
        kind,
        url,
        entry.one_of("format", ("json", "csv")),
        _span(entry, "every", "10 min"),
        _span(entry, "window", "24 h"),
        entry.text("rows", ""),
        MappingProxyType({str(theirs): str(ours) for theirs, ours in below.items()}),
    )
    entry.nothing_else()
    return made
