"""What a clinic's own accounts did: posts, answers, which mentions they answered and how soon."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from statistics import median

from leads.clinics.threads import keys_of, own_keys
from leads.index.base import LeadIndex
from leads.insights.voice import voice
from leads.insights.voice.series import Window, enough
from leads.models import BEIJING, Clinic, Mention
from leads.records import Records, accounts
from leads.records.tables.heard import OwnPost


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One account, or all of them. What is of fewer than five mentions is not told (None)."""

    account: str  # as much of its pseudonym as the clinic's page shows; "" for all
    posts: int  # that open something
    answers: int
    answered: int | None  # mentions it was the first to answer
    hours: float | None  # median until then


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoreboard:
    """A clinic's own accounts in the last 26 weeks."""

    clinic_id: str
    mentions: int | None  # that could be answered; None where too few
    all: Score
    each: tuple[Score, ...]

    def to_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "clinic": self.clinic_id,
            "mentions": self.mentions,
            "all": _score_json(self.all),
            "accounts": [_score_json(each) for each in self.each],
        }


def _score_json(score: Score) -> dict[str, object]:
    return {
        "account": score.account,
        "posts": score.posts,
        "answers": score.answers,
        "answered": score.answered,
        "median_hours": None if score.hours is None else round(score.hours, 1),
    }


def find(index: LeadIndex, records: Records, clinic: Clinic, *, now: datetime) -> Scoreboard:
    """What the accounts on the clinic's page did.

    Raises:
        StorageError: the index or the records cannot be read.
    """
    window = Window(today=now.astimezone(BEIJING).date())
    since, until = (datetime.combine(day, time(), BEIJING) for day in (window.since, window.until))
    with records.reading() as session:
        own = accounts.own_posts(session, clinic.id, since=since, until=until)
    found, _ = voice.read(index, records, clinic, window)
    return of_posts(clinic, own, found)


def of_posts(clinic: Clinic, own: Sequence[OwnPost], mentions: Sequence[Mention]) -> Scoreboard:
    """The same of what was read; `own` in the order of time. Pure."""
    first = _answers(own, mentions)
    waits = defaultdict[str, list[timedelta]](list)
    for account, wait in first:
        waits[account].append(wait)
    return Scoreboard(
        clinic_id=clinic.id,
        mentions=len(mentions) if enough(len(mentions)) else None,
        all=_score("", own, [wait for _, wait in first]),
        each=tuple(
            _score(key[:6], [row for row in own if row.account == key], waits[key])
            for key in clinic.own_accounts
        ),
    )


def _answers(own: Sequence[OwnPost], mentions: Sequence[Mention]) -> list[tuple[str, timedelta]]:
    """For each mention that was answered: by which account first, and how long after."""
    by_key = defaultdict[str, list[OwnPost]](list)
    for row in own:
        by_key[row.of].append(row)
    found = []
    for mention in mentions:
        post = mention.post
        keys = {*own_keys(post), *(keys_of(post)[:1] if post.thread_id else ())}
        later = [row for key in keys for row in by_key.get(key, ()) if row.at > post.published_at]
        if later:
            answer = min(later, key=lambda row: (row.at, row.post))
            found.append((answer.account, answer.at - post.published_at))
    return found


def _score(account: str, own: Sequence[OwnPost], waits: Sequence[timedelta]) -> Score:
    told = enough(len(waits))
    return Score(
        account=account,
        posts=len({row.post for row in own if not row.of}),
        answers=len({row.post for row in own if row.of}),
        answered=len(waits) if told or not waits else None,
        hours=median(wait / timedelta(hours=1) for wait in waits) if told else None,
    )
