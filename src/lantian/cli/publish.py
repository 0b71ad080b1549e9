"""``lantian deadline`` and ``lantian publish``: last days of terms, and bulletins as PDF or DOCX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

from lantian.cli.output import Home, Json, NoDataError, command, emit

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from lantian.disclosure.checked import Document
    from lantian.disclosure.documents import Form
    from lantian.kernel.bootstrap import Platform

Made = TypeVar("Made")
app = typer.Typer()
publish = typer.Typer(no_args_is_help=True, help="Bulletins as PDF or DOCX 通报.")
app.add_typer(publish, name="publish")

Out = Annotated[Path, typer.Option("-o", "--out", help="the file to write: .pdf or .docx")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="what was known then, such as 2016-12-16T20:00")]
Issuer = Annotated[str, typer.Option("--issuer", help="in whose name it goes out 发文单位")]
Number = Annotated[str, typer.Option("--number", help="document number 发文字号")]
ISSUER = "大气污染防治攻坚办公室"


@app.command("deadline", context_settings={"ignore_unknown_options": True})
@command
def deadline(
    start: Annotated[str, typer.Argument(help="the day of the event, such as 2017-09-29; it does not count")],
    term: Annotated[str, typer.Argument(help="+2wd: two working days; +15d: fifteen calendar days")],
    as_json: Json = False,
) -> None:
    """The last day of a term 期限, in Chinese working days; provisional where the holidays are not announced yet."""
    from lantian.cli import words
    from lantian.disclosure import duties

    found = duties.term(words.day(start), term)
    value = {
        "start": found.start,
        "n": found.n,
        "unit": found.unit,
        "date": found.due.date,
        "provisional": found.due.provisional,
        "calendar": found.due.calendar,
        "counted": found.counted,
    }

    def show(console: Console) -> None:
        kind = "工作日 working days" if found.unit == "working_days" else "日 days"
        console.print(f"{found.due.date}  ({found.start} + {found.n} {kind})")
        console.print(f"计入 counted: {', '.join(map(str, found.counted))}")
        if found.due.provisional:
            console.print("暂定 provisional: the holiday notice of a year in this term is not known yet")
        console.print(f"日历 calendar: {found.due.calendar}")

    emit(value, as_json, show)


@publish.command("bulletin")
@command
def bulletin(
    period: Annotated[str, typer.Option("--period", help="2016-12, 2016Q4, 2016")],
    out: Out,
    group: Annotated[str, typer.Option("--group", help="who is ranked")] = "2+26",
    deducted: Annotated[bool, typer.Option("--deducted", help="take confirmed sand-dust out")] = False,
    issuer: Issuer = ISSUER,
    number: Number = "",
    as_of: AsOf = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """The ranking of a period 空气质量排名通报: tables, charts, first and last ten, improvement, basis and caveats."""
    from lantian.disclosure import bulletin as made
    from lantian.kernel.bootstrap import open_platform

    form = _form(out)
    with open_platform(home) as platform:
        values = _known(
            made.monthly,
            platform,
            period,
            group=group,
            deducted=deducted,
            issuer=issuer,
            number=number,
            as_of=_moment(platform, as_of),
        )
        written = _write(values, form, out, platform.home)
    told = {"file": out, "form": form, "period": values.period_label, "group": values.group, "bytes": written}
    emit(told | {"summary": values.summary, "state": values.state}, as_json, _show(out, *values.summary, values.state))


@publish.command("verification")
@command
def verification(
    period: Annotated[str, typer.Option("--period", help="2016-12, 2016Q4, 2016-11-15..2016-12-16")],
    out: Out,
    place: Annotated[str, typer.Option("--place", help="a region; default the first of the newest forecast")] = "",
    mode: Annotated[str, typer.Option("--mode", help="weather, perfect or history; default the best there is")] = "",
    issuer: Issuer = ISSUER,
    number: Number = "",
    as_of: AsOf = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """How good the forecasts of a period were 预报评估通报, beside persistence."""
    from lantian.disclosure import verification_bulletin as made
    from lantian.kernel.bootstrap import open_platform

    form = _form(out)
    with open_platform(home) as platform:
        values = _known(
            made.verification,
            platform,
            period,
            place=place,
            mode=mode,
            issuer=issuer,
            number=number,
            as_of=_moment(platform, as_of),
        )
        written = _write(values, form, out, platform.home)
    told = {"file": out, "form": form, "period": values.period_label, "place": values.place, "bytes": written}
    emit(told | {"summary": values.summary}, as_json, _show(out, *values.summary))


def _known(make: Callable[..., Made], *arguments: Any, **named: Any) -> Made:
    """The values, where something is known; else the exit code for no data."""
    from lantian.disclosure.bulletin import NothingKnownError

    try:
        return make(*arguments, **named)
    except NothingKnownError as error:
        raise NoDataError(str(error)) from None


def _form(out: Path) -> Form:
    form = out.suffix.removeprefix(".").lower()
    if form == "pdf":
        return "pdf"
    if form == "docx":
        return "docx"
    raise ValueError(f"--out {out}: expected a file that ends with .pdf or .docx")


def _moment(platform: Platform, text: str | None) -> datetime:
    from lantian.cli import words

    return words.moment(text) if text else platform.clock.now()


def _write(values: Document, form: Form, out: Path, home: Path) -> int:
    from lantian.disclosure.documents import render

    content = render(values.template, values, form, home=home)
    out.write_bytes(content)
    return len(content)


def _show(out: Path, *lines: str) -> Callable[[Console], None]:
    def show(console: Console) -> None:
        for line in (*lines, str(out)):
            if line:
                console.print(line)

    return show
