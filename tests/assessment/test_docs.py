"""The examples of the room's page run as they are printed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from lantian.assessment.periods import parse
from lantian.assessment.records import Records
from lantian.assessment.targets import Target
from lantian.kernel import bootstrap
from lantian.kernel.bootstrap import Platform
from lantian.observations.store import open_store
from lantian.places.groups import Group
from lantian.places.regions import Region
from lantian.places.store import PlaceStore

PAGE = Path(__file__).parents[2] / "docs" / "assessment.md"


@pytest.fixture
def opened(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """What `open_platform()` gives to the page: two cities with a published December, and a target."""
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市"), Region("120000", "天津市")], "test")
    places.put_group(Group("2+26", "2+26城市", ("110000", "120000")), "test")
    platform.clock.set_simulated(datetime(2016, 12, 16, 12, tzinfo=UTC), paused=True, actor="test")
    days = pl.date_range(date(2016, 12, 1), date(2016, 12, 15), "1d", eager=True).alias("date").to_frame()
    values = {"so2": 20.0, "no2": 50.0, "co": 2.0, "o3_8h": 60.0, "pm10": 300.0}
    for place, pm25 in (("110000", 200.0), ("120000", 100.0)):
        frame = days.select(pl.lit(place).alias("place"), "date", **values, pm25=pm25)
        open_store(platform).append(frame, "day", "test")
    Records(platform.engine).put_target(Target("110000", "pm25", parse("2016-12"), 150), "test")

    @contextmanager
    def stand_in() -> Iterator[Platform]:
        yield platform

    monkeypatch.setattr(bootstrap, "open_platform", stand_in)
    return platform


def test_the_page_runs(opened: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        exec(block, names)
    printed = capsys.readouterr().out
    for promised in (
        "2016-10-01 2016-12-31",
        "2015Q4 2016Q3 2016AW",
        "2016-10-01..2016-12-15",
        "1 110000 6.96 -12.56 0",
        "1 370100 6.96 -12.56 0",
        "3 130100 9.96 25.13 0",
        "42.0 32.4 153",
        "pm25 200.0",
        "published",
    ):
        assert promised in printed
    assert printed.rstrip().endswith("1")
