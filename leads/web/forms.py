"""The search form: the fields of the lead page's URL."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from leads.asking import Asked
from leads.models import Clinic


class LeadForm(BaseModel):
    """As in the URL. `near` left out means the first clinic; "all" means no restriction by place."""

    q: str = ""
    near: str = ""
    radius: str = ""
    area: str = ""
    symptom: str = ""
    specialty: str = ""
    source: str = ""
    since: str = ""
    precision: str = ""
    min_need: str = ""
    sort: str = ""
    cursor: str = ""

    def clinic_or_point(self, clinics: Sequence[Clinic]) -> str:
        """What to look near: a clinic's id, a point, or "" for everywhere."""
        if self.near == "all" or self.area:
            return ""
        if self.near:
            return self.near
        return clinics[0].id if clinics else ""

    def asked(self, clinics: Sequence[Clinic], *, limit: int) -> Asked:
        """The question, with the page's defaults filled in."""
        near = self.clinic_or_point(clinics)
        return Asked(
            q=self.q,
            near=near,
            radius=self.radius,
            area=self.area,
            symptom=_given(self.symptom),
            specialty=_given(self.specialty),
            source=_given(self.source),
            since=self.since,
            precision=self.precision or "likely",
            min_need=self.min_need,
            sort=self.sort or "score",
            limit=str(limit),
            cursor=self.cursor,
        )


def _given(value: str) -> tuple[str, ...]:
    return (value.strip(),) if value.strip() else ()
