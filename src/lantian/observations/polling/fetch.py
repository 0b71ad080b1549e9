"""One question over HTTP: conditional, in a given time and size, never led elsewhere. No database.

The address comes from a definition file that an administrator wrote; nothing else is asked. A redirect is followed only
to the same scheme, host and port, so an answer cannot lead the platform to an address inside the city's network; where
a source has moved, its new address belongs in the file. Link-local addresses (cloud metadata) are never asked.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx2

import lantian

MOST_BYTES: Final = 32 * 1024 * 1024
"""Longest answer, after it is unpacked."""

SECONDS: Final = 30.0
"""Longest time of one question, from its beginning to the last byte."""

MOST_REDIRECTS: Final = 3


class FetchError(Exception):
    """There is no answer that can be used; ``status`` and ``after`` (seconds to wait) where the server gave them."""

    def __init__(self, message: str, *, status: int | None = None, after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.after = after


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source answered; ``body`` None: nothing changed since the last time (304)."""

    status: int
    body: bytes | None
    etag: str = ""
    modified: str = ""


def fetch(
    url: str, *, etag: str = "", modified: str = "", seconds: float = SECONDS, most_bytes: int = MOST_BYTES
) -> Answer:
    """Ask an address.

    Args:
        url: http or https.
        etag, modified: of the last answer; the source may say that nothing changed.
        seconds: within which the whole answer must be there.
        most_bytes: of the answer.

    Raises:
        FetchError: in words without the address's query, which may hold a key.
    """
    headers = {"user-agent": f"lantian/{lantian.__version__}", "accept-encoding": "gzip"}
    headers |= {"if-none-match": etag} if etag else {}
    headers |= {"if-modified-since": modified} if modified else {}
    deadline = time.monotonic() + seconds
    timeout = httpx2.Timeout(min(10.0, seconds), read=seconds)
    try:
        with httpx2.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client:
            for _ in range(MOST_REDIRECTS + 1):
                _check(url)
                with client.stream("GET", url, headers=headers) as answer:
                    if answer.status_code in (301, 302, 303, 307, 308):
                        url = _same_origin(url, answer.headers.get("location", ""))
                        continue
                    return _read(answer, url, deadline, most_bytes)
    except httpx2.TimeoutException:
        raise FetchError(f"{shown(url)}: no whole answer within {seconds:g} s") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise FetchError(f"{shown(url)}: {type(error).__name__}: {str(error)[:200] or 'no answer'}") from None
    raise FetchError(f"{shown(url)}: more than {MOST_REDIRECTS} redirects")


def shown(url: str) -> str:
    """An address for people: without user, password, query and fragment, which may hold secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _read(answer: httpx2.Response, url: str, deadline: float, most_bytes: int) -> Answer:
    status = answer.status_code
    if status == 304:
        return Answer(status, None)
    if status != 200:
        raise FetchError(f"{shown(url)}: status {status}; expected 200", status=status, after=_after(answer))
    body = bytearray()
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > most_bytes:
            raise FetchError(f"{shown(url)}: more than {most_bytes} bytes", status=status)
        # The client's own limit counts between two pieces: a source that drips would never end.
        if time.monotonic() > deadline:
            raise FetchError(f"{shown(url)}: no whole answer in time, {len(body)} bytes so far", status=status)
    return Answer(
        status, bytes(body), answer.headers.get("etag", "")[:200], answer.headers.get("last-modified", "")[:60]
    )


def _after(answer: httpx2.Response) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() and len(text) < 7 else None


def _same_origin(url: str, location: str) -> str:
    target = urljoin(url, location)
    one, other = urlsplit(url), urlsplit(target)
    if (one.scheme, one.hostname, one.port) != (other.scheme, other.hostname, other.port):
        raise FetchError(f"{shown(url)}: leads to {shown(target)}; if it moved, write that address into the definition")
    return target


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchError(f"{shown(url)}: expected an address that begins with http:// or https://")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchError(f"{shown(url)}: there is no such host") from None
    for entry in found:
        address = ipaddress.ip_address(str(entry[4][0]).partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            raise FetchError(f"{shown(url)}: {address} is an address of the machine itself or of nobody; never asked")
