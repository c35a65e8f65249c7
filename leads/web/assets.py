"""Static files under addresses that name their version, so that a browser may keep them for a year."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from fastapi import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from leads.web.headers import ASK_AGAIN, FOREVER

FOLDER = Path(__file__).parent / "static"
_VERSION = re.compile(r"[0-9a-f]{12}")


@cache
def version() -> str:
    """One version for all files: scripts import each other by relative addresses."""
    found = hashlib.sha256()
    for file in sorted(FOLDER.rglob("*")):
        if file.is_file():
            found.update(str(file.relative_to(FOLDER)).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:12]


@cache
def static(name: str) -> str:
    """The address of a static file; templates call it.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not (FOLDER / name).is_file():
        raise FileNotFoundError(name)
    return f"/static/{version()}/{name}"


class StaticAssets(StaticFiles):
    """/static/<version>/name, kept for a year; /static/name and old versions, asked about each time."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file as it is now, whatever version is asked for: a page from before an upgrade still works."""
        asked, _, name = path.partition("/")
        versioned = bool(name) and _VERSION.fullmatch(asked) is not None
        response = await super().get_response(name if versioned else path, scope)
        response.headers.update(FOREVER if versioned and asked == version() else ASK_AGAIN)
        return response
