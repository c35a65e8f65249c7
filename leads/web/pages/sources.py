"""来源: add a site to the sources file, change what it says, take it out. The file is the storage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from crawler.probe.look import Found
from crawler.sources.permission import Ground, Permission
from crawler.sources.source import Source
from leads import storage
from leads.errors import ConfigError, ConflictError, InputError
from leads.labels import ENGINE_NAMES, EVERY_NAMES
from leads.models import BEIJING
from leads.records import audit, jobs
from leads.records.tables.people import Audit
from leads.sources import add as adding
from leads.sources.add import Choice
from leads.sources.file import SourcesFile, Value
from leads.web.auth import Admin
from leads.web.desk import Desk, TheDesk
from leads.web.render import WebPage, render

routes = APIRouter()
DONE = {"clinic": "诊所已添加。下一步：从哪里采集？"}
_FOUND = TypeAdapter(Found)
_COUNT = re.compile(r"[1-9]\d{0,6}", re.ASCII)


class ConsentForm(BaseModel):
    """On what ground a source is read, and for an owner's consent: who gave it, how, from when until when."""

    ground: Ground = "robots"
    who: str = ""
    when: str = ""
    until: str = ""
    note: str = ""


class LookForm(ConsentForm):
    """An address to look at, and whom its owner can write to."""

    url: str = Field(max_length=2000)
    contact: str = Field(default="", max_length=120)
    private: bool = False


class SourceForm(ConsentForm):
    """What can be said of a source, as it is sent; empty fields leave the key out."""

    region: str = ""
    every: str = "1h"
    quiet: str = ""
    pages_per_day: str = ""
    contact: str = ""


class NewForm(SourceForm):
    """A site that was looked at. `found` is what the look gave, `board` and `feed` what is to be read."""

    found: str
    name: str
    board: list[str] = []
    feed: list[str] = []
    private: bool = False
    then: Literal["start", "keep"] = "start"


class EditForm(SourceForm):
    """A source of the file. `board` are the numbers that stay, `more` further ones."""

    version: str
    enabled: bool = False
    board: list[str] = []
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSourcePage(WebPage):
    """Where the address goes; `own_network` says whether one in our own network may be looked at."""

    template: ClassVar[str] = "source_new.html"
    url: str
    contact: str
    problem: str
    own_network: bool
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage(WebPage):
    """What a look gave, and the form of what shall be read of it."""

    template: ClassVar[str] = "source_found.html"
    found: Found
    form: NewForm
    why_not: str
    problem: str
    contact: str
    engines: Mapping[str, str]
    intervals: Mapping[str, str]
    refused: str  # the address that robots.txt forbids and nobody has consented to; "" for none


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEditPage(WebPage):
    """The form of a source."""

    template: ClassVar[str] = "source_edit.html"
    source: Source
    form: EditForm
    problem: str
    contact: str
    intervals: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRemovalPage(WebPage):
    """What goes and what stays."""

    template: ClassVar[str] = "source_remove.html"
    source: Source
    version: str
    problem: str


@routes.get("/sources/new")
def new(request: Request, desk: TheDesk, visitor: Admin, url: str = "", done: str = "") -> Response:
    """Where to paste an address."""
    return _ask(request, desk, url=url, done=DONE.get(done, ""))


@routes.post("/sources/look")
def look(request: Request, desk: TheDesk, visitor: Admin, asked: Annotated[LookForm, Form()]) -> Response:
    """Look at the site: a handful of requests, robots.txt first. Nothing is stored; an owner's consent, which
    lets one look at what robots.txt forbids, is written down before the first request."""
    url, contact = asked.url.strip(), asked.contact.strip()
    url = url if "://" in url else f"https://{url}"
    private = asked.private and desk.settings.crawl.private_addresses
    try:
        consent = _consented(desk, visitor.login, url, asked)
        looked = adding.look_at(
            desk.settings, url, target=_file(desk), private=private, contact=contact, consent=consent
        )
    except InputError as error:
        return _ask(request, desk, url=url, contact=contact, problem=str(error), status=400)
    form = NewForm(
        **asked.model_dump(include=set(ConsentForm.model_fields)),
        found=_FOUND.dump_json(looked.found).decode(),
        name=looked.name,
        board=[number for number, _ in looked.found.boards],
        feed=list(looked.found.feeds),
        contact=contact,
        private=private,
    )
    refused = "" if looked.found.allowed or consent else url
    return _found_page(request, desk, looked.found, form, why_not=looked.why_not, refused=refused)


