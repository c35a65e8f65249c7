"""十问的效果: what each training changed, drawn on the server, and how many leads are real, by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from leads.actions.retag import outdated
from leads.labels import TRAINING_NAMES
from leads.learning import history
from leads.learning.drift import Drift, drift
from leads.learning.history import Training
from leads.learning.questions import LEAST
from leads.records import questions, retags
from leads.records.retags import Retagging
from leads.web.auth import Anyone
from leads.web.desk import TheDesk
from leads.web.render import WebPage, render

routes = APIRouter()
SHOWN = 60  # trainings: two months
WIDTH, HEIGHT, LEFT, EDGE = 640, 220, 40, 14  # of the picture, in its own units


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Lines as SVG takes them."""

    width: int
    height: int
    grid: Sequence[tuple[float, str]]  # y and its name
    before: str
    after: str
    dots: Sequence[tuple[float, float, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenEffectPage(WebPage):
    """The chart with its table, and the weeks."""

    template: ClassVar[str] = "ten_effect.html"
    trainings: Sequence[Training]
    chart: Chart
    states: Mapping[str, str]
    weeks: Sequence[tuple[date, int, int]]
    drift: Drift
    retag: Retagging | None
    outdated: bool
    least: int = LEAST


@routes.get("/ten/effect")
def show(request: Request, desk: TheDesk, visitor: Anyone) -> Response:
    """The page."""
    with desk.records.reading() as session:
        weeks = questions.by_week(session)
        latest = retags.latest(session)
    trainings = history.read(desk.settings.data_dir)[-SHOWN:]
    page = TenEffectPage(
        trainings=trainings,
        chart=chart(trainings),
        states=TRAINING_NAMES,
        weeks=weeks,
        drift=drift(desk.index, now=desk.clock()),
        retag=latest,
        outdated=outdated(desk.settings, desk.index, desk.records),
    )
    return render(request, page)


def chart(trainings: Sequence[Training]) -> Chart:
    """One step to the right a training; F1 from 0 at the bottom to 1 at the top."""
    xs = [_between(LEFT + EDGE, WIDTH - EDGE, n / max(1, len(trainings) - 1)) for n in range(len(trainings))]
    before = [(x, _height(each.before)) for x, each in zip(xs, trainings, strict=True)]
    after = [(x, _height(each.after)) for x, each in zip(xs, trainings, strict=True)]
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        grid=[(_height(part / 4), f"{part / 4:g}") for part in range(5)],
        before=" ".join(f"{x},{y}" for x, y in before),
        after=" ".join(f"{x},{y}" for x, y in after),
        dots=[(x, y, f"{each.after:.3f}") for (x, y), each in zip(after, trainings, strict=True)],
    )


def _height(f1: float) -> float:
    return _between(HEIGHT - EDGE, EDGE, f1)


def _between(start: float, end: float, share: float) -> float:
    return round(start + (end - start) * share, 1)
