"""The web room: pages for people and the HTTP interface for programs, over the rooms below; no rules in here.

In: a `Platform`. Out: a FastAPI application (`create_app`) and a server for it (`make_server`). docs/web.md says
    how to add a page.
"""

from lantian.web.app import create_app
from lantian.web.server import make_server

__all__ = ["create_app", "make_server"]
