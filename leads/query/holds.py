"""What a rule is asked of, and its answer without any index. Pure; every index gives the same answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt

from crawler.items import Post
from leads.models import All, AnyOf, Lead, Nearby, Needs, Phrase, Rule, TagField, Tagged, Without
from nlp.models import Tags
from nlp.text.dictionary import subwords


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A lead or mention as a rule sees it."""

    tokens: tuple[str, ...]  # nlp.text.tokens.words
    known: frozenset[str]  # the tokens and the sub-words inside them
    tagged: frozenset[tuple[TagField, str]]  # everything `leads.query.words.Tagged` may ask for
    need: float


def subject(post: Post, tags: Tags, *, need: float = 0.0, status: str = "", assignee: str = "") -> Subject:
    """Of a post that is no lead, too: it has no need, status or assignee."""
    tagged: set[tuple[TagField, str]] = {("symptom", item.code) for item in tags.symptoms if item.present}
    tagged |= {("specialty", code) for code in tags.specialties}
    tagged |= {("area", code) for code in (tags.region.chain if tags.region else ())}
    tagged |= {("intent", tags.intent_label), ("source", post.source)}
    tagged |= {("status", status), ("assignee", assignee)}
    known = frozenset(tags.tokens) | subwords(tags.tokens)
    return Subject(tokens=tags.tokens, known=known, tagged=frozenset(tagged), need=need)


def subject_of(lead: Lead) -> Subject:
    return subject(lead.post, lead.tags, need=lead.need, status=lead.status, assignee=lead.assignee)


_COMPARE = {">": gt, ">=": ge, "<": lt, "<=": le}


def holds(rule: Rule | None, asked: Subject) -> bool:
    """Whether the rule is true of the subject; no rule is true of everything."""
    match rule:
        case None:
            return True
        case Phrase((token,)):
            return token in asked.known
        case Phrase(tokens):
            return asked.known.issuperset(tokens) and bool(_places(tokens, asked.tokens))
        case Nearby(left, right, within):
            return asked.known.issuperset(left + right) and _near(left, right, within, asked.tokens)
        case Tagged(field, value):
            return (field, value) in asked.tagged
        case Needs(sign, value):
            return bool(_COMPARE[sign](asked.need, value))
        case All(parts):
            return all(holds(part, asked) for part in parts)
        case AnyOf(parts):
            return any(holds(part, asked) for part in parts)
        case Without(part):
            return not holds(part, asked)


def _places(phrase: Sequence[str], tokens: tuple[str, ...]) -> list[int]:
    """Where the phrase begins."""
    size = len(phrase)
    return [start for start in range(len(tokens) - size + 1) if tokens[start : start + size] == phrase]


def _near(left: tuple[str, ...], right: tuple[str, ...], within: int, tokens: tuple[str, ...]) -> bool:
    """Between the end of what begins first and the beginning of the other stand `within` tokens at most."""
    starts = _places(right, tokens)
    return any(
        (other - one - len(left) if one <= other else one - other - len(right)) <= within
        for one in _places(left, tokens)
        for other in starts
    )
