"""A lead or mention as an Elasticsearch document, and back. Pure.

Fields are those of es_mappings/*.json (tests/test_mapping.py). Every field of a lead stands in every
document, null where it has no value, so that a partial update replaces all of the former. The record itself
travels as one string in `doc`; the other fields are there to be searched.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, TypeAlias

import orjson

from leads.index.base import MentionHead
from leads.index.codec import (
    lead_from_dict,
    lead_to_dict,
    mention_from_dict,
    mention_head,
    mention_to_dict,
)
from leads.index.spread import digest, facet_values, facts_of
from leads.index.terms import hot, lead_terms
from leads.models import Lead, Mention
from leads.scoring.duplicates import bands, shingles
from nlp.models import Region

Body: TypeAlias = dict[str, Any]  # JSON as the cluster takes and gives it
Document = Body
LEAD = ("doc", "status", "assignee")  # the fields a lead is made of
_LONGEST = 200  # the whitespace tokenizer splits at 255


def fit(term: str) -> str:
    """A term the whitespace tokenizer keeps whole; a longer one becomes its hash."""
    return term if len(term) <= _LONGEST else "h" + blake2b(term.encode(), digest_size=16).hexdigest()


def fit_all(terms: str) -> str:
    return " ".join(map(fit, terms.split(" "))) if len(terms) > _LONGEST else terms


def text_of(lead_dict: Body) -> str:
    """The JSON of a record as stored."""
    return orjson.dumps(lead_dict).decode()


def lead_document(lead: Lead, *, head: str = "", keys: tuple[int, ...] | None = None) -> Document:
    """All fields of a lead; `keys` are its fold bands, where the caller has them already."""
    post, tags, terms = lead.post, lead.tags, lead_terms(lead)
    record = lead_to_dict(lead)
    values, facts = facet_values(lead), facts_of(lead)
    return {
        "id": lead.id,
        "published": int(post.published_at.timestamp()),
        "hot": hot(lead),
        "need": lead.need,
        "source": post.source,
        "intent": tags.intent_label,
        "status": lead.status,
        "assignee": lead.assignee,
        **_place(tags.region),
        "city": list(values["city"]),
        "district": facts.district,
        "stage": facts.stage,
        "answered": facts.answered,
        "symptoms": list(values["symptom"]),
        "specialties": list(tags.specialties),
        "words": fit_all(terms.words),
        "subwords": fit_all(terms.subwords),
        "bands": band_terms(bands([shingles(post.full_text)])[0] if keys is None else keys),
        "author_key": post.author_key,
        "head": head,
        "digest": digest(record),
        "doc": text_of(record),
    }


def band_terms(keys: tuple[int, ...]) -> list[str]:
    return [format(key & (1 << 64) - 1, "x") for key in keys]


_PLACE_FIELDS = ("code", "level", "lat", "lon", "radius_km", "place", "place_key")


def _place(region: Region | None) -> Document:
    if region is None:
        return dict.fromkeys(("code", "level", "lat", "lon", "radius_km", "place", "place_key")) | {
            "areas": []
        }
    return {
        "code": region.code,
        "level": region.level,
        "lat": region.lat,
        "lon": region.lon,
        "radius_km": region.radius_km,
        "place": {"lat": region.lat, "lon": region.lon},
        "place_key": place_key(region),
        "areas": list(region.chain),
    }


def place_key(region: Region) -> str:
    """One key for all leads that reach judges alike: points of one district share theirs."""
    where = "" if region.level == "point" else f"{region.lat!r},{region.lon!r}"
    return f"{region.level}|{region.code}|{region.radius_km!r}|{where}"


def mention_document(mention: Mention) -> Document:
    record = mention_to_dict(mention)
    return {
        "id": mention.id,
        "post_id": mention.post.id,
        "clinic_id": mention.clinic_id,
        "author_key": mention.post.author_key,
        "published": int(mention.post.published_at.timestamp()),
        "digest": digest(record),
        "doc": text_of(record),
    }


def lead_of(source: Body, folded: int = 0) -> Lead:
    """The lead of a stored document's fields LEAD; mapping 1 had no assignees."""
    return lead_from_dict(
        orjson.loads(source["doc"]), folded=folded, status=source["status"],
        assignee=source.get("assignee", ""),
    )  # fmt: skip


def mention_head_of(source: Body) -> MentionHead:
    names = ("id", "post_id", "clinic_id", "published", "doc")
    return mention_head(*(source[name] for name in names))


def mention_of(source: Body) -> Mention:
    return mention_from_dict(orjson.loads(source["doc"]))
