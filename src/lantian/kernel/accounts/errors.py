"""What can go wrong with accounts, in words for the page (`zh`, `en`) and for the log."""

from __future__ import annotations


class AccountError(ValueError):
    """An act on accounts that is refused.

    Attributes:
        zh: the reason, as a Chinese page shows it.
        en: the reason, as an English page, a command or the log shows it.
    """

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class LoginRefused(AccountError):  # noqa: N818
    """Login or password is wrong. Which of the two, or that the account is closed, is never said."""


class LoginThrottled(AccountError):  # noqa: N818
    """Too many failures; `seconds` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"登录失败次数过多，请 {seconds} 秒后再试", f"too many failed logins; try again in {seconds} s"
        )
        self.seconds = seconds


class NotPermitted(AccountError):  # noqa: N818
    """The account may not do this."""


class LastAdministrator(AccountError):  # noqa: N818
    """The act would leave the platform without an administrator."""
