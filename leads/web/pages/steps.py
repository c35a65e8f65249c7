"""开始使用: what a new installation still needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from leads.web.auth import Admin
from leads.web.desk import TheDesk
from leads.web.first_steps import FirstStep, all_steps
from leads.web.render import WebPage, render

routes = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStepsPage(WebPage):
    """The list by itself: where the first admin begins."""

    template: ClassVar[str] = "steps.html"
    steps: Sequence[FirstStep]


@routes.get("/first-steps")
def page(request: Request, desk: TheDesk, visitor: Admin) -> Response:
    """All steps, the done ones too."""
    return render(request, FirstStepsPage(steps=all_steps(desk)))
