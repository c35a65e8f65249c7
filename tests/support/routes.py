"""Every route of an application, however it is nested."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_type_hints

from fastapi import FastAPI
from pydantic import BaseModel


def routes_of(app: FastAPI) -> list[str]:
    """ "GET /lead/{lead_id}" and so on, sorted; a folder of files is one route."""
    return sorted({route for route, _ in _walk(app.routes, "")})


def parameters_of(app: FastAPI) -> list[str]:
    """The names of all parameters of all routes, those of forms in an address too."""
    return sorted({name for _, endpoint in _walk(app.routes, "") if endpoint for name in _names(endpoint)})


def numbers_of(app: FastAPI) -> dict[str, list[str]]:
    """Route → the names in its path that stand for a whole number; routes without any are left out."""
    found = {}
    for route, endpoint in _walk(app.routes, ""):
        hints = get_type_hints(endpoint) if endpoint else {}
        names = [name for name in re.findall(r"{(\w+)}", route) if hints.get(name) is int]
        if names:
            found[route] = names
    return found


def _names(endpoint: Callable[..., object]) -> Iterator[str]:
    for name, hint in get_type_hints(endpoint, include_extras=True).items():
        kind = (get_args(hint) or (hint,))[0]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from kind.model_fields
        else:
            yield name


def _walk(routes: list[Any], prefix: str) -> Iterator[tuple[str, Callable[..., object] | None]]:
    # Several private kinds of the frameworks: hence Any.
    for route in routes:
        if hasattr(route, "effective_candidates"):  # a router that was included
            yield from _walk(route.effective_candidates(), prefix)
        elif getattr(route, "methods", None):
            path = prefix + route.path.replace(":path}", "}")
            for method in set(route.methods) - {"HEAD", "OPTIONS"}:
                yield f"{method} {path}", getattr(route, "endpoint", None)
        elif getattr(route, "routes", None):  # an application inside of this one
            yield from _walk(route.routes, prefix + route.path)
        else:
            yield f"GET {prefix}{route.path}", None
