"""A million cases: how long the ledger, the counts and the judgement of a day take, beside a plain question.

`python -m benchmarks.cases` (`--cases 2000` for a small one; `--home FOLDER` keeps what was filled, or asks what is
there). Each question is asked 20 times of an embedded PostgreSQL, through the platform's own services; the first,
cold one counts too. The reference is what no ledger can do without: the first 50 rows of the same table by their day.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from time import perf_counter

import sqlalchemy as sa

from benchmarks.case_land import FILE, NOW, fill
from benchmarks.report import Line, machine, table
from lantian.accountability import packs, service
from lantian.accountability.evaluate import evaluate
from lantian.assessment import periods
from lantian.kernel.accounts import Account, Grant
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.database import reading
from lantian.places.store import load_folder
from lantian.supervision.ledger import Filter
from lantian.supervision.service import Supervision
from lantian.supervision.tables import supervision_case

RUNS = 20
FIRST_PAGE, FILTERED, JUDGED = 300.0, 500.0, 10_000.0
"""Limits, ms."""

COUNTY = Filter(scopes=(("130100", None),))
FILTERS = {
    "region": Filter(region="130100"),
    "department": Filter(department="transport"),
    "category, all": Filter(category="construction", standing="all"),
    "overdue": Filter(standing="overdue"),
    "text, rare": Filter(text="示例 004217", standing="all"),
    "text, open": Filter(text="土方"),
    "text, in 79,000 cases": Filter(text="工地", standing="all"),
    "region, category, overdue, text": Filter(
        region="130000", category="construction", standing="overdue", text="覆盖"
    ),
    "newest first": Filter(standing="all", order="opened", descending=True),
    "what one city may see": COUNTY,
}


def run(platform: Platform, runs: int = RUNS) -> list[Line]:
    """Ask a filled platform everything, `runs` times each."""
    desk, month = Supervision(platform), NOW - timedelta(days=30)
    total = desk.ledger(Filter(), limit=1).total
    far = max(0, total // 2)
    number = str(desk.ledger(Filter(standing="overdue"), limit=1).rows[0]["number"])
    reader = Account(1, "reader", "reader", grants=(Grant("office", frozenset({"cases.read"})),))
    record = desk.case(number)
    plain = sa.select(supervision_case).order_by(supervision_case.c.due).limit(50)

    def asked() -> object:
        with reading(platform.engine).connect() as connection:
            return connection.execute(plain).all()

    def judged() -> object:
        known = service.facts(platform, periods.parse("2016AW"), date(2016, 12, 15))
        return evaluate(packs.load("2017-18"), known)

    def line(what: str, work: Callable[[], object], limit: float | None = None) -> Line:
        return _timed(what, work, runs, limit)

    return [
        line("reference: select … order by due limit 50", asked),
        line(f"first page of {total:,} open cases", lambda: desk.ledger(Filter()), FIRST_PAGE),
        line(f"  page from row {far:,}", lambda: desk.ledger(Filter(), offset=far), FILTERED),
        *(line(f"  {what}", lambda f=given: desk.ledger(f), FILTERED) for what, given in FILTERS.items()),  # type: ignore[misc]
        line("counts by state", lambda: desk.summary(Filter()), FILTERED),
        line("  what one city may see", lambda: desk.summary(COUNTY), FILTERED),
        line("counts by county", lambda: desk.counties(Filter()), FILTERED),
        line("reminders of the day", lambda: desk.reminders(Filter(), limit=24), FILTERED),
        line("a case with its events", lambda: desk.case(number), FIRST_PAGE),
        line("  whether somebody may see it", lambda: desk.may_see(number, reader), FIRST_PAGE),
        line("  cases like it", lambda: desk.similar(record, reader), FILTERED),
        line("as a month ago: first page", lambda: desk.ledger(Filter(), month), FILTERED),
        line("  overdue of a city", lambda: desk.ledger(Filter(standing="overdue", region="130100"), month), FILTERED),
        line("  counts by state", lambda: desk.summary(Filter(), month)),
        line("tally by county", lambda: desk.tally(NOW, date(2016, 10, 1)), JUDGED),
        line("  a month ago", lambda: desk.tally(month, date(2016, 10, 1)), JUDGED),
        line("facts and evaluation, rules of 2017-18", judged, JUDGED),
    ]


def _timed(what: str, work: Callable[[], object], runs: int, limit: float | None) -> Line:
    times = []
    for _ in range(runs):
        begun = perf_counter()
        work()
        times.append(1000 * (perf_counter() - begun))
    times.sort()
    half, most = times[len(times) // 2], times[min(len(times) - 1, int(0.95 * len(times)))]
    wanted = f"wanted <= {limit:,.0f} ms" + ("" if most <= limit else ": missed") if limit else ""
    return Line(what, f"p50 {half:,.1f}  p95 {most:,.1f} ms", wanted)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cases", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--home")
    asked = parser.parse_args(arguments)
    print(table([machine()]), flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="lantian-bench-") as folder,
        open_platform(asked.home or folder) as platform,
    ):
        print(table([made(platform, asked.cases), *run(platform)]))


def made(platform: Platform, cases: int) -> Line:
    """Places and cases, unless they are there already."""
    with platform.engine.connect() as connection:
        there = connection.scalar(sa.select(sa.func.count()).select_from(supervision_case))
    if there:
        return Line("cases that were there", f"{there:,}")
    load_folder(platform.engine, FILE.parents[1], "benchmark", home=platform.home)
    begun = perf_counter()
    count, events = fill(platform, cases)
    seconds = perf_counter() - begun
    return Line(f"{count:,} cases, {events:,} events written", f"{seconds:,.0f} s", f"{events / seconds:,.0f} events/s")


if __name__ == "__main__":
    main()
