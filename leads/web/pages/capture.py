"""看见即存: what a phone shares, or somebody pastes, and the browser extension to take along."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel, Field

from crawler.importers.seen import SeenKind, SeenPlace, SeenPost
from crawler.parsing.addresses import post_at
from leads.actions.capture import DayLimitError, capture
from leads.errors import InputError
from leads.labels import source_name
from leads.records import captures
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.render import WebPage, render
from nlp.pii import mask

routes = APIRouter(prefix="/capture")
EXTENSION = Path(__file__).parent.parent / "extension"
_LINK = re.compile(r"https?://[^\s\u3000-\u9fff\uff00-\uffef]+")
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # what is packed twice is the same


class CaptureFields(BaseModel):
    """The form, and what a phone's share menu fills in of it."""

    text: Annotated[str, Field(max_length=20_000)] = ""
    time: Annotated[str, Field(max_length=80)] = ""
    url: Annotated[str, Field(max_length=2000)] = ""
    title: Annotated[str, Field(max_length=300)] = ""
    place: Annotated[str, Field(max_length=60)] = ""
    place_kind: SeenPlace = "ip"
    kind: SeenKind = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePage(WebPage):
    """The form with what would be kept; `site` is where the address says the post stands, `lead_url` leads to
    what was kept."""

    template: ClassVar[str] = "capture.html"
    fields: CaptureFields
    site: str
    left: int
    desk_url: str
    problem: str = ""
    done: str = ""
    lead_url: str = ""


@routes.get("")
def form(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    title: Annotated[str, Query(max_length=2000)] = "",
    text: Annotated[str, Query(max_length=20_000)] = "",
    url: Annotated[str, Query(max_length=2000)] = "",
) -> Response:
    """An empty form, or one filled in by a phone's share menu. Nothing is kept yet."""
    return _page(request, desk, visitor, shared(title, text, url))


@routes.post("")
def keep(
    request: Request, desk: TheDesk, visitor: Anyone, fields: Annotated[CaptureFields, Form()]
) -> Response:
    """Keep what the form says."""
    seen = SeenPost(**fields.model_dump())
    try:
        if not fields.text.strip() or not fields.time.strip():
            raise InputError("没有保存：正文和发布时间都要填。")
        done = capture(desk.settings, desk.index, desk.records, seen, who=visitor.login, now=desk.clock())
    except (InputError, DayLimitError) as error:
        return _page(request, desk, visitor, fields, problem=str(error), status=error.http_status)
    address = f"/leads/{quote(done.post_id)}" if done.is_lead else ""
    return _page(request, desk, visitor, CaptureFields(), done=done.said, lead_url=address)


@routes.get("/extension.zip")
def extension(request: Request, desk: TheDesk, visitor: Anyone) -> Response:
    """The browser extension, which knows this desk's address."""
    named = {"Content-Disposition": 'attachment; filename="tingzhen-extension.zip"'}
    return Response(packed(desk.address(request)), media_type="application/zip", headers=named)


def packed(address: str) -> bytes:
    """The extension as a ZIP; `address` is the desk's, filled in where its owner sets it up."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(EXTENSION.iterdir()):
            data = file.read_bytes()
            if file.name == "desk.json":
                data = json.dumps({"address": address}, ensure_ascii=False).encode()
            archive.writestr(zipfile.ZipInfo(f"tingzhen-extension/{file.name}", _FIRST_DAY), data)
    return out.getvalue()


def shared(title: str, text: str, url: str) -> CaptureFields:
    """What a phone shares as the form: the link out of the text where it stands there, names masked."""
    found = _LINK.search(text)
    link = url or (found[0] if found else "")
    known = post_at(link)
    words = text.replace(found[0], " ") if found else text
    return CaptureFields(
        text=mask(words.strip()), title=mask(title.strip())[:300], url=known.url if known else link
    )


def _page(
    request: Request,
    desk: Desk,
    visitor: Visitor,
    fields: CaptureFields,
    *,
    problem: str = "",
    done: str = "",
    lead_url: str = "",
    status: int = 200,
) -> Response:
    with desk.records.reading() as session:
        sent = captures.of_today(session, visitor.login, now=desk.clock())
    known = post_at(fields.url)
    page = CapturePage(
        fields=fields,
        site=source_name(known.source) if known else "",
        left=max(0, desk.settings.web.captures_per_day - sent),
        desk_url=desk.address(request),
        problem=problem,
        done=done,
        lead_url=lead_url,
    )
    return render(request, page, status=status)
