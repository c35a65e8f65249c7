"""Words that a city suddenly uses: jieba's, and those that its model finds in the texts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cache

import numpy as np

from leads.index.base import LeadIndex
from leads.insights.few import LEAST
from leads.insights.topics.tails import poisson_more_than
from leads.insights.topics.topics import FDR, SPAN_DAYS, Span
from leads.insights.topics.usual import q_values
from leads.models import BEIJING, Lead, LeadQuery, Phrase
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon
from nlp.text.dictionary import is_word

READ = 2000  # leads whose words are looked at
ASKED = 60  # words whose past is asked of the index
PAST = 28  # days before the span
TIMES = 3.0  # as often as before
COMMON = 2000  # seen so often in jieba's corpus, a word is everybody's
TOLD = 8
_HAN = re.compile(r"[\u4e00-\u9fff]{2,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWord:
    """A word, how many people used it in the span, and how many were to be expected."""

    word: str
    people: int
    usual: float


def writers(leads: Iterable[Lead]) -> dict[str, int]:
    """Word → people who used it; words of the lexicon, of places and of everybody are left out. Pure."""
    found: dict[str, set[str]] = defaultdict(set)
    for lead in leads:
        person = lead.post.author_key or lead.id  # who has no key cannot be told from others
        for word in set(lead.tags.tokens):
            found[word].add(person)
    return {word: len(people) for word, people in found.items() if len(people) >= LEAST and _telling(word)}


def _telling(word: str) -> bool:
    return bool(_HAN.fullmatch(word)) and not is_word(word, at_least=COMMON) and word not in _known()


@cache
def _known() -> frozenset[str]:
    """What topics and places tell already."""
    terms = [entry.word for entry in lexicon.load().entries]
    places = [each.name for each in Gazetteer.load()]
    return frozenset((*terms, *places, *(name[:-1] for name in places if len(name) > 2)))


def find(index: LeadIndex, city: str, span: Span, *, now: datetime) -> tuple[NewWord, ...]:
    """New words of a city, the most used first.

    Raises:
        StorageError: the index cannot be read.
    """
    midnight = datetime.combine(now.astimezone(BEIJING).date(), time(), BEIJING)
    since = midnight - timedelta(days=SPAN_DAYS[span] - 1)
    within = LeadQuery(area=city, since=since, sort="newest", limit=READ)
    leads = [hit.lead for hit in index.search(within, now=now).items]
    counts = sorted(writers(leads).items(), key=lambda item: (-item[1], item[0]))[:ASKED]
    before = LeadQuery(area=city, since=since - timedelta(days=PAST), until=since)
    whole = index.count(before)
    if not counts or whole < PAST:
        return ()
    past = [index.count(replace(before, words=Phrase((word,)))) for word, _ in counts]
    return judged(dict(counts), dict(zip(dict(counts), past, strict=True)), len(leads) / whole)


def judged(counts: dict[str, int], past: dict[str, int], share: float) -> tuple[NewWord, ...]:
    """Those used far more often than `past` counts, of `share` times as many posts, let expect. Pure."""
    words = list(counts)
    seen = np.array([counts[word] for word in words], float)
    mean = (np.array([past[word] for word in words], float) + 0.5) * share
    q = q_values(poisson_more_than(seen - 1, mean))
    kept = [at for at in range(len(words)) if q[at] <= FDR and seen[at] >= TIMES * mean[at]]
    return tuple(NewWord(word=words[at], people=int(seen[at]), usual=float(mean[at])) for at in kept[:TOLD])
