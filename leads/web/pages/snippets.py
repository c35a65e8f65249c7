"""话术: the clinic's own pieces of replies, and the starters to copy from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from leads.errors import ConflictError, InputError
from leads.models import Clinic
from leads.records import snippets as kept
from leads.records.tables.work import Snippet
from leads.replies.compliance import Objection, check
from leads.replies.starters import VARIABLES, ReplyDraft, Starter, starters
from leads.web.auth import Staff
from leads.web.desk import Desk, Number, RowId, TheDesk
from leads.web.render import WebPage, render
from nlp.symptoms import lexicon

routes = APIRouter()
DONE = {"saved": "已保存。", "removed": "已删除。"}


class SnippetForm(BaseModel):
    """The form as it is sent."""

    title: str = ""
    text: str = ""
    symptom: str = ""  # a name or a code
    clinic_id: str = ""
    version: Number = 0

    def draft(self) -> ReplyDraft:
        return ReplyDraft(
            title=self.title,
            text=self.text.replace("\r\n", "\n"),
            symptom=_code(self.symptom),
            clinic_id=self.clinic_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SnippetsPage(WebPage):
    """All pieces, and the starters."""

    template: ClassVar[str] = "snippets.html"
    pieces: Sequence[Snippet]
    starters: Sequence[Starter]
    symptom_names: Mapping[str, str]
    clinic_names: Mapping[str, str]
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnippetPage(WebPage):
    """The form of a piece, or of a new one without a row; `other` is what somebody else wrote meanwhile."""

    template: ClassVar[str] = "snippet.html"
    form: SnippetForm
    row: Snippet | None
    problem: str
    other: str
    variables: Mapping[str, str]
    symptom: str
    symptom_names: Mapping[str, str]
    clinics: Sequence[Clinic]
    findings: Sequence[Objection]


@routes.get("/snippets")
def listing(request: Request, desk: TheDesk, visitor: Staff, done: str = "") -> Response:
    """All pieces, and the starters."""
    with desk.records.reading() as session:
        pieces = kept.everything(session)
    page = SnippetsPage(
        pieces=pieces,
        starters=starters(),
        symptom_names=_names(),
        clinic_names={clinic.id: clinic.name for clinic in visitor.clinics},
        done=DONE.get(done, ""),
    )
    return render(request, page)


@routes.get("/snippets/new")
def new(request: Request, desk: TheDesk, visitor: Staff, starter: str = "") -> Response:
    """An empty form, or a starter to begin with."""
    found = next((each for each in starters() if each.key == starter), None)
    form = SnippetForm()
    if found is not None:
        form = SnippetForm(title=found.title, text=found.text, symptom=found.symptom)
    return _form(request, desk, form, None)


@routes.post("/snippets")
def add(request: Request, desk: TheDesk, visitor: Staff, form: Annotated[SnippetForm, Form()]) -> Response:
    """Keep a new piece."""
    try:
        with desk.records.transaction() as session:
            kept.add(session, form.draft(), who=visitor.login, now=desk.clock())
    except InputError as error:
        return _form(request, desk, form, None, problem=str(error))
    return RedirectResponse("/snippets?done=saved", 303)


@routes.get("/snippets/{snippet_id}")
def show(request: Request, desk: TheDesk, visitor: Staff, snippet_id: RowId) -> Response:
    """The form of a piece."""
    row = _row(desk, snippet_id)
    form = SnippetForm(
        title=row.title, text=row.text, symptom=row.symptom, clinic_id=row.clinic_id, version=row.version
    )
    return _form(request, desk, form, row)


@routes.post("/snippets/{snippet_id}")
def edit(
    request: Request, desk: TheDesk, visitor: Staff, snippet_id: RowId, form: Annotated[SnippetForm, Form()]
) -> Response:
    """Change a piece."""
    row = _row(desk, snippet_id)
    try:
        with desk.records.transaction() as session:
            kept.edit(
                session, snippet_id, form.draft(), version=form.version, who=visitor.login, now=desk.clock()
            )
    except InputError as error:
        return _form(request, desk, form, row, problem=str(error))
    except ConflictError as error:
        # What was typed stays; who saves it once more has seen what the other wrote.
        row = _row(desk, snippet_id)
        again = form.model_copy(update={"version": row.version})
        return _form(request, desk, again, row, problem=str(error), status=409)
    return RedirectResponse("/snippets?done=saved", 303)


@routes.post("/snippets/{snippet_id}/remove")
def remove(desk: TheDesk, visitor: Staff, snippet_id: RowId) -> Response:
    """Drop a piece."""
    with desk.records.transaction() as session:
        if not kept.remove(session, snippet_id):
            raise HTTPException(404, "没有这段话术。")
    return RedirectResponse("/snippets?done=removed", 303)


def _row(desk: Desk, snippet_id: int) -> Snippet:
    with desk.records.reading() as session:
        row = kept.get(session, snippet_id)
    if row is None:
        raise HTTPException(404, "没有这段话术。")
    return row


def _form(
    request: Request,
    desk: Desk,
    form: SnippetForm,
    row: Snippet | None,
    *,
    problem: str = "",
    status: int = 400,
) -> Response:
    page = SnippetPage(
        form=form,
        row=row,
        problem=problem,
        other=row.text if row and status == 409 else "",
        variables=VARIABLES,
        symptom=_names().get(form.symptom, form.symptom),
        symptom_names=_names(),
        clinics=desk.clinics(),
        findings=check(form.text),
    )
    return render(request, page, status=status if problem else 200)


def _names() -> dict[str, str]:
    return {code: concept.name for code, concept in lexicon.load().concepts.items()}


def _code(symptom: str) -> str:
    """The code of a symptom given by name or code; an unknown one as it is, to be complained of."""
    plain = symptom.strip()
    return next((code for code, name in _names().items() if plain == name), plain)
