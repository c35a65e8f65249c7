"""Clinics: read by everybody who may look at their leads, changed with a scope of its own."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.clinics.doctors import card_of
from leads.clinics.form import ClinicDraft, Written, checked_id, draft
from leads.records import clinics as kept
from leads.records.tables.clinics import ClinicRow
from leads.web.api.access import ClinicsWriter, LeadsReader, scoped
from leads.web.api.answers import IfMatch, answer, listed, version_required
from leads.web.api.once import DoOnce
from leads.web.desk import Desk, Number, TheDesk

routes = APIRouter(tags=["诊所"])
ClinicId = Annotated[str, Path(max_length=40, examples=["anhe"])]
Words = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=100)]
_LISTS = ("aliases", "doctors", "exclude", "competitors")


Line = Annotated[str, Field(pattern=r"^[^|｜\n\r]*$")]  # the page's form has these as lines


class DoctorShape(BaseModel):
    """A doctor, for who looks for one."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Line, Field(max_length=60, description="和 doctors 里写的一样。")]
    title: Annotated[Line, Field(max_length=40)] = ""
    specialties: list[Annotated[str, Field(max_length=40)]] = Field(
        default_factory=list, description="科室代码；空的是诊所看的都看。", max_length=20
    )
    hours: Annotated[Line, Field(max_length=80, description="出诊时间。")] = ""
    booking: Annotated[Line, Field(max_length=300, description="预约网址。")] = ""


class ClinicShape(BaseModel):
    """A clinic. Degrees are WGS-84; hours are Beijing time."""

    id: str
    name: str
    lat: float
    lon: float
    adcode: str = Field(description="所在区县的六位代码。")
    reach_km: float
    aliases: list[str]
    doctors: list[str]
    specialties: list[str] = Field(description="科室代码；空的是都看。")
    exclude: list[str]
    competitors: list[str]
    cards: list[DoctorShape] = Field(description="医生资料。")
    quiet_from: str
    quiet_to: str
    managed_by: Literal["page", "file"]
    version: int


class Clinics(BaseModel):
    """Every clinic the token's owner may see."""

    items: list[ClinicShape]
    next: str | None


class ClinicPatch(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reach_km": 8, "version": 1}]})

    name: str | None = Field(None, min_length=2, max_length=120)
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)
    district: str | None = Field(None, max_length=60, description="四川成都武侯区；不写就按坐标。")
    reach_km: float | None = Field(None, gt=0)
    aliases: Words | None = None
    doctors: Words | None = None
    specialties: Words | None = None
    exclude: Words | None = None
    competitors: Words | None = None
    cards: Annotated[list[DoctorShape], Field(max_length=100)] | None = None
    quiet_from: str | None = Field(None, max_length=5, description="22:00；空的没有安静时段。")
    quiet_to: str | None = Field(None, max_length=5)
    version: Number | None = Field(None, description="改的是哪一版；也可以用 If-Match。")


class NewClinic(ClinicPatch):
    """A clinic to be: a name and a place at least."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "安和口腔", "lat": 30.64, "lon": 104.04}]}
    )

    id: str = Field("", max_length=40, description="小写字母、数字、- 和 _；不写会得到一个。")
    name: str = Field(min_length=2, max_length=120)
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


def _drafted(asked: ClinicPatch, row: ClinicRow | None) -> ClinicDraft:
    """As the form of the page would have it."""
    old = {} if row is None else {name: getattr(row, name) for name in ClinicShape.model_fields}
    given = asked.model_dump(exclude_none=True, exclude={"version", "id"})
    values = {**old, **given}
    moved = {"lat", "lon"} & given.keys()
    written = Written(
        name=values["name"],
        lat=repr(values["lat"]),
        lon=repr(values["lon"]),
        district=given.get("district", "" if moved or row is None else row.adcode),
        reach_km=repr(values.get("reach_km", 5.0)),
        specialties=tuple(values.get("specialties", ())),
        quiet_from=values.get("quiet_from", ""),
        quiet_to=values.get("quiet_to", ""),
        **{name: "\n".join(values.get(name, ())) for name in _LISTS},
    )
    return draft(
        written,
        own_accounts=() if row is None else tuple(row.own_accounts),
        cards=map(card_of, values.get("cards", ())),
    )


def _shape(row: ClinicRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in ClinicShape.model_fields}


def _row(desk: Desk, clinic_id: str) -> ClinicRow:
    with desk.records.reading() as session:
        row = kept.get(session, clinic_id)
    if row is None:
        raise HTTPException(404, "没有这家诊所：它可能已被删除。")
    return row


@routes.get("/clinics", response_model=Clinics, openapi_extra=scoped("leads:read"))
def list_clinics(request: Request, desk: TheDesk, caller: LeadsReader) -> Response:
    """诊所；医生的令牌只看到自己的。"""
    own = {clinic.id for clinic in caller.visitor.clinics}
    with desk.records.reading() as session:
        return answer(request, listed([_shape(row) for row in kept.rows(session) if row.id in own]))


@routes.get("/clinics/{clinic_id}", response_model=ClinicShape, openapi_extra=scoped("leads:read"))
def get_clinic(request: Request, desk: TheDesk, caller: LeadsReader, clinic_id: ClinicId) -> Response:
    """一家诊所。"""
    if not any(clinic.id == clinic_id for clinic in caller.visitor.clinics):
        raise HTTPException(404, "没有这家诊所：它可能已被删除。")
    return answer(request, _shape(_row(desk, clinic_id)))


@routes.post("/clinics", response_model=ClinicShape, status_code=201, openapi_extra=scoped("clinics:write"))
def add_clinic(desk: TheDesk, caller: ClinicsWriter, once: DoOnce, asked: NewClinic) -> Response:
    """加一家诊所；从下一次采集或导入起就会用到。"""
    made, clinic_id = _drafted(asked, None), checked_id(asked.id)

    def work(session: Session) -> tuple[int, dict[str, object]]:
        return 201, _shape(kept.add(session, made, who=caller.who, now=desk.clock(), clinic_id=clinic_id))

    return once(caller, asked, work)


@routes.patch("/clinics/{clinic_id}", response_model=ClinicShape, openapi_extra=scoped("clinics:write"))
def change_clinic(
    desk: TheDesk,
    caller: ClinicsWriter,
    once: DoOnce,
    clinic_id: ClinicId,
    asked: ClinicPatch,
    if_match: IfMatch = None,
) -> Response:
    """改诊所；必须带 version 或 If-Match。写在 tingzhen.toml 里的从此归网页管。"""
    made = _drafted(asked, _row(desk, clinic_id))
    version = version_required(if_match, asked.version)

    def work(session: Session) -> tuple[int, dict[str, object]]:
        return 200, _shape(
            kept.change(session, clinic_id, made, version=version, who=caller.who, now=desk.clock())
        )

    return once(caller, asked, work)


@routes.delete("/clinics/{clinic_id}", status_code=204, openapi_extra=scoped("clinics:write"))
def remove_clinic(desk: TheDesk, caller: ClinicsWriter, once: DoOnce, clinic_id: ClinicId) -> Response:
    """删掉诊所：提到它的规则停用，医生不再属于它，跟进留着。"""

    def work(session: Session) -> tuple[int, None]:
        if kept.get(session, clinic_id) is None:
            raise HTTPException(404, "没有这家诊所：它可能已被删除。")
        kept.remove(session, clinic_id, who=caller.who, now=desk.clock())
        return 204, None

    return once(caller, None, work)
