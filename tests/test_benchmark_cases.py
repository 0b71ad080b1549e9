"""The measurement of cases runs on a small land, and so is ready when it is wanted."""

import re

from sqlalchemy import text

from benchmarks import case_land, cases
from lantian.supervision.service import Supervision


def test_a_small_land_is_filled_and_asked(platform) -> None:
    count, events = case_land.fill(platform, 2000, per_city=2)
    assert count == 2000
    assert 8 < events / count < 14
    with platform.engine.connect() as connection:
        far = connection.scalar(text("select max(id) from supervision_case"))
        number = connection.scalar(text("select number from supervision_case where id = :id"), {"id": far})
        after = connection.scalar(
            text("select count(*) from supervision_case where last_at > :now"), {"now": case_land.NOW}
        )
    copied = Supervision(platform).case(number)  # its events say what its row says
    assert after == 0
    assert copied.case.finding["region"] == Supervision(platform).case(number).case.owner.region
    lines = {line.what.strip(): line for line in cases.run(platform, 1)}
    assert {"counts by state", "tally by county", "text, rare", "as a month ago: first page"} <= set(lines)
    assert all(re.fullmatch(r"p50 [\d,.]+  p95 [\d,.]+ ms", line.measured) for line in lines.values())
