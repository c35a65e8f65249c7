"""Leads and tags as JSON-ready values: what the index stores, the API returns and `tingzhen tag` prints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

import orjson

from crawler.items import PlaceHint, Post, post_to_dict
from leads.index.base import MentionHead
from leads.models import Hit, Lead, Mention, Reason
from nlp.models import INTENTS, Intent, Region, Sentiment, Symptom, Tags

Kept: TypeAlias = Mapping[str, Any]  # JSON that the functions here have made


def symptom_to_dict(symptom: Symptom) -> dict[str, object]:
    return {field: getattr(symptom, field) for field in Symptom.__slots__}


def region_to_dict(region: Region) -> dict[str, object]:
    return {field: getattr(region, field) for field in Region.__slots__}


def tags_to_dict(tags: Tags) -> dict[str, object]:
    """The public form of tags; probabilities are rounded to four digits, tokens left out."""
    out: dict[str, object] = {
        "symptoms": [symptom_to_dict(symptom) for symptom in tags.symptoms],
        "specialties": list(tags.specialties),
        "intent_label": tags.intent_label,
        "intent": {name: round(p, 4) for name, p in zip(INTENTS, tags.intent, strict=True)},
        "region": None if tags.region is None else region_to_dict(tags.region),
    }
    if tags.sentiment is not None:
        out["sentiment"] = {field: getattr(tags.sentiment, field) for field in Sentiment.__slots__}
    return out


def tags_from_dict(data: Kept) -> Tags:
    """The reverse of `tags_to_dict`; `data` was written by it, so its shape is trusted."""
    region, sentiment = data["region"], data.get("sentiment")
    return Tags(
        symptoms=tuple(Symptom(**symptom) for symptom in data["symptoms"]),
        specialties=tuple(data["specialties"]),
        intent=Intent(*(data["intent"][name] for name in INTENTS)),
        intent_label=data["intent_label"],
        region=None if region is None else Region(**region),
        sentiment=None if sentiment is None else _sentiment(sentiment),
        tokens=tuple(data.get("tokens", "").split(" ")) if data.get("tokens") else (),
    )


def lead_to_dict(lead: Lead) -> dict[str, object]:
    """Everything but `folded`, `status` and `assignee`, which the index keeps beside the document."""
    tags = tags_to_dict(lead.tags)
    tags["tokens"] = " ".join(lead.tags.tokens)
    return {
        "post": post_to_dict(lead.post),
        "tags": tags,
        "need": lead.need,
        "reasons": [{"kind": r.kind, "text": r.text, "words": r.words} for r in lead.reasons],
    }


def lead_from_dict(data: Kept, *, folded: int = 0, status: str = "new", assignee: str = "") -> Lead:
    """The reverse of `lead_to_dict`."""
    return Lead(
        post=_post(data["post"]),
        tags=tags_from_dict(data["tags"]),
        need=data["need"],
        reasons=tuple(Reason(**reason) for reason in data["reasons"]),
        folded=folded,
        status=status,
        assignee=assignee,
    )


def _post(data: Kept) -> Post:
    """A post as `post_to_dict` wrote it: trusted, which takes a third of the time of `post_from_dict`."""
    return Post(
        **{
            "text": "",  # is left out where a post has only a title or pictures
            **data,
            "published_at": datetime.fromisoformat(data["published_at"]),
            "fetched_at": datetime.fromisoformat(data["fetched_at"]),
            "place_hints": tuple(PlaceHint(**hint) for hint in data.get("place_hints", ())),
        }
    )


def mention_to_dict(mention: Mention) -> dict[str, object]:
    return {
        "post": post_to_dict(mention.post),
        "clinic_id": mention.clinic_id,
        "term": mention.term,
        "sentiment": {field: getattr(mention.sentiment, field) for field in Sentiment.__slots__},
        "how": mention.how,
        "support": list(mention.support),
        "score": mention.score,
        "said": mention.said,
    }


def mention_from_dict(data: Kept) -> Mention:
    """The reverse of `mention_to_dict`; mentions of older versions say nothing of how they were found."""
    return Mention(
        post=_post(data["post"]),
        clinic_id=data["clinic_id"],
        term=data["term"],
        sentiment=_sentiment(data["sentiment"]),
        how=data.get("how", "exact"),
        support=tuple(data.get("support", ())),
        score=data.get("score", 1.0),
        said=data.get("said", ""),
    )


def mention_head(
    mention_id: str, post_id: str, clinic_id: str, published: int, doc: bytes | str
) -> MentionHead:
    """A mention without its text, of what a backend keeps beside the document and of the document."""
    kept = orjson.loads(doc)
    mood = kept["sentiment"]
    return MentionHead(
        id=mention_id, post_id=post_id, clinic_id=clinic_id, term=kept["term"], published=published,
        polarity=mood["polarity"], severity=mood["severity"], kinds=tuple(mood.get("kinds", ())),
    )  # fmt: skip


def _sentiment(data: Kept) -> Sentiment:
    return Sentiment(**{**data, "cues": tuple(data["cues"]), "kinds": tuple(data.get("kinds", ()))})


def lead_view(lead: Lead) -> dict[str, object]:
    """A lead as other programs see it: flat, with its case, without its author's key."""
    post = post_to_dict(lead.post)
    post.pop("author_key", None)
    return {
        "id": lead.id,
        **post,
        **tags_to_dict(lead.tags),
        "need": lead.need,
        "reasons": [reason.text for reason in lead.reasons],
        "folded": lead.folded,
        "status": lead.status,
        "assignee": lead.assignee,
    }


def hit_to_dict(hit: Hit) -> dict[str, object]:
    """A search result as printed by `tingzhen search --json`: the lead with score and distance."""
    return {
        **lead_view(hit.lead),
        "score": round(hit.score, 4),
        "distance_km": None if hit.distance_km is None else round(hit.distance_km, 2),
        "precision": hit.precision,
    }
