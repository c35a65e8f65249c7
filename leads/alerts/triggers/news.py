"""What there may be to tell: a new lead or mention, a spike, a source in trouble; and how it is put. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote, urlencode

from crawler.items import Post
from leads.alerts.messages.message import PUBLISHED, Payload
from leads.alerts.triggers import rule_set
from leads.alerts.triggers.rule_set import Occasion
from leads.labels import COMPLAINT_NAMES, POLARITY_NAMES, PRECISION_NAMES, distance_text, source_name
from leads.models import BEIJING, Clinic, Lead, Mention, RuleKind, Severity
from leads.query.alert_conditions import severity_of
from leads.scoring import fit
from leads.scoring.distance import distance_km, reach
from nlp.models import Region, Tags
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon

LONGEST = 1000  # characters of a post in an alert
_TITLES: Mapping[str, str] = {"silent": "来源没有内容", "blocked": "来源拒绝访问"}


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One cause, before anybody is told. `id` is made of its content: the same thing is the same cause."""

    id: str
    kind: RuleKind
    occasion: Occasion
    # Called only when somebody wants to hear of it, with the clinics this person may see.
    tell: Callable[[Sequence[Clinic]], Payload]
    concerns: Callable[[Clinic], bool]  # whether a doctor of this clinic may hear of it
    severity: Severity = "low"
    post_id: str = ""
    published_at: datetime | None = None  # None: now


def of_lead(lead: Lead) -> News:
    """A lead that was stored."""
    hours = any(symptom.present and symptom.urgency == "hours" for symptom in lead.tags.symptoms)
    severity: Severity = "high" if hours else "low"
    return News(
        id=f"lead:{lead.id}",
        kind="lead",
        occasion=rule_set.of_lead(lead),
        tell=lambda clinics: _lead(lead, severity, clinics),
        concerns=lambda clinic: fit.serves(clinic, lead.tags),
        severity=severity,
        post_id=lead.id,
        published_at=lead.post.published_at,
    )


def of_mention(mention: Mention, tags: Tags, clinic: Clinic) -> News:
    """A mention that was stored, with what is known of its post."""
    return News(
        id=f"mention:{mention.id}",
        kind="mention",
        occasion=rule_set.of_mention(mention, tags),
        tell=lambda clinics: _mention(mention, clinic),
        concerns=lambda other: other.id == mention.clinic_id,
        severity=severity_of(mention.sentiment.severity),
        post_id=mention.post.id,
        published_at=mention.post.published_at,
    )


def of_spike(*, symptom: str, city: str, day: date, count: int, usual: float) -> News:
    """Much more talk of a symptom in a city than on the same weekday before; one a symptom, city and day."""
    factor = count / max(usual, 1.0)
    chain = tuple(dict.fromkeys((city[:2] + "0000", city)))
    return News(
        id=f"spike:{symptom}:{city}:{day}",
        kind="spike",
        occasion=rule_set.of_spike(symptom, chain, factor),
        tell=lambda clinics: _spike(symptom, city, day, count, usual),
        concerns=lambda clinic: not clinic.specialties or _specialty(symptom) in clinic.specialties,
        severity="medium",
    )


def of_source(kind: RuleKind, source: str, *, key: str, reason: str) -> News:
    """A source is silent or blocked; `key` says which time (a run's number)."""
    return News(
        id=f"{kind}:{source}:{key}",
        kind=kind,
        occasion=rule_set.of_source(kind, source),
        tell=lambda clinics: _source(kind, source, reason),
        concerns=lambda clinic: False,
        severity="high" if kind == "blocked" else "medium",
    )


# --- wording ------------------------------------------------------------


def lead_page(lead_id: str) -> str:
    """The path of a lead's page."""
    return f"/leads/{quote(lead_id)}"


def mention_page(mention_id: str) -> str:
    """The path of a mention's page."""
    return f"/mentions/{quote(mention_id)}"


