"""每日十问: the next question for somebody, and what becomes of an answer; page and command line ask here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from leads.errors import InputError
from leads.index.base import LeadIndex
from leads.learning.questions import A_DAY, Pool, drawn_by, next_id, pool_of
from leads.models import BEIJING, Assent, Lead, LeadQuery
from leads.records import Records, feedback, questions
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon
from nlp.text.normal import normalise

RECENT = timedelta(days=30)  # posts that people may still remember
MOST = 400  # of them, the newest
LONGEST_WORDS = 20  # characters of a clinic's own word for something


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyTurn:
    """Where somebody stands today: `lead` is to be asked about, None when there is nothing (more) to ask."""

    done: int  # of today's ten, those passed over too
    answered: int  # by everybody, ever
    lead: Lead | None

    @property
    def finished(self) -> bool:
        """All ten of today are done."""
        return self.done >= A_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class TodaysQuestion:
    """One of somebody's ten of today: `answer` is an intent, `skip`, or "" where it is still to come."""

    lead_id: str
    answer: str
    lead: Lead | None  # None when it is gone, or not theirs to see


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What somebody says of the symptoms, or the place, that were found in a post.

    `words` of the post and the `name` of what they mean, both or none, teach the tagger.
    """

    assent: Assent = ""
    words: str = ""
    name: str = ""


NOTHING = Correction()


def turn(
    records: Records,
    index: LeadIndex,
    *,
    who: str,
    may_see: Callable[[Lead], bool],
    pool: Callable[[], Pool],
    now: datetime,
) -> DailyTurn:
    """The next question of today; looking changes nothing, and looking again asks the same.

    `pool` gives `recent` leads, which may be those of a moment ago.

    Raises:
        StorageError: the index or the records cannot be read.
    """
    day = today(now)
    with records.reading() as session:
        done = len(questions.of_day(session, who, day))
        settled = questions.settled(session, who=who, day=day)
        answered = questions.answered(session)
    lead = None
    if done < A_DAY:
        lead = _next(index, pool(), settled, may_see, number=done, seed=f"{day} {who}")
    return DailyTurn(done=done, answered=answered, lead=lead)


def todays(
    records: Records, index: LeadIndex, *, who: str, may_see: Callable[[Lead], bool], now: datetime
) -> list[TodaysQuestion]:
    """The ten of today, at most: those done, then those to come if they are answered in turn.

    Looking changes nothing. Raises as `turn`.
    """
    day = today(now)
    with records.reading() as session:
        done = [(row.lead_id, row.answer) for row in questions.of_day(session, who, day)]
        settled = set(questions.settled(session, who=who, day=day))
    found = []
    for lead_id, said in done:
        lead = index.get(lead_id)
        shown = lead if lead is not None and may_see(lead) else None
        found.append(TodaysQuestion(lead_id=lead_id, answer=said, lead=shown))
    pool = recent(index, may_see, now)
    while len(found) < A_DAY:
        lead = _next(index, pool, settled, may_see, number=len(found), seed=f"{day} {who}")
        if lead is None:
            break
        settled.add(lead.id)
        found.append(TodaysQuestion(lead_id=lead.id, answer="", lead=lead))
    return found


def answer(
    records: Records,
    lead: Lead,
    said: str,
    *,
    who: str,
    now: datetime,
    symptom: Correction = NOTHING,
    place: Correction = NOTHING,
) -> bool:
    """Keep an intent, or `skip`, with what is said of symptoms and place; False when it was answered before.

    Raises:
        InputError: no such answer, the ten are done, or a correction that cannot be understood.
        StorageError: the records cannot be written.
    """
    with records.transaction() as session:
        return keep(session, lead, said, who=who, now=now, symptom=symptom, place=place)


def keep(
    session: Session,
    lead: Lead,
    said: str,
    *,
    who: str,
    now: datetime,
    symptom: Correction = NOTHING,
    place: Correction = NOTHING,
) -> bool:
    """`answer` in the caller's transaction; raises the same."""
    day = today(now)
    rights = {"symptom": _right(lead, symptom, _symptom_code), "place": _right(lead, place, _place_code)}
    done = len(questions.of_day(session, who, day))
    if done >= A_DAY:
        raise InputError("今天的十问已经答完了：明天再来。")
    new = questions.note(
        session, lead.id, said, drawn=drawn_by(done), who=who, day=day, now=now,
        symptom=symptom.assent, place=place.assent,
    )  # fmt: skip
    if not new:
        return False
    if said != questions.SKIP:
        feedback.judge(session, lead, said, who=who, now=now)
    for kind, given in (("symptom", symptom), ("place", place)):
        if given.assent == "wrong":
            known, right = feedback.kind_of(kind), rights[kind]
            reason = f"“{given.words}”是{given.name}" if right else ""
            feedback.add(session, lead, known, reason=reason, right=right, who=who, now=now)
    return True


def today(now: datetime) -> date:
    """The day of a clinic."""
    return now.astimezone(BEIJING).date()


def recent(index: LeadIndex, may_see: Callable[[Lead], bool], now: datetime) -> Pool:
    """What may be asked about now.

    Raises:
        StorageError: the index cannot be read.
    """
    query = LeadQuery(since=now - RECENT, sort="newest", limit=MOST)
    return pool_of([hit.lead for hit in index.search(query, now=now).items if may_see(hit.lead)])


def _next(
    index: LeadIndex, pool: Pool, settled: Collection[str], may_see: Callable[[Lead], bool], *,
    number: int, seed: str,
) -> Lead | None:  # fmt: skip
    """Of those that are still there, as they are now."""
    passed = set(settled)
    while (chosen := next_id(pool, passed, number=number, seed=seed)) is not None:
        lead = index.get(chosen)
        if lead is not None and may_see(lead):
            return lead
        passed.add(chosen)
    return None


def _right(lead: Lead, given: Correction, code_of: Callable[[str], str]) -> dict[str, str] | None:
    words, name = normalise(given.words).strip(), given.name.strip()
    if given.assent != "wrong" or not (words or name):
        return None
    if not words or not name:
        raise InputError("请把原文里的说法和它的意思都填上，或都留空。")
    if len(words) > LONGEST_WORDS or words not in normalise(lead.post.full_text):
        shown = given.words[:LONGEST_WORDS]
        raise InputError(f"原文里没有“{shown}”：请从帖子里原样复制，最多 {LONGEST_WORDS} 个字。")
    return {"words": words, "code": code_of(name)}


def _symptom_code(name: str) -> str:
    concepts = lexicon.load().concepts
    code = next((code for code, concept in concepts.items() if name in (code, concept.name)), "")
    if not code:
        raise InputError(f"没有叫“{name}”的症状：请从列表里选一个。")
    return code


def _place_code(name: str) -> str:
    division = Gazetteer.load().resolve(name)
    if division is None:
        raise InputError(f"找不到地点“{name}”，或它不止一个：请写全，如 四川成都武侯区。")
    return division.code
