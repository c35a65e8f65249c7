"""The search form: the fields of the lead page's URL, and what a person may ask with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

from pydantic import Field, create_model, model_validator

from leads.errors import QueryError
from leads.labels import NOWHERE
from leads.models import Clinic, LeadQuery
from leads.query.fields import BY_NAME, FIELDS, SearchField
from leads.query.search import Asked, to_query
from leads.scoring.distance import parse_km
from leads.web.auth import Visitor

PAGING = ("cursor", "at")  # where in the list one is, not what was asked
ONE = (*(field.name for field in FIELDS if not field.many and field.name != "limit"), "at")
MANY = tuple(field.name for field in FIELDS if field.many)
LIST = "/leads"  # where the list is
NOTHING = "?near="  # an address that asks for nothing; one without a question mark is the start of the day
_MOMENT = re.compile(r"[0-9]{1,11}(\.[0-9]{1,6})?")
_LISTS_LAST = timedelta(days=1)
MOST = 50  # values of one field


def _described(field: SearchField) -> tuple[object, object]:
    """The type and the rest of a field, as pydantic wants them."""
    if field.many:
        examples = [list(field.examples)] if field.examples else None
        return list[str], Field(default_factory=list, description=field.help, examples=examples)
    return str, Field("", description=field.help, examples=list(field.examples) or None)


def _parts() -> dict[str, Any]:  # what `create_model` takes
    parts: dict[str, Any] = {}
    for field in FIELDS:
        if field.name != "limit":  # each page has its own
            parts[field.name] = _described(field)
        if field.name == "near":
            parts["point"] = (str, "")
        if field.name == "cursor":
            parts["at"] = (str, Field("", description=field.help))
    return parts


_Written = create_model("_Written", **_parts())


class LeadForm(_Written):  # type: ignore[valid-type,misc]  # its fields come from the table
    """As in the URL. `near` left out means the first clinic; "all" means no restriction by place.

    `point` is what was typed instead of choosing a clinic; it becomes `near`. `at` goes with a cursor: when
    the first page was asked for, in seconds since 1970, so that "7d" means the same on every page.
    """

    @model_validator(mode="after")
    def _tidy(self) -> Self:
        placed = {"near": self.point.strip() or self.near.strip(), "point": ""}
        for name, value in placed.items():
            setattr(self, name, value)
        for name in ONE[2:]:
            setattr(self, name, getattr(self, name).strip())
        for name in MANY:
            values = (value.strip() for value in getattr(self, name))
            setattr(self, name, list(dict.fromkeys(filter(None, values)))[:MOST])
        return self

    @classmethod
    def read(cls, query: str) -> Self:
        """The form behind a query string ("q=牙疼&status=new"); fields it does not know are passed over."""
        pairs = parse_qsl(query.removeprefix("?"), max_num_fields=1000)
        values: dict[str, str | list[str]] = {key: value for key, value in pairs if key not in MANY}
        for name in MANY:
            values[name] = [value for key, value in pairs if key == name]
        form: Self = cls.model_validate(values)
        return form

    def items(self) -> list[tuple[str, str]]:
        """What is given, without the page: the same for two addresses that ask the same."""
        one = [(name, getattr(self, name)) for name in ONE if name not in PAGING]
        many = [(name, value) for name in MANY for value in getattr(self, name)]
        return [(name, value) for name, value in one + many if value]

    def url(self, path: str = LIST, **changes: str) -> str:
        """The address that asks this, with some fields replaced; "" leaves one out."""
        kept = [(name, value) for name, value in self.items() if name not in changes]
        query = urlencode([*kept, *((name, value) for name, value in changes.items() if value)])
        return f"{path}?{query}" if query else path + NOTHING if path == LIST else path

    def here(self) -> str:
        """The query string of this very page of the list."""
        return self.url(cursor=self.cursor, at=self.at).removeprefix(f"{LIST}?")

    def without(self, name: str, value: str = "") -> str:
        """The address with one value of a field taken out; the whole field when no value is given."""
        kept = [item for item in self.items() if item[0] != name or (value and item[1] != value)]
        return f"{LIST}?{urlencode(kept)}" if kept else LIST + NOTHING

    def place(self, clinics: Sequence[Clinic]) -> str:
        """What to look near: a clinic's id, a point, or "" for everywhere."""
        if self.near == "all" or self.area:  # an area takes the place of a clinic's surroundings
            return ""
        if self.near:
            return str(self.near)
        return clinics[0].id if clinics else ""

    def settled(self, clinics: Sequence[Clinic]) -> Self:
        """The same with the place spelled out, for keeping: the first clinic may be another one tomorrow."""
        form: Self = self.model_copy(update={"near": self.place(clinics) or "all", "cursor": "", "at": ""})
        return form

    def next_url(self, cursor: str, now: datetime) -> str:
        """The address of the page behind this cursor; "" without one."""
        return self.url(cursor=cursor, at=self.moment(now)) if cursor else ""

    def kept(self, now: datetime) -> str:
        """The query string that brings this page back as it is now, a day long."""
        return self.url(cursor=self.cursor, at=self.moment(now)).removeprefix(f"{LIST}?")

    def moment(self, now: datetime) -> str:
        """When the first page was asked for, as an address says it."""
        return f"{self.asked_at(now).timestamp():.6f}"

    def asked_at(self, now: datetime) -> datetime:
        """When the first page was asked for: now, unless this belongs to a list that is not a day old."""
        if not _MOMENT.fullmatch(self.at):
            return now
        moment = datetime.fromtimestamp(float(self.at), UTC)
        return moment if now - _LISTS_LAST <= moment <= now else now

    def asked(self, clinics: Sequence[Clinic], *, limit: int) -> Asked:
        """The question, with the page's defaults filled in."""
        given = {name: getattr(self, name) for name in (*ONE, *MANY) if name in BY_NAME}
        placed = {**given, "near": self.place(clinics), "limit": str(limit)}
        return {name: value for name, value in placed.items() if value}


