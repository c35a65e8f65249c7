"""导入: a file from the browser, a look at what is understood of it, its import, and the report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from leads.actions import uploads
from leads.actions.imports import FileSeen, preview
from leads.actions.uploads import Upload
from leads.errors import InputError
from leads.labels import COLUMN_NAMES
from leads.records import audit, jobs
from leads.web.auth import Staff
from leads.web.desk import Desk, TheDesk
from leads.web.render import WebPage, render

routes = APIRouter()
_AROUND = 10_000  # bytes of a form beside its file
_COMMAND = re.compile(
    r"[；，。]?请用 --columns.*?指定[^。；]*(?=。)|，或用 --columns[^。]*|（--columns [^）]*）"
)

_OWN_NAME = re.compile(r"^文件(?:\.\w+)?：")  # what it is called here


class ColumnForm(BaseModel):
    """Which column is what; "" for none. `day` stands for every row where there is no column of times."""

    text: str = ""
    time: str = ""
    place: str = ""
    title: str = ""
    url: str = ""
    id: str = ""
    author: str = ""
    site: str = ""
    lat: str = ""
    lon: str = ""
    day: str = ""

    def columns(self) -> dict[str, str]:
        """As the importers take it. Raises InputError for a day that is none."""
        chosen = {key: name for key, name in self.model_dump(exclude={"day"}).items() if name}
        if self.day.strip():
            try:
                chosen["time"] = f"@{date.fromisoformat(self.day.strip())}"
            except ValueError:
                raise InputError("这一天看不懂：请写成 2026-11-30 这样。") from None
        return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportsPage(WebPage):
    """Where a file goes, and those of the last day."""

    template: ClassVar[str] = "imports.html"
    recent: Sequence[Upload]
    states: Mapping[str, str]
    most_mb: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage(WebPage):
    """One file: its preview with the form of its columns, or its progress and report without one."""

    template: ClassVar[str] = "import.html"
    upload: Upload
    seen: FileSeen | None
    form: ColumnForm
    column_names: Mapping[str, str]
    states: Mapping[str, str]
    has_rejected: bool
    problem: str


STATES = {
    "looked": "还没有导入",
    "waiting": "排队中",
    "running": "正在导入",
    "done": "已导入",
    "failed": "没有导入",
    "gone": "文件已清掉",
}


def _small_enough(request: Request) -> None:
    """Before anything of it is read: who sends no length is not believed to send little."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise HTTPException(411, "文件没有传上来：请换一个浏览器再试。")
    if int(length) > uploads.MOST_BYTES + _AROUND:
        raise InputError(uploads.too_large())


async def _given(request: Request) -> UploadFile | None:
    """After it is known who asks: the form is read for a person who may send one."""
    given = (await request.form()).get("file")
    return given if isinstance(given, UploadFile) else None


SmallEnough = Annotated[None, Depends(_small_enough)]
Given = Annotated[UploadFile | None, Depends(_given)]


@routes.get("/imports")
def imports(request: Request, desk: TheDesk, visitor: Staff) -> Response:
    """Where a file goes."""
    return _all(request, desk)


@routes.post("/imports")
def upload(request: Request, desk: TheDesk, small: SmallEnough, visitor: Staff, file: Given) -> Response:
    """Keep the file, and on to what is understood of it."""
    if file is None or not file.filename:
        return _all(request, desk, problem="还没有选文件：请选一个，或把文件拖到框里。")
    try:
        kept = uploads.receive(
            desk.settings, file.file, name=file.filename, who=visitor.login, now=desk.clock()
        )
    except InputError as error:
        return _all(request, desk, problem=str(error))
    finally:
        file.file.close()
    return _to(kept)


@routes.get("/imports/{token}")
def one(
    request: Request, desk: TheDesk, visitor: Staff, token: str, form: Annotated[ColumnForm, Query()]
) -> Response:
    """A preview before the import; progress and report from then on."""
    return _one(request, desk, _known(desk, token), form)


@routes.post("/imports/{token}/start")
def start(
    request: Request, desk: TheDesk, visitor: Staff, token: str, form: Annotated[ColumnForm, Form()]
) -> Response:
    """Whoever runs the schedule imports it."""
    found, now = _known(desk, token), desk.clock()
    if found.state != "looked":
        return _to(found)
    try:
        uploads.wait(desk.settings, found, form.columns())
    except InputError as error:
        return _one(request, desk, found, form, problem=str(error))
    with desk.records.transaction() as session:
        jobs.ask(session, uploads.KIND, token, who=visitor.login, now=now)
        audit.note(session, who=visitor.login, action="import", now=now)
    return _to(found)


@routes.post("/imports/{token}/remove")
def remove(desk: TheDesk, visitor: Staff, token: str) -> Response:
    """The file and what is known of it."""
    if _known(desk, token).state != "running":
        uploads.remove(desk.settings, token)
    return RedirectResponse("/imports", 303)


@routes.get("/imports/{token}/rejected.csv")
def rejected(desk: TheDesk, visitor: Staff, token: str) -> Response:
    """Which lines could not be read, and why; nothing of what they say."""
    file = uploads.rejected_file(desk.settings, _known(desk, token))
    if not file.exists():
        raise HTTPException(404, "没有读不了的行。")
    return FileResponse(file, filename="tingzhen-rejected.csv", media_type="text/csv")


def _known(desk: Desk, token: str) -> Upload:
    found = uploads.known(desk.settings, token)
    if found is None:
        raise HTTPException(404, "没有这个文件：上传的文件最多留一天。")
    return found


def _all(request: Request, desk: Desk, *, problem: str = "") -> Response:
    page = ImportsPage(
        recent=uploads.recent(desk.settings, now=desk.clock()),
        states=STATES,
        most_mb=uploads.MOST_BYTES // 2**20,
        problem=problem,
    )
    return render(request, page, status=400 if problem else 200)


def _one(request: Request, desk: Desk, found: Upload, form: ColumnForm, *, problem: str = "") -> Response:
    seen = None
    if found.state == "looked":
        try:
            seen = preview(
                desk.settings,
                uploads.file_of(desk.settings, found),
                columns=form.columns(),
                now=desk.clock(),
            )
        except InputError as error:
            problem = problem or str(error)
    page = ImportPage(
        upload=found,
        seen=replace(seen, notices=tuple(map(_in_words, seen.notices))) if seen else None,
        form=_guessed(form, seen),
        column_names=COLUMN_NAMES,
        states=STATES,
        has_rejected=uploads.rejected_file(desk.settings, found).exists() and bool(found.why_rejected),
        problem=_in_words(problem or (seen.problem if seen else "") or found.problem),
    )
    return render(request, page, status=400 if problem else 200)


def _guessed(form: ColumnForm, seen: FileSeen | None) -> ColumnForm:
    """What was chosen, and what the headers say of the rest."""
    if seen is None or form.model_fields_set:
        return form
    return ColumnForm(**{key: name for key, name in seen.sight.guessed.items() if key in COLUMN_NAMES})


def _in_words(problem: str) -> str:
    """What the importers say to a terminal: here the columns are chosen below."""
    told = _COMMAND.sub("，请在下面选", problem)
    return _OWN_NAME.sub("", told)


def _to(found: Upload) -> Response:
    return RedirectResponse(f"/imports/{found.token}", 303)
