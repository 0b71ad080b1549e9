"""Whose duty a fire becomes when no warden answers: the offices of its county and of its city. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lantian.kernel.accounts import Account, allowed, covers
from lantian.places.regions import ancestors_of, level_of

HANDLE: Final = "burning.handle"
"""Permission of who handles fires."""

WARDEN: Final = "warden"
"""Role of a grid warden 网格员, who is called to single fires."""


def office_of(region: str, step: str) -> str:
    """Region in which the office of a step of escalation (`county` or `city`) sits, for a fire of a region.

    Where there is no such level above, the nearest wider one: a county under the province goes to the province.

    Example:
        >>> office_of("110113101", "county"), office_of("110113", "city"), office_of("Z11011301", "city")
        ('110113', '110000', '110000')
    """
    line = (region, *ancestors_of(region))
    wanted = ("county",) if step == "county" else ("city", "province")
    return next((code for code in line if level_of(code) in wanted), line[-1])


def on_duty_at(accounts: Iterable[Account], office: str) -> list[Account]:
    """Accounts whose duty a fire is at an office (a region's code), by login: they handle burning there and not as a
    warden; where nobody has a grant for just this region, those of the next wider one that has somebody.
    """
    held = [
        (len((grant.region or "").rstrip("0")), one)
        for one in accounts
        if allowed(one, HANDLE, office)
        for grant in one.grants
        if HANDLE in grant.permissions and grant.role != WARDEN and covers(grant.region, office)
    ]
    nearest = max((size for size, _ in held), default=0)
    found = {one.login: one for size, one in held if size == nearest}
    return [found[login] for login in sorted(found)]