def _lead(lead: Lead, severity: Severity, clinics: Sequence[Clinic]) -> Payload:
    nearest = fit.nearest(clinics, lead.tags)
    names = tuple(dict.fromkeys(each.name for each in lead.tags.symptoms if each.present))
    place = _place(lead.tags.region)
    return Payload(
        title=_joined("新线索：", (place, "、".join(names[:3]) or "求诊")),
        lines=(_text(lead.post),),
        facts=(
            ("需求", f"{lead.need:.0%}"),
            ("症状", "、".join(names)),
            ("地点", place),
            ("距离", _way(nearest, lead.tags.region)),
            *_about(lead.post),
        ),
        severity=severity,
        clinic=nearest.name if nearest else "",
        published=lead.post.published_at.isoformat(),
        page=lead_page(lead.id),
        post_url=_address(lead.post),
    )


def _mention(mention: Mention, clinic: Clinic) -> Payload:
    mood = mention.sentiment
    kinds = "、".join(COMPLAINT_NAMES[kind] for kind in mood.kinds)
    name = POLARITY_NAMES[mood.polarity]
    found = "评论了自己发的内容" if mention.how == "comment" else mention.term
    return Payload(
        title=f"{clinic.name} 被提到：{name}" + (f"（{kinds}）" if kinds else ""),
        lines=(_text(mention.post),),
        facts=(
            ("提到", found),
            ("依据", "、".join((*mood.cues[:5], *mention.support[:3]))),
            *_about(mention.post),
        ),
        severity=severity_of(mood.severity),
        published=mention.post.published_at.isoformat(),
        clinic_id=clinic.id,
        clinic=clinic.name,
        page=mention_page(mention.id),
        post_url=_address(mention.post),
    )


def _spike(symptom: str, city: str, day: date, count: int, usual: float) -> Payload:
    concept = lexicon.load().concepts.get(symptom)
    name, place = (concept.name if concept else symptom), _division(city)
    return Payload(
        title=f"{place} {name} 的求诊突然变多",
        lines=(f"{day:%m-%d} 到现在有 {count} 条，往常同一个星期几一整天约 {usual:g} 条。",),
        facts=(("症状", name), ("地点", place)),
        severity="medium",
        page="/leads?" + urlencode({"symptom": symptom, "area": city, "since": "1d", "near": "all"}),
    )


def _source(kind: RuleKind, source: str, reason: str) -> Payload:
    return Payload(
        title=f"{_TITLES[kind]}：{source}",
        lines=(reason,) if reason else (),
        facts=(("来源", source),),
        severity="high" if kind == "blocked" else "medium",
        page="/coverage",
    )


def _about(post: Post) -> Sequence[tuple[str, str]]:
    moment = post.published_at.astimezone(BEIJING)
    return (("来源", source_name(post.source)), (PUBLISHED, f"{moment:%m-%d %H:%M}"))


def _way(clinic: Clinic | None, region: Region | None) -> str:
    """ "1.4 公里" to a point, "武侯区内（±6 公里）" for an area; "" where nothing is known of it.

    Of one that is near only by its uncertainty it says so.
    """
    if clinic is None or region is None:
        return ""
    distance = distance_km(clinic.lat, clinic.lon, region.lat, region.lon)
    said = distance_text(region, distance)
    placed = said if region.level == "point" else f"{region.name}{said}"
    unsure = reach(region, fit.near(clinic), distance) == "likely"
    return f"{placed}，{PRECISION_NAMES['likely']}" if unsure else placed


def _text(post: Post) -> str:
    text = post.full_text
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _address(post: Post) -> str:
    return post.url if post.url.startswith(("http://", "https://")) else ""


def _place(region: Region | None) -> str:
    """ "成都市武侯区", as much as is known."""
    if region is None:
        return ""
    return "".join(dict.fromkeys(filter(None, (region.city, region.district)))) or region.province


def _joined(head: str, parts: Sequence[str]) -> str:
    return head + " ".join(filter(None, parts))


def _division(code: str) -> str:
    division = Gazetteer.load().by_code(code)
    return division.name if division else code


def _specialty(symptom: str) -> str:
    concept = lexicon.load().concepts.get(symptom)
    return concept.specialty if concept else ""
