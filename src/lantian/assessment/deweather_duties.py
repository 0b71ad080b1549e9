"""The job that answers a question of weather normalisation. Importing this module registers it."""

from __future__ import annotations

from datetime import datetime

from lantian.assessment import periods
from lantian.assessment.deweather import REPETITIONS
from lantian.assessment.deweather_answers import Answers
from lantian.assessment.service import Assessment
from lantian.kernel.jobs import JobRun, task


@task("assessment.deweather", zh="气象归一化", en="Weather normalisation", lock="assessment.deweather")
def deweather_job(
    run: JobRun, *, place: str, period: str, item: str, as_of: str, repetitions: int = REPETITIONS
) -> None:
    """Split a period's change into weather and control, as of a moment, and keep the answer; twice does no harm.

    Raises DeweatherError (ValueError) or LookupError where the record does not suffice; the message says why.
    """
    asked, moment = periods.parse(period), datetime.fromisoformat(as_of)
    run.progress.stage("读取历年小时值 hours of all years")
    judge = Assessment(run.platform)

    def told(done: int, of: int) -> None:
        if done == 1:
            run.progress.stage("重抽气象与周次 weather and weeks drawn anew", total=of)
        run.progress.advance()

    Answers(run.platform.home).put(
        judge.deweather(place, asked, item=item, as_of=moment, repetitions=repetitions, told=told)
    )
