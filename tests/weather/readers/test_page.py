"""The page on weather files: its example runs, its bounds are those of the code."""

import re
from pathlib import Path

from lantian.weather import canonical

PAGE = (Path(__file__).parents[3] / "docs" / "weather" / "files.md").read_text(encoding="utf-8")


def test_the_example_runs_as_it_is_printed(era5, tmp_path, monkeypatch, capsys):
    (tmp_path / "weather").mkdir()
    for part in ("levels", "surface"):
        path = era5(part=part)
        path.rename(tmp_path / "weather" / path.name)
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.+?)```", PAGE, re.S)
    exec(compile(block, "files.md", "exec"), {})
    told = capsys.readouterr().out.splitlines()
    assert "eastward_wind given" in told
    assert "surface_upward_sensible_heat_flux derived integral_of_surface_downward_sensible_heat_flux" in told
    assert told[-1].endswith("()")


def test_the_table_holds_the_bounds_of_the_code():
    told = {}
    for names, low, high in re.findall(
        r"^\| (`.+?) \| (?:time|\[time\])[^|]+ \| [^|]+ \| (\S+) \| (\S+) \|$", PAGE, re.M
    ):
        told |= {name: (float(low), float(high)) for name in re.findall(r"`(\w+)`", names)}
    assert told == {v.name: (v.low, v.high) for v in (*canonical.FIELDS, *canonical.WANTED)}
