"""What the intent model sees of a text: words and cues here, characters in pairs in nlp.intent.pairs. Pure.

Training and tagging use the same functions, so what was learnt is what is asked. Features are present or not
(short texts rarely repeat a word), which also makes them sets of numbers, the fastest thing Python has.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from nlp.models import Symptom
from nlp.text.normal import DATA

_CODES = re.compile(r"\[[^\[\]\s]{1,8}\]")
_HASHTAG = re.compile(r"#[^#]{1,60}#")
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_LONG = (8, 16, 30, 60, 100, 160, 300)  # characters: borders of the length classes


@dataclass(frozen=True, slots=True)
class Doc:
    """One text, prepared once for all taggers. `text` is normalised, `clean` has the noise blanked."""

    text: str
    clean: str
    tokens: Sequence[str]  # nlp.text.tokens.cut(clean)
    symptoms: Sequence[Symptom]


def word_grams(doc: Doc) -> list[str]:
    """Tokens, numbers as one "0", emoji codes added.

    A #hashtag# is somebody else's headline, so its words count as words of a hashtag, not as the writer's.
    """
    if _DIGITS.search(doc.clean):
        words = ["0" if token[0].isdigit() else token for token in doc.tokens]
    else:
        words = list(doc.tokens)
    if words.count("#") > 1:
        words = _marked(words)
    if "[" in doc.text:
        words += _CODES.findall(doc.text)
    return words


def _marked(words: list[str]) -> list[str]:
    """Words with those between two # marked by a # of their own."""
    marks = words.count("#") // 2 * 2  # an odd one at the end opens nothing
    out, seen = [], 0
    for word in words:
        if word == "#":
            seen += 1
        out.append("#" + word if seen % 2 and seen < marks and word != "#" else word)
    return out


def own_words(doc: Doc) -> str:
    """The clean text with each #hashtag# folded to a single #."""
    return _HASHTAG.sub("#", doc.clean) if "#" in doc.clean else doc.clean


class Cues:
    """Hand-made features: cue words by kind, the shape of the text, and what the symptom tagger found."""

    def __init__(self, kinds: dict[str, list[str]]) -> None:
        self._names = list(kinds)
        self._owners = [kind for kind, words in kinds.items() for _ in words]
        self._matcher = AhoCorasick([word for words in kinds.values() for word in words])

    @classmethod
    def load(cls) -> Cues:
        return cls(tomllib.loads((DATA / "cues.toml").read_text(encoding="utf-8")))

    def find(self, doc: Doc, own: str) -> set[str]:
        """Names of the features that hold; `own` is `own_words(doc)`."""
        found = _shape(doc.text)
        found.update(_symptoms(doc))
        seen: dict[str, set[int]] = {}
        found.update(f"own>{border}" for border in _LONG[:3] if len(own) > border)
        for index, _, _ in self._matcher.find_matches_as_indexes(own, overlapping=True):
            seen.setdefault(self._owners[index], set()).add(index)
        for kind, words in seen.items():
            found.add(kind)
            if len(words) > 1:
                found.add(f"{kind}+")
        company = "sym" if doc.symptoms else "none"
        found.update(f"{kind}&{company}" for kind in seen)
        return found


def _shape(text: str) -> set[str]:
    size = len(text)
    found = {f"long>{border}" for border in _LONG if size > border}
    found |= {name for name, mark in _MARKS.items() if mark in text}
    if text.count("#") >= 4:
        found.add("hashtags+")
    if text.endswith(("?", "?]", "吗", "呢", "么")):
        found.add("ends_asking")
    return found


_MARKS = {
    "question": "?",
    "exclaim": "!",
    "hashtag": "#",
    "bracket": "【",
    "handle": "@",
    "repost": "//@",
    "link": "http",
    "code": "[",
    "quote": "“",
    "book": "《",
    "colon": ":",
    "stop": "。",
    "comma": ",",
    "dots": "...",
    "ellipsis": "…",
    "tilde": "~",
    "line": "\n",
}


def _symptoms(doc: Doc) -> set[str]:
    """Kinds of the symptoms found, and the characters right before and after each."""
    if not doc.symptoms:
        return {"sym:none"}
    found = {"sym", "sym:many" if len(doc.symptoms) > 2 else "sym:few"}
    end = len(doc.clean.rstrip())
    for symptom in doc.symptoms:
        found.update(_kinds(symptom))
        before, after = doc.clean[max(0, symptom.start - 2) : symptom.start], symptom.end
        found.update((f"{before}<sym", f"{before[-1:]}<sym"))
        found.update(f"sym>{doc.clean[after : after + size]}" for size in (1, 2, 3))
        if after >= end:
            found.add("sym>$")
    return found


def _kinds(symptom: Symptom) -> tuple[str, ...]:
    return (
        f"sym:{symptom.specialty}",
        f"sym:{symptom.person}",
        f"sym:{symptom.urgency}",
        "sym:present" if symptom.present else "sym:absent",
        "sym:negated" if symptom.negated else "sym",
        "sym:past" if symptom.past else "sym",
        "sym:figurative" if symptom.figurative else "sym",
    )