def _consented(desk: Desk, who: str, url: str, given: ConsentForm) -> bool:
    """Whether the owner's consent was given, and holds today; it goes into the audit.

    Raises:
        InputError: it is incomplete, not yet valid or over.
    """
    if given.ground != "consent":
        return False
    kept = _consent(given)
    verdict = Permission(**kept).verdict(desk.clock().astimezone(BEIJING).date())  # type: ignore[arg-type]  # its keys
    if not verdict.allowed:
        raise InputError(f"{verdict.reason}：请先核对日期。")
    said = {key: str(value) for key, value in kept.items()}
    site = urlsplit(url).netloc.rpartition("@")[2]
    with desk.records.transaction() as session:
        audit.note(session, who=who, action="source.consent", now=desk.clock(), subject=site, consent=said)
    return True


@routes.post("/sources")
def add(request: Request, desk: TheDesk, visitor: Admin, form: Annotated[NewForm, Form()]) -> Response:
    """Write the table; with `then` "start" the source is enabled and read at once."""
    found = _read_found(form.found)
    start = form.then == "start"
    try:
        if start and form.ground == "robots" and not found.allowed:
            raise InputError(f"{found.robots}：不能启用。有站方书面同意时，依据选“站方同意”。")
        choice = Choice(
            name=form.name.strip(),
            enabled=start,
            private=form.private and desk.settings.crawl.private_addresses,
            boards=form.board,
            feeds=form.feed,
            values=_values(form),
        )
        adding.write(_file(desk), found, choice)
    except (InputError, ConfigError) as error:
        return _found_page(request, desk, found, form, problem=str(error), status=400)
    now = desk.clock()
    with desk.records.transaction() as session:
        ground = form.ground if found.allowed else f"{form.ground}（{found.robots}）"
        audit.note(
            session, who=visitor.login, action="source.add", now=now, subject=choice.name, ground=ground
        )
        if start:
            jobs.ask(session, "crawl", choice.name, who=visitor.login, now=now)
    return _back(choice.name, "started" if start else "added")


@routes.get("/coverage/{source}/edit")
def edit(request: Request, desk: TheDesk, visitor: Admin, source: str) -> Response:
    """The form of a source."""
    known = _source(desk, source)
    return _edit_page(request, desk, known, _filled(known, _file(desk).version(source)))


@routes.post("/coverage/{source}/edit")
def change(
    request: Request, desk: TheDesk, visitor: Admin, source: str, form: Annotated[EditForm, Form()]
) -> Response:
    """Save, unless somebody else has meanwhile; what was written stays in the form."""
    known = _source(desk, source)
    try:
        values = {**_values(form), **_boards(known, form), "enabled": form.enabled}
        if form.ground in ("official_api", "import", "seen"):
            del values["permission"]  # as it stands in the file: it cannot be given here
        _file(desk).change(source, values, version=form.version)
    except (InputError, ConfigError) as error:
        return _edit_page(request, desk, known, form, problem=str(error), status=400)
    except ConflictError as error:
        return _edit_page(request, desk, known, form, problem=str(error), status=409)
    _note(desk, visitor.login, "source.change", source)
    return _back(source, "changed")


@routes.get("/coverage/{source}/remove")
def ask_remove(request: Request, desk: TheDesk, visitor: Admin, source: str) -> Response:
    """What goes and what stays, before anything does."""
    return _removal(request, desk, _source(desk, source))


