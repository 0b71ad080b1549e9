"""A list of sensors is read whole or refused with every fault in it."""

from datetime import datetime
from pathlib import Path

import pytest

from lantian.kernel.settings import TIMEZONE
from lantian.observations.sensors import files

HEAD = "id,network,name,region,lon,lat,items,since,every,station\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def test_a_list_is_read(tmp_path):
    [one] = files.read(write(tmp_path, HEAD + "A-1,east,东一,110105,116.4,39.9,pm25 no2,2026-11-01,,M1\n"))
    assert one.items == ("pm25", "no2")
    assert (one.every, one.station, one.since) == (60, "M1", datetime(2026, 11, 1, tzinfo=TIMEZONE))


def test_every_fault_is_named_with_its_line(tmp_path):
    rows = ["A-1,east,东一,110105,x,39.9,pm25,2026-11-01,,", "A-2,east,东二,110105,116,39.9,dust,2026-11-01,,",
            "A-3,east,东三,110105,116,39.9,pm25,yesterday,,", "A-4,east,四,110105,116,39.9,pm25,2026-11-01,60,",
            "A-4,east,四,110105,116,39.9,pm25,2026-11-01,,", "A-5,east,五,11,116,39.9,pm25,2026-11-01,60,"]  # fmt: skip
    with pytest.raises(files.SensorFileError) as caught:
        files.read(write(tmp_path, HEAD + "\n".join(rows) + "\n"))
    told = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in told] == [f"list.csv, line {n}" for n in (2, 3, 4, 6, 7)]
    for words, line in zip(("lon 'x'", "dust", "since 'yesterday'", "twice", "11"), told, strict=True):
        assert words in line


def test_columns_are_checked(tmp_path):
    with pytest.raises(files.SensorFileError, match="column network is missing"):
        files.read(write(tmp_path, "id,name\n"))
    with pytest.raises(files.SensorFileError, match="column 'colour' is unknown"):
        files.read(write(tmp_path, HEAD.strip() + ",colour\n"))
