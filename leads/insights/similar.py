"""Similar cases: leads about the same trouble as a lead or as a description in one's own words.

Candidates come from the index (rare words by BM25, and the newest leads of the same symptoms), so that a
million leads cost no more than a hundred. They are ordered by what they share: concepts of the lexicon,
pairs of characters (rarer ones more), BM25, specialty and stage of life. `python -m benchmarks.similar`
measures it beside BM25 alone.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import chain, pairwise

from leads.index.base import LeadIndex
from leads.models import Lead, LeadQuery
from leads.scoring.life_stage import LifeStage, life_stage
from nlp.models import Tags
from nlp.symptoms import lexicon
from nlp.text.normal import normalise

READ = 400  # characters; who writes more tells of more
NEIGHBOUR = 0.5  # of a concept that is there itself: what treats it, or is treated by it
BY_WORDS, BY_SYMPTOM, BY_NEAR = 40, 40, 20  # candidates
# What each likeness weighs; found on the leads of the fixture's queries, judged on the descriptions.
CONCEPT, PAIRS, WORDS, SPECIALTY, STAGE = 1.0, 1.0, 0.5, 0.5, 0.2
LEAST = 0.6  # below it a lead is of another kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a text is about."""

    text: str  # its first `READ` characters
    tokens: tuple[str, ...]
    symptoms: frozenset[str]  # codes, present
    specialties: frozenset[str]
    stage: LifeStage


def described(text: str, tags: Tags) -> Described:
    """What a text with these tags is about."""
    return Described(
        text=text[:READ],
        tokens=tags.tokens,
        symptoms=frozenset(each.code for each in tags.symptoms if each.present),
        specialties=frozenset(tags.specialties),
        stage=life_stage(tags),
    )


def of_lead(lead: Lead) -> Described:
    """What a lead is about."""
    return described(lead.post.full_text, lead.tags)


def find(
    index: LeadIndex,
    about: Described,
    *,
    now: datetime,
    besides: str = "",
    limit: int = 10,
    may_see: Callable[[Lead], bool] = lambda lead: True,
) -> tuple[Lead, ...]:
    """The searchable leads most like this, best first; never `besides`, and only what the reader may see.

    Raises:
        StorageError: the index cannot be read.
    """
    found = candidates(index, about, now=now, besides=besides)
    seen = {lead: score for lead, score in found if may_see(lead)}
    return ranked(about, seen)[:limit]


def candidates(
    index: LeadIndex, about: Described, *, now: datetime, besides: str = ""
) -> list[tuple[Lead, float]]:
    """Leads worth a look, each once, with the figure of BM25 (0.0 where no rare word is shared)."""
    found = {
        lead.id: (lead, score) for lead, score in index.alike(about.tokens, besides=besides, limit=BY_WORDS)
    }
    wanted = []
    if about.symptoms:
        wanted.append(LeadQuery(symptoms=tuple(sorted(about.symptoms)), sort="newest", limit=BY_SYMPTOM))
    if near := _around(about.symptoms).keys() - about.symptoms:
        wanted.append(LeadQuery(symptoms=tuple(sorted(near)), sort="newest", limit=BY_NEAR))
    if about.specialties:
        codes = tuple(sorted(about.specialties))
        wanted.append(LeadQuery(specialties=codes, sort="newest", limit=BY_NEAR))
    for query in wanted:
        for hit in index.search(query, now=now).items:
            found.setdefault(hit.lead.id, (hit.lead, 0.0))
    found.pop(besides, None)
    return list(found.values())


def ranked(about: Described, found: Mapping[Lead, float]) -> tuple[Lead, ...]:
    """These leads, the most similar first; those of another kind are left out. Pure."""
    others = [of_lead(lead) for lead in found]
    own, pairs = _pairs(about.text), [_pairs(other.text) for other in others]
    rarity = _rarity([own, *pairs])
    most = max(found.values(), default=0.0) or 1.0
    scored = []
    for lead, other, its in zip(found, others, pairs, strict=True):
        score = (
            CONCEPT * _concepts(about, other)
            + PAIRS * _cosine(own, its, rarity)
            + WORDS * found[lead] / most
            + SPECIALTY * bool(about.specialties & other.specialties)
            + STAGE * (about.stage == other.stage)
        )
        if score >= LEAST:
            scored.append((-score, lead.id, lead))
    return tuple(lead for _, _, lead in sorted(scored, key=lambda each: each[:2]))


@cache
def _neighbours() -> Mapping[str, frozenset[str]]:
    """Concept → those that treat it or are treated by it, as far as the lexicon knows them as concepts."""
    concepts = lexicon.load().concepts
    named = {concept.name: code for code, concept in concepts.items()}
    found: dict[str, set[str]] = defaultdict(set)
    for code, concept in concepts.items():
        for other in filter(None, map(named.get, concept.treatments)):
            found[code].add(other)
            found[other].add(code)
    return {code: frozenset(others) for code, others in found.items()}


@cache
def _around(symptoms: frozenset[str]) -> Mapping[str, float]:
    """These concepts, and their neighbours with less weight."""
    near = {other: NEIGHBOUR for code in symptoms for other in _neighbours().get(code, ())}
    return near | dict.fromkeys(symptoms, 1.0)


def _concepts(one: Described, other: Described) -> float:
    """What both have of the concepts that either has, 0 to 1."""
    first, second = _around(one.symptoms), _around(other.symptoms)
    every = one.symptoms | other.symptoms
    shared = sum(min(first.get(code, 0.0), second.get(code, 0.0)) for code in first.keys() | second.keys())
    return min(1.0, shared / len(every)) if every else 0.0


def _pairs(text: str) -> frozenset[str]:
    plain = "".join(filter(str.isalnum, normalise(text)))
    return frozenset(map("".join, pairwise(plain)))


def _rarity(texts: Sequence[frozenset[str]]) -> Mapping[str, float]:
    """Pair of characters → square of the log of one in how many of these texts has it."""
    counts = Counter(chain.from_iterable(texts))
    return {pair: math.log((len(texts) + 1) / (count + 0.5)) ** 2 for pair, count in counts.items()}


def _cosine(one: frozenset[str], other: frozenset[str], rarity: Mapping[str, float]) -> float:
    def weight(pairs: frozenset[str]) -> float:
        return sum(map(rarity.__getitem__, pairs))

    size = math.sqrt(weight(one) * weight(other))
    return weight(one & other) / size if size else 0.0
