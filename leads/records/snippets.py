"""Pieces of replies: the clinic's own, and starters that are shipped; with {variables} that are filled in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.errors import ConflictError, InputError
from leads.records.tables import ClinicRow, Snippet
from leads.records.texts import storable
from nlp import lexicon

VARIABLES = {"clinic": "诊所名", "doctor": "医生", "distance": "距离", "symptom": "症状"}
LONGEST = 2000
LONGEST_TITLE = 60
_SHIPPED = Path(__file__).parent.parent / "snippets.toml"
_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A piece of a reply as it is written: `symptom` is a code ("" fits all), `clinic_id` "" is for all."""

    title: str
    text: str
    symptom: str = ""
    clinic_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter(Draft):
    """A piece that is shipped; a clinic makes it its own by copying it."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A reply with its variables filled in; `missing` are those nobody knew, shown as （…）."""

    text: str
    missing: tuple[str, ...] = ()


def everything(session: Session) -> Sequence[Snippet]:
    """The clinics' own pieces, by symptom and title."""
    return session.scalars(select(Snippet).order_by(Snippet.symptom, Snippet.title, Snippet.id)).all()


def add(session: Session, draft: Draft, *, who: str, now: datetime) -> Snippet:
    """Keep a new piece.

    Raises:
        InputError: empty, too long, or with an unknown variable, symptom or clinic.
    """
    draft = _check(session, draft)
    snippet = Snippet(
        title=draft.title, text=draft.text, symptom=draft.symptom,
        clinic_id=draft.clinic_id, changed_by=who, changed_at=now,
    )  # fmt: skip
    session.add(snippet)
    session.flush()
    return snippet


def edit(
    session: Session, snippet_id: int, draft: Draft, *, version: int, who: str, now: datetime
) -> Snippet | None:
    """Change a piece; None when there is none such.

    Raises:
        InputError: as for `add`.
        ConflictError: somebody changed it since this version.
    """
    statement = select(Snippet).where(Snippet.id == snippet_id).with_for_update()
    snippet = session.scalars(statement).one_or_none()
    if snippet is None:
        return None
    if snippet.version != version:
        raise ConflictError(f"{snippet.changed_by} 刚改过这段话术：请对照后再保存。")
    draft = _check(session, draft)
    snippet.title, snippet.text = draft.title, draft.text
    snippet.symptom, snippet.clinic_id = draft.symptom, draft.clinic_id
    snippet.changed_by, snippet.changed_at, snippet.version = who, now, version + 1
    session.flush()
    return snippet


def remove(session: Session, snippet_id: int) -> bool:
    """Drop a piece; False when there was none such."""
    snippet = session.get(Snippet, snippet_id)
    if snippet is not None:
        session.delete(snippet)
        session.flush()
    return snippet is not None


def fitting(
    pieces: Sequence[Snippet], symptoms: Collection[str], clinic_ids: Collection[str]
) -> list[Snippet]:
    """Those that fit a post with these symptoms and one of these clinics, the more particular first."""
    fit = [
        piece
        for piece in pieces
        if (not piece.symptom or piece.symptom in symptoms)
        and (not piece.clinic_id or piece.clinic_id in clinic_ids)
    ]
    return sorted(fit, key=lambda piece: (not piece.symptom, not piece.clinic_id))


@cache
def starters() -> tuple[Starter, ...]:
    """The pieces that are shipped."""
    data = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    return tuple(Starter(**{**row, "text": row["text"].strip()}) for row in data["snippet"])


def fitting_starters(symptoms: Collection[str]) -> list[Starter]:
    """Those for one of these symptoms, then those for all."""
    fit = [each for each in starters() if not each.symptom or each.symptom in symptoms]
    return sorted(fit, key=lambda each: not each.symptom)


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """The text with its variables filled in; an empty value counts as not known."""
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        known = values.get(match[1], "")
        if not known:
            missing.append(VARIABLES.get(match[1], match[1]))
        return known or f"（{VARIABLES.get(match[1], match[1])}）"

    return Filled(text=_BRACES.sub(value, text), missing=tuple(dict.fromkeys(missing)))


def _check(session: Session, draft: Draft) -> Draft:
    draft = replace(draft, title=storable(draft.title).strip(), text=storable(draft.text).strip())
    if not draft.title or not draft.text:
        raise InputError("标题和正文都要写。")
    if len(draft.title) > LONGEST_TITLE or len(draft.text) > LONGEST:
        raise InputError(f"太长：标题最多 {LONGEST_TITLE} 字，正文最多 {LONGEST:,} 字。")
    unknown = [name for name in _BRACES.findall(draft.text) if name not in VARIABLES]
    known = "、".join(f"{{{name}}}" for name in VARIABLES)
    if unknown:
        raise InputError(f"变量 {{{unknown[0]}}} 不认识：可用 {known}。")
    if re.search(r"[{}]", _BRACES.sub("", draft.text)):
        raise InputError(f"花括号没有成对：变量写成 {known}。")
    if draft.symptom and draft.symptom not in lexicon.load().concepts:
        raise InputError(f"症状 {draft.symptom!r} 不认识：请从列表里选。")
    if draft.clinic_id and session.get(ClinicRow, storable(draft.clinic_id)) is None:
        raise InputError(f"诊所 {draft.clinic_id!r} 不存在：请从列表里选。")
    return draft
