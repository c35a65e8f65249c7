"""What hurts: lexicon matches with negation, time, person and figures of speech.

One pass of an automaton finds terms, words that only look like terms (masks), figures of speech and bare
sensations; a sensation walks back (or forward) over a few filler words to its part of the body: 牙 有点 疼.
What stands around a match then decides whether it is denied, past, someone else's, or no symptom at all.
Only a text with a match costs more than that one pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ahocorasick_rs import AhoCorasick, MatchKind

from nlp.models import Person, Symptom
from nlp.symptoms import lexicon
from nlp.symptoms.lexicon import BOTH_ENDS, ONE_END, Entry, Lexicon
from nlp.text.normal import blank_tags

_REACH = 16  # characters a sensation looks back for its part
_NEGATION_REACH = 12
_CHILD_SPECIALTIES = frozenset({"internal", "dermatology", "ent"})
# Concepts that are no bodily company for 恶心 and its like: they go with moods as well.
_MINDS = frozenset({"mental", "cosmetic"})
# 患者男65岁,怎么办: the writer asks for the patient.
_ASKS = re.compile(r"怎么|请问|吗|大夫|医生|求助|帮助|什么|如何|\?")
_AGAIN = re.compile(
    r"(?:这次|现在|今天|最近|昨天)?又(?:长|犯|疼|痛|开始|复发|来|起|烧|肿|出)"
)  # 好了,这次又长


class _Hit:
    """A match on its way to a Symptom."""

    __slots__ = ("child", "code", "company", "end", "figurative", "negated", "past", "person", "start")

    def __init__(self, code: str, start: int, end: int, entry: Entry, negated: bool) -> None:
        self.code, self.start, self.end = code, start, end
        self.negated, self.figurative, self.company = negated, entry.figurative, entry.company
        self.past, self.child = False, False
        self.person: Person = "self"


class SymptomTagger:
    """Finds symptoms in normalised text. Not to be pickled; make one per process."""

    def __init__(self, words: Lexicon) -> None:
        self._lexicon = words
        self._entries = words.entries
        self._scan = _automaton([entry.word for entry in words.entries])
        self._cue_kinds = [kind for _, kind in words.cues]
        self._cue_scan = _automaton([word for word, _ in words.cues])
        self._longest_suffix = max(map(len, words.suffixes))
        # Most walks end at once: the character beside the match ends (or starts) no word of the table.
        self._step_ends = frozenset(word[-1] for word in (*words.steps, *words.parts))
        self._forward_starts = frozenset(word[0] for word in words.forward)
        self._negation_ends = frozenset(word[-1] for word in words.negation)
        self._suffix_starts = frozenset(word[0] for word in words.suffixes)
        self._steps = {**words.steps, **dict.fromkeys(words.parts, "part")}
        self._forward = {**dict.fromkeys(words.forward, "gap"), **dict.fromkeys(words.parts, "part")}

    @classmethod
    def load(cls, own: Mapping[str, str] | None = None) -> SymptomTagger:
        """The shipped lexicon and a clinic's own terms (word → code), ready to match; about 0.2 s."""
        return cls(lexicon.with_words(lexicon.load(), own) if own else lexicon.load())

    def find(self, text: str, borders: frozenset[int]) -> tuple[Symptom, ...]:
        """The symptoms in `text`, in order, at most one per code: the most literal one.

        `text` is `blank_noise(normalise(raw))`, `borders` its token borders. About 5 µs on an average post.
        What stands only in a #hashtag# is a topic, no symptom of the writer.
        """
        text = blank_tags(text)
        matches = self._scan.find_matches_as_indexes(text)
        if not matches:
            return ()
        hits = self._hits(text, matches, borders)
        if not hits:
            return ()
        self._judge(text, hits)
        chosen = _best(hits)
        if len(chosen) > 1:
            chosen = self._without_absorbed(text, chosen)
        return self._symptoms(text, chosen)

    def _without_absorbed(self, text: str, hits: list[_Hit]) -> list[_Hit]:
        absorbed, codes = self._lexicon.absorbed, {hit.code for hit in hits}
        return [hit for hit in hits if codes.isdisjoint(absorbed.get(text[hit.start : hit.end], ()))]

    def _hits(
        self, text: str, matches: Sequence[tuple[int, int, int]], borders: frozenset[int]
    ) -> list[_Hit]:
        hits: list[_Hit] = []
        for index, start, end in matches:
            entry = self._entries[index]
            if entry.border and not _on_border(entry.border, start, end, borders):
                continue
            if entry.senses and self._pair(text, entry, start, end, borders, hits):
                continue
            hits += [_Hit(code, start, end, entry, False) for code in entry.codes]
        return hits

    def _pair(
        self, text: str, entry: Entry, start: int, end: int, borders: frozenset[int], hits: list[_Hit]
    ) -> bool:
        """Join a sensation to its part; True if there was one."""
        found: list[tuple[str, int, int, bool]] = []
        if text[start - 1 : start] in self._step_ends:
            found = self._walk_back(text, entry, start, borders)
        if not found and text[end : end + 1] in self._forward_starts:
            found = self._walk_on(text, entry, end, borders)
        for code, left, right, negated in found:
            hit = _Hit(code, min(left, start), max(right, end), entry, negated)
            hit.company = False  # a named part is company enough
            hits.append(hit)
        return bool(found)

    def _walk_back(
        self, text: str, entry: Entry, start: int, borders: frozenset[int]
    ) -> list[tuple[str, int, int, bool]]:
        steps, limit = self._steps, max(0, start - _REACH)
        position, negated, found = start, False, list[tuple[str, int, int, bool]]()
        while position > limit:
            for length in range(min(7, position - limit), 0, -1):
                kind = steps.get(text[position - length : position])
                if kind is None:
                    continue
                left = position - length
                if kind == "part":
                    code = self._part_code(text[left:position], entry)
                    # A one-character part starts a word: 头 in 我头疼, not in 念头.
                    if code is None or not (length > 1 or left in borders):
                        continue
                    found.append((code, left, position, negated))
                    position = self._after_joiner(text, left, limit)
                    break
                if found or kind == "stop":
                    return found
                negated = negated or kind == "not"
                position = left
                break
            else:
                return found
        return found

    def _after_joiner(self, text: str, position: int, limit: int) -> int:
        """The position before a joiner (头和|肚子), or 0 where a single part ends the walk."""
        for length in (2, 1):
            if position - length > limit and self._steps.get(text[position - length : position]) == "join":
                return position - length
        return 0

    def _walk_on(
        self, text: str, entry: Entry, end: int, borders: frozenset[int]
    ) -> list[tuple[str, int, int, bool]]:
        position, limit = end, min(len(text), end + 10)
        while position < limit:
            for length in range(min(6, limit - position), 0, -1):
                word = text[position : position + length]
                kind = self._forward.get(word)
                if kind == "part" and position > end and position + length in borders:
                    code = self._part_code(word, entry)
                    if code is not None:
                        return [(code, position, position + length, False)]
                if kind == "gap":
                    position += length
                    break
            else:
                break
        return []

    def _part_code(self, word: str, entry: Entry) -> str | None:
        senses = self._lexicon.parts[word]
        return next((senses[kind] for kind in entry.senses if kind in senses), None)

    def _judge(self, text: str, hits: list[_Hit]) -> None:
        self._set_people(text, hits)
        bodily = self._bodily(hits) if any(hit.company for hit in hits) else frozenset()
        end_before, negated_before = -1, False
        for hit in hits:
            chained = (
                end_before >= 0 and negated_before and text[end_before : hit.start] in self._lexicon.chain
            )
            hit.negated = negated_before = hit.negated or chained or self._denied(text, hit.start)
            end_before = hit.end
            self._judge_suffix(text, hit)
            alone = hit.company and not bodily - {hit.code}
            if alone or (hit.code in self._lexicon.figure_codes and self._figure(text, hit.start)):
                hit.figurative = True

    def _bodily(self, hits: list[_Hit]) -> frozenset[str]:
        concepts = self._lexicon.concepts
        plain = [hit.code for hit in hits if not (hit.company or hit.figurative)]
        return frozenset(code for code in plain if concepts[code].specialty not in _MINDS)

    def _denied(self, text: str, start: int) -> bool:
        """Is a negation right before `start`, with only filler in between?"""
        if text[start - 1 : start] not in self._negation_ends:
            return False
        words, position, limit = self._lexicon.negation, start, max(0, start - _NEGATION_REACH)
        while position > limit:
            for length in range(min(5, position - limit), 0, -1):
                kind = words.get(text[position - length : position])
                if kind == "gap":
                    position -= length
                    break
                if kind is not None:
                    return kind == "not" and not self._question(text, position - length, position)
            else:
                return False
        return False

    @staticmethod
    def _question(text: str, left: int, right: int) -> bool:
        """疼不疼, 发不发烧: the same character on both sides of 不 or 没."""
        return left > 0 and text[left - 1 : left] == text[right : right + 1]

    def _figure(self, text: str, start: int) -> bool:
        """看得我…, 气到…: a verb of feeling drives the term."""
        words, position, marked = self._lexicon.figure_verbs, start, False
        while position > 0:
            for length in range(min(3, position), 0, -1):
                kind = words.get(text[position - length : position])
                if kind is None:
                    continue
                if kind == "verb":
                    return marked
                marked = marked or kind == "mark"
                position -= length
                break
            else:
                return False
        return False

    def _judge_suffix(self, text: str, hit: _Hit) -> None:
        suffix = text[hit.end : hit.end + 10]
        kind = self._suffix(suffix) if suffix[:1] in self._suffix_starts else None
        if kind == "not":
            hit.negated = True
        elif kind == "past":
            hit.past = not _AGAIN.search(text, hit.end, hit.end + 24)
        if hit.negated and any(word in suffix for word in self._lexicon.undone):
            hit.negated = False

    def _suffix(self, suffix: str) -> str | None:
        words = self._lexicon.suffixes
        for length in range(min(self._longest_suffix, len(suffix)), 0, -1):
            kind = words.get(suffix[:length])
            if kind is not None:
                return kind
        return None

    def _set_people(self, text: str, hits: list[_Hit]) -> None:
        """Whose and when: the last word of a person, and of a time in the same sentence, before each hit."""
        cues = iter(self._cue_scan.find_matches_as_indexes(text))
        cue = next(cues, None)
        person: Person = "self"
        child = past = False
        for hit in hits:
            while cue is not None and cue[1] < hit.end:
                kind = self._cue_kinds[cue[0]]
                # Inside the term itself only a relative counts: 宝宝发烧, but not 糖尿病人.
                if cue[1] >= hit.start and kind not in ("child", "family"):
                    kind = "none"
                if kind == "child" or kind == "family":
                    person, child = "family", kind == "child"
                elif kind == "self" or kind == "other":
                    person, child = ("self" if kind == "self" else "other"), False
                elif kind == "patient":
                    person = "family" if person == "family" or _ASKS.search(text) else "other"
                elif kind == "pronoun":
                    person = "family" if person == "family" else "other"
                elif kind == "end":
                    past = False
                    person = "self" if person == "other" else person
                elif kind != "none":
                    past = kind == "past"
                cue = next(cues, None)
            hit.person, hit.child, hit.past = person, child, past
            if cue is not None and cue[1] == hit.end + 1 and text[hit.end] == "的":
                _take_owner(hit, self._cue_kinds[cue[0]])

    def _symptoms(self, text: str, hits: list[_Hit]) -> tuple[Symptom, ...]:
        concepts = self._lexicon.concepts
        out: list[Symptom] = []
        for hit in hits:
            concept = concepts[hit.code]
            out.append(
                Symptom(
                    code=hit.code,
                    name=concept.name,
                    specialty=concept.specialty,
                    surface=text[hit.start : hit.end],
                    start=hit.start,
                    end=hit.end,
                    negated=hit.negated,
                    past=hit.past,
                    person=hit.person,
                    figurative=hit.figurative,
                    urgency=concept.urgency,
                    chronic=concept.chronic,
                    child=hit.child and concept.specialty in _CHILD_SPECIALTIES,
                )
            )
        return tuple(out)


