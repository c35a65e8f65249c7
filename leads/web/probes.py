"""Does the process live, and can it answer? For what watches over it, without a login and without figures."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from leads import storage
from leads.actions import room
from leads.errors import TingzhenError
from leads.web.desk import Desk, TheDesk

routes = APIRouter(include_in_schema=False)


@routes.get("/healthz")
def healthz() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@routes.get("/readyz")
def readyz(desk: TheDesk) -> JSONResponse:
    """Every store answers, or 503 and which of them does not; "disk" among the warnings: it fills up."""
    failing = [name for name, look in _PARTS.items() if not _answers(look, desk)]
    short = room.look(desk.settings.data_dir, now=desk.clock()).short(desk.settings.disk)
    said = {"status": "failing" if failing else "ok", "failing": failing, "warning": ["disk"] * short}
    return JSONResponse(said, 503 if failing else 200)


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
