"""Where the writer of a post is: places in the text, weighed, then set against the source's hints.

Evidence in order: geo > check-in > "坐标X, 我在X" > another place in the text > board > IP属地 > profile.
Weaker evidence refines stronger (text 朝阳 + IP 北京 → 北京朝阳区) and never overrules it; only a place named
in passing (a school, "四川人", a hashtag) or in plain words (成都的太阳出来了) gives way to a hint that
contradicts it. Of several places without a phrase that decides, the one that opens the text wins, else what
they share. A place abroad gives None
and keeps weaker domestic evidence from guessing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from nlp.models import EVIDENCE_ORDER, Evidence, PlaceHintLike, Region
from nlp.places.gazetteer import Division, Gazetteer
from nlp.places.names import Mention, PlaceWords
from nlp.places.roles import ASKED, HERE, LEFT, PASSING, PLAIN, SELF, TEXT, Role, Roles, Scene
from nlp.text.normal import normalise

_MOST_MENTIONS = 40
_SENTENCE_END = re.compile(r"[,。!?;\n\s:]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One piece of evidence. `division` None means a place abroad."""

    division: Division | None
    evidence: Evidence
    strength: int
    words: str
    opens: bool = False  # first word of the text, in a sentence without another place


class RegionTagger:
    """Finds the one region of a post. Immutable and shareable within a process."""

    def __init__(self, words: PlaceWords) -> None:
        self.gazetteer: Gazetteer = words.gazetteer
        self._words = words
        self._roles = Roles(words)
        self._read_hint = lru_cache(maxsize=4096)(self._hint_place)

    @classmethod
    def load(cls, own: Mapping[str, str] | None = None) -> RegionTagger:
        """With the data shipped in the package (about 30 ms), and a clinic's own names (name → adcode)."""
        return cls(PlaceWords.load(own))

    def find(
        self, text: str, borders: frozenset[int] | None, hints: Sequence[PlaceHintLike] = ()
    ) -> Region | None:
        """The region of a post, or None.

        `text` is `blank_noise(normalise(raw))`, `borders` the token borders of that same text; None takes
        names anywhere, which suits only very short texts. Never raises.
        """
        mentions = self._words.mentions(text, borders)
        if not mentions and not hints:
            return None
        for hint in hints:
            if hint.kind in ("geo", "checkin") and hint.lat is not None and hint.lon is not None:
                return self.gazetteer.at(hint.lat, hint.lon, evidence=hint.kind, words=hint.text)
        said = self._from_hints(hints)
        written = self._from_text(text, borders, mentions, said) if mentions else None
        return self._decide(written, said)

    def _from_hints(self, hints: Sequence[PlaceHintLike]) -> list[Candidate]:
        out: list[Candidate] = []
        for hint in hints:
            place = self._read_hint(hint.text)
            if place is not None:
                division, words = place
                out.append(Candidate(division=division, evidence=hint.kind, strength=TEXT, words=words))
        return sorted(out, key=lambda found: EVIDENCE_ORDER.index(found.evidence))

    def _hint_place(self, text: str) -> tuple[Division | None, str] | None:
        """(division or None for abroad, its words); None if the hint names no place."""
        text = normalise(text)[:60]
        mentions = [m for m in self._words.mentions(text, None) if m.kind != "block"]
        for mention in mentions:
            words = text[mention.start : mention.end]
            if mention.kind == "foreign":
                return None, words
            division = mention.default or self._narrow(mention.divisions, ())
            if division:
                return division, words
        return None

    def _narrow(self, divisions: Sequence[Division], context: Sequence[Division]) -> Division | None:
        """The one of `divisions` meant, given what else is known; else what they share."""
        for known in context:
            inside = [d for d in divisions if self._related(d, known)]
            if inside:
                divisions = inside
        coarse = {"province": 0, "city": 1, "district": 2, "point": 3}
        level = min(coarse[division.level] for division in divisions)
        best = [division for division in divisions if coarse[division.level] == level]
        return best[0] if len(best) == 1 else self.gazetteer.common(best)

    def _related(self, a: Division, b: Division) -> bool:
        return self.gazetteer.within(a, b) or self.gazetteer.within(b, a)

    def _from_text(
        self,
        text: str,
        borders: frozenset[int] | None,
        mentions: Sequence[Mention],
        said: Sequence[Candidate],
    ) -> Candidate | None:
        if len(mentions) > _MOST_MENTIONS:  # a list of places; its head and its end are what can tell
            mentions = [*mentions[: _MOST_MENTIONS - 10], *mentions[-10:]]
        here = Scene(text, borders)
        judged = [(mention, self._roles.judge(mention, here)) for mention in mentions]
        sure = [m.default for m, _ in judged if m.need == 0 and m.default is not None]
        context = [found.division for found in said if found.division is not None]
        left = [m.default for m, role in judged if role.strength == LEFT and m.default is not None]
        places: list[Candidate] = []
        for mention, role in judged:
            if role.strength < PASSING:
                continue
            if role.strength == PASSING and not self._agreed(mention, context):
                continue
            words = text[role.start : role.end].strip()
            division = None
            if mention.kind != "foreign":
                others = [division for division in sure if division is not mention.default]
                division = self._place(mention, role, [*context, *others])
                faint = role.strength <= TEXT and division is not None
                if division is None or (faint and any(self._related(division, gone) for gone in left)):
                    continue
            places.append(
                Candidate(
                    division=division,
                    evidence=role.evidence,
                    strength=role.strength,
                    words=words,
                    opens=mention is mentions[0] and _opens(text, mentions),
                )
            )
        return self._primary(places, context)

    def _agreed(self, mention: Mention, context: Sequence[Division]) -> bool:
        return any(self._related(division, known) for division in mention.divisions for known in context)

    def _place(self, mention: Mention, role: Role, context: Sequence[Division]) -> Division | None:
        supporting = [k for k in context if any(self._related(d, k) for d in mention.divisions)]
        alone = mention.need == 1 and mention.kind != "division" and not supporting
        if alone and role.strength < SELF and not role.care:
            return None
        if mention.need == 2:
            city = mention.default is not None and mention.default.level != "district"
            backed = (bool(supporting) or city) and role.strength >= ASKED
            firm = role.strength == HERE or (role.firm and len(supporting) == len(context))
            if not backed and not (firm and mention.default and mention.kind == "division"):
                return None
        if supporting:
            return self._narrow(mention.divisions, supporting)
        return mention.default or self._narrow(mention.divisions, ())

    def _primary(self, places: Sequence[Candidate], context: Sequence[Division]) -> Candidate | None:
        """The place the text is about for its writer: the strongest role, then what those places share."""
        if not places:
            return None
        top = max(found.strength for found in places)
        first = places[0]
        if first.opens and first.division and PLAIN <= first.strength < top == ASKED:
            top = first.strength  # 曲靖狼疮治疗, 昆明哪个大夫好: who opens with a place is there
            places = [f for f in places if f.division and self.gazetteer.within(f.division, first.division)]
        best = [found for found in places if found.strength == top]
        home = [found for found in best if found.division is not None]
        if not home:
            # Abroad: blocks only when the writer is there; in passing it says nothing.
            return best[0] if top >= SELF else self._next(places, top, context)
        if len(home) < len(best) and top >= SELF:
            return best[-1]
        return self._merge(home, places, context)

    def _next(self, places: Sequence[Candidate], top: int, context: Sequence[Division]) -> Candidate | None:
        return self._primary([found for found in places if found.strength < top], context)

    def _merge(
        self, best: Sequence[Candidate], places: Sequence[Candidate], context: Sequence[Division]
    ) -> Candidate | None:
        finest = self._finest(best)
        if len(finest) == 1:
            return self._refined(finest[0], places)
        if best[0].opens and PLAIN <= best[0].strength <= ASKED:
            return best[0]
        fitting = [f for f in finest if any(self._related(_known(f), known) for known in context)]
        if len(fitting) == 1:
            return fitting[0]
        counts = Counter(_known(found).code for found in best)
        (first, most), (_, second) = counts.most_common(2)
        if most >= second + 2:
            return next(found for found in finest if _known(found).code == first)
        if best[0].strength >= SELF:
            return finest[-1]
        shared = self.gazetteer.common([_known(found) for found in finest])
        return replace(finest[0], division=shared) if shared else None

    def _finest(self, found: Sequence[Candidate]) -> list[Candidate]:
        """One of each place, without those that another lies in."""
        seen = {_known(f).code: f for f in reversed(found)}
        places = sorted(seen.values(), key=found.index)
        return [
            f
            for f in places
            if not any(g is not f and self.gazetteer.within(_known(g), _known(f)) for g in places)
        ]

    def _refined(self, best: Candidate, places: Sequence[Candidate]) -> Candidate:
        """A weaker mention inside the strongest one makes it finer: 坐标成都 … 武侯这边."""
        inner = [
            f
            for f in places
            if f.division
            and f.division is not best.division
            and self.gazetteer.within(f.division, _known(best))
        ]
        finest = self._finest(inner)
        return replace(best, division=finest[0].division) if len(finest) == 1 else best

    def _decide(self, written: Candidate | None, said: Sequence[Candidate]) -> Region | None:
        order = [found for found in said if EVIDENCE_ORDER.index(found.evidence) <= 1]
        rest = [found for found in said if EVIDENCE_ORDER.index(found.evidence) > 1]
        if written and (written.strength > PLAIN or not any(self._against(written, found) for found in said)):
            ranked = [*order, written, *rest]
        else:
            ranked = [*order, *rest]
        if not ranked or ranked[0].division is None:
            return None
        best = ranked[0]
        for found in ranked[1:]:
            if found.division and self.gazetteer.within(found.division, _known(best)):
                best = found if found.division is not best.division else best
        return self.gazetteer.region(_known(best), best.evidence, best.words)

    def _against(self, written: Candidate, hint: Candidate) -> bool:
        if written.division is None or hint.division is None:
            return written.division is not hint.division
        return not self._related(written.division, hint.division)


def _opens(text: str, mentions: Sequence[Mention]) -> bool:
    first = mentions[0]
    until = mentions[1].start if len(mentions) > 1 else len(text)
    return first.start < 2 and bool(_SENTENCE_END.search(text, first.end, until))


def _known(found: Candidate) -> Division:
    assert found.division is not None  # noqa: S101  # callers have put places abroad aside
    return found.division
