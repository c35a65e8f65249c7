"""删除内容: what is held about somebody, a copy of it for them, its erasure, and the receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request, Response

from leads.actions.erase import Erased, erase
from leads.actions.held import Held, as_json, held
from leads.errors import InputError
from leads.labels import ERASURE_NAMES
from leads.records import audit, erasures
from leads.records.erasures import LONGEST_KEY, LONGEST_REASON, ErasureKind
from leads.records.tables.work import Erasure
from leads.web.auth import Admin
from leads.web.desk import Desk, TheDesk
from leads.web.render import WebPage, render

routes = APIRouter()
LATEST = 50
Kind = Annotated[ErasureKind, Form()]
Key = Annotated[str, Form(max_length=LONGEST_KEY)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasuresPage(WebPage):
    """Whom it is about, what is held of them (None before it was asked), and what was erased lately: each
    with the number that stands for its key."""

    template: ClassVar[str] = "erasures.html"
    kinds: Mapping[str, str]
    kind: ErasureKind
    key: str
    found: Held | None
    erased: Sequence[tuple[Erasure, str]]
    longest_reason: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage(WebPage):
    """For the person who asked: what was erased, when."""

    template: ClassVar[str] = "receipt.html"
    done: Erased
    number: str
    kinds: Mapping[str, str]


@routes.get("/erasures")
def page(request: Request, desk: TheDesk, visitor: Admin) -> Response:
    """Whom is it about?"""
    return _page(request, desk)


@routes.post("/erasures/look")
def look(request: Request, desk: TheDesk, visitor: Admin, kind: Kind = "author", key: Key = "") -> Response:
    """What is held. Asked by POST: an address of somebody's post belongs in no log of addresses."""
    try:
        found = held(desk.records, desk.index, kind, key, now=desk.clock())
    except InputError as error:
        return _page(request, desk, kind=kind, key=key, problem=str(error))
    return _page(request, desk, kind=kind, key=key, found=found)


@routes.post("/erasures/copy")
def copy(request: Request, desk: TheDesk, visitor: Admin, kind: Kind = "author", key: Key = "") -> Response:
    """The same as a file for the person who asked."""
    now = desk.clock()
    try:
        found = held(desk.records, desk.index, kind, key, now=now)
    except InputError as error:
        return _page(request, desk, kind=kind, key=key, problem=str(error))
    with desk.records.transaction() as session:
        audit.note(session, who=visitor.login, action="export.held", now=now, posts=found.count)
    headers = {"Content-Disposition": f'attachment; filename="tingzhen-held-{found.number}.json"'}
    return Response(as_json(found), headers=headers, media_type="application/json")


@routes.post("/erasures")
def erase_now(
    request: Request,
    desk: TheDesk,
    visitor: Admin,
    kind: Kind = "author",
    key: Key = "",
    reason: Annotated[str, Form(max_length=LONGEST_REASON)] = "",
) -> Response:
    """Gone for good; doing it twice does no harm."""
    try:
        done = erase(
            desk.records,
            desk.index,
            kind,
            key,
            who=visitor.login,
            now=desk.clock(),
            reason=reason,
            settings=desk.settings,
        )
    except InputError as error:
        return _page(request, desk, kind=kind, key=key, problem=str(error))
    return render(request, ReceiptPage(done=done, number=done.receipt, kinds=ERASURE_NAMES))


def _page(
    request: Request,
    desk: Desk,
    *,
    kind: ErasureKind = "author",
    key: str = "",
    found: Held | None = None,
    problem: str = "",
) -> Response:
    with desk.records.reading() as session:
        rows = erasures.latest(session, limit=LATEST)
    shown = ErasuresPage(
        kinds=ERASURE_NAMES,
        kind=kind,
        key=key,
        found=found,
        erased=[(row, erasures.receipt(row)) for row in rows],
        longest_reason=LONGEST_REASON,
        problem=problem,
    )
    return render(request, shown, status=400 if problem else 200)
