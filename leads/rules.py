"""The words of a search: Lucene syntax (luqum) → a small tree that every index compiles and a test can run.

`牙疼 推荐` both, `牙疼 OR 蛀牙` either, `"智齿 发炎"` one after the other, `-广告` or `NOT 广告` without,
brackets group. A word that jieba cuts into several tokens is a phrase of them; a word that is part of a
longer token is found through the token's sub-words, so 智齿 finds 智齿冠周炎.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import rjieba
from luqum.exceptions import ParseError
from luqum.thread import parse as parse_lucene
from luqum.tree import (
    AndOperation,
    BaseOperation,
    Group,
    Item,
    Not,
    OrOperation,
    Plus,
    Prohibit,
    UnknownOperation,
)
from luqum.tree import Phrase as LucenePhrase
from luqum.tree import Word as LuceneWord

from leads.errors import QueryError
from nlp.text import blank_noise, normalise
from nlp.tokens import cut, words

MAX_LENGTH = 500
MAX_DEPTH = 12  # brackets within brackets; SQLite's FTS5 gives up at about 30


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that stand one after the other; a single one is also looked for inside longer tokens."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Without:
    part: Rule


Rule = Phrase | All | AnyOf | Without

_QUOTES = str.maketrans(
    {"“": '"', "”": '"', "「": '"', "」": '"', "（": "(", "）": ")", "\u3000": " ", "－": "-"}
)


def parse(text: str) -> Rule | None:
    """The rule of a search text, or None when it has no words.

    Raises:
        QueryError: brackets or quotes that do not close, an operator without words, an unknown field.
    """
    text = text.translate(_QUOTES).strip()
    if not text:
        return None
    if len(text) > MAX_LENGTH:
        raise QueryError(f"搜索词太长（{len(text)} 字）：请不要超过 {MAX_LENGTH} 字。")
    try:
        tree = parse_lucene(text)
    except (ParseError, AttributeError, ValueError) as error:
        # luqum reports some broken inputs as AttributeError inside ply.
        raise QueryError(f"搜索词 {text!r} 看不懂：请检查引号、括号和 AND、OR、NOT。") from error
    rule = _convert(tree)
    if _depth(rule) > MAX_DEPTH:
        raise QueryError(f"搜索词的括号套得太深：请不要超过 {MAX_DEPTH} 层。")
    return rule


def _convert(node: Item) -> Rule | None:
    if isinstance(node, (LuceneWord, LucenePhrase)):
        return _phrase(node.value.strip('"') if isinstance(node, LucenePhrase) else node.value)
    if isinstance(node, (Group, Plus)):
        return _convert(node.children[0])
    if isinstance(node, (Not, Prohibit)):
        return _without(_convert(node.children[0]))
    if isinstance(node, BaseOperation):
        parts = tuple(part for part in map(_convert, node.children) if part is not None)
        if len(parts) < 2:
            return parts[0] if parts else None
        if isinstance(node, OrOperation):
            return AnyOf(parts)
        if isinstance(node, (AndOperation, UnknownOperation)):
            return All(parts)
    raise QueryError(f"搜索词里的 {str(node).strip()!r} 不支持：可用空格、AND、OR、NOT、引号和括号。")


def _without(part: Rule | None) -> Rule | None:
    if isinstance(part, Without):
        return part.part
    return None if part is None else Without(part)


def _depth(rule: Rule | None) -> int:
    match rule:
        case All(parts) | AnyOf(parts):
            return 1 + max(map(_depth, parts))
        case Without(part):
            return 1 + _depth(part)
        case _:
            return 0


def _phrase(text: str) -> Rule | None:
    tokens = tuple(words(cut(blank_noise(normalise(text)))))
    return Phrase(tokens) if tokens else None


@cache
def _dictionary() -> rjieba.Jieba:
    return rjieba.Jieba()


def subwords(tokens: tuple[str, ...]) -> set[str]:
    """Dictionary words of two or three characters inside longer tokens, as jieba's search mode adds them."""
    return {part for token in tokens if len(token) > 2 for part in _parts(token)}


def _parts(token: str) -> Iterator[str]:
    has_word = _dictionary().has_word
    for size in (2, 3):
        if len(token) > size:
            for start in range(len(token) - size + 1):
                part = token[start : start + size]
                if has_word(part):
                    yield part


def holds(rule: Rule | None, tokens: tuple[str, ...]) -> bool:
    """Whether a text of these tokens (nlp.tokens.words) satisfies the rule. Every index keeps to this."""
    match rule:
        case None:
            return True
        case Phrase(phrase):
            return _has_phrase(phrase, tokens)
        case All(parts):
            return all(holds(part, tokens) for part in parts)
        case AnyOf(parts):
            return any(holds(part, tokens) for part in parts)
        case Without(part):
            return not holds(part, tokens)


def _has_phrase(phrase: tuple[str, ...], tokens: tuple[str, ...]) -> bool:
    if len(phrase) == 1:
        return phrase[0] in tokens or phrase[0] in subwords(tokens)
    size = len(phrase)
    return any(tokens[start : start + size] == phrase for start in range(len(tokens) - size + 1))
