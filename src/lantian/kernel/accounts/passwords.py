"""Passwords: argon2 hashes, the rule for new ones, one-time passwords."""

from __future__ import annotations

import secrets
from functools import lru_cache

from pwdlib import PasswordHash

from lantian.kernel.accounts.errors import AccountError

# Length is what counts (NIST SP 800-63B-4, 3.1.1.2); the upper bound keeps a hostile megabyte away from the hash.
SHORTEST, LONGEST = 10, 256

# No 0/O, 1/l/I: a one-time password is read from a terminal and typed.
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

_hasher = PasswordHash.recommended()


def hash_password(password: str) -> str:
    """Hash a password with argon2id; the answer holds salt and parameters."""
    return _hasher.hash(password)


def verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Check a password in the same time whether or not there is a hash to check it against.

    Args:
        password: what was typed.
        stored: hash, or None where the account does not exist or has no password.

    Returns:
        Whether it is right, and a new hash to store if the old one was made with weaker parameters.
    """
    nobody = _nobodys_hash()
    if len(password) > LONGEST:
        password, stored = password[:LONGEST], None
    right, renewed = _hasher.verify_and_update(password, nobody if stored is None else stored)
    return (right, renewed) if stored is not None else (False, None)


def check_new(password: str, login: str, old: str) -> None:
    """Refuse a new password that is too short, too long, all one character, the login, or the old one.

    Raises:
        AccountError: says which rule.
    """
    if len(password) < SHORTEST:
        raise AccountError(f"密码至少 {SHORTEST} 个字符", f"a password has at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise AccountError(f"密码最多 {LONGEST} 个字符", f"a password has at most {LONGEST} characters")
    if len(set(password)) < 4 or login.lower() == password.lower():
        raise AccountError(
            "密码过于简单：不能是账号名，也不能只用三种以内的字符",
            "too simple: not the login, and at least four different characters",
        )
    if password == old:
        raise AccountError("新密码不能与旧密码相同", "the new password is the old one")


def one_time_password() -> str:
    """Make a password for somebody to use once: 16 characters without look-alikes, 92 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(16))


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))
