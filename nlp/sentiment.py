"""How a text speaks of whom it mentions: praise, complaint or neutral; how grave a complaint is, what about.

Cues weigh their severity, a negation turns them round (不坑 praises, 不推荐 complains), and what follows a
turn (但是) counts double. Made for mentions of clinics and doctors. Where a text has no cue at all, a small
model of whole mentions guesses (nlp.tone).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from ahocorasick_rs import AhoCorasick, MatchKind

from nlp.models import COMPLAINT_KINDS, ComplaintKind, Sentiment
from nlp.text.normal import DATA, blank_noise, normalise
from nlp.tone import Tone, ToneModel

CUES = DATA / "sentiment.toml"
_REACH = 8  # characters between a negation and its cue
# A negated complaint says something good, but less than praise does; negated praise is a strong complaint.
_TURNED = 1
_BY_TONE: Mapping[Tone, Sentiment] = {
    "neutral": Sentiment(polarity="neutral", severity=0),
    "praise": Sentiment(polarity="praise", severity=0),
    "slight": Sentiment(polarity="complaint", severity=1, kinds=("complaint",)),
    "grave": Sentiment(polarity="complaint", severity=2, kinds=("complaint",)),
    "injury": Sentiment(polarity="complaint", severity=3, kinds=("injury",)),
    "dispute": Sentiment(polarity="complaint", severity=3, kinds=("dispute",)),
    "media": Sentiment(polarity="complaint", severity=3, kinds=("media",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cue:
    word: str
    kind: str  # "complaint" | "praise" | "turn" | "mask"
    severity: int = 0
    about: ComplaintKind = "complaint"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cues:
    scan: AhoCorasick
    cues: tuple[_Cue, ...]
    negation: Mapping[str, str]  # word → "not" | "gap" | "stop"


@dataclass(slots=True)
class _Tally:
    """What the cues of one text add up to."""

    praise: int = 0
    complaint: int = 0
    severity: int = 0
    weight: int = 1
    about: set[ComplaintKind] = field(default_factory=set)


@cache
def _load() -> _Cues:
    data = tomllib.loads(CUES.read_text(encoding="utf-8"))
    known: dict[str, _Cue] = {word: _Cue(word=word, kind="praise") for word in data["praise"]["words"]}
    about = {word: kind for kind in COMPLAINT_KINDS for word in data["kinds"].get(kind, ())}
    for severity in ("1", "2", "3"):
        for word in data["complaint"][severity]:
            topic = about.get(word, "complaint")
            known[word] = _Cue(word=word, kind="complaint", severity=int(severity), about=topic)
    for kind, table in (("turn", "turn"), ("mask", "masks")):
        known |= {word: _Cue(word=word, kind=kind) for word in data[table]["words"]}
    negation = data["negation"]
    kinds = dict.fromkeys(negation["gap"], "gap") | dict.fromkeys(negation["words"], "not")
    return _Cues(
        scan=AhoCorasick(list(known), matchkind=MatchKind.LeftmostLongest),
        cues=tuple(known.values()),
        negation=kinds | dict.fromkeys(negation["stops"], "stop"),
    )


def judge(text: str, tokens: Sequence[str] = ()) -> Sentiment:
    """How `text` (raw or normalised) speaks of the one it mentions; linear in its length.

    `tokens` are accepted so that callers may hand over what they have; the cues need none. Unless the
    polarity is "complaint", `severity` is 0 and there are no `kinds`; `cues` are the words that decided,
    in order, without repeats, and none where the model did.
    """
    found, decided = _read(text)
    return found if decided else _BY_TONE[ToneModel.load().tone(text)]


def by_cues(text: str) -> Sentiment:
    """How `text` speaks by its cues alone."""
    return _read(text)[0]


def _read(text: str) -> tuple[Sentiment, bool]:
    """What the cues say, and whether there were any, outweighed ones included."""
    known = _load()
    clean = blank_noise(normalise(text))
    tally, praised, blamed, seen = _Tally(), list[str](), list[str](), False
    for index, start, end in known.scan.find_matches_as_indexes(clean):
        cue = known.cues[index]
        if cue.kind == "turn":
            tally.weight = 2
        elif cue.kind != "mask":
            seen = True
            _count(cue, _negation(known, clean, start), clean[start:end], tally, praised, blamed)
    return _verdict(tally, praised, blamed), seen


def _count(
    cue: _Cue, negation: str, surface: str, tally: _Tally, praised: list[str], blamed: list[str]
) -> None:
    words = negation + surface
    if (cue.kind == "praise") != bool(negation):
        if cue.severity == 3:
            return  # 没有医疗事故: nobody is praised for that
        tally.praise += (_TURNED if negation else 2) * tally.weight
        praised.append(words)
        return
    severity = cue.severity or 1
    tally.complaint += (severity * 2 - 1) * tally.weight
    tally.severity = max(tally.severity, severity)
    tally.about.add(cue.about)
    blamed.append(words)


def _verdict(tally: _Tally, praised: list[str], blamed: list[str]) -> Sentiment:
    if tally.complaint and (tally.severity == 3 or tally.complaint >= tally.praise):
        return Sentiment(
            polarity="complaint",
            severity=tally.severity,
            cues=tuple(dict.fromkeys(blamed)),
            kinds=tuple(kind for kind in COMPLAINT_KINDS if kind in tally.about),
        )
    if tally.praise:
        return Sentiment(polarity="praise", severity=0, cues=tuple(dict.fromkeys(praised)))
    return Sentiment(polarity="neutral", severity=0)


def _negation(known: _Cues, text: str, start: int) -> str:
    """The words from a negation up to `start`, or "" where none reaches it."""
    words, position, limit = known.negation, start, max(0, start - _REACH)
    while position > limit:
        for length in range(min(5, position - limit), 0, -1):
            kind = words.get(text[position - length : position])
            if kind == "gap":
                position -= length
                break
            if kind is not None:
                return text[position - length : start] if kind == "not" else ""
        else:
            return ""
    return ""
