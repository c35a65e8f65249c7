"""What a lead counts for in facets, on the map and day by day, and its digest; for every backend. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

import orjson

from leads.index.base import Facet
from leads.models import BEIJING, Lead
from leads.scoring.life_stage import LifeStage, life_stage
from nlp.models import Tags

_MUNICIPALITIES = ("11", "12", "31", "50")
MAX_ZOOM = 20
MERCATOR_EDGE = 85.0511287798066  # the latitude at which Web Mercator ends, atan(sinh(pi))


def city_of(code: str) -> str:
    """The adcode of the city a division lies in; "" for a province. Counties under one are their own."""
    if not code:
        return ""
    if code[:2] in _MUNICIPALITIES:
        return code[:2] + "0000"
    if code[2:4] == "00":
        return ""
    return code if code[2:4] == "90" else code[:4] + "00"


def chain_of(code: str) -> tuple[str, ...]:
    """As `nlp.models.Region.chain`: the divisions a division lies in, itself included; none for ""."""
    if not code:
        return ()
    return tuple(its for its in (code[:2] + "0000", code[:4] + "00", code) if its <= code)


def facet_values(lead: Lead) -> Mapping[Facet, tuple[str, ...]]:
    """Under which values of each facet the lead is counted."""
    region = lead.tags.region
    city = city_of(region.code) if region is not None else ""
    return {
        "symptom": present_codes(lead.tags),
        "specialty": specialty_codes(lead.tags),
        "city": (city,) if city else (),
        "source": (lead.post.source,),
        "day": (day_of(lead.post.published_at.timestamp()),),
        "status": (lead.status,),
        "assignee": (lead.assignee,),
        "intent": (lead.tags.intent_label,),
        "level": ("" if region is None else region.level,),
    }


def present_codes(tags: Tags) -> tuple[str, ...]:
    """Codes of the symptoms somebody has now, no repeats."""
    return tuple(dict.fromkeys(each.code for each in tags.symptoms if each.present))


def specialty_codes(tags: Tags) -> tuple[str, ...]:
    """Codes of the specialties asked for, no repeats."""
    return tuple(dict.fromkeys(tags.specialties))


Answered = Literal["yes", "no", ""]


class DayFacts(NamedTuple):
    """What a lead is counted under, its symptoms and specialties apart."""

    day: str  # ISO date in Beijing
    city: str  # adcodes; "" where not known so finely
    district: str
    source: str
    stage: LifeStage
    answered: Answered  # "": the source does not say how many replies there are


def facts_of(lead: Lead) -> DayFacts:
    """Under what a lead is counted."""
    region, replies = lead.tags.region, lead.post.replies
    code = region.code if region is not None else ""
    finely = region is not None and region.level in ("district", "point")
    answered: Answered = "" if replies is None else "yes" if replies > 0 else "no"
    return DayFacts(
        day=day_of(lead.post.published_at.timestamp()),
        city=city_of(code),
        district=code if finely else "",
        source=lead.post.source,
        stage=life_stage(lead.tags),
        answered=answered,
    )


def day_of(seconds: float) -> str:
    """The ISO date in Beijing of a moment since 1970."""
    return datetime.fromtimestamp(seconds, BEIJING).date().isoformat()


def digest(document: Mapping[str, Any]) -> str:
    """32 hex digits of a lead's or mention's document (leads.index.codec), its tokens left out."""
    tags = document.get("tags")
    bare = document if tags is None else {**document, "tags": {k: tags[k] for k in tags if k != "tokens"}}
    return blake2b(orjson.dumps(bare, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
