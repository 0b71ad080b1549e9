"""What people type: places by any name, moments of Beijing time; and in whose name a command writes."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import date, datetime

from lantian.cli.output import NoDataError
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.places.names import Place
from lantian.places.store import PlaceStore


def actor() -> str:
    """The name of a command's writes in the audit trail: ``command:`` and the user of this machine."""
    try:
        return f"command:{getpass.getuser()}"
    except OSError:  # a container whose user has no name
        return "command"


def place(platform: Platform, text: str) -> Place:
    """The region or station that a text names.

    Raises:
        NoDataError: no places are loaded at all.
        PlaceLookupError: no place or several are called so.
    """
    store = PlaceStore(platform.engine)
    try:
        return store.resolve(text)
    except LookupError:
        if store.regions():
            raise
        raise NoDataError(
            "no places are loaded: `lantian load FOLDER` loads a city, as examples/beijing is one"
        ) from None


def names(platform: Platform, codes: Iterable[str]) -> dict[str, str]:
    """The Chinese names of places; a code that no place has stands for itself."""
    store = PlaceStore(platform.engine)
    known = {one.code: one.name for one in store.regions()} | {one.code: one.name for one in store.stations()}
    return {code: known.get(code, code) for code in codes}


def moment(text: str) -> datetime:
    """A moment such as ``2016-12-16T20:00`` in Beijing time, unless it states an offset.

    Raises:
        ValueError: it is no moment; the message shows one.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no moment: expected one such as 2016-12-16T20:00 (Beijing time)") from None
    return at if at.tzinfo else at.replace(tzinfo=TIMEZONE)


def day(text: str) -> date:
    """A day such as ``2016-12-16``.

    Raises:
        ValueError: it is no day; the message shows one.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no day: expected one such as 2016-12-16") from None
