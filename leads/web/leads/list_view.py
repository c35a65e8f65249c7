"""What the lead page shows, ready for its template: rows, filters with their counts, chips. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from leads.actions.export import evidence_text
from leads.alerts.triggers.news import mention_page
from leads.errors import QueryError
from leads.index.base import Facet
from leads.labels import (
    DOWN_TO_NAMES,
    INTENT_NAMES,
    LEAD_STATUS_NAMES,
    MENTION_STATE_NAMES,
    NOBODY,
    NOWHERE,
    POLARITY_NAMES,
    SEVERITY_NAMES,
    SINCE_NAMES,
    SITE_NAMES,
    URGENT_NAMES,
    source_name,
)
from leads.models import DOWN_TO, Clinic, Hit, LeadQuery, Mention, MentionState
from leads.query.alert_conditions import severity_of
from leads.query.fields import BY_NAME, FIELDS, SearchField
from leads.query.search import called, code_of
from leads.query.vocabulary import area_name
from leads.records.tables.work import Case
from leads.web.leads.counts import FILTERS, Counts
from leads.web.leads.highlight import URGENT, Segment, excerpt
from leads.web.leads.search_form import LeadForm
from nlp.models import Urgency

EXCERPT = 240  # characters of a post in the list
SHOWN = 8  # choices of a filter that are open to view
MOST_CHOICES = 40


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

    @property
    def rest(self) -> str:
        """The query string without it."""
        return self.url.partition("?")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardLine:
    """A lead that speaks of a clinic of ours is a mention first: who answers it has to know."""

    text: str
    mood: str
    url: str


def heard_line(
    mentions: Sequence[Mention], clinics: Iterable[Clinic], states: Mapping[str, MentionState]
) -> HeardLine | None:
    """The gravest of the mentions that a post is, with how far the work on it is; None for none."""
    mentions = [each for each in mentions if states.get(each.id) != "not_us"]
    if not mentions:
        return None
    gravest = max(
        mentions, key=lambda each: (each.sentiment.polarity == "complaint", each.sentiment.severity)
    )
    name = next((each.name for each in clinics if each.id == gravest.clinic_id), gravest.term)
    mood = gravest.sentiment
    grave = f"，{SEVERITY_NAMES[severity_of(mood.severity)]}" if mood.polarity == "complaint" else ""
    stands = MENTION_STATE_NAMES[states.get(gravest.id, "open")]
    return HeardLine(
        text=f"提到{name}：{POLARITY_NAMES[mood.polarity]}{grave}（{stands}）",
        mood=mood.polarity,
        url=mention_page(gravest.id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRow:
    """A lead of the list."""

    hit: Hit
    text: Sequence[Segment]
    evidence: str  # how the place is known
    status: str
    assignee: str  # a name
    version: int  # of the case; 0: nobody has touched it
    listed: str  # the query string of the list, for the way back
    heard: HeardLine | None  # where the post speaks of a clinic of ours
    snoozed: str  # the day it comes back, "12-03"; "" while it is not left alone
    here: str  # names of others who have it open

    @property
    def urgency(self) -> Urgency:
        """How soon the most urgent of its symptoms wants care."""
        present = {each.urgency for each in self.hit.lead.tags.symptoms if each.present}
        return next((level for level in URGENT if level in present), "elective")

    @property
    def edge(self) -> str:
        """The style of its left edge."""
        return URGENT[self.urgency]

    @property
    def urgent(self) -> str:
        """The same for people."""
        return URGENT_NAMES[self.urgency]

    @property
    def url(self) -> str:
        """The page of the lead."""
        return f"{page_of(self.hit.lead.id)}?{urlencode({'listed': self.listed})}"

    @property
    def post_url(self) -> str:
        """The public post; "" unless its address is a web address."""
        url = self.hit.lead.post.url
        return url if url.startswith(("http://", "https://")) else ""


def page_of(lead_id: str) -> str:
    """Where the page of a lead is."""
    return "/leads/" + quote(lead_id, safe="")


def rows(
    hits: Iterable[Hit],
    cases: Mapping[str, Case],
    people: Mapping[str, str],
    *,
    listed: str,
    heard: Mapping[str, HeardLine],
    here: Mapping[str, str],
) -> list[LeadRow]:
    """The records know a case's state; the index may hear of it a moment later.

    `heard` and `here` (names of who has it open) go by lead.
    """
    out = []
    for hit in hits:
        lead, case = hit.lead, cases.get(hit.lead.id)
        assignee = case.assignee if case else lead.assignee
        out.append(
            LeadRow(
                hit=hit,
                text=excerpt(lead.post.full_text, lead.reasons, EXCERPT, lead.tags.symptoms),
                evidence=evidence_text(lead.tags.region),
                status=case.status if case else lead.status,
                assignee=people.get(assignee, assignee),
                version=case.version if case else 0,
                listed=listed,
                heard=heard.get(lead.id),
                snoozed=f"{case.snoozed_until:%m-%d}" if case and case.snoozed_until else "",
                here=here.get(lead.id, ""),
            )
        )
    return out


def filters(
    form: LeadForm,
    query: LeadQuery | None,
    counts: Counts | None,
    people: Mapping[str, str],
    *,
    treated: Collection[str] = (),
) -> list[Filter]:
    """Every filter of several choices; `query` is None where the form could not be understood.

    `treated`: the specialties that may be asked for, empty for all.
    """
    found = [_filter(facet, form, query, counts, people) for facet in FILTERS]
    return [_only(each, treated) if each.field == "specialty" and treated else each for each in found]


def _only(found: Filter, values: Collection[str]) -> Filter:
    """The filter with these choices only."""
    kept = tuple(each for each in (*found.choices, *found.further) if each.value in values)
    return replace(found, choices=kept, further=())


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
    return Filter(
        field=facet, title=BY_NAME[facet].label, choices=choices[:open_ones], further=choices[open_ones:]
    )


_FIXED: Mapping[Facet, Sequence[str]] = {"status": tuple(LEAD_STATUS_NAMES), "intent": tuple(INTENT_NAMES)}


def names_of(facet: Facet, people: Mapping[str, str]) -> Callable[[str], str]:
    """What a value of this facet is called."""
    field = BY_NAME[facet]
    if facet == "assignee":
        return lambda login: people.get(login) or called(field, login)
    if facet == "source":
        return source_name
    return lambda code: called(field, code)


def precision_choices(form: LeadForm, counts: Counts | None) -> list[FacetChoice]:
    """How far down to go, each with what it gives."""
    found = counts.precisions if counts else {}
    field = BY_NAME["precision"]
    chosen = "sure"
    with suppress(QueryError):
        chosen = code_of(field, form.precision or chosen)
    return [
        FacetChoice(
            value="" if code == "sure" else code,
            name=DOWN_TO_NAMES[code],
            chosen=code == chosen,
            count=found.get(code),
        )
        for code in DOWN_TO
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaybeNear:
    """The group beside a list of those near: who may be near by the uncertainty of the place alone."""

    count: int
    url: str


def maybe_near(form: LeadForm, query: LeadQuery | None, counts: Counts | None) -> MaybeNear | None:
    """None where the list holds them, or there are none."""
    if query is None or counts is None or query.precision != "sure" or not counts.precisions.get("maybe"):
        return None
    return MaybeNear(count=counts.precisions["maybe"], url=form.url(precision="maybe"))


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
    for field in FIELDS:
        if field.name == "near":
            out += _place_chip(form, query, clinics, restricted=restricted)
        elif field.many:
            out += _choice_chips(field, form, people)
        elif text := _said(field, form, query):
            out.append(Chip(text, form.without(field.name)))
    return out


def _place_chip(
    form: LeadForm, query: LeadQuery, clinics: Sequence[Clinic], *, restricted: bool
) -> list[Chip]:
    if query.near is None:
        return []
    place = form.place(clinics) or form.near
    name = next((clinic.name for clinic in clinics if clinic.id == place), place)
    if restricted and not place:
        name = clinics[0].name
    everywhere = form.model_copy(update={"near": "all", "radius": ""}).url()
    return [Chip(f"{name} {query.near.km:g} 公里内", "" if restricted else everywhere)]


def _choice_chips(field: SearchField, form: LeadForm, people: Mapping[str, str]) -> list[Chip]:
    values = [(value, code_of(field, value)) for value in getattr(form, field.name)]
    known: Mapping[str, Mapping[str, str]] = {"assignee": {**people, "": NOBODY}, "source": SITE_NAMES}
    names = known.get(field.name, {})
    return [
        Chip(names.get(code) or called(field, code), form.without(field.name, value))
        for value, code in values
    ]


def _said(field: SearchField, form: LeadForm, query: LeadQuery) -> str:
    """What the chip of a field with one value says; "" where it does not narrow the list."""
    text = getattr(form, field.name, "").strip()
    if field.kind == "area" and text == NOWHERE:
        return f"地点{NOWHERE}"
    if not text or not field.fills or not getattr(query, field.fills):
        return ""
    if field.name == "since":
        return _age(text)
    if field.name == "precision":
        return called(field, query.precision) if query.near is not None and query.precision != "sure" else ""
    value = f"{float(text):g}" if field.kind == "share" else text
    return field.chip.format(area_name(query.area) if field.kind == "area" else value)


def _age(since: str) -> str:
    return SINCE_NAMES.get(since, f"从 {since} 起")
