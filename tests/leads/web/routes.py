"""Every route of an application, however it is nested."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

_VERSION = re.compile(r"\d+\.\d+\.\d+")  # of a library whose file is served


def routes_of(app: FastAPI) -> list[str]:
    """ "GET /lead/{lead_id}" and so on, sorted; a folder of files is one route, a version in a name is *."""
    return sorted({_VERSION.sub("*", route) for route in _walk(app.routes, "")})


def _walk(routes: list[Any], prefix: str) -> Iterator[str]:  # several private kinds of the frameworks
    for route in routes:
        if hasattr(route, "effective_candidates"):  # a router that was included
            yield from _walk(route.effective_candidates(), prefix)
        elif hasattr(route, "include_context") or getattr(route, "methods", None):
            path = prefix + route.path.replace(":path}", "}")
            yield from (f"{method} {path}" for method in route.methods if method not in ("HEAD", "OPTIONS"))
        elif getattr(route, "routes", None):  # an application inside of this one
            yield from _walk(route.routes, prefix + route.path)
        else:
            yield f"GET {prefix}{route.path}"
