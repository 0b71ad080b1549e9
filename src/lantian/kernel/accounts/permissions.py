"""Who may do what: the list of permissions, and the pure rules over an account's grants.

This file is the only place that names permissions. Which role holds which permission is data (tables `role` and
`role_permission`, seeded by the migration); who holds which role, for which department and region, is data too (table
`account_grant`). The functions here only combine the two, and never ask the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Permission:
    """One thing that an account may be allowed to do.

    Attributes:
        name: `room.verb`, as routes and commands name it.
        zh: what it is called on a Chinese page.
        en: what it is called on an English page.
    """

    name: str
    zh: str
    en: str


PERMISSIONS: dict[str, Permission] = {
    permission.name: permission
    for permission in (
        Permission("air.read", "查看空气质量", "See air quality"),
        Permission("ranking.read", "查看排名", "See rankings"),
        Permission("calc.use", "使用计算器", "Use the calculator"),
        Permission("targets.read", "查看目标", "See targets"),
        Permission("targets.edit", "编辑目标", "Edit targets"),
        Permission("episodes.read", "查看污染过程", "See episodes"),
        Permission("episodes.confirm", "认定沙尘与污染过程", "Confirm dust and episodes"),
        Permission("forecast.read", "查看预报与评估", "See forecasts and their verification"),
        Permission("forecast.correct", "会商订正与发布预报", "Correct and publish forecasts"),
        Permission("emissions.read", "查看源清单", "See the emission inventory"),
        Permission("cases.read", "查看督办台账", "See the ledger of cases"),
        Permission("cases.report", "上报问题", "Report findings"),
        Permission("cases.assign", "审核、交办与延期", "Review, hand over and extend"),
        Permission("cases.handle", "整改办理", "Handle cases as the owner"),
        Permission("cases.verify", "核查与销号", "Verify and close"),
        Permission("cases.lead", "约谈与专项督察", "Interview and inspect specially"),
        Permission("rounds.manage", "编排督查轮次", "Plan rounds of inspection"),
        Permission("programme.read", "查看工作方案与进度", "See the work programme"),
        Permission("programme.edit", "编辑方案与调度", "Edit and dispatch the programme"),
        Permission("meetings.manage", "组织联席会议", "Hold joint meetings"),
        Permission("accountability.read", "查看考核与问责建议", "See assessments and proposals"),
        Permission("accountability.decide", "决定问责建议", "Decide on proposals"),
        Permission("publishing.read", "查看公开职责与文稿", "See duties of disclosure and drafts"),
        Permission("publishing.edit", "编辑与发布", "Edit and publish"),
        Permission("opinion.read", "查看舆情", "See public opinion"),
        Permission("alerts.read", "查看监测报警", "See alerts"),
        Permission("alerts.decide", "处置监测报警", "Decide on alerts"),
        Permission("devices.read", "查看设备与数据质量", "See devices and the quality of their data"),
        Permission("devices.manage", "登记设备与远程命令", "Register devices and send them commands"),
        Permission("quality.review", "审核监测数据", "Review measurements"),
        Permission("feeds.read", "查看共享数据目录", "See the catalogue of shared data"),
        Permission("feeds.manage", "管理共享数据与授权", "Manage shared data and who may see it"),
        Permission("burning.handle", "处置露天焚烧", "Handle open burning"),
        Permission("plates.read", "查看完整号牌", "See number plates in full"),
        Permission("data.read", "查看数据入库与退回", "See imports and rejected rows"),
        Permission("data.import", "导入数据", "Import data"),
        Permission("places.edit", "编辑区域与站点", "Edit regions and stations"),
        Permission("api.read", "使用数据接口", "Use the HTTP interface"),
        Permission("clock.control", "控制推演时钟", "Control the replay clock"),
        Permission("jobs.read", "查看后台任务", "See background jobs"),
        Permission("accounts.manage", "管理账号与授权", "Manage accounts and grants"),
        Permission("audit.read", "查看审计记录", "Read the audit trail"),
    )
}

ADMINISTRATOR = "admin"
PUBLIC_ROLE = "citizen"


@dataclass(frozen=True)
class Grant:
    """One role given to an account, for a department and a region.

    Attributes:
        role: code of the role.
        permissions: names of what the role permits.
        department: None means every department.
        region: code of a region; the grant covers it and all below it. None means everywhere.
        id: row of the grant, None for the public's grant, which is no row.
    """

    role: str
    permissions: frozenset[str]
    department: str | None = None
    region: str | None = None
    id: int | None = None


@dataclass(frozen=True)
class Account:
    """A person (or script) as the platform knows them, with all they were granted.

    Attributes:
        id: row of the account; None for the public, who have no account.
        login: what is typed at login, lower case; also the actor in the audit trail.
        name: name shown on pages.
        department: the person's own department, for display; grants decide what is allowed.
        region: code of the person's own region, for display.
        active: an inactive account is allowed nothing.
        example: belongs to the example; has no password.
        must_change_password: the password was made by somebody else; nothing is allowed until it is changed.
        grants: every role held.
    """

    id: int | None
    login: str
    name: str
    department: str | None = None
    region: str | None = None
    active: bool = True
    example: bool = False
    must_change_password: bool = False
    grants: tuple[Grant, ...] = field(default=())

    @property
    def actor(self) -> str:
        """Name under which this account's writes stand in the audit trail."""
        return self.login

    @property
    def roles(self) -> tuple[str, ...]:
        """Codes of the roles held, each once, in the order granted."""
        return tuple(dict.fromkeys(grant.role for grant in self.grants))


