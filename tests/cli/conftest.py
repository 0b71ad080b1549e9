"""A small city in a folder, a platform that holds it, and the commands, run in this process."""

import gzip
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url
from typer.testing import CliRunner, Result

from lantian.cli import app, loading
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.jobs import Progress
from lantian.kernel.settings import Settings

ROOT = Path(__file__).parents[2]
CITIES = ROOT / "examples" / "beijing" / "data" / "cities28_daily_20131202-20161231.csv.gz"
MONTHS = ("2015-11", "2015-12", "2016-11", "2016-12")

TOML = """
name = "小城"
example = true

[replay]
at = "2016-12-16T20:00"

[places]
regions = "regions.csv"
stations = ["stations.csv"]

[[groups]]
id = "three"
name = "三市"
members = ["110000", "120000", "130100"]

[[groups]]
id = "two"
name = "两市"
members = ["120000", "130100"]

[observations]
paths = ["days.csv", "hours.csv"]

[[targets]]
id = "city"
place = "北京"
quantity = "pm25"
period = "2016-12"
cut = 25
against = "2015-12"

[[targets]]
id = "station"
place = "1001A"
name = "站点目标"
quantity = "heavy_days"
period = "2016-12"
limit = 5
parent = "city"
"""

REGIONS = """code,name,name_en
110000,北京市,Beijing
120000,天津市,Tianjin
130000,河北省,Hebei
130100,石家庄市,Shijiazhuang
110105,朝阳区,Chaoyang
"""

STATIONS = """station,name,region,lon,lat
1001A,万寿西宫,110000,116.37,39.87
1002A,东四,110000,116.42,39.93
"""


@pytest.fixture(scope="session")
def city_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three cities' published days of four months, two stations' hours of one day, two targets."""
    folder = tmp_path_factory.mktemp("city")
    (folder / "city.toml").write_text(TOML, encoding="utf-8")
    (folder / "regions.csv").write_text(REGIONS, encoding="utf-8")
    (folder / "stations.csv").write_text(STATIONS, encoding="utf-8")
    with gzip.open(CITIES, "rt", encoding="utf-8-sig") as file:
        head, *lines = file.read().splitlines()
    kept = [line for line in lines if re.match(f"(北京|天津|石家庄),({'|'.join(MONTHS)})", line)]
    assert len(kept) > 3 * 115
    (folder / "days.csv").write_text("\n".join([head, *kept]) + "\n", encoding="utf-8")
    hours = [f"{code},2016-12-16 {hour:02d}:00,PM2.5,{hour + 10}" for code in ("1001A", "1002A") for hour in range(24)]
    hours[7] = "1001A,2016-12-16 07:00,PM2.5,-5"
    (folder / "hours.csv").write_text("station,time,item,value\n" + "\n".join(hours) + "\n", encoding="utf-8")
    return folder


@dataclass
class Commands:
    """Runs commands on a platform, as a terminal would."""

    environment: dict[str, str]

    def run(self, *arguments: object) -> Result:
        return CliRunner(env=self.environment).invoke(app, [str(argument) for argument in arguments])

    def value(self, *arguments: object, code: int = 0) -> Any:
        """The JSON value of a command; it must end with `code`, and its keys must be those of docs/cli.md."""
        done = self.run(*arguments, "--json")
        assert done.exit_code == code, done.output
        value = json.loads(done.stdout)
        if "error" not in value:
            assert set(value) <= documented(*map(str, arguments))
        return value

    def refusal(self, *arguments: object, code: int) -> str:
        """Why a command is refused: the same sentence for people, on stderr, and in its JSON value."""
        told = self.run(*arguments)
        assert (told.exit_code, told.stdout) == (code, "")
        value = self.value(*arguments, code=code)
        assert value["exit"] == code
        assert value["error"] in told.stderr
        return value["error"]


def documented(*arguments: str) -> set[str]:
    """The keys of a command's JSON value as docs/cli.md lists them."""
    rows = re.findall(r"^\| `([a-z0-9 -]+)` \| (.+) \|$", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), re.M)
    keys = {name: set(re.findall(r"`([a-z0-9_]+)`", said)) for name, said in rows}
    found = next((keys[name] for n in (3, 2, 1) if (name := " ".join(arguments[:n])) in keys), None)
    assert found, f"docs/cli.md does not document {arguments[:2]}"
    return found


def commands_on(platform: Platform) -> Commands:
    return Commands(
        {
            "LANTIAN_HOME": str(platform.home),
            "LANTIAN_DATABASE_URL": platform.settings.database_url or "",
            "COLUMNS": "160",
        }
    )


@pytest.fixture
def commands(platform: Platform) -> Commands:
    """Commands on this test's own, empty platform."""
    return commands_on(platform)


@contextmanager
def database(server: str, administration: psycopg.Connection, template: str) -> Iterator[str]:
    name = f"lantian_cli_{secrets.token_hex(6)}"
    administration.execute(f"create database {name} template {template}")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        administration.execute(f"drop database if exists {name} with (force)")


@pytest.fixture(scope="session")
def city_platform(
    server: str,
    administration: psycopg.Connection,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    city_folder: Path,
) -> Iterator[Platform]:
    """A platform with the small city, paused on the evening of 2016-12-16; for tests that only read."""
    with (
        database(server, administration, template) as url,
        open_platform(settings=Settings(home=tmp_path_factory.mktemp("home"), database_url=url)) as opened,
    ):
        loading.load_folder(opened, city_folder, "test", Progress())
        opened.clock.set_simulated(datetime(2016, 12, 16, 12, tzinfo=UTC), paused=True)
        yield opened


@pytest.fixture(scope="session")
def empty(
    server: str, administration: psycopg.Connection, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Commands]:
    """Commands on an empty platform in real time; they must not change it."""
    with database(server, administration, template) as url:
        yield Commands({"LANTIAN_HOME": str(tmp_path_factory.mktemp("empty")), "LANTIAN_DATABASE_URL": url})


@pytest.fixture
def city(city_platform: Platform) -> Commands:
    """Commands on the small city; they must not change it."""
    return commands_on(city_platform)


@pytest.fixture
def alone(tmp_path: Path) -> Commands:
    """Commands that need no platform; whatever wants one is out of reach."""
    return Commands(
        {"LANTIAN_HOME": str(tmp_path / "home"), "LANTIAN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    )
