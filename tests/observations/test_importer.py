"""Files into the store: what each brought, what was refused, and that twice is once."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress, Stopped
from lantian.observations import importer, open_store
from lantian.observations.importer import ImportReport, import_paths
from lantian.observations.tables import import_batch, import_rejected
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore, load_folder

EXAMPLE = Path(__file__).parents[2] / "examples" / "beijing"
NOW = datetime(2017, 1, 10, tzinfo=UTC)


@pytest.fixture
def city(platform: Platform) -> Platform:
    """A platform with Beijing and two of its stations."""
    platform.clock.set_simulated(NOW, paused=True)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市", "Beijing")], "test")
    stations = [
        Station(code, name, "state", "110000", 116.4, 39.9) for code, name in (("1001A", "万寿西宫"), ("1002A", "定陵"))
    ]
    places.put_stations(stations, "test")
    return platform


def long_csv(path: Path, rows: list[tuple[str, str, str, object]]) -> Path:
    path.write_text(
        "station,time,item,value\n" + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in rows), encoding="utf-8"
    )
    return path


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.new, report.revised, report.unchanged, report.rejected


def rows_of(platform: Platform, table: sa.Table) -> list[dict]:
    with platform.engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table).order_by(table.c.id)).mappings()]


ROWS = [
    ("1001A", "2016-12-16 08:00", "PM2.5", 35),
    ("定陵", "2016-12-16 08:00", "PM2.5", 40),
    ("1001A", "2016-12-16 09:00", "PM2.5", -7),
    ("9999X", "2016-12-16 08:00", "PM2.5", 50),
    ("不知道站", "2016-12-16 08:00", "PM2.5", 60),
]


def test_values_come_in_and_what_is_wrong_is_kept_with_its_line(city: Platform, tmp_path: Path) -> None:
    path = long_csv(tmp_path / "values.csv", ROWS)
    report = import_paths(city, [path], "analyst")
    found = open_store(city).hourly(items=["pm25"]).collect().sort("place", "time").drop_nulls()
    assert found.rows() == [
        ("1001A", datetime(2016, 12, 16, 0, tzinfo=UTC), 35.0),
        ("1002A", datetime(2016, 12, 16, 0, tzinfo=UTC), 40.0),
    ]
    (batch,) = rows_of(city, import_batch)
    assert (batch["actor"], batch["file"], batch["kind"], batch["at"]) == ("analyst", str(path), "long", NOW)
    assert (batch["rows"], batch["new"], batch["rejected"], batch["finished"]) == (5, 2, 3, True)
    refused = {row["value"]: row for row in rows_of(city, import_rejected)}
    assert {row["batch"] for row in refused.values()} == {batch["id"]}
    assert (refused["-7"]["line"], refused["-7"]["file"]) == ("4", str(path))
    assert refused["不知道站"]["line"] == "6"
    assert "unknown place, 1 rows refused" in refused["9999X"]["reason"]
    assert report.rejected == report.files[0].rejected == 3
    assert audit.verify(city.engine) == []


def test_each_value_tells_which_import_brought_it(city: Platform, tmp_path: Path) -> None:
    paths = [
        long_csv(tmp_path / "a.csv", [("1001A", "2016-12-16 08:00", "PM2.5", 35)]),
        long_csv(tmp_path / "b.csv", [("1002A", "2016-12-16 08:00", "PM2.5", 35)]),
    ]
    report = import_paths(city, paths, "analyst")
    store = open_store(city)
    for place, file in zip(("1001A", "1002A"), report.files, strict=True):
        history = store.revisions(place, datetime(2016, 12, 16, tzinfo=UTC))
        assert history.get_column("source").to_list() == [f"import:{file.batch}"]
    assert len(list(store.root.rglob("*.parquet"))) == 1  # read together, stored together


@pytest.mark.requirement("M1", part="importing twice changes nothing")
def test_the_same_file_again_changes_nothing(city: Platform, tmp_path: Path) -> None:
    path = long_csv(tmp_path / "values.csv", ROWS)
    first = import_paths(city, [path], "analyst")
    before = rows_of(city, import_batch)
    again = import_paths(city, [path], "analyst")
    assert (again.files[0].state, again.files[0].batch) == ("seen", first.files[0].batch)
    assert counts(again) == (0, 0, 0, 0)
    assert rows_of(city, import_batch) == before
    copy = tmp_path / "copy.csv"
    copy.write_bytes(path.read_bytes())
    assert [one.state for one in import_paths(city, [copy], "analyst").files] == ["seen"]


def test_the_same_values_in_another_file_change_nothing(city: Platform, tmp_path: Path) -> None:
    import_paths(city, [long_csv(tmp_path / "values.csv", ROWS)], "analyst")
    other = import_paths(city, [long_csv(tmp_path / "other.csv", ROWS[::-1])], "analyst")
    assert (other.new, other.revised) == (0, 0)
    assert other.unchanged >= 2


cells = st.tuples(
    st.sampled_from(["1001A", "1002A", "定陵", "8888X"]),
    st.sampled_from(["2016-11-30 23:00", "2016-12-01 00:00", "2016-12-16 08:00"]),
    st.sampled_from(["PM2.5", "O3"]),
    st.sampled_from(["", "10", "20", "-5", "9999", "n/a"]),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(cells, min_size=1, max_size=12))
def test_any_file_twice_is_any_file_once(city: Platform, tmp_path: Path, said: list[tuple[str, str, str, str]]) -> None:
    path = long_csv(tmp_path / "any.csv", said)
    import_paths(city, [path], "analyst")
    store = open_store(city)
    before = store.hourly(with_grade=True).collect().sort("place", "time")
    # The same values under another digest: every one of them is read and compared again.
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    report = import_paths(city, [path], "analyst")
    assert (report.new, report.revised) == (0, 0)
    assert store.hourly(with_grade=True).collect().sort("place", "time").equals(before)


def test_a_correction_in_a_later_file_is_a_revision(city: Platform, tmp_path: Path) -> None:
    import_paths(city, [long_csv(tmp_path / "a.csv", ROWS[:1])], "analyst")
    report = import_paths(city, [long_csv(tmp_path / "b.csv", [(*ROWS[0][:3], 36)])], "analyst")
    assert counts(report) == (0, 1, 0, 0)
    store = open_store(city)
    assert store.hourly("1001A").collect().get_column("pm25").to_list() == [36.0]
    assert store.hourly("1001A", as_of=datetime(2017, 1, 1, tzinfo=UTC)).collect().get_column("pm25").to_list() == [
        35.0
    ]


def test_two_files_that_speak_of_the_same_hour_in_one_import(city: Platform, tmp_path: Path) -> None:
    paths = [long_csv(tmp_path / "a.csv", ROWS[:2]), long_csv(tmp_path / "b.csv", [(*ROWS[0][:3], 36), ROWS[1]])]
    report = import_paths(city, paths, "analyst")
    assert [tuple(one.counts) for one in report.files] == [(2, 0, 0), (0, 1, 1)]
    store = open_store(city)
    assert store.hourly("1001A").collect().get_column("pm25").to_list() == [36.0]
    assert store.check() == []


def test_a_new_name_lets_a_file_be_read_again(city: Platform, tmp_path: Path) -> None:
    path = long_csv(tmp_path / "values.csv", ROWS)
    assert import_paths(city, [path], "analyst").rejected == 3
    PlaceStore(city.engine).put_stations([Station("9999X", "新站", "micro", "110000", 116.0, 40.0)], "test")
    report = import_paths(city, [path], "analyst")
    assert (report.new, report.rejected) == (1, 2)


def test_reviewed_values_come_in_beside_the_raw_ones(city: Platform, tmp_path: Path) -> None:
    path = long_csv(tmp_path / "values.csv", ROWS[:1])
    import_paths(city, [path], "analyst")
    later = datetime(2016, 12, 20, tzinfo=UTC)
    assert import_paths(city, [path], "office", grade="reviewed", known_at=later).new == 1
    store = open_store(city)
    assert store.splice("1001A").get_column("grade").to_list() == ["reviewed"]
    assert store.splice("1001A", as_of=datetime(2016, 12, 19, tzinfo=UTC)).get_column("grade").to_list() == ["raw"]


def test_folders_are_walked_and_strange_files_in_them_passed_over(city: Platform, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "deeper").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    long_csv(folder / "deeper" / "b.csv", ROWS[:1])
    long_csv(folder / "a.csv", ROWS[1:2])
    long_csv(folder / ".hidden" / "c.csv", ROWS[:1])
    (folder / "readme.txt").write_text("about these files")
    report = import_paths(city, [folder, folder / "a.csv"], "analyst")
    assert [(one.path.name, one.state) for one in report.files] == [
        ("a.csv", "imported"),
        ("b.csv", "imported"),
        ("readme.txt", "skipped"),
    ]
    assert report.new == 2


def test_a_named_file_that_cannot_be_read_is_refused_with_the_reason(city: Platform, tmp_path: Path) -> None:
    strange = tmp_path / "readme.txt"
    strange.write_text("about these files")
    broken = tmp_path / "values.csv.gz"
    broken.write_bytes(b"\x1f\x8b\x08 and then nothing")
    good = long_csv(tmp_path / "values.csv", ROWS[:1])
    report = import_paths(city, [strange, broken, good], "analyst")
    assert [one.state for one in report.files] == ["refused", "refused", "imported"]
    assert [one.path for one in report.refused] == [strange, broken]
    assert "no known layout" in report.files[0].notes[0]
    assert str(broken) in report.files[1].notes[0]
    assert report.new == 1


def test_a_path_that_is_not_there_and_an_empty_register_of_places(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv: there is no such file"):
        import_paths(platform, [tmp_path / "nowhere.csv"], "analyst")
    with pytest.raises(LookupError, match="no places are loaded"):
        import_paths(platform, [long_csv(tmp_path / "values.csv", ROWS)], "analyst")


def test_progress_tells_files_and_rows_and_can_stop_the_work(city: Platform, tmp_path: Path) -> None:
    paths = [long_csv(tmp_path / f"{name}.csv", [row]) for name, row in zip("ab", ROWS[:2], strict=True)]
    said = []
    progress = Progress(lambda state: said.append((state.stage, state.done, state.total, state.message)))
    import_paths(city, paths, "analyst", progress)
    assert ("导入 import", 2.0, 2, "b.csv: 1 rows") in said
    assert said[-1] == ("写入 store", 2.0, 2, "")
    with pytest.raises(Stopped):
        import_paths(city, paths, "analyst", Progress(stopping=lambda: True))


def test_many_files_are_stored_in_portions(city: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "ROWS_AT_ONCE", 2)
    paths = [long_csv(tmp_path / f"{n}.csv", [("1001A", f"2016-12-16 0{n}:00", "PM2.5", n + 1)]) for n in range(5)]
    report = import_paths(city, paths, "analyst")
    assert [one.counts.new for one in report.files] == [1] * 5
    store = open_store(city)
    assert len(list(store.root.rglob("*.parquet"))) == 3
    assert store.hourly("1001A").collect().sort("time").get_column("pm25").to_list() == [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.requirement("M1", part="the Beijing example with weather, and 28 cities' days")
@pytest.mark.skipif(not EXAMPLE.is_dir(), reason="examples/beijing is not here")
def test_the_beijing_example_comes_in_whole(platform: Platform) -> None:
    load_folder(platform.engine, EXAMPLE, "test")
    data = EXAMPLE / "data"
    hourly, daily = data / "beijing_hourly", data / "cities28_daily_20131202-20161231.csv.gz"
    report = import_paths(platform, [hourly, daily], "test")
    assert (report.revised, report.unchanged, report.refused) == (0, 0, ())
    store = open_store(platform)
    found = store.hourly().collect()
    assert found.get_column("place").n_unique() == 12
    assert found.height == 12 * 33_648
    # Aotizhongxin's first line in the file: 6 ug/m3 SO2 and 300 ug/m3 CO, which is 0.3 mg/m3.
    first = found.filter(pl.col("time") == datetime(2013, 2, 28, 16, tzinfo=UTC), pl.col("place") == "1011A")
    assert first.select("pm25", "pm10", "so2", "no2", "co", "o3", "temperature").rows() == [(4, 4, 4, 7, 0.3, 77, -0.7)]
    day = store.daily("110000", date(2016, 12, 16), date(2016, 12, 17), items=["pm25", "aqi"]).collect()
    assert day.height == 1
    assert store.daily().collect().get_column("place").n_unique() == 28
