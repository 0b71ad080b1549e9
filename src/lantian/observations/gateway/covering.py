"""Raw packets as people may see them: passwords and keys covered."""

from __future__ import annotations

import re

_SECRET = re.compile(r"(PW=|SK=)[^;,&]*", re.IGNORECASE)


def shown(raw: bytes, most: int = 2000) -> str:
    """A frame as text, what is not printable escaped, passwords and keys covered.

    Example:
        >>> shown(b"##0010ST=22;PW=123456;MN=1")
        '##0010ST=22;PW=******;MN=1'
    """
    text = raw[:most].decode("utf-8", "backslashreplace")
    text = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
    return _SECRET.sub(r"\1******", text) + ("…" if len(raw) > most else "")
