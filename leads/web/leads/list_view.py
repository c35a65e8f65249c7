"""What the lead page shows, ready for its template: rows, filters with their counts, chips. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from leads.actions.export import evidence_text
from leads.index.base import Facet
from leads.labels import INTENT_NAMES, NOBODY, PRECISION_NAMES, SINCE_NAMES, STATUS_NAMES
from leads.models import Clinic, Hit, LeadQuery
from leads.query.vocabulary import assignee_login, intent_code, specialty_code, status_code, symptom_code
from leads.records.tables.work import Case
from leads.web.leads.counts import FILTERS, Counts
from leads.web.leads.highlight import Segment, excerpt
from leads.web.leads.search_form import LeadForm
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon

EXCERPT = 240  # characters of a post in the list
SHOWN = 8  # choices of a filter that are open to view
MOST_CHOICES = 40
# What was written for a value, in words or as a code, as its code.
CODES: Mapping[Facet, Callable[[str], str]] = {
    "status": status_code,
    "symptom": symptom_code,
    "specialty": specialty_code,
    "intent": intent_code,
    "source": str,
    "assignee": assignee_login,
}
TITLES: Mapping[Facet, str] = {
    "status": "状态",
    "symptom": "症状",
    "specialty": "科室",
    "intent": "意图",
    "source": "来源",
    "assignee": "负责人",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetChoice:
    """One value of a filter."""

    value: str
    name: str
    chosen: bool = False
    count: int | None = None  # None: was not counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A filter with several choices."""

    field: str  # of the URL
    title: str
    choices: tuple[FacetChoice, ...]
    further: tuple[FacetChoice, ...] = ()  # folded away


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in use; `url` is the page without it, "" where it must stay."""

    text: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRow:
    """A lead of the list."""

    hit: Hit
    text: Sequence[Segment]
    evidence: str  # how the place is known
    status: str
    assignee: str  # a name
    version: int  # of the case; 0: nobody has touched it

    @property
    def url(self) -> str:
        """The page of the lead."""
        return "/leads/" + quote(self.hit.lead.id, safe="")

    @property
    def post_url(self) -> str:
        """The public post; "" unless its address is a web address."""
        url = self.hit.lead.post.url
        return url if url.startswith(("http://", "https://")) else ""


def rows(hits: Iterable[Hit], cases: Mapping[str, Case], people: Mapping[str, str]) -> list[LeadRow]:
    """The records know a case's state; the index may hear of it a moment later."""
    out = []
    for hit in hits:
        lead, case = hit.lead, cases.get(hit.lead.id)
        assignee = case.assignee if case else lead.assignee
        out.append(
            LeadRow(
                hit=hit,
                text=excerpt(lead.post.full_text, lead.reasons, EXCERPT),
                evidence=evidence_text(lead.tags.region),
                status=case.status if case else lead.status,
                assignee=people.get(assignee, assignee),
                version=case.version if case else 0,
            )
        )
    return out


def filters(
    form: LeadForm, query: LeadQuery | None, counts: Counts | None, people: Mapping[str, str]
) -> list[Filter]:
    """Every filter of several choices; `query` is None where the form could not be understood."""
    return [_filter(facet, form, query, counts, people) for facet in FILTERS]


def _filter(
    facet: Facet, form: LeadForm, query: LeadQuery | None, counts: Counts | None, people: Mapping[str, str]
) -> Filter:
    chosen: Sequence[str] = getattr(query, FILTERS[facet]) if query else getattr(form, facet)
    found = counts.facets[facet] if counts else {}
    naming = names_of(facet, people)
    ordered = sorted(found, key=lambda value: (-found[value], value))
    if facet in ("status", "intent"):
        ordered = [value for value in _FIXED[facet] if value in found or value in chosen]
    # A choice in use stays to be taken away, also when nothing is left of it.
    values = list(dict.fromkeys([*chosen, *ordered] if facet not in _FIXED else ordered))[:MOST_CHOICES]
    choices = tuple(
        FacetChoice(
            value=value or NOBODY,
            name=naming(value),
            chosen=value in chosen,
            count=found.get(value, 0) if counts else None,
        )
        for value in values
    )
    open_ones = max(SHOWN, len(chosen))
    return Filter(field=facet, title=TITLES[facet], choices=choices[:open_ones], further=choices[open_ones:])


