"""Targets of the running rounds for an inspector in the field: who was drawn, is near, and has not been seen yet.

Shown to those who may verify where the target lies and to nobody else: who is drawn must not learn of it before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lantian.kernel.accounts import Account, NotPermitted, allowed
from lantian.kernel.bootstrap import Platform
from lantian.supervision.events import BEIJING, CaseError
from lantian.supervision.register.service import Register
from lantian.supervision.sites import Site


@dataclass(frozen=True, slots=True)
class Goal:
    """A site that was drawn for a round which runs now."""

    campaign: str
    number: int
    site: Site

    @property
    def key(self) -> str:
        """How a form names it."""
        return f"{self.campaign}|{self.number}|{self.site.id}"

    @property
    def round(self) -> str:
        """How a case names the round that found it."""
        return f"{self.campaign}/{self.number}"


class Goals:
    """What is to be inspected, and that it was."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._register = Register(platform)

    def open(self, account: Account, as_of: datetime, most: int = 60) -> list[Goal]:
        """Targets of the rounds of this day that nobody has inspected, where the account may verify."""
        day = as_of.astimezone(BEIJING).date()
        running = [
            (planned.campaign.name, one.round.number)
            for planned in self._register.campaigns(as_of)
            for one in planned.rounds
            if one.drawing and one.round.start <= day <= one.round.end
        ]
        found = [
            Goal(campaign, number, target.site)
            for campaign, number in running
            for target in self._register.targets(campaign, number, as_of)
            if target.inspected_at is None and allowed(account, "cases.verify", target.site.region)
        ]
        return found[:most]

    def find(self, key: str, account: Account) -> Goal:
        """A target by its key.

        Raises:
            CaseError: no such site was drawn for that round.
            NotPermitted: the account may not inspect where it lies.
        """
        campaign, _, rest = key.partition("|")
        number, _, site = rest.partition("|")
        drawn = self._register.targets(campaign, int(number)) if number.isdecimal() else []
        goal = next((Goal(campaign, one.number, one.site) for one in drawn if one.site.id == site), None)
        if goal is None:
            raise CaseError(
                f"target {key[:80]!r}: expected campaign|round|site of a site that was drawn for the round",
                "这个检查对象不在本轮抽取的名单里",
            )
        if not allowed(account, "cases.verify", goal.site.region):
            raise NotPermitted(
                f"{account.login} 不能检查 {goal.site.region} 的对象",
                f"{account.login} lacks the permission cases.verify for {goal.site.region}",
            )
        return goal

    def seen(self, goal: Goal, account: Account, case_number: str | None = None) -> bool:
        """Note that somebody was there, and the case that it gave; False: it was noted before."""
        try:
            self._register.inspected(goal.campaign, goal.number, goal.site.id, account.actor, case_number=case_number)
        except ValueError:
            return False
        return True
