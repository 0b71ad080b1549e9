"""The server: uvicorn, told to let go of open event streams when it stops."""

import socket

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """A uvicorn server that ends the streams of `/live` before it waits for its connections."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._app.state.stopping.set()
        await super().shutdown(sockets)


def make_server(app: FastAPI, host: str, port: int, *, log_level: str = "warning") -> Server:
    """Make a server for an application of `create_app`; `run()` serves until the process is told to stop.

    Args:
        app: the application.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        log_level: of uvicorn.

    Returns:
        The server, not yet running. Behind a proxy on the same machine it believes `X-Forwarded-Proto` and `X-Forwarded-For`.
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
