"""The meaning of statements, held against a model that keeps every word in a list."""

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.observations import statements
from lantian.observations.statements import Counts, Grade

START = datetime(2016, 12, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)
ITEMS = ["pm25", "no2"]
PLACES = ["1001A", "1002A"]

values = st.sampled_from([None, 10.0, 20.0, math.nan])
rows = st.dictionaries(
    st.tuples(st.sampled_from(PLACES), st.integers(0, 2)), st.fixed_dictionaries(dict.fromkeys(ITEMS, values))
)
moments = st.integers(-1, 12).map(lambda half: START + half * HOUR / 2)
batches = st.lists(
    st.tuples(rows, st.sampled_from(["raw", "reviewed"]), st.none() | moments, st.integers(0, 90)), max_size=6
)


@dataclass
class Word:
    key: tuple[str, int]
    grade: str
    item: str
    value: float
    known_at: datetime


@dataclass
class Model:
    """The rules of docs/observations.md, one value at a time."""

    words: list[Word] = field(default_factory=list)

    def say(self, said: dict, grade: str, given_at: datetime | None, now: datetime) -> None:
        heard = []
        for key, row in said.items():
            published = START + (key[1] + 1) * HOUR
            own = [word for word in self.words if word.key == key and word.grade == grade]
            other = any(word.key == key and word.grade != grade for word in self.words)
            for item, value in row.items():
                standing = [word for word in own if word.item == item]
                if value is None:
                    continue
                if not standing:
                    later = grade == "reviewed" and other
                    known_at = given_at or (max(published, now) if later else published)
                elif str(max(standing, key=lambda word: word.known_at).value) == str(value):
                    continue
                else:
                    newest = max(word.known_at for word in own)
                    known_at = max(given_at or max(published, now), newest + timedelta(microseconds=1))
                heard.append(Word(key, grade, item, value, known_at))
        self.words += heard

    def view(self, as_of: datetime) -> dict:
        """Place and hour -> item -> last word; keys without any word are absent."""
        out: dict = {}
        known = [word for word in self.words if word.known_at <= as_of]
        for word in sorted(known, key=lambda word: (word.grade == "reviewed", word.known_at)):
            out.setdefault(word.key, dict.fromkeys(ITEMS))[word.item] = word.value
        return out


def frame_of(said: dict) -> pl.DataFrame:
    columns = {
        "place": [place for place, _ in said],
        "time": [START + hour * HOUR for _, hour in said],
        **{item: [row[item] for row in said.values()] for item in ITEMS},
    }
    return pl.DataFrame(
        columns, schema={"place": pl.String, "time": statements.TIME, **dict.fromkeys(ITEMS, pl.Float64)}
    )


def append(stored: pl.DataFrame, said: dict, grade: Grade, given_at: datetime | None, now: datetime):
    """What the store does, without files."""
    prepared = statements.prepare(frame_of(said), "hour", "test", grade, given_at)
    stands = statements.standing(stored.lazy(), "hour", ITEMS, grade).collect()
    judged = statements.judge(prepared, stands, now, "hour")
    return pl.concat([stored, judged.rows]), judged


def empty() -> pl.DataFrame:
    return pl.DataFrame(schema=statements.schema("hour", ITEMS))


