"""plotly.js, served from the installed package: where it is, and what its pages may load beside it."""

from __future__ import annotations

import gzip
import re
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Response

from leads.config import Settings
from leads.web.headers import HEADERS

# Matches the file's version, so that a browser may keep it for a year.
ADDRESS = f"/vendor/plotly-{version('plotly')}.min.js"

_STYLE_MARK = re.compile(r'if\(!document\.getElementById\("([0-9a-f]{64})"\)\)')


@cache
def plotly_file() -> Path:
    """The bundle inside the plotly package; finding it does not import the package."""
    found = find_spec("plotly")
    assert found is not None, "plotly is a requirement of tingzhen"  # noqa: S101 - installed with us
    assert found.origin is not None  # noqa: S101 - an ordinary package
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


@cache
def plotly_packed() -> bytes:
    """The same compressed: a third of five megabytes, which matters on a phone."""
    return gzip.compress(plotly_file().read_bytes(), 6, mtime=0)


@cache
def style_marks() -> tuple[str, ...]:
    """Ids of the style elements that parts of the bundle put into a page unless they find them there.

    Our policy refuses such elements, and a browser reports each; a page that has an element of that id
    already is left alone. The parts are the tile maps of plotly.js, which we do not use.
    """
    return tuple(sorted(set(_STYLE_MARK.findall(plotly_file().read_text(encoding="utf-8")))))


def allow_tiles(response: Response, settings: Settings) -> Response:
    """Let this one page load pictures from the configured tile server, and from nowhere else."""
    if settings.web.tiles:
        policy = HEADERS["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = policy.replace(
            "img-src 'self'", f"img-src 'self' {tile_origin(settings.web.tiles)}"
        )
    return response


def tile_origin(tiles: str) -> str:
    """Scheme, host and port of the tile address: all that a policy may name."""
    parts = urlsplit(tiles)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
