"""看见即存: one post that a person read and kept, through the same flow as a file's.

What is known already stays as it is: a crawl or a file knows more of a post than the screen shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crawler.importers.seen import BadRecord, SeenPost, read_seen
from crawler.items import Post
from leads import storage
from leads.config import Settings
from leads.errors import InputError, TingzhenError
from leads.index.base import LeadIndex
from leads.ingest.build import ingestor
from leads.ingest.ingestor import Ingestor, Report
from leads.records import Records, audit, captures, feedback
from leads.records.captures import CaptureOutcome


class DayLimitError(TingzhenError):
    """Somebody has kept as many posts today as one may."""

    exit_code = 4
    http_status = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What came of it. `said` is for the person; `post_id` is "" where nothing is kept, `left` how many more
    may be sent today."""

    outcome: CaptureOutcome
    said: str
    post_id: str
    is_lead: bool
    left: int


def capture(
    settings: Settings, index: LeadIndex, records: Records, seen: SeenPost, *, who: str, now: datetime
) -> Captured:
    """Keep what somebody saw.

    Raises:
        DayLimitError: enough for today.
        InputError: no words, no time, or one that cannot be.
        StorageError: index or records cannot be reached.
    """
    most = settings.web.captures_per_day
    with records.reading() as session:
        sent = captures.of_today(session, who, now=now)
        own = feedback.own_words(session)
    if sent >= most:
        raise DayLimitError(f"今天已经保存了 {sent} 条，到上限了：请明天再存。")
    try:
        post = read_seen(seen, now=now, secret=storage.author_secret(settings))
    except BadRecord as error:
        raise InputError(f"没有保存：{error}") from error
    if index.posts([post.id]):
        return _noted(
            records, "known", "这条已经有了，没有重复保存。", post, who=who, now=now, left=most - sent - 1
        )
    ready = storage.tagger_at_hand(settings.data_dir, own)
    outcome, said, is_lead = _kept(ingestor(settings, index, records, ready=ready), post, now)
    return _noted(records, outcome, said, post, who=who, now=now, left=most - sent - 1, is_lead=is_lead)


def _kept(worker: Ingestor, post: Post, now: datetime) -> tuple[CaptureOutcome, str, bool]:
    report = Report()
    worker.store([post], report, now)
    if report.leads:
        return "saved", "已保存，是一条线索。", True
    if report.mentions:
        return "saved", "已保存，提到了诊所。", False
    if report.expired:
        return "dropped", f"没有保存：这条太旧了，超过 {worker.expire_days} 天。", False
    if report.erased:
        return "dropped", "没有保存：这条或它的作者要求过删除。", False
    return "dropped", "没有保存：看不出现在要看病，也没有提到诊所。", False


def _noted(
    records: Records,
    outcome: CaptureOutcome,
    said: str,
    post: Post,
    *,
    who: str,
    now: datetime,
    left: int,
    is_lead: bool = False,
) -> Captured:
    with records.transaction() as session:
        captures.note(session, outcome, who=who, now=now, post_id=post.id)
        audit.note(session, who=who, action=f"capture.{outcome}", subject=post.source, now=now)
    post_id = "" if outcome == "dropped" else post.id
    return Captured(outcome=outcome, said=said, post_id=post_id, is_lead=is_lead, left=left)
