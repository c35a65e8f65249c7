"""Pictures of the ground: which server's a page may show."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Response

from leads.config import Settings
from leads.web.headers import HEADERS


def allow_tiles(response: Response, settings: Settings) -> Response:
    """Let this one page load pictures from the configured tile server, and from nowhere else.

    Leaflet lets go of a picture by putting an empty one in its place, which stands in its address (`data:`).
    """
    if settings.web.tiles:
        policy = HEADERS["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = policy.replace(
            "img-src 'self'", f"img-src 'self' data: {tile_origin(settings.web.tiles)}"
        )
    return response


def tile_origin(tiles: str) -> str:
    """Scheme, host and port of the tile address: all that a policy may name."""
    parts = urlsplit(tiles)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
