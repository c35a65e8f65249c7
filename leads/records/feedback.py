"""What people say of the tags: is it a lead, what else is it, is the symptom or the place wrong.

The one place judgements are kept: the page and `tingzhen feedback` write, `tingzhen train` reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from crawler.system_errors import os_reason
from leads.errors import InputError, StorageError
from leads.models import Lead
from leads.records.database import Records
from leads.records.tables.work import Feedback
from leads.records.texts import storable
from leads.scoring.expected import JudgedLead
from nlp.models import INTENTS, IntentLabel, OwnWords

FeedbackKind = Literal["lead", "not_lead", "symptom", "place"]
KINDS: tuple[FeedbackKind, ...] = get_args(FeedbackKind)
LONGEST_REASON = 200
CONFIRMED = 2  # posts that must say so before a word of the clinic's own is believed
UNDATED = "1970-01-01T00:00:00+00:00"
OLD_FILE = "feedback.jsonl"  # where judgements stood before there were records


def kind_of(text: str) -> FeedbackKind:
    """Raises InputError when there is no such kind."""
    for kind in KINDS:
        if text == kind:
            return kind
    raise InputError(f"反馈 {text!r} 不认识：可用 {'、'.join(KINDS)}。")


def add(
    session: Session,
    lead: Lead,
    kind: FeedbackKind,
    *,
    who: str,
    now: datetime,
    intent: str = "",
    reason: str = "",
    shown: str = "",
    right: Mapping[str, str] | None = None,
) -> Feedback:
    """Keep one judgement of a lead, beside what the model says; a later one of the same text outweighs it.

    `intent` says what it is instead, for "not_lead". `reason` is what would be right, in words; `right` the
    same for the tagger: {"words": of the post, "code": of a symptom or place}. `shown` is what the second
    reader says, where it was before the eyes of who judges: such a judgement measures it not.

    Raises:
        InputError: an unknown intent, or a reason of more than 200 characters.
    """
    judged = {"lead": "seeker", "not_lead": intent}.get(kind, "")
    if kind == "not_lead" and (intent not in INTENTS or intent == "seeker"):
        raise InputError(f"判断 {intent!r} 不认识：可用 {'、'.join(INTENTS[1:])}。")
    if len(reason) > LONGEST_REASON:
        raise InputError(f"说明太长：最多 {LONGEST_REASON} 个字。")
    row = Feedback(
        lead_id=lead.id, at=now, who=who, kind=kind, intent=judged, reason=storable(reason).strip(),
        said=said(lead) | _beside(shown, right), text=storable(lead.post.full_text),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _beside(shown: str, right: Mapping[str, str] | None) -> dict[str, Any]:
    return ({"reader": shown} if shown else {}) | ({"right": dict(right)} if right else {})


def judge(session: Session, lead: Lead, intent: str, *, who: str, now: datetime) -> Feedback:
    """Keep what a lead is in one word: "seeker" says it is a lead, every other intent that it is none.

    Raises:
        InputError: an unknown intent.
    """
    if intent not in INTENTS:
        raise InputError(f"判断 {intent!r} 不认识：可用 {'、'.join(INTENTS)}。")
    if intent == "seeker":
        return add(session, lead, "lead", who=who, now=now)
    return add(session, lead, "not_lead", intent=intent, who=who, now=now)


def said(lead: Lead) -> dict[str, Any]:
    """What the model thinks, as far as a person can judge it; probabilities to two digits.

    "reader" is there when the second reader has put the lead down.
    """
    tags = lead.tags
    put_down = any(reason.kind == "reader" for reason in lead.reasons)
    return {
        "intent": tags.intent_label,
        "seeker": round(tags.intent.seeker, 2),
        "need": round(lead.need, 2),
        "symptoms": list(dict.fromkeys(symptom.code for symptom in tags.symptoms if symptom.present)),
        "place": "" if tags.region is None else tags.region.code,
        "evidence": "" if tags.region is None else tags.region.evidence,
    } | ({"reader": tags.intent_label} if put_down else {})


def of(session: Session, lead_id: str) -> Sequence[Feedback]:
    """What was said of a lead, the first judgement first."""
    return session.scalars(select(Feedback).where(Feedback.lead_id == lead_id).order_by(Feedback.id)).all()


def take_back(session: Session, feedback_id: int, *, lead_id: str, who: str) -> bool:
    """Remove a judgement by who made it; False when there is none such."""
    mine = (Feedback.id == feedback_id, Feedback.lead_id == lead_id, Feedback.who == who)
    found = session.scalars(select(Feedback).where(*mine)).one_or_none()
    if found is not None:
        session.delete(found)
        session.flush()
    return found is not None


def judgements(session: Session, *, since: datetime | None = None) -> Mapping[str, IntentLabel]:
    """What to learn from, or what came since: text → what it is; of one text the last judgement counts."""
    statement = select(Feedback.text, Feedback.intent).where(Feedback.intent != "")
    if since is not None:
        statement = statement.where(Feedback.at >= since)
    statement = statement.order_by(Feedback.at, Feedback.id)
    return {text: cast(IntentLabel, intent) for text, intent in session.execute(statement)}


def own_words(session: Session) -> OwnWords:
    """What the posts of this place call symptoms and places, as far as two posts were judged so; the last
    meaning that two were judged to have counts."""
    chosen = (
        select(Feedback).where(Feedback.kind.in_(("symptom", "place"))).order_by(Feedback.at, Feedback.id)
    )
    posts: dict[tuple[str, str, str], set[str]] = {}
    found: dict[str, dict[str, str]] = {"symptom": {}, "place": {}}
    for row in session.scalars(chosen):
        right = row.said.get("right")
        if right:
            heard = posts.setdefault((row.kind, right["words"], right["code"]), set())
            heard.add(row.lead_id)
            if len(heard) >= CONFIRMED:
                found[row.kind][right["words"]] = right["code"]
    return OwnWords(symptoms=found["symptom"], places=found["place"])


def judged(session: Session, *, since: datetime) -> dict[str, list[JudgedLead]]:
    """Source → what was said of its leads since then, beside what the model said; last words count."""
    statement = select(Feedback).where(Feedback.at >= since, Feedback.intent != "", Feedback.lead_id != "")
    last = {row.lead_id: row for row in session.scalars(statement.order_by(Feedback.at, Feedback.id))}
    found: dict[str, list[JudgedLead]] = {}
    for lead_id, row in last.items():
        share = row.said.get("seeker")
        if isinstance(share, float | int):  # older versions did not keep it
            source = lead_id.partition("/")[0]
            found.setdefault(source, []).append(JudgedLead(share=share, real=row.intent == "seeker"))
    return found


def adopt_file(records: Records, data_dir: Path) -> int:
    """Take over the judgements of an older version's file, once; the file is renamed. Returns how many.

    A crash in between takes them over again, which changes nothing that is learnt.

    Raises:
        InputError: a line that is not a judgement, with its number.
        StorageError: the file cannot be read or renamed.
    """
    path = data_dir / OLD_FILE
    if not path.exists():
        return 0
    try:
        rows = [_row(line, number, path) for number, line in enumerate(path.read_bytes().splitlines(), 1)]
        with records.transaction() as session:
            session.add_all(rows)
        path.rename(path.with_suffix(".jsonl.taken-over"))
    except OSError as error:
        raise StorageError(f"{path} 读不了或改不了名（{os_reason(error)}）：请检查权限。") from error
    return len(rows)


def _row(line: bytes, number: int, path: Path) -> Feedback:
    try:
        record = orjson.loads(line)
        text, intent = record["text"], record["intent"]
        at = datetime.fromisoformat(record.get("at", UNDATED))
        good = isinstance(text, str) and intent in INTENTS and at.tzinfo is not None
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        good = False
    if not good:
        raise InputError(f"{path} 第 {number} 行不是一条判断：请改正或删掉这一行。")
    kind = "lead" if intent == "seeker" else "not_lead"
    return Feedback(lead_id="", at=at, who="file", kind=kind, intent=intent, text=text)