def specialties(symptoms: Sequence[Symptom]) -> tuple[str, ...]:
    """Codes of the specialties asked for: those of present symptoms first, no repeats.

    A child's symptom asks for paediatrics besides its own specialty.
    """
    ordered = sorted(symptoms, key=lambda symptom: not symptom.present)
    codes = [
        (symptom.specialty, "pediatrics") if symptom.child else (symptom.specialty,) for symptom in ordered
    ]
    return tuple(dict.fromkeys(code for pair in codes for code in pair))


def _automaton(words: list[str]) -> AhoCorasick:
    return AhoCorasick(words, matchkind=MatchKind.LeftmostLongest)


def _on_border(rule: int, start: int, end: int, borders: frozenset[int]) -> bool:
    if rule == BOTH_ENDS:
        return start in borders and end in borders
    return rule != ONE_END or start in borders or end in borders


def _take_owner(hit: _Hit, kind: str) -> None:
    """发烧的孩子: the owner follows."""
    if kind in ("child", "family"):
        hit.person, hit.child = "family", kind == "child"
    elif kind in ("self", "other"):
        hit.person, hit.child = ("self" if kind == "self" else "other"), False


def _best(hits: list[_Hit]) -> list[_Hit]:
    """One hit per code, the most literal first found; in the order of the text."""
    chosen: dict[str, _Hit] = {}
    for hit in hits:
        old = chosen.get(hit.code)
        if old is None or _rank(hit) < _rank(old):
            chosen[hit.code] = hit
    return sorted(chosen.values(), key=lambda hit: hit.start)


def _rank(hit: _Hit) -> tuple[bool, bool, bool, bool]:
    return hit.figurative, hit.negated, hit.past, hit.person == "other"
