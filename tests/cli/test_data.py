"""Files come in and go out by command: counted, refused with a reason, and twice is once."""

import io
import tomllib
from pathlib import Path

import polars as pl
import pytest

from lantian.cli.loading import put_targets
from lantian.kernel.audit import entries
from lantian.kernel.jobs import Progress
from lantian.observations.store import open_store


@pytest.mark.requirement("M4", part="rejected rows are counted and shown")
def test_an_import_counts_what_came_and_what_was_refused(commands, city_folder):
    commands.value("places", "load", city_folder)
    value = commands.value("import", city_folder / "hours.csv", code=1)
    assert {name: value[name] for name in ("rows", "new", "revised", "rejected", "refused")} == {
        "rows": 48, "new": 47, "revised": 0, "rejected": 1, "refused": 0,
    }  # fmt: skip
    [file] = value["files"]
    assert (file["state"], file["kind"]) == ("imported", "long")
    rejected = commands.value("rejected", "--batch", file["import"])
    assert rejected["total"] == 1
    [row] = rejected["rejected"]
    assert (row["line"], row["value"], Path(row["file"]).name) == ("9", "-5", "hours.csv")

    again = commands.value("import", city_folder / "hours.csv")
    assert (again["new"], again["files"][0]["state"]) == (0, "seen")


def test_people_see_the_count_and_where_to_look(commands, city_folder):
    commands.run("places", "load", city_folder)
    done = commands.run("import", city_folder / "hours.csv")
    assert done.exit_code == 1
    assert "48 rows read: 47 new, 0 revised, 1 unchanged; 1 rejected 退回" in done.stdout
    assert "`lantian rejected` shows each" in done.stdout
    assert "导入 import" in done.stderr
    assert "hours.csv" in commands.run("rejected").stdout


def test_a_file_that_cannot_be_read_is_a_fault_and_stops_nothing(commands, city_folder, tmp_path):
    commands.run("places", "load", city_folder)
    odd = tmp_path / "odd.csv"
    odd.write_text("colour,taste\nred,sweet\n")
    value = commands.value("import", odd, city_folder / "days.csv", code=1)
    assert [file["state"] for file in value["files"]] == ["refused", "imported"]
    assert "no known layout" in value["files"][0]["notes"][0]


def test_reviewed_values_go_before_raw_ones(commands, platform, city_folder, tmp_path):
    commands.run("places", "load", city_folder)
    for name, value, option in (("raw", 40, []), ("reviewed", 44, ["--reviewed"])):
        file = tmp_path / f"{name}.csv"
        file.write_text(f"station,time,item,value\n1002A,2016-12-16 08:00,PM2.5,{value}\n")
        commands.value("import", file, *option)
    kept = open_store(platform).hourly(with_grade=True).collect()
    assert (kept["pm25"].item(), kept["grade"].item()) == (44, "reviewed")


def test_a_folder_brings_places_observations_and_targets_and_twice_is_once(commands, city_folder):
    value = commands.value("load", city_folder, code=1)  # one hour is refused
    assert value["places"]["written"]["stations"] == 2
    assert (value["observations"]["rejected"], value["targets"]) == (1, 2)
    again = commands.value("load", city_folder)
    assert sum(again["places"]["written"].values()) == 0
    assert (again["observations"]["new"], again["observations"]["revised"]) == (0, 0)
    assert len(commands.value("target")["targets"]) == 2


def test_what_a_command_writes_stands_in_the_trail_under_its_user(commands, platform, city_folder):
    commands.value("places", "load", city_folder)
    with platform.engine.connect() as connection:
        actors = {entry.actor for entry in entries(connection) if entry.table_name == "station"}
    assert len(actors) == 1
    assert actors.pop().startswith("command")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('quantity = "pm25"\n', ""), "[[targets]] city: quantity missing"),
        (('cut = 25\nagainst = "2015-12"', "cut = 25"), "[[targets]] city: expected either limit, or cut"),
        (
            ('cut = 25\nagainst = "2015-12"', 'cut = 25\nagainst = "2013-12"'),
            "nothing is known of pm25 at 110000 in 2013-12",
        ),
        (('name = "站点目标"', 'colour = "red"'), "[[targets]] station: unknown colour; expected against, cut"),
        (('parent = "city"', 'parent = "town"'), "parent 'town' is no target of this file"),
        (('parent = "city"', 'parent = "station"'), "is its own parent"),
        (('place = "1001A"', 'place = "moon"'), "no place is called 'moon'"),
    ],
)
def test_a_wrong_target_is_named_and_sets_none(city_platform, city_folder, change, said):
    text = (city_folder / "city.toml").read_text(encoding="utf-8")
    assert change[0] in text
    with pytest.raises((ValueError, LookupError)) as caught:
        put_targets(city_platform, tomllib.loads(text.replace(*change)), "test", Progress())
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("import /nowhere/file.csv", 2, "/nowhere/file.csv: there is no such file"),
        ("load /nowhere", 2, "/nowhere"),
        ("places load /nowhere", 2, "/nowhere"),
        ("rejected --batch 7", 3, "there is no import 7"),
        ("export 北京 --period 2016-11", 3, "no places are loaded"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(empty, arguments, code, said):
    assert said in empty.refusal(*arguments.split(), code=code)


def test_days_go_out_with_their_index(city, tmp_path):
    value = city.value("export", "北京", "--period", "2016-11", "--daily")
    assert (value["resolution"], value["rows"], len(value["values"])) == ("day", 30, 30)
    assert {"aqi", "level", "primary", "pm25", "origin"} <= value["values"][0].keys()
    text = city.run("export", "北京", "--period", "2016-11", "--daily").stdout
    frame = pl.read_csv(io.StringIO(text))
    assert frame["aqi"].to_list() == [row["aqi"] for row in value["values"]]
    assert frame["primary"].to_list() == ["+".join(row["primary"]) for row in value["values"]]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow"])
def test_hours_go_out_to_a_file_that_comes_in_again(city, tmp_path, suffix):
    file = tmp_path / f"hours.{suffix}"
    value = city.value("export", "东四", "1001A", "--period", "2016-12-16", "--output", file)
    assert (value["file"], value["rows"]) == (str(file), 40 - 1)
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "arrow": pl.read_ipc}[suffix]
    assert read(file)["pm25"].to_list() == sorted(read(file)["pm25"].to_list()[:19]) + list(range(10, 30))
    if suffix == "csv":
        assert file.read_text().splitlines()[1].startswith("1001A,2016-12-15T16:00:00Z,")
    assert "expected a name that ends in" in city.refusal(
        "export", "东四", "--period", "2016-12-16", "--output", tmp_path / "a.doc", code=2
    )
