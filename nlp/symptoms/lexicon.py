"""Reads data/lexicon.toml and data/symptom_cues.toml into what `nlp.symptoms.find` matches with.

Loading costs about 0.15 s; the result is immutable and shared.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from typing import Any, Literal, TypeAlias

from nlp.models import Urgency
from nlp.text.normal import DATA

LEXICON = DATA / "lexicon.toml"
CUES = DATA / "symptom_cues.toml"

# A term of one or two characters may hide across two words (主|流产|品): it must touch a token border.
# At one character both its ends must.
BOTH_ENDS, ONE_END, ANYWHERE = 2, 1, 0
TomlTable: TypeAlias = Mapping[str, Any]  # of our own data files
Prevalence = Literal["common", "occasional", "rare"]  # over 5 %, 0.5 to 5 %, under 0.5 %; data/README.md


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One symptom, disease or treatment."""

    code: str
    name: str
    specialty: str
    urgency: Urgency
    chronic: bool
    recurring: bool  # comes again and again to one person
    prevalence: Prevalence
    gathers: bool  # people of this need meet in groups
    treatments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one pattern of the automaton stands for. Neither codes nor senses: a mask."""

    word: str
    codes: tuple[str, ...] = ()
    senses: tuple[str, ...] = ()  # kinds of sensation that need a part of the body
    border: int = ANYWHERE
    figurative: bool = False
    company: bool = False  # literal only beside another bodily concept


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """Concepts, patterns and word tables, all in normalised text."""

    concepts: Mapping[str, Concept]
    specialties: Mapping[str, str]
    merged: Mapping[str, str]  # code of a child form → general code
    absorbed: Mapping[str, frozenset[str]]  # term → codes of which one makes it superfluous
    entries: tuple[Entry, ...]
    parts: Mapping[str, Mapping[str, str]]  # part word → sensation kind → code
    steps: Mapping[str, str]  # word between part and sensation → "gap" | "not" | "stop" | "join"
    forward: frozenset[str]
    negation: Mapping[str, str]  # word before a term → "gap" | "not" | "stop"
    chain: frozenset[str]
    figure_verbs: Mapping[str, str]  # word → "verb" | "mark" | "gap"
    figure_codes: frozenset[str]
    suffixes: Mapping[str, str]  # words right after a term → "not" | "past" | "none"
    undone: tuple[str, ...]
    cues: tuple[tuple[str, str], ...] = field(default=())  # (word, kind) for person, time, sentence ends


@cache
def load() -> Lexicon:
    """The shipped lexicon."""
    data = tomllib.loads(LEXICON.read_text(encoding="utf-8"))
    cues = tomllib.loads(CUES.read_text(encoding="utf-8"))
    return Lexicon(
        concepts={code: _concept(code, table) for code, table in data["concepts"].items()},
        specialties=data["specialties"],
        merged=data["merged"],
        absorbed={term: frozenset(codes) for term, codes in data["absorbed"].items()},
        entries=_entries(data, cues),
        parts=_parts(data),
        steps=_steps(data, cues),
        forward=frozenset(data["gap"]["forward"]),
        negation=_kinds(
            **{
                "gap": cues["negation"]["gap"],
                "not": cues["negation"]["words"],
                "stop": cues["negation"]["stops"],
            }
        ),
        chain=frozenset(cues["negation"]["chain"]),
        figure_verbs=_kinds(
            gap=cues["figure_verbs"]["between"],
            verb=cues["figure_verbs"]["verbs"],
            mark=cues["figure_verbs"]["marks"],
        ),
        figure_codes=frozenset(cues["figure_verbs"]["codes"]),
        suffixes=_kinds(
            **{
                "not": cues["negation"]["after"],
                "past": cues["past"]["after"],
                "none": cues["past"]["not_after"],
            }
        ),
        undone=tuple(cues["negation"]["undone"]),
        cues=_cues(cues),
    )


def _concept(code: str, table: TomlTable) -> Concept:
    return Concept(
        code=code,
        name=table["name"],
        specialty=table["specialty"],
        urgency=table["urgency"],
        chronic=table["course"] == "chronic",
        recurring=table["frequency"] == "recurring",
        prevalence=table["prevalence"],
        gathers=table["gathers"],
        treatments=tuple(table["treatments"]),
    )


def _kinds(**groups: Iterable[str]) -> dict[str, str]:
    """word → name of its group; a later group wins."""
    return {word: kind for kind, words in groups.items() for word in words}


def with_words(known: Lexicon, own: Mapping[str, str]) -> Lexicon:
    """The lexicon with further terms (word → code); they outweigh its own, unknown codes are passed over."""
    added = [
        Entry(word=word, codes=(code,), border=_border(word, False))
        for word, code in own.items()
        if word and code in known.concepts
    ]
    words = {entry.word for entry in added}
    return replace(known, entries=(*(each for each in known.entries if each.word not in words), *added))


def _border(word: str, whole: bool) -> int:
    if whole or len(word) == 1 or (word.isascii() and len(word) < 6):
        return BOTH_ENDS
    return ONE_END if len(word) == 2 else ANYWHERE


def _entries(data: TomlTable, cues: TomlTable) -> tuple[Entry, ...]:
    codes: dict[str, list[str]] = {}
    whole: set[str] = set()
    for code, table in data["concepts"].items():
        whole.update(table.get("whole", ()))
        for word in [
            *table["terms"],
            *table.get("whole", ()),
            *_split_forms(table, data["split"]["infixes"]),
        ]:
            codes.setdefault(word, []).append(code)
    for word in _temperatures():
        codes.setdefault(word, ["fever"])
    for week in range(1, 43):
        codes.setdefault(f"孕{week}周", ["pregnancy"])
    senses: dict[str, list[str]] = {}
    for kind, words in data["sensations"].items():
        for word in words:
            senses.setdefault(word, []).append(kind)
    figures = {word: code for code, words in cues["figures"].items() for word in words}
    company = frozenset(cues["company"]["terms"])
    out = [Entry(word=word) for group in cues["masks"].values() for word in group if word not in codes]
    out += [Entry(word=word, codes=(code,), figurative=True) for word, code in figures.items()]
    for word in dict.fromkeys([*codes, *senses]):
        if word not in figures:
            found = tuple(dict.fromkeys(codes.get(word, ())))
            kinds = tuple(senses.get(word, ()))
            border = _border(word, word in whole) if found else ONE_END
            out.append(Entry(word=word, codes=found, senses=kinds, border=border, company=word in company))
    return tuple(out)


def _split_forms(table: TomlTable, infixes: Iterable[str]) -> list[str]:
    pairs = [split.split("|") for split in table.get("splits", ())]
    return [verb + infix + noun for verb, noun in pairs for infix in infixes]


def _temperatures() -> list[str]:
    """37.3 to 41.9 degrees with a decimal; whole degrees could be the weather's."""
    degrees = [
        f"{whole}.{tenth}" for whole in range(37, 42) for tenth in range(10) if (whole, tenth) >= (37, 3)
    ]
    return [degree + unit for degree, unit in product(degrees, ("度", "℃", "°", "°c"))]