def view_of(stored: pl.DataFrame, as_of: datetime, engine: str) -> dict:
    found = statements.last_words(stored.lazy().filter(pl.col("known_at") <= as_of), "hour", ITEMS)
    return {
        (row["place"], (row["time"] - START) // HOUR): {item: row[item] for item in ITEMS}
        for row in found.collect(engine=engine).to_dicts()
    }


@pytest.mark.requirement("M1", part="as_of consistency and revisions")
@settings(max_examples=80, deadline=None)
@given(batches, st.lists(moments, min_size=1, max_size=4), st.sampled_from(["in-memory", "streaming"]))
def test_every_moment_sees_the_last_word_known_then(said: list, asked: list[datetime], engine: str) -> None:
    model, stored, now = Model(), empty(), START
    for batch, grade, given_at, minutes in said:
        now += timedelta(minutes=minutes)
        model.say(batch, grade, given_at, now)
        stored, _ = append(stored, batch, grade, given_at, now)
    for as_of in [*asked, datetime.max.replace(tzinfo=UTC)]:
        assert str(dict(sorted(view_of(stored, as_of, engine).items()))) == str(dict(sorted(model.view(as_of).items())))


@settings(max_examples=30, deadline=None)
@given(batches)
def test_saying_the_same_again_adds_nothing(said: list) -> None:
    stored, now = empty(), START
    for batch, grade, given_at, minutes in said:
        now += timedelta(minutes=minutes)
        stored, _ = append(stored, batch, grade, given_at, now)
        again, judged = append(stored, batch, grade, given_at, now + HOUR)
        assert again.height == stored.height
        assert judged.counts.get("test", Counts()) == Counts(unchanged=len(batch))


@settings(max_examples=30, deadline=None)
@given(rows, rows, st.lists(moments, min_size=1, max_size=4))
def test_a_revision_never_changes_what_was_known_before(first: dict, second: dict, asked: list[datetime]) -> None:
    spoken = {key: {i: v for i, v in row.items() if v is not None} for key, row in first.items()}
    revised = {
        key: {item: value if item in spoken[key] else None for item, value in row.items()}
        for key, row in second.items()
        if key in spoken
    }
    stored, _ = append(empty(), first, "raw", None, START)
    now = START + 12 * HOUR
    later, _ = append(stored, revised, "raw", None, now)
    for as_of in asked:
        assert str(view_of(later, as_of, "in-memory")) == str(view_of(stored, as_of, "in-memory"))


def test_counts_tell_new_revised_and_unchanged_rows_by_source() -> None:
    stored, _ = append(empty(), {("1001A", 0): {"pm25": 10.0, "no2": None}}, "raw", None, START)
    said = frame_of(
        {
            ("1001A", 0): {"pm25": 20.0, "no2": 5.0},
            ("1001A", 1): {"pm25": 1.0, "no2": None},
            ("1002A", 0): {"pm25": None, "no2": None},
        }
    ).with_columns(source=pl.Series([None, "other", "other"], dtype=pl.String))
    prepared = statements.prepare(said, "hour", "test", "raw", None)
    stands = statements.standing(stored.lazy(), "hour", ITEMS, "raw").collect()
    judged = statements.judge(prepared, stands, START + 5 * HOUR, "hour")
    assert judged.counts == {"test": Counts(0, 1, 0), "other": Counts(1, 0, 1)}
    assert judged.repeats
    # Revising one item and stating another for the first time makes two rows: they are known from different moments.
    assert judged.rows.select("place", "pm25", "no2", "known_at").rows() == [
        ("1001A", None, 5.0, START + HOUR),
        ("1001A", 20.0, None, START + 5 * HOUR),
        ("1001A", 1.0, None, START + 2 * HOUR),
    ]


def test_a_day_is_known_at_noon_of_the_next_day_in_beijing() -> None:
    frame = pl.DataFrame({"place": ["110000"], "date": [date(2016, 12, 16)], "pm25": [300]})
    prepared = statements.prepare(frame, "day", "test", "raw", None)
    judged = statements.judge(prepared, None, START, "day")
    assert judged.rows.get_column("known_at").to_list() == [datetime(2016, 12, 17, 4, tzinfo=UTC)]


def test_months_are_those_of_beijing() -> None:
    times = [datetime(2016, 11, 30, 15, tzinfo=UTC), datetime(2016, 11, 30, 16, tzinfo=UTC)]
    frame = pl.DataFrame({"time": times}, schema={"time": statements.TIME})
    assert frame.select(statements.month_expr("hour")).to_series().to_list() == ["2016-11", "2016-12"]


GOOD = pl.DataFrame({"place": ["1001A"], "time": [START], "pm25": [1.0]}, schema_overrides={"time": statements.TIME})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (GOOD.drop("place"), "needs the column 'place'"),
        (GOOD.with_columns(place=pl.lit(1)), "'place' is Int32; expected String"),
        (GOOD.with_columns(pl.col("time").dt.replace_time_zone(None)), "'time' is Datetime"),
        (GOOD.with_columns(pl.col("time").dt.convert_time_zone("Asia/Shanghai")), "'time' is Datetime"),
        (GOOD.with_columns(pl.col("time") + pl.duration(minutes=30)), "row 0.*00:30.*beginning of an hour"),
        (GOOD.with_columns(place=pl.lit(None, pl.String)), "row 0: place None"),
        (GOOD.with_columns(pm25=pl.lit("35")), "'pm25' is String; an item needs numbers"),
        (GOOD.with_columns(pm25=pl.lit(math.inf)), "pm25 inf.*finite values"),
        (GOOD.with_columns(known_at=pl.lit("2016")), "'known_at' is String"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_by_name(frame: pl.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        statements.prepare(frame, "hour", "test", "raw", None)


def test_a_batch_speaks_once_of_a_place_and_hour() -> None:
    prepared = statements.prepare(pl.concat([GOOD, GOOD]), "hour", "test", "raw", None)
    with pytest.raises(statements.StatedTwiceError, match=r"1001A.*2016-12-16.*twice"):
        statements.judge(prepared, None, START, "hour")


def test_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="resolution 'minute'"):
        statements.prepare(GOOD, "minute", "test", "raw", None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="grade 'best'"):
        statements.prepare(GOOD, "hour", "test", "best", None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="with its zone"):
        statements.prepare(GOOD, "hour", "test", "raw", datetime(2016, 12, 1))
