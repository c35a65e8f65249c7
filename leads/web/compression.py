"""Smaller answers, where that tells nobody anything.

The length of a compressed page tells something about secrets in it to whoever can put words into the same
page and watch the wire (BREACH, 2013). For that another site must make the visitor's browser ask for our
pages, and a browser says so: such a page goes out as it is. Static files hold no secrets.
"""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

SMALLEST = 500  # bytes; less fits into one packet anyway
LEVEL = 6  # 9 takes three times as long for one percent less
_OURS = (b"same-origin", b"none")  # a link, script or form of ours; an address typed in, a bookmark


class Compression:
    """gzip for static files, and for pages that no other site asked for. Event streams stay as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._packing = GZipMiddleware(app, minimum_size=SMALLEST, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on, through gzip or not."""
        app = self._packing if scope["type"] == "http" and _harmless(scope) else self._plain
        await app(scope, receive, send)


def _harmless(scope: Scope) -> bool:
    if scope["path"].startswith("/static/"):
        return True
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    return any(name == b"sec-fetch-site" and value in _OURS for name, value in headers)