def _parts(data: TomlTable) -> dict[str, dict[str, str]]:
    out: dict[str, dict[str, str]] = {}
    for table in data["parts"].values():
        senses = {kind: code for kind, code in table.items() if kind != "words"}
        for word in table["words"]:
            out.setdefault(word, {}).update(senses)
    return out


def _steps(data: TomlTable, cues: TomlTable) -> dict[str, str]:
    gap = data["gap"]
    sensations = [word for words in data["sensations"].values() for word in words]
    steps = _kinds(
        **{
            "gap": [*sensations, *gap["chars"], *gap["words"]],
            "join": gap["joiners"],
            "not": gap["negators"],
        },
        stop=cues["negation"]["stops"],
    )
    # "not very" still hurts; and a question is no denial.
    soft = [
        "不是很",
        "不是特别",
        "不是太",
        "没那么",
        "不是那么",
        "不小心",
        "不停",
        "不断",
        "不时",
        "不知道为什么",
        "不知道怎么",
        "不知道为啥",
    ]
    return steps | dict.fromkeys(
        [*soft, "不是一般的", "不得不", "要不要", "有没有", "是不是", "会不会", "能不", "怎么能不"], "gap"
    )


def _cues(cues: TomlTable) -> tuple[tuple[str, str], ...]:
    person, past = cues["person"], cues["past"]
    kinds = _kinds(
        self=person["self"],
        other=person["other"],
        family=person["family"],
        child=[*person["child"], *_ages(range(1, 13))],
        patient=person["patient"],
        pronoun=person["pronouns"],
        none=[*person["none"], *_ages(range(13, 100))],
        past=past["before"],
        now=past["now"],
        end="。!?\n;…",
    )
    return tuple(kinds.items())


_DIGITS = "零一二三四五六七八九"


def _ages(years: Iterable[int]) -> list[str]:
    out: list[str] = []
    for year in years:
        tens, ones = divmod(year, 10)
        chinese = (("" if tens == 1 else _DIGITS[tens]) + "十" if tens else "") + (
            _DIGITS[ones] if ones else ""
        )
        out += [f"{year}岁", f"{chinese}岁"]
    return out
