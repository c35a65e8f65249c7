"""The names that users see and may write, and the codes behind them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from leads.errors import QueryError
from leads.labels import INTENT_NAMES, LEAD_STATUS_NAMES, NOBODY
from nlp.models import INTENTS, IntentLabel
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon
from nlp.text.normal import normalise

STATUSES = tuple(LEAD_STATUS_NAMES)
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
    return one_of(name, STATUSES, LEAD_STATUS_NAMES, "status")


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


def symptom_name(code: str) -> str:
    """What the symptom is called; what is no code is called itself."""
    concept = lexicon.load().concepts.get(code)
    return concept.name if concept else code


def area_name(code: str) -> str:
    """What the division is called; what is no adcode is called itself."""
    division = Gazetteer.load().by_code(code)
    return division.name if division else code
