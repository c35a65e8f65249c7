"""The names that users see and may write, and the codes behind them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from leads.errors import QueryError
from nlp import lexicon
from nlp.gazetteer import Gazetteer
from nlp.models import INTENTS, IntentLabel
from nlp.text import normalise

INTENT_NAMES = {
    "seeker": "求诊",
    "experience": "经历",
    "advert": "广告",
    "news_science": "新闻科普",
    "figurative": "比喻",
    "other": "其他",
}
PRECISION_NAMES = {"sure": "确定", "likely": "可能", "possible": "仅同省"}
# The funnel of a clinic's work on a lead, in its order; a lead not worth it is dismissed at any point.
STATUS_NAMES = {
    "new": "新线索",
    "seen": "已看",
    "replied": "已回复",
    "talking": "沟通中",
    "booked": "已预约",
    "visited": "已到诊",
    "shared": "已分享",
    "dismissed": "已排除",
}
STATUSES = tuple(STATUS_NAMES)
NOBODY = "未分配"  # may stand for the empty assignee
SORT_NAMES = {"score": "综合", "newest": "最新", "nearest": "最近"}
L = TypeVar("L", bound=str)


def one_of(value: str, allowed: Sequence[L], names: Mapping[str, str], field: str) -> L:
    """The code that was meant by a code or its name.

    Raises:
        QueryError: neither.
    """
    for item in allowed:
        if value.strip() in (item, names[item]):
            return item
    raise QueryError(f"{field} {value!r} 不认识：可用 {'、'.join(allowed)}。")


def intent_code(name: str) -> IntentLabel:
    """Raises QueryError when there is no such intent."""
    return one_of(name, INTENTS, INTENT_NAMES, "intent")


def status_code(name: str) -> str:
    """Raises QueryError when there is no such status."""
    return one_of(name, STATUSES, STATUS_NAMES, "status")


def assignee_login(name: str) -> str:
    """The login name, "" for nobody."""
    return "" if name.strip() == NOBODY else name.strip()


def symptom_code(name: str) -> str:
    """The code of a symptom given by code, by name, or by any word the lexicon has for it.

    Raises:
        QueryError: the lexicon has no such symptom.
    """
    words = lexicon.load()
    plain = words.merged.get(name, normalise(name).strip())
    if plain in words.concepts:
        return plain
    named = (code for code, concept in words.concepts.items() if concept.name == name.strip())
    said = (code for entry in words.entries if entry.word == plain for code in entry.codes)
    code = next(named, None) or next(said, None)
    if code is None:
        raise QueryError(f"symptom {name!r} 不认识：请用症状名（如 牙痛）或代码（如 toothache）。")
    return code


def specialty_code(name: str) -> str:
    """Raises QueryError when there is no such specialty."""
    specialties = lexicon.load().specialties
    for code, label in specialties.items():
        if name in (code, label, label.removesuffix("科")):
            return code
    raise QueryError(f"specialty {name!r} 不认识：可用 {'、'.join(specialties)}。")


def area_code(name: str) -> str:
    """The adcode of a division, "" for an empty name.

    Raises:
        QueryError: the gazetteer has no such division.
    """
    if not name.strip():
        return ""
    division = Gazetteer.load().resolve(name.strip())
    if division is None:
        raise QueryError(f"area {name!r} 找不到：请写成 成都武侯、四川 或 6 位区划代码。")
    return division.code
