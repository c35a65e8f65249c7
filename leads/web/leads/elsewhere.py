"""Where there is something when a list is empty: the same question with one condition less, counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from leads.errors import QueryError
from leads.index.base import LeadIndex
from leads.labels import NOWHERE, SINCE_NAMES
from leads.web.auth import Visitor
from leads.web.leads.search_form import LeadForm, list_query

_EVERYWHERE = {"near": "", "radius": "", "precision": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What the list behind `url` is, and how many it holds."""

    title: str
    count: int
    url: str


def of_search(index: LeadIndex, form: LeadForm, visitor: Visitor, now: datetime) -> list[Elsewhere]:
    """Those that hold anything; each link opens exactly what was counted.

    Raises:
        StorageError: the index cannot be read.
    """
    found = []
    for title, changes in _loosened(form, visitor):
        other = form.model_copy(update={**changes, "cursor": "", "at": ""})
        try:
            count = index.count(list_query(other, visitor, limit=1, now=now))
        except QueryError:
            continue
        if count:
            found.append(Elsewhere(title=title, count=count, url=other.url()))
    return found


def _loosened(form: LeadForm, visitor: Visitor) -> Iterator[tuple[str, Mapping[str, object]]]:
    if form.place(visitor.clinics) or visitor.restricted:
        if not form.precision:
            yield "可能在附近", {"precision": "maybe"}
        if form.precision != "possible":
            yield "连仅同省", {"precision": "possible"}
        yield f"地点{NOWHERE}", {**_EVERYWHERE, "area": NOWHERE}
    if form.since and not form.until:
        named = str(SINCE_NAMES.get(form.since, form.since)).removesuffix("内").strip()
        yield f"比 {named}更早", {"since": "", "until": form.since}
    if form.status:
        yield "不限状态（有人处理过的也算）", {"status": []}
    if form.specialty and not visitor.restricted:
        yield "不限科室", {"specialty": []}
    if form.q:
        yield "不限搜索词", {"q": ""}
    if form.place(visitor.clinics) and not visitor.restricted:
        yield "不限地点", {**_EVERYWHERE, "area": "", "near": "all"}