@routes.post("/coverage/{source}/remove")
def remove(
    request: Request,
    desk: TheDesk,
    visitor: Admin,
    source: str,
    version: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """The table leaves the file; what was collected stays until it expires."""
    known = _source(desk, source)
    try:
        _file(desk).remove(source, version=version)
    except ConflictError as error:
        return _removal(request, desk, known, problem=str(error), status=409)
    _note(desk, visitor.login, "source.remove", source)
    return RedirectResponse("/coverage?" + urlencode({"done": "removed"}), 303)


def _file(desk: Desk) -> SourcesFile:
    return SourcesFile(desk.settings.sources_file)


def _source(desk: Desk, name: str) -> Source:
    found = next((each for each in storage.own_sources(desk.settings) if each.name == name), None)
    if found is None:
        raise HTTPException(404, "没有这个来源：它可能已被删掉。")
    return found


def _read_found(text: str) -> Found:
    try:
        return _FOUND.validate_json(text)
    except ValidationError:
        raise HTTPException(400, "看到的内容读不出来了：请重新看一遍这个网站。") from None


def _values(form: SourceForm) -> dict[str, Value]:
    """The keys of a table. Raises InputError for what only a form can get wrong."""
    pages = form.pages_per_day.strip()
    if pages and not _COUNT.fullmatch(pages):
        raise InputError("一天最多几页：请写一个数，如 500，或留空。")
    return {
        "region": form.region.strip() or None,
        "every": form.every.strip() or None,
        "quiet": form.quiet.strip() or None,
        "pages_per_day": int(pages) if pages else None,
        "contact": form.contact.strip() or None,
        "permission": _permission(form),
    }


def _permission(form: SourceForm) -> dict[str, str | date]:
    return _consent(form) if form.ground == "consent" else {"ground": form.ground}


def _consent(form: ConsentForm) -> dict[str, str | date]:
    given = {"谁同意的": form.who, "从哪天起": form.when, "到哪天为止": form.until, "怎样同意的": form.note}
    missing = [label for label, text in given.items() if not text.strip()]
    if missing:
        raise InputError(f"站方同意还缺：{'、'.join(missing)}。")
    return {
        "ground": "consent",
        "who": form.who.strip(),
        "when": _day(form.when),
        "until": _day(form.until),
        "note": form.note.strip(),
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"日期 {text[:20]!r} 看不懂：请写成 2026-11-30 这样。") from None


def _boards(source: Source, form: EditForm) -> dict[str, Value]:
    """Those that stay and those that were added; nothing for a source without boards, or as they were."""
    more = form.more.replace("，", ",").replace("、", ",").split(",")
    added = [each.strip() for each in more if each.strip()]
    if not added and set(form.board) == {board.id for board in source.boards}:
        return {}
    kept = [board for board in source.boards if board.id in form.board]
    parts = [
        {key: text for key in ("id", "name", "region") if (text := getattr(board, key))} for board in kept
    ]
    return {"boards": [*parts, *({"id": number} for number in dict.fromkeys(added))]}


def _filled(source: Source, version: str) -> EditForm:
    given = source.permission
    return EditForm(
        version=version,
        enabled=source.enabled,
        board=[board.id for board in source.boards],
        region=source.region,
        every=_every(source),
        quiet=str(source.quiet or ""),
        pages_per_day=str(source.pages_per_day),
        contact=source.contact,
        ground=given.ground,
        who=given.who,
        when=str(given.when or ""),
        until=str(given.until or ""),
        note=given.note,
    )


def _every(source: Source) -> str:
    """As the file would say it."""
    minutes = int(source.every.total_seconds()) // 60
    for size, unit in ((1440, "d"), (60, "h")):
        if minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"


def _intervals(every: str) -> dict[str, str]:
    """What can be chosen, and what is so already."""
    return EVERY_NAMES if every in EVERY_NAMES else {every: every, **EVERY_NAMES}


def _ask(
    request: Request,
    desk: Desk,
    *,
    url: str,
    contact: str = "",
    problem: str = "",
    done: str = "",
    status: int = 200,
) -> Response:
    crawl = desk.settings.crawl
    page = NewSourcePage(
        url=url,
        contact=contact or crawl.contact,
        problem=problem,
        own_network=crawl.private_addresses,
        done=done,
    )
    return render(request, page, status=status)


def _found_page(
    request: Request,
    desk: Desk,
    found: Found,
    form: NewForm,
    *,
    why_not: str = "",
    problem: str = "",
    refused: str = "",
    status: int = 200,
) -> Response:
    page = FoundPage(
        found=found,
        form=form,
        why_not=why_not,
        problem=problem,
        contact=desk.settings.crawl.contact,
        engines=ENGINE_NAMES,
        intervals=_intervals(form.every),
        refused=refused,
    )
    return render(request, page, status=status)


def _edit_page(
    request: Request, desk: Desk, source: Source, form: EditForm, *, problem: str = "", status: int = 200
) -> Response:
    page = SourceEditPage(
        source=source,
        form=form,
        problem=problem,
        contact=desk.settings.crawl.contact,
        intervals=_intervals(form.every),
    )
    return render(request, page, status=status)


def _removal(
    request: Request, desk: Desk, source: Source, *, problem: str = "", status: int = 200
) -> Response:
    version = _file(desk).version(source.name)
    return render(request, SourceRemovalPage(source=source, version=version, problem=problem), status=status)


def _note(desk: Desk, who: str, action: str, source: str) -> None:
    with desk.records.transaction() as session:
        session.add(Audit(at=desk.clock(), who=who, action=action, subject=source))


def _back(source: str, done: str) -> Response:
    return RedirectResponse(f"/coverage/{quote(source, safe='')}?" + urlencode({"done": done}), 303)