_FIXED: Mapping[Facet, Sequence[str]] = {"status": tuple(STATUS_NAMES), "intent": tuple(INTENT_NAMES)}


def names_of(facet: Facet, people: Mapping[str, str]) -> Callable[[str], str]:
    """What a value of this facet is called."""
    words = lexicon.load()
    if facet == "symptom":
        return lambda code: words.concepts[code].name if code in words.concepts else code
    if facet == "assignee":
        return lambda login: people.get(login, login) or NOBODY
    tables: Mapping[Facet, Mapping[str, str]] = {
        "status": STATUS_NAMES,
        "intent": INTENT_NAMES,
        "specialty": words.specialties,
    }
    table = tables.get(facet, {})
    return lambda value: table.get(value, value)


def precision_choices(form: LeadForm, counts: Counts | None) -> list[FacetChoice]:
    """How far down to go, each with what it gives."""
    found = counts.precisions if counts else {}
    names = {"sure": "只要确定", "likely": "确定和可能", "possible": "连仅同省"}
    chosen = form.precision or "likely"
    known = {code: name for code, name in PRECISION_NAMES.items() if chosen in (code, name)}
    return [
        FacetChoice(
            value="" if code == "likely" else code, name=name, chosen=code in known, count=found.get(code)
        )
        for code, name in names.items()
    ]


def age_choices(form: LeadForm, counts: Counts | None) -> list[FacetChoice]:
    """How far back to go; one typed into the address is offered too."""
    found = counts.ages if counts else {}
    names = SINCE_NAMES if form.since in SINCE_NAMES else {form.since: f"从 {form.since} 起", **SINCE_NAMES}
    return [
        FacetChoice(value=value, name=name, chosen=value == form.since, count=found.get(value))
        for value, name in names.items()
    ]


def chips(
    form: LeadForm,
    query: LeadQuery,
    clinics: Sequence[Clinic],
    people: Mapping[str, str],
    *,
    restricted: bool,
) -> list[Chip]:
    """Everything that narrows the list, each with the way to be rid of it."""
    out = []
    if form.q.strip():
        out.append(Chip(f"“{form.q.strip()}”", form.without("q")))
    if query.near is not None:
        place = form.place(clinics) or form.near
        name = next((clinic.name for clinic in clinics if clinic.id == place), place)
        if restricted and not place:
            name = clinics[0].name
        text = f"{name} {query.near.km:g} 公里内"
        out.append(
            Chip(text, "" if restricted else form.model_copy(update={"near": "all", "radius": ""}).url())
        )
    if query.area:
        division = Gazetteer.load().by_code(query.area)
        out.append(Chip(division.name if division else query.area, form.without("area")))
    out += [Chip(_age(form.since), form.without("since"))] if form.since else []
    out += [Chip(f"{form.until} 之前", form.without("until"))] if form.until else []
    if form.precision and query.precision != "likely" and query.near is not None:
        out.append(
            Chip({"sure": "位置确定", "possible": "连仅同省"}[query.precision], form.without("precision"))
        )
    if query.min_need:
        out.append(Chip(f"需求不低于 {query.min_need:g}", form.without("min_need")))
    for facet in FILTERS:
        naming = names_of(facet, people)
        values = [(value, CODES[facet](value)) for value in getattr(form, facet)]
        out += [Chip(naming(code), form.without(facet, value)) for value, code in values]
    return out


def _age(since: str) -> str:
    return SINCE_NAMES.get(since, f"从 {since} 起")
