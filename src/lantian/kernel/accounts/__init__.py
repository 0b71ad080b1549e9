"""Accounts: who is there, what each may do, and how they prove who they are.

In: logins, passwords, tokens, keys. Out: an `Account` with its grants, over which `allowed` decides, purely. Roles
and grants are data; the names of permissions stand in `permissions.py`. Every change of an account, grant or role is
in the audit trail; sessions and hashes are not.
"""

from lantian.kernel.accounts.errors import (
    AccountError,
    LastAdministrator,
    LoginRefused,
    LoginThrottled,
    NotPermitted,
)
from lantian.kernel.accounts.login import authenticate, change_password, forget_attempts
from lantian.kernel.accounts.permissions import (
    PERMISSIONS,
    Account,
    Grant,
    Permission,
    allowed,
    covers,
    may_grant,
    regions_of,
)
from lantian.kernel.accounts.sessions import (
    SessionView,
    account_of_token,
    close_session,
    create_api_token,
    create_key,
    forget_sessions,
    list_sessions,
    look_as,
    open_session,
    redeem_key,
    revoke_session,
)
from lantian.kernel.accounts.store import (
    NewAccount,
    Role,
    anonymous,
    create_account,
    ensure_administrator,
    ensure_example,
    example_login,
    get_account,
    grant,
    list_accounts,
    list_roles,
    reset_password,
    revoke_grant,
    set_active,
)

__all__ = [
    "PERMISSIONS",
    "Account",
    "AccountError",
    "Grant",
    "LastAdministrator",
    "LoginRefused",
    "LoginThrottled",
    "NewAccount",
    "NotPermitted",
    "Permission",
    "Role",
    "SessionView",
    "account_of_token",
    "allowed",
    "anonymous",
    "authenticate",
    "change_password",
    "close_session",
    "covers",
    "create_account",
    "create_api_token",
    "create_key",
    "ensure_administrator",
    "ensure_example",
    "example_login",
    "forget_attempts",
    "forget_sessions",
    "get_account",
    "grant",
    "list_accounts",
    "list_roles",
    "list_sessions",
    "look_as",
    "may_grant",
    "open_session",
    "redeem_key",
    "regions_of",
    "reset_password",
    "revoke_grant",
    "revoke_session",
    "set_active",
]
