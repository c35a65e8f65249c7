"""Does the process live, and can it answer? For what watches over it, without a login and without figures."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from leads import storage
from leads.errors import TingzhenError
from leads.web.desk import Desk, TheDesk

routes = APIRouter(include_in_schema=False)


@routes.get("/healthz")
def healthz() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@routes.get("/readyz")
def readyz(desk: TheDesk) -> JSONResponse:
    """Every store answers, or 503 and which of them does not."""
    failing = [name for name, look in _PARTS.items() if not _answers(look, desk)]
    status = "failing" if failing else "ok"
    return JSONResponse({"status": status, "failing": failing}, 503 if failing else 200)


def _answers(look: Callable[[Desk], object], desk: Desk) -> bool:
    try:
        look(desk)
    except TingzhenError:
        return False
    return True


def _coverage(desk: Desk) -> None:
    with storage.coverage(desk.settings) as coverage:
        coverage.has_read()


_PARTS: dict[str, Callable[[Desk], object]] = {
    "index": lambda desk: desk.index.counts(),
    "records": Desk.clinics,
    "coverage": _coverage,
}
