"""开始使用: what a new installation still needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from leads.web.auth import Admin
from leads.web.desk import TheDesk
from leads.web.first_steps import PUT_AWAY, FirstStep, all_steps
from leads.web.render import WebPage, render

routes = APIRouter()
_YEAR = 365 * 24 * 3600  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStepsPage(WebPage):
    """The list by itself: where the first admin begins."""

    template: ClassVar[str] = "steps.html"
    steps: Sequence[FirstStep]


@routes.get("/first-steps")
def page(request: Request, desk: TheDesk, visitor: Admin) -> Response:
    """All steps, the done ones too."""
    return render(request, FirstStepsPage(steps=all_steps(desk)))


@routes.post("/first-steps/put-away")
def put_away(visitor: Admin) -> Response:
    """Not shown on 今天 any more in this browser, whatever is left to do."""
    response = RedirectResponse("/", 303)
    response.set_cookie(PUT_AWAY, "1", max_age=_YEAR, httponly=True, samesite="lax")
    return response
