"""The measurement of weather runs on a small domain, and so is ready when it is wanted."""

import re

from benchmarks import weather


def test_a_small_domain_is_measured() -> None:
    given = weather.stations().sel(time=slice("2016-12-15", "2016-12-18"))
    lines = {line.what.strip(): line for line in weather.run(24, with_stations=given)}
    assert float(lines["an hour of weather"].measured.removesuffix(" s")) > 0
    assert float(lines["reference over ours, processor"].measured) > 0
    winds = [line for what, line in lines.items() if what.startswith("withheld")]
    assert len(winds) >= 4
    assert all(re.fullmatch(r"\d+\.\d+ m/s", line.measured) for line in winds)