def covers(outer: str | None, inner: str | None) -> bool:
    """Tell whether a region contains another by its code (GB/T 2260: two digits each for province, city, county).

    Codes are six digits (`130000` province, `130100` city, `130102` county), nine for townships (`130102001`), or `Z`
    + the parent's code + a serial for development zones (`Z13010201`). A trailing pair of zeros in a six-digit code
    means "all below".

    Args:
        outer: the region that may contain; None is everywhere.
        inner: the region that may lie inside; None is everywhere, and only everywhere contains it.

    Returns:
        True if `inner` is `outer` or lies below it.
    """
    if outer is None or outer == inner:
        return True
    if inner is None or not re.fullmatch(r"\d{6}", outer):  # townships, zones and groups have nothing below them
        return False
    return inner.removeprefix("Z").startswith(re.sub(r"(?:00){1,2}$", "", outer))


def allowed(account: Account, permission: str, region: str | None = None, department: str | None = None) -> bool:
    """Tell whether an account may do something.

    Args:
        account: who asks.
        permission: name from `PERMISSIONS`.
        region: code of the region that the act touches; None asks "anywhere at all", as a page does before it knows
            the region.
        department: department that the act touches; None asks "for any department".

    Returns:
        True if one single grant holds the permission and covers both the region and the department. Always False for
        an account that is inactive or must change its password first.

    Raises:
        ValueError: the permission is not in `PERMISSIONS`: a misspelt permission must not look like a refusal.
    """
    _known(permission)
    if not account.active or account.must_change_password:
        return False
    return any(
        permission in grant.permissions
        and (region is None or covers(grant.region, region))
        and (department is None or grant.department in (None, department))
        for grant in account.grants
    )


def regions_of(account: Account, permission: str) -> frozenset[str] | None:
    """Regions for which an account holds a permission, for an act that touches many places at once.

    Returns:
        Codes, each covering all below it; empty where it may nowhere; None: everywhere.

    Raises:
        ValueError: the permission is not in `PERMISSIONS`.
    """
    _known(permission)
    if not account.active or account.must_change_password:
        return frozenset()
    scopes = {grant.region for grant in account.grants if permission in grant.permissions}
    return None if None in scopes else frozenset(scope for scope in scopes if scope)


def scopes_of(account: Account, permission: str) -> tuple[tuple[str | None, str | None], ...]:
    """Where an account holds a permission, for a list of things that have a region and a department.

    Returns:
        Pairs of region (covering all below it) and department, None for every one; empty where it may nowhere.

    Raises:
        ValueError: the permission is not in `PERMISSIONS`.
    """
    _known(permission)
    if not account.active or account.must_change_password:
        return ()
    return tuple((grant.region, grant.department) for grant in account.grants if permission in grant.permissions)


def may_grant(account: Account, permissions: Iterable[str], region: str | None, department: str | None) -> bool:
    """Tell whether an account may hand a set of permissions to somebody.

    It must hold them all itself, in that scope, and manage accounts there.

    Args:
        account: who would grant.
        permissions: what the role to be granted permits.
        region: scope of the new grant; None is everywhere, which only a grant for everywhere may give.
        department: scope of the new grant; None is every department, likewise.

    Returns:
        True if nothing would be given that the giver does not have.
    """
    if not account.active or account.must_change_password:
        return False
    return all(
        any(
            name in grant.permissions and covers(grant.region, region) and grant.department in (None, department)
            for grant in account.grants
        )
        for name in {"accounts.manage", *permissions}
    )


def _known(permission: str) -> None:
    if permission not in PERMISSIONS:
        raise ValueError(f"unknown permission {permission!r}; known: {', '.join(PERMISSIONS)}")
