"""Pieces of replies: the clinic's own, and starters that are shipped; with {variables} that are filled in."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.errors import ConflictError, InputError
from leads.records.tables.clinics import ClinicRow
from leads.records.tables.work import Snippet
from leads.records.texts import storable
from leads.replies.starters import BRACES, LONGEST, LONGEST_TITLE, VARIABLES, ReplyDraft
from nlp.symptoms import lexicon


def everything(session: Session) -> Sequence[Snippet]:
    """The clinics' own pieces, by symptom and title."""
    return session.scalars(select(Snippet).order_by(Snippet.symptom, Snippet.title, Snippet.id)).all()


def add(session: Session, draft: ReplyDraft, *, who: str, now: datetime) -> Snippet:
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
    session: Session, snippet_id: int, draft: ReplyDraft, *, version: int, who: str, now: datetime
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


def _check(session: Session, draft: ReplyDraft) -> ReplyDraft:
    draft = replace(draft, title=storable(draft.title).strip(), text=storable(draft.text).strip())
    if not draft.title or not draft.text:
        raise InputError("标题和正文都要写。")
    if len(draft.title) > LONGEST_TITLE or len(draft.text) > LONGEST:
        raise InputError(f"太长：标题最多 {LONGEST_TITLE} 字，正文最多 {LONGEST:,} 字。")
    unknown = [name for name in BRACES.findall(draft.text) if name not in VARIABLES]
    known = "、".join(f"{{{name}}}" for name in VARIABLES)
    if unknown:
        raise InputError(f"变量 {{{unknown[0]}}} 不认识：可用 {known}。")
    if re.search(r"[{}]", BRACES.sub("", draft.text)):
        raise InputError(f"花括号没有成对：变量写成 {known}。")
    if draft.symptom and draft.symptom not in lexicon.load().concepts:
        raise InputError(f"症状 {draft.symptom!r} 不认识：请从列表里选。")
    if draft.clinic_id and session.get(ClinicRow, storable(draft.clinic_id)) is None:
        raise InputError(f"诊所 {draft.clinic_id!r} 不存在：请从列表里选。")
    return draft


def get(session: Session, snippet_id: int) -> Snippet | None:
    """None when it is not there."""
    return session.get(Snippet, snippet_id)
