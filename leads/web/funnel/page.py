"""漏斗: how far the leads somebody worked on got, how long each step took, and the list behind a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from leads.actions.funnel import journeys, moment
from leads.errors import QueryError
from leads.index.base import Stored
from leads.insights.funnel import STAGES, Journey, chosen, funnel, groups
from leads.labels import FUNNEL_NAMES, NOBODY, STATUS_NAMES, source_name
from leads.models import Clinic
from leads.records import cases, users
from leads.records.caseload import CaseLimits
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.funnel.view import (
    BAR_HEIGHT,
    BAR_STEP,
    BAR_WIDTH,
    GROUPINGS,
    WINDOWS,
    FunnelForm,
    GroupLine,
    StageCell,
    cells,
    group_lines,
)
from leads.web.leads.elsewhere import Elsewhere
from leads.web.leads.list_view import page_of
from leads.web.leads.search_form import list_query, usual_start
from leads.web.render import WebPage, render

SHOWN = 100  # lines of the list behind a figure
routes = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCase:
    """A case of the list behind a figure; "" for the text of a post that is gone."""

    url: str
    text: str
    status: str
    assignee: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelPage(WebPage):
    """The funnel, as picture and tables; `listed` is the list behind a figure, of which `total` are there."""

    template: ClassVar[str] = "funnel.html"
    form: FunnelForm
    problem: str
    clinics: Sequence[Clinic]
    windows: Mapping[str, str]
    stages: Sequence[StageCell]
    stage_names: Sequence[str]
    height: int  # of the picture
    width: int
    bar: int
    tables: Sequence[tuple[str, Sequence[GroupLine]]]
    list_title: str  # "" where no list is open
    listed: Sequence[ListedCase]
    total: int
    elsewhere: Sequence[Elsewhere]  # where there is something, when the funnel is empty


@routes.get("/funnel")
def show(request: Request, desk: TheDesk, visitor: Anyone, form: Annotated[FunnelForm, Query()]) -> Response:
    """The cases opened within some time; a doctor's own clinics' and own ones."""
    problem, found = "", list[Journey]()
    try:
        found = seen_journeys(desk, visitor, form.since, form.clinic)
    except QueryError as error:
        problem = str(error)
    with desk.records.reading() as session:
        people = users.names(session)
    open_list = form.stage in STAGES
    behind = chosen(found, stage=form.stage, by=form.by, name=form.name) if open_list else []
    names = _names(people)
    page = FunnelPage(
        form=form,
        problem=problem,
        clinics=visitor.clinics,
        windows=WINDOWS,
        stages=cells(funnel(found), form),
        stage_names=[FUNNEL_NAMES[stage] for stage in STAGES],
        height=BAR_STEP * len(STAGES),
        width=BAR_WIDTH,
        bar=BAR_HEIGHT,
        tables=[
            (title, group_lines(groups(found, by), form, by, names[by])) for by, title in GROUPINGS.items()
        ],
        list_title=_title(form, names) if open_list else "",
        listed=_listed(desk, behind[:SHOWN], people),
        total=len(behind),
        elsewhere=() if found or problem else _elsewhere(desk, visitor, form),
    )
    return render(request, page, status=400 if problem else 200)


def _elsewhere(desk: Desk, visitor: Visitor, form: FunnelForm) -> list[Elsewhere]:
    """The funnel without its limits, and the leads it begins with."""
    wider = [
        ("所有诊所", form.model_copy(update={"clinic": "", "stage": ""})),
        ("不限时间", form.model_copy(update={"since": "all", "stage": ""})),
        ("所有诊所，不限时间", form.model_copy(update={"clinic": "", "since": "all", "stage": ""})),
    ]
    found = []
    for title, each in wider:
        count = len(seen_journeys(desk, visitor, each.since, each.clinic))
        if count and (each.since, each.clinic) not in {(form.since, form.clinic)}:
            url = "/funnel?" + urlencode({"since": each.since, "clinic": each.clinic})
            found.append(Elsewhere(title=title, count=count, url=url))
    start = usual_start(visitor.clinics)
    with suppress(QueryError):  # a doctor without a clinic
        count = desk.index.count(list_query(start, visitor, limit=1, now=desk.clock()))
        found.append(Elsewhere(title="附近的新线索：漏斗从这里开始", count=count, url=start.url()))
    return found


def seen_journeys(desk: Desk, visitor: Visitor, since: str, clinic_id: str) -> list[Journey]:
    """Those this visitor may see; raises QueryError for a time that cannot be read."""
    return journeys(
        desk.records,
        desk.index,
        since=moment(since, desk.clock()),
        clinic_id=clinic_id,
        limits=_limits(visitor),
    )


def _limits(visitor: Visitor) -> CaseLimits | None:
    if not visitor.restricted:
        return None
    return CaseLimits(clinic_ids=[clinic.id for clinic in visitor.clinics], login=visitor.login)


def _names(people: Mapping[str, str]) -> Mapping[str, Callable[[str], str]]:
    return {
        "source": source_name,
        "rule": lambda name: name or "没有规则提醒过",
        "person": lambda login: people.get(login, login) or NOBODY,
    }


def _title(form: FunnelForm, names: Mapping[str, Callable[[str], str]]) -> str:
    of = f"，{GROUPINGS[form.by]}：{names[form.by](form.name)}" if form.by in GROUPINGS else ""
    return f"{FUNNEL_NAMES[form.stage]}{of}"


def _listed(desk: Desk, found: Sequence[Journey], people: Mapping[str, str]) -> list[ListedCase]:
    ids = [each.lead_id for each in found]
    stored = desk.index.records("leads", ids) if ids else ()
    texts = {each.lead.id: each.lead.post.full_text for each in stored if isinstance(each, Stored)}
    with desk.records.reading() as session:
        there = cases.get_many(session, ids)
    return [
        ListedCase(
            url=page_of(each),
            text=texts.get(each, ""),
            status=STATUS_NAMES[there[each].status] if each in there else "",
            assignee=people.get(there[each].assignee, there[each].assignee) if each in there else "",
        )
        for each in ids
    ]
