"""The words of a search: Lucene syntax (luqum) → a small tree that every index compiles and a test can run.

`牙疼 推荐` both, `牙疼 OR 蛀牙` either, `"智齿 发炎"` one after the other, `-广告` or `NOT 广告` without,
brackets group. `牙 NEAR/5 疼`: at most five words between the two, in either order (`NEAR` alone is NEAR/5);
it binds tighter than anything else, its sides are words, phrases, or either of some: `(牙 OR 齿) NEAR 疼`.
A word that jieba cuts into several tokens is a phrase of them; a word that is part of a longer token is found
through the token's sub-words, so 智齿 finds 智齿冠周炎. Phrases and NEAR see whole tokens only.

`symptom:牙痛 specialty:口腔科 intent:求诊 city:成都 source:weibo status:已看 assignee:chen need:>0.6` ask for
what is known of a lead; `symptom:(牙痛 OR 发热)` and `need:[0.3 TO 0.6]` are understood, too.

The tree (`leads.models.Rule`) holds codes instead of names and means what `holds.holds` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NoReturn

from luqum.exceptions import ParseError
from luqum.thread import parse as parse_lucene
from luqum.tree import (
    AndOperation,
    BaseApprox,
    BaseOperation,
    Boost,
    FieldGroup,
    From,
    Group,
    Item,
    Not,
    OrOperation,
    Plus,
    Prohibit,
    Range,
    Regex,
    SearchField,
    To,
    UnknownOperation,
)
from luqum.tree import Phrase as LucenePhrase
from luqum.tree import Word as LuceneWord

from leads.errors import QueryError
from leads.models import All, AnyOf, Nearby, Needs, Phrase, Rule, TagField, Tagged, Without
from leads.query.vocabulary import (
    area_code,
    assignee_login,
    intent_code,
    specialty_code,
    status_code,
    symptom_code,
)
from nlp.text.normal import blank_noise, normalise
from nlp.text.tokens import cut, words

MAX_LENGTH = 500
MAX_DEPTH = 12  # brackets within brackets; SQLite's FTS5 gives up at about 30
NEAR_WORDS = 5
MAX_NEAR = 100
MAX_PAIRS = 64  # that NEAR between two groups may stand for

_QUOTES = str.maketrans(
    {"“": '"', "”": '"', "「": '"', "」": '"', "（": "(", "）": ")", "\u3000": " ", "－": "-"}
)
_TAGS: Mapping[str, tuple[TagField, Callable[[str], str]]] = {
    "symptom": ("symptom", symptom_code),
    "specialty": ("specialty", specialty_code),
    "intent": ("intent", intent_code),
    "area": ("area", area_code),
    "city": ("area", area_code),
    "source": ("source", str.strip),
    "status": ("status", status_code),
    "assignee": ("assignee", assignee_login),
}

# Elsewhere a full-width colon is punctuation.
_FULL_COLON = re.compile(rf"\b({'|'.join((*_TAGS, 'need'))})：")


def parse(text: str) -> Rule | None:
    """The rule of a search text, or None when it has no words.

    Raises:
        QueryError: brackets or quotes that do not close, an operator without words, an unknown field or
            value, or something of Lucene's that is not supported (wildcards, ~, ^, regular expressions).
    """
    text = _FULL_COLON.sub(r"\1:", text.translate(_QUOTES)).strip()
    if not text:
        return None
    if len(text) > MAX_LENGTH:
        raise QueryError(f"搜索词太长（{len(text)} 字）：请不要超过 {MAX_LENGTH} 字。")
    try:
        tree = parse_lucene(_bind_near(text))
    except (ParseError, AttributeError, ValueError, ArithmeticError) as error:
        # luqum reports some broken inputs as AttributeError inside ply, or as what Decimal says of a number.
        raise QueryError(f"搜索词 {text!r} 看不懂：请检查引号、括号和 AND、OR、NOT。") from error
    rule = _convert(tree)
    if _depth(rule) > MAX_DEPTH:
        raise QueryError(f"搜索词的括号套得太深：请不要超过 {MAX_DEPTH} 层。")
    return rule


def _convert(node: Item) -> Rule | None:
    match node:
        case LuceneWord():
            return _phrase(_plain_word(node.value))
        case LucenePhrase():
            return _phrase(node.value.strip('"'))
        case Group() | FieldGroup() | Plus():
            return _convert(node.children[0])
        case Not() | Prohibit():
            return _without(_convert(node.children[0]))
        case UnknownOperation() if any(map(_near_of, node.children)):
            return _near_chain(list(node.children))
        case BaseOperation():
            return _operation(node, _convert)
        case SearchField(name=name, expr=value):
            return _field(name.lower(), value)
        case _:
            return _refuse(node)


def _operation(node: BaseOperation, convert: Callable[[Item], Rule | None]) -> Rule | None:
    parts = tuple(part for part in map(convert, node.children) if part is not None)
    if len(parts) < 2:
        return parts[0] if parts else None
    if isinstance(node, OrOperation):
        return AnyOf(parts)
    if not isinstance(node, (AndOperation, UnknownOperation)):
        _refuse(node)
    return All(parts)


def _refuse(node: Item) -> NoReturn:
    text = repr(str(node).strip())
    if isinstance(node, Boost):
        raise QueryError(f"搜索词里的 {text} 不支持：不能给词加权重（^），请去掉。")
    if isinstance(node, BaseApprox):
        raise QueryError(f"搜索词里的 {text} 不支持：没有近似搜索（~），两个词相距不远请写 牙 NEAR/5 疼。")
    if isinstance(node, Regex):
        raise QueryError(f"搜索词里的 {text} 不支持：没有正则表达式，要搜斜杠请加引号。")
    if isinstance(node, (Range, From, To)):
        raise QueryError(f"搜索词里的 {text} 不支持：范围只能用于 need，例如 need:>0.6。")
    raise QueryError(f"搜索词里的 {text} 不支持：可用空格、AND、OR、NOT、NEAR、引号和括号。")


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


# A question mark at the end of a word is punctuation; people end questions with it.
_WILDCARD = re.compile(r"(?<!\\)(?:\*|\?(?=[^\s?]))")


def _plain_word(text: str) -> str:
    if _WILDCARD.search(text):
        raise QueryError(
            f"搜索词里的 {text!r} 不支持：没有通配符（* 和 ?），请写完整的词，用 OR 列出几种说法。"
        )
    return text


def _phrase(text: str) -> Phrase | None:
    tokens = tuple(words(cut(blank_noise(normalise(text)))))
    return Phrase(tokens) if tokens else None


# --- fields


def _field(name: str, value: Item) -> Rule | None:
    if name == "need":
        return _need(value)
    if name not in _TAGS:
        known = "、".join(f"{field}:" for field in (*_TAGS, "need"))
        raise QueryError(f"搜索词里的 {name}: 不认识：可用 {known}；要搜冒号请给词加引号。")
    return _tagged(name, value)


def _tagged(name: str, node: Item) -> Rule | None:
    match node:
        case LuceneWord() | LucenePhrase():
            field, code_of = _TAGS[name]
            value = node.value.strip('"') if isinstance(node, LucenePhrase) else _plain_word(node.value)
            code = code_of(value)
            if not code and field != "assignee":
                raise QueryError(f"搜索词里的 {name}: 后面是空的：请写上要找的值。")
            return Tagged(field, code)
        case Group() | FieldGroup():
            return _tagged(name, node.children[0])
        case Not() | Prohibit():
            return _without(_tagged(name, node.children[0]))
        case BaseOperation():
            return _operation(node, lambda child: _tagged(name, child))
    _refuse(node)


def _need(node: Item) -> Rule:
    match node:
        case From():
            return Needs(">=" if node.include else ">", _number(node.a))
        case To():
            return Needs("<=" if node.include else "<", _number(node.a))
        case Range():
            low = Needs(">=" if node.include_low else ">", _number(node.low))
            return All((low, Needs("<=" if node.include_high else "<", _number(node.high))))
    raise QueryError(f"搜索词里的 need:{str(node).strip()} 看不懂：请写成 need:>0.6 或 need:[0.3 TO 0.6]。")


def _number(node: Item) -> float:
    try:
        value = float(str(node).strip())
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise QueryError(f"搜索词里的 need {str(node).strip()!r} 不可用：请给 0 到 1 之间的数。")
    return value


# --- NEAR

_NEAR = re.compile(r"NEAR(?:/(\d{1,3}))?")
_NEAR_LIKE = re.compile(r"NEAR(?:/|$)")
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[()]|[^\s()"]+')


def _bind_near(text: str) -> str:
    """The text with brackets around every NEAR and its sides; luqum would give it the weakest bond."""
    pieces = [(match[0], match.start(), match.end()) for match in _PIECE.finditer(text)]
    opened: list[int] = []
    closed: list[int] = []
    number = 0
    while number < len(pieces):
        if _NEAR_LIKE.match(pieces[number][0]):
            first = _side(pieces, number - 1, -1)
            while number < len(pieces) and _NEAR_LIKE.match(pieces[number][0]):
                last = _side(pieces, number + 1, 1)
                number = last + 1
            start = pieces[first][1]
            opened.append(start + (pieces[first][0][0] in "-+"))
            closed.append(pieces[last][2])
            continue
        number += 1
    marks = sorted([*((at, "(") for at in opened), *((at, ")") for at in closed)])
    ends = [0, *(at for at, _ in marks), len(text)]
    return "".join(
        text[start:end] + mark
        for (start, end), mark in zip(pairwise(ends), [*(mark for _, mark in marks), ""], strict=True)
    )


def _side(pieces: list[tuple[str, int, int]], number: int, step: int) -> int:
    """Where the side of a NEAR ends that begins here: at once, or for a bracket at its other one."""
    depth = 0
    while 0 <= number < len(pieces):
        piece = pieces[number][0]
        bare = depth == 0
        depth += {"(": step, ")": -step}.get(piece, 0)
        if depth < 0 or (bare and piece in ("AND", "OR", "NOT")) or _NEAR_LIKE.match(piece):
            break
        if depth == 0:
            return number
        number += step
    raise QueryError("NEAR 两边都要有词：请写成 牙 NEAR/5 疼。")


def _near_of(node: Item) -> re.Match[str] | None:
    return _NEAR_LIKE.match(node.value) if isinstance(node, LuceneWord) else None


def _near_chain(nodes: list[Item]) -> Rule | None:
    """Sides and NEARs by turns, as `_bind_near` puts them; neighbours are near each other."""
    signs = [_NEAR.fullmatch(str(node).strip()) for node in nodes[1::2]]
    sides = [_alternatives(node) for node in nodes[::2]]
    pairs = []
    for sign, (left, right) in zip(signs, pairwise(sides), strict=True):
        within = int(sign[1] or NEAR_WORDS) if sign else MAX_NEAR + 1
        if within > MAX_NEAR:
            raise QueryError(f"NEAR 的距离不可用：请给 0 到 {MAX_NEAR} 之间的数，例如 牙 NEAR/5 疼。")
        pairs.append(_either([Nearby(one, other, within) for one in left for other in right]))
    return pairs[0] if len(pairs) == 1 else All(tuple(pairs))


def _either(pairs: list[Nearby]) -> Rule:
    if len(pairs) > MAX_PAIRS:
        raise QueryError(f"NEAR 两边的词太多（{len(pairs)} 对）：请不要超过 {MAX_PAIRS} 对。")
    return pairs[0] if len(pairs) == 1 else AnyOf(tuple(pairs))


def _alternatives(node: Item) -> list[tuple[str, ...]]:
    """The phrases that a side of NEAR stands for."""
    match _convert(node):
        case Phrase(tokens):
            return [tokens]
        case AnyOf(parts) if all(isinstance(part, Phrase) for part in parts):
            return [part.tokens for part in parts if isinstance(part, Phrase)]
    raise QueryError(f"NEAR 的一边 {str(node).strip()!r} 不支持：请给一个词、一个短语，或用 OR 连接的几个。")
