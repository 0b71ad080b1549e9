"""A client of the HTTP interface for notebooks and scripts: datasets as Polars frames. It needs httpx2 and polars only.

    from lantian.client import Client

    with Client("https://lantian.example", token) as lantian:
        lantian.datasets()
        rows = lantian.records("dustfall", start="2016-11-01")
        new = lantian.records("dustfall", since=lantian.since("dustfall"))
        hours = lantian.hourly(["1001A"], start="2016-12-16", items=["pm25"])

In: an address and a token (`lantian token`). Out: frames, times aware UTC; every error is a `LantianError` with the
server's own sentence. It imports nothing of the platform, so it may be installed where the platform is not.
"""

from lantian.client.connection import Client, LantianError

__all__ = ["Client", "LantianError"]