def usual_start(clinics: Sequence[Clinic]) -> LeadForm:
    """What a desk opens with until its person chose something else: what is new for the first clinic."""
    first = clinics[0] if clinics else None
    return LeadForm(
        near=first.id if first else "all",
        specialty=list(first.specialties) if first else [],
        status=["new"],
        since="7d",
    )


def list_query(form: LeadForm, visitor: Visitor, *, limit: int, now: datetime) -> LeadQuery:
    """What the list shows: where nothing is said of it, those near alone; who may be near is a group apart.

    Raises:
        QueryError: as `lead_query`.
    """
    query = lead_query(form, visitor, limit=limit, now=now)
    return query if form.precision else replace(query, precision="sure")


def lead_query(form: LeadForm, visitor: Visitor, *, limit: int, now: datetime) -> LeadQuery:
    """What the person asks, within what the person may see.

    A doctor looks around one of the own clinics, no further than its reach, for what it treats; every hit of
    such a query passes `Visitor.may_see_lead`.

    Raises:
        QueryError: the form cannot be understood, or asks for what a doctor may not see.
    """
    now = form.asked_at(now)
    if not visitor.restricted:
        return to_query(form.asked(visitor.clinics, limit=limit), clinics=visitor.clinics, now=now)
    clinic = _own_clinic(form, visitor.clinics)
    asked = form.asked(visitor.clinics, limit=limit)
    own = {"near": clinic.id, "radius": _within_reach(form.radius, clinic)}
    if form.area == NOWHERE:  # may be anywhere, so near the clinic, too
        own = {"near": "all", "radius": ""}
    query = to_query({**asked, **own}, clinics=visitor.clinics, now=now)
    return replace(query, specialties=_treated(query.specialties, clinic))


def _own_clinic(form: LeadForm, own: Sequence[Clinic]) -> Clinic:
    if not own:
        raise QueryError("还没有给你分配诊所，所以没有线索可看：请找管理员。")
    wanted = form.near or own[0].id
    clinic = next((clinic for clinic in own if clinic.id == wanted), None)
    if clinic is None:
        raise QueryError("你只能看自己诊所附近的线索：请在“诊所附近”里选自己的诊所。")
    return clinic


def _within_reach(radius: str, clinic: Clinic) -> str:
    return radius if radius and parse_km(radius) <= clinic.reach_km else f"{clinic.reach_km}km"


def _treated(asked: tuple[str, ...], clinic: Clinic) -> tuple[str, ...]:
    if not clinic.specialties:
        return asked
    both = tuple(code for code in asked if code in clinic.specialties)
    if asked and not both:
        raise QueryError(f"{clinic.name}不看这个科室：请去掉科室条件。")
    return both or clinic.specialties
