"""The server: uvicorn, told to let go of open event streams when it stops, and to come back to its caller."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """A uvicorn server that ends the streams of `/live` before it waits for its connections.

    After SIGINT or SIGTERM `run()` returns, so that the caller can close the platform; uvicorn's own would raise the
    signal once more.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve.

        Given sockets are told to send at once, else the second half of an answer waits 40 ms for the receipt of the
        first; asyncio sees to that itself only for sockets that it opens.
        """
        for each in sockets or ():
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._app.state.stopping.set()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals while serving, and not again afterwards."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def make_server(app: FastAPI, host: str, port: int, *, log_level: str = "warning") -> Server:
    """Make a server for an application of `create_app`; `run()` serves until the process is told to stop.

    Args:
        app: the application.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        log_level: of uvicorn.

    Returns:
        The server, not yet running. Behind a proxy on the same machine it believes `X-Forwarded-Proto` and
        `X-Forwarded-For`.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level=log_level,
        access_log=False,
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    return Server(config, app)
