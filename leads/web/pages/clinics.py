"""诊所: what each clinic is called, where it stands, what it treats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from crawler.parsing.coordinates import System
from leads import storage
from leads.clinics.doctors import card_lines, card_of
from leads.clinics.form import ClinicDraft, Written, checked_id, district_at, draft
from leads.clinics.own_accounts import account_key
from leads.clinics.pasted_place import SYSTEM_NAMES, how_read, read_place, valid_point
from leads.errors import ConflictError, InputError
from leads.records import clinics as kept
from leads.records import mentions
from leads.records.clinics import Affected
from leads.records.tables.clinics import ClinicRow
from leads.web.auth import Staff
from leads.web.desk import Desk, Number, TheDesk
from leads.web.first_steps import following
from leads.web.map.geometry import seats_around
from leads.web.map.tiles import allow_tiles
from leads.web.render import WebPage, render
from nlp.places.gazetteer import Gazetteer

routes = APIRouter()
PICKER_KM = 40.0
MOST_COUNTED = 1000  # mentions of a clinic that is to be removed
SITE_NAMES = {"weibo": "微博", "tieba": "百度贴吧", "xhs": "小红书（导入的文件）"}
DONE = {
    "added": "诊所已添加：从下一次采集或导入起就会用到。",
    "changed": "已保存：从下一次采集或导入起就会用到。",
    "removed": "诊所已删除。",
}
_LISTS = ("aliases", "doctors", "exclude", "competitors")


class ClinicForm(BaseModel):
    """The form as it is sent. `keep_account` are the pseudonyms that stay."""

    id: str = ""
    version: Number = 0
    name: str = ""
    aliases: str = ""
    doctors: str = ""
    cards: str = ""
    exclude: str = ""
    competitors: str = ""
    specialties: list[str] = []
    lat: str = ""
    lon: str = ""
    coordinate: str = ""
    system: str = "gcj02"
    district: str = ""
    reach_km: str = ""
    quiet_from: str = ""
    quiet_to: str = ""
    keep_account: list[str] = []
    account_site: str = "weibo"
    account: str = ""

    def written(self) -> Written:
        values = self.model_dump(include=set(Written.__dataclass_fields__) - {"specialties"})
        return Written(**values, specialties=tuple(self.specialties))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicsPage(WebPage):
    """All clinics; `places` are their districts by their ids."""

    template: ClassVar[str] = "clinics.html"
    rows: Sequence[ClinicRow]
    places: Mapping[str, str]
    done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicPage(WebPage):
    """The form of a clinic, or of a new one without a row, with its map; `tiles` is "" for none."""

    template: ClassVar[str] = "clinic.html"
    form: ClinicForm
    row: ClinicRow | None
    problem: str
    systems: Mapping[System, str]
    sites: Mapping[str, str]
    place: str
    in_file: bool
    tiles: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalPage(WebPage):
    """What would lose its clinic; one that stands in the settings `comes_back`."""

    template: ClassVar[str] = "clinic_remove.html"
    row: ClinicRow
    affected: Affected
    mentions: int
    more: bool  # there are more than were counted
    comes_back: bool
    problem: str


@routes.get("/clinics")
def clinics(request: Request, desk: TheDesk, visitor: Staff, done: str = "") -> Response:
    """All clinics."""
    with desk.records.reading() as session:
        rows = kept.rows(session)
    page = ClinicsPage(
        rows=rows,
        places={row.id: _place_name(row.adcode) for row in rows},
        done=DONE.get(done, ""),
    )
    return render(request, page)


@routes.get("/clinics/new")
def new(request: Request, desk: TheDesk, visitor: Staff) -> Response:
    """An empty form."""
    return _form(request, desk, ClinicForm(reach_km="5"), None)


@routes.get("/clinics/place")
def place(
    visitor: Staff,
    lat: Annotated[float, Query(ge=-90, le=90)],
    lon: Annotated[float, Query(ge=-180, le=180)],
) -> Response:
    """For the map of the form: the district of a point, and the seats around it."""
    if not valid_point(lat, lon):
        return JSONResponse({"problem": "这里不在中国范围内。"}, 400)
    try:
        division = district_at(lat, lon)
    except InputError as error:
        return JSONResponse({"problem": str(error)}, 400)
    return JSONResponse(
        {"district": _place_name(division.code), "seats": seats_around(lat, lon, PICKER_KM)},
    )


@routes.get("/clinics/read")
def read(visitor: Staff, coordinate: str = "", system: str = "gcj02") -> Response:
    """For the form: how a pasted coordinate is understood."""
    try:
        pasted = read_place(coordinate, system)
        said = f"{how_read(pasted)}，{_place_name(district_at(pasted.lat, pasted.lon).code)}。"
    except InputError as error:
        return JSONResponse({"problem": str(error)}, 400)
    return JSONResponse({"lat": pasted.lat, "lon": pasted.lon, "said": said})


@routes.post("/clinics")
def add(request: Request, desk: TheDesk, visitor: Staff, form: Annotated[ClinicForm, Form()]) -> Response:
    """A new clinic."""
    try:
        made = _draft(desk, form, None)
        with desk.records.transaction() as session:
            kept.add(session, made, who=visitor.login, now=desk.clock(), clinic_id=checked_id(form.id))
    except InputError as error:
        return _form(request, desk, form, None, str(error), 400)
    further = following(desk, visitor)
    return RedirectResponse(f"{further}?done=clinic", 303) if further else _back("added")


@routes.get("/clinics/{clinic_id}")
def edit(request: Request, desk: TheDesk, visitor: Staff, clinic_id: str) -> Response:
    """The form of a clinic."""
    row = _row(desk, clinic_id)
    return _form(request, desk, _filled(row), row)


@routes.post("/clinics/{clinic_id}")
def change(
    request: Request, desk: TheDesk, visitor: Staff, clinic_id: str, form: Annotated[ClinicForm, Form()]
) -> Response:
    """Save, unless somebody else has meanwhile; what was written stays in the form."""
    row = _row(desk, clinic_id)
    try:
        made = _draft(desk, form, row)
        with desk.records.transaction() as session:
            kept.change(session, clinic_id, made, version=form.version, who=visitor.login, now=desk.clock())
    except InputError as error:
        return _form(request, desk, form, row, str(error), 400)
    except ConflictError as error:
        return _form(request, desk, form, row, str(error), 409)
    return _back("changed")


@routes.get("/clinics/{clinic_id}/remove")
def ask_remove(request: Request, desk: TheDesk, visitor: Staff, clinic_id: str) -> Response:
    """What would be affected, before anything is."""
    return _removal(request, desk, _row(desk, clinic_id))


@routes.post("/clinics/{clinic_id}/remove")
def remove(request: Request, desk: TheDesk, visitor: Staff, clinic_id: str) -> Response:
    """Gone."""
    row = _row(desk, clinic_id)
    try:
        with desk.records.transaction() as session:
            kept.remove(session, clinic_id, who=visitor.login, now=desk.clock())
    except InputError as error:
        return _removal(request, desk, row, str(error), 400)
    return _back("removed")


def _draft(desk: Desk, form: ClinicForm, row: ClinicRow | None) -> ClinicDraft:
    accounts = tuple(each for each in (row.own_accounts if row else ()) if each in form.keep_account)
    if form.account.strip():
        if form.account_site not in _sites(desk):
            raise InputError("自有账号的网站不认识：请从列表里选。")
        accounts += (account_key(storage.author_secret(desk.settings), form.account_site, form.account),)
    return draft(form.written(), own_accounts=tuple(dict.fromkeys(accounts)))


def _filled(row: ClinicRow) -> ClinicForm:
    derived = Gazetteer.load().nearest(row.lat, row.lon)
    return ClinicForm(
        district="" if derived is not None and derived.code == row.adcode else _place_name(row.adcode),
        id=row.id,
        version=row.version,
        name=row.name,
        cards=card_lines(map(card_of, row.cards)),
        specialties=row.specialties,
        lat=f"{row.lat:.6f}",
        lon=f"{row.lon:.6f}",
        reach_km=f"{row.reach_km:g}",
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
        keep_account=row.own_accounts,
        **{name: "\n".join(getattr(row, name)) for name in _LISTS},
    )


def _form(
    request: Request,
    desk: Desk,
    form: ClinicForm,
    row: ClinicRow | None,
    problem: str = "",
    status: int = 200,
) -> Response:
    page = ClinicPage(
        form=form,
        row=row,
        problem=problem,
        systems=SYSTEM_NAMES,
        sites=_sites(desk),
        place=_place_name(row.adcode) if row else "",
        in_file=row is not None and row.managed_by == "file",
        tiles=desk.settings.web.tiles,
    )
    return allow_tiles(render(request, page, status=status), desk.settings)


def _removal(request: Request, desk: Desk, row: ClinicRow, problem: str = "", status: int = 200) -> Response:
    with desk.records.reading() as session:
        affected = kept.affected(session, row.id)
        others = mentions.others(session)
    heads = desk.index.mention_heads(clinic_id=row.id, limit=MOST_COUNTED)
    filed = {clinic.id for clinic in desk.settings.clinic_records()}
    page = RemovalPage(
        row=row,
        affected=affected,
        mentions=sum(head.id not in others for head in heads),
        more=len(heads) >= MOST_COUNTED,
        comes_back=row.id in filed,
        problem=problem,
    )
    return render(request, page, status=status)


def _row(desk: Desk, clinic_id: str) -> ClinicRow:
    with desk.records.reading() as session:
        row = kept.get(session, clinic_id)
    if row is None:
        raise HTTPException(404, "没有这家诊所：它可能已被删除。")
    return row


def _sites(desk: Desk) -> dict[str, str]:
    """What sites an account can be on: those everybody knows, and the configured ones by their names."""
    own = {source.name: source.name for source in storage.sources(desk.settings)}
    return {**SITE_NAMES, **{name: text for name, text in own.items() if name not in SITE_NAMES}}


def _place_name(adcode: str) -> str:
    gazetteer = Gazetteer.load()
    division = gazetteer.by_code(adcode)
    return "" if division is None else "".join(dict.fromkeys(filter(None, gazetteer.names(division))))


def _back(done: str) -> Response:
    return RedirectResponse("/clinics?" + urlencode({"done": done}), 303)
