"""What people around a clinic ask these days, for a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from leads.index.spread import city_of
from leads.insights.topics.topics import Span
from leads.models import Clinic
from leads.web.desk import Desk
from leads.web.insights.questions import asked_in

SHOWN = 3
_SPAN: Span = "week"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOften:
    """A question, how many people asked it in seven days, and where their posts are."""

    title: str
    people: int
    url: str


def often(desk: Desk, clinic: Clinic | None, *, specialties: frozenset[str]) -> Sequence[AskedOften]:
    """The most asked around this clinic; raises StorageError."""
    if clinic is None:
        return ()
    city = city_of(clinic.adcode)
    questions = asked_in(desk, city, _SPAN, specialties=specialties).value
    return tuple(
        AskedOften(
            title=f"{each.symptom_name}：{each.title}",
            people=each.people,
            url="/questions/posts?" + urlencode({"city": city, "span": _SPAN, "key": each.key}),
        )
        for each in questions[:SHOWN]
    )
