"""What a clinic's reply says that the law or the platform forbids. Pure; the provisions are compliance.toml.

A help for the writer, no legal advice: what it does not find may still be forbidden.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from nlp.text.normal import normalise

FILE = Path(__file__).with_name("compliance.toml")
PLATFORMS = {
    "weibo": ("微博", ("weibo.com", "weibo.cn")),
    "xiaohongshu": ("小红书", ("xiaohongshu.com", "xhslink.com")),
    "tieba": ("百度贴吧", ("tieba.baidu.com",)),
    "zhihu": ("知乎", ("zhihu.com",)),
}  # code: name, hosts
LONGEST = 5000  # characters of a text that is looked at
_REACH = 10  # characters before a find in which a denial counts, the denial among them
_CLAUSE_END = re.compile(r"[,。!?;:、…~\n]")
# What people put between characters to get past word lists.
_FILLERS = frozenset(" \t\u3000·•.*_-~|/\\+^='\"`")
_HAN = re.compile(r"[\u3400-\u9fff%]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """One sentence of a law or of a platform's own rules, as it was read."""

    id: str
    kind: Literal["law", "platform"]
    name: str
    article: str  # "" where none is known
    since: str  # YYYY-MM-DD it is in force from, "" where not known
    quote: str
    read: str  # YYYY-MM-DD somebody of us read it
    seen: Literal["text", "summary", "cited"]  # its text, an authority's summary, somebody who cites it
    lawyer: bool = False  # that it covers a public answer to a post is our reading
    platform: str = ""  # a key of PLATFORMS, for kind "platform"

    @property
    def kind_name(self) -> str:
        """zh-CN."""
        return "法律" if self.kind == "law" else "平台规则"

    @property
    def sentence(self) -> str:
        """Where it stands, its words, since when, and how far our reading of it goes. zh-CN."""
        since = f"{self.since} 起；" if self.since else ""
        form = {"text": "", "summary": "，据官方摘要", "cited": "，据转引，请以平台现行版本为准"}[self.seen]
        lawyer = "；是否管到公开回复，请律师确认" if self.lawyer else ""
        return f"{self.name}{self.article}：“{self.quote}”（{since}{self.read} 查阅{form}{lawyer}）"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEntry:
    """One kind of forbidden words."""

    code: str
    title: str  # zh-CN
    provisions: tuple[Provision, ...]
    instead: str  # what to say instead
    patterns: re.Pattern[str]
    unless: re.Pattern[str] | None
    deniable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Forbidden words in a text: `text[start:end]` is what was found."""

    start: int
    end: int
    words: str
    title: str
    provisions: tuple[Provision, ...]  # at least one: laws first, then the platform's own
    instead: str


def platform_of(url: str) -> str:
    """The platform a post stands on: a key of PLATFORMS, "" for another site or an address that is none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return next(
        (
            code
            for code, (_, hosts) in PLATFORMS.items()
            if any(f".{host}".endswith(f".{each}") for each in hosts)
        ),
        "",
    )


def check(text: str, platform: str = "") -> tuple[Objection, ...]:
    """What the text must not say where it is to stand, in its order; finds of one kind that touch are one.

    Laws hold everywhere, a platform's own rules on `platform` (a key of PLATFORMS) alone. Offsets are the
    text's own.
    """
    plain, where = _squeezed(text[:LONGEST])
    entries, denied = _rules()
    found = [
        (start, end, entry, holding)
        for entry in entries
        if (holding := _holding(entry, platform))
        for start, end in _merged(_finds(plain, entry, denied))
    ]
    return tuple(
        _finding(text, where[start], where[end - 1] + 1, entry, holding)
        for start, end, entry, holding in sorted(found, key=lambda item: item[:2])
    )


def _holding(entry: RuleEntry, platform: str) -> tuple[Provision, ...]:
    """The provisions behind an entry that hold on a platform."""
    return tuple(each for each in entry.provisions if each.platform in ("", platform))


def _finding(text: str, start: int, end: int, entry: RuleEntry, holding: tuple[Provision, ...]) -> Objection:
    return Objection(
        start=start, end=end, words=text[start:end],
        title=entry.title, provisions=holding, instead=entry.instead,
    )  # fmt: skip


def _finds(plain: str, entry: RuleEntry, denied: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    excused = [match.span() for match in entry.unless.finditer(plain)] if entry.unless else []
    for match in entry.patterns.finditer(plain):
        start, end = match.span()
        if any(first < end and start < last for first, last in excused):
            continue
        if entry.deniable and denied.search(_before(plain, start)):
            continue
        yield start, end


def _before(plain: str, start: int) -> str:
    """What stands before a find in its clause, as far as it may deny it, and the find's first character."""
    return _CLAUSE_END.split(plain[max(0, start - _REACH) : start + 1])[-1]


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _squeezed(text: str) -> tuple[str, list[int]]:
    """The text as patterns read it, and where each of its characters stands in the original."""
    kept: list[tuple[str, int]] = []
    for position, character in enumerate(text):
        plain = normalise(character)  # "" for invisible ones
        kept.extend((";" if each == "\n" else each, position) for each in plain)
    out = [
        (each, position)
        for number, (each, position) in enumerate(kept)
        if not _filler(each) or not _beside_han(kept, number)
    ]
    return "".join(each for each, _ in out), [position for _, position in out]


def _filler(character: str) -> bool:
    return character in _FILLERS or unicodedata.category(character) in ("So", "Sk")  # emoji among them


def _beside_han(kept: Sequence[tuple[str, int]], number: int) -> bool:
    """A Chinese character or a percent sign stands next to this one, other fillers aside."""
    before, after = number - 1, number + 1
    while before >= 0 and _filler(kept[before][0]):
        before -= 1
    while after < len(kept) and _filler(kept[after][0]):
        after += 1
    left = kept[before][0] if before >= 0 else ""
    right = kept[after][0] if after < len(kept) else ""
    return bool(_HAN.match(left) or _HAN.match(right))


@cache
def _rules() -> tuple[tuple[RuleEntry, ...], re.Pattern[str]]:
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    known = {row["id"]: Provision(**row) for row in data["provision"]}
    entries = tuple(
        RuleEntry(
            code=entry["code"],
            title=entry["title"],
            provisions=tuple(known[each] for each in entry["provisions"]),
            instead=entry["instead"],
            patterns=_any(entry["patterns"]),
            unless=_any(entry["unless"]) if entry["unless"] else None,
            deniable=entry.get("denied", True),
        )
        for entry in data["entry"]
    )
    return entries, _denial(data["denials"], data["ourselves"])


def _denial(denials: Sequence[str], ourselves: Sequence[str]) -> re.Pattern[str]:
    """Matches the words before a find (and its first character) when they deny it."""
    return re.compile(f"{_any(denials).pattern}(?!.*{_any(ourselves).pattern})")


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("(?:" + "|".join(f"(?:{pattern})" for pattern in patterns) + ")")


def entries() -> tuple[RuleEntry, ...]:
    """Every kind of forbidden words, for a page that explains them."""
    return _rules()[0]
