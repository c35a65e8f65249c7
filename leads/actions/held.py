"""What is held about a post or its author: for who asks what is stored of them, before anything is erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

from crawler.items import Post
from leads.actions.erase import ids_of, meant
from leads.errors import InputError
from leads.index.base import LeadIndex
from leads.labels import INTENT_NAMES, STATUS_NAMES, source_name
from leads.models import Lead
from leads.records import Records, accounts, cases, feedback, mentions, notes
from leads.records.accounts import HeldRow
from leads.records.erasures import ErasureKind, number


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPost:
    """One post: its stored text ("" when it has left the index), and what was made of it."""

    id: str
    source: str
    url: str = ""
    text: str = ""
    published: datetime | None = None
    fetched: datetime | None = None
    places: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    intent: str = ""
    status: str = ""
    notes: tuple[str, ...] = ()
    judgements: int = 0

    @property
    def empty(self) -> bool:
        """Nothing is held but that it was erased once, or not even that."""
        return not (self.text or self.status or self.notes or self.judgements)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Everything of one post or author. `number` names the author without saying their key."""

    kind: ErasureKind
    number: str
    at: datetime
    posts: tuple[HeldPost, ...]
    account: tuple[HeldRow, ...] = ()  # of an author taken for a house's, the trade's or a clinic's own

    @property
    def count(self) -> int:
        """How many things there are."""
        return len(self.posts) + len(self.account)


def held(records: Records, index: LeadIndex, kind: ErasureKind, key: str, *, now: datetime) -> Held:
    """Looks everything up and changes nothing.

    Raises:
        InputError: nothing was given, or the post's author is not known.
        StorageError: index or records cannot be read.
    """
    if not key.strip():
        raise InputError("请写一条帖子的网址或编号，或它的一段原文。")
    key = meant(records, index, kind, key)
    ids = ids_of(records, index, kind, key)
    texts = {post.id: post for post in index.posts(ids)}
    leads = {post_id: index.get(post_id) for post_id in texts}
    posts = (_post(records, post_id, texts.get(post_id), leads.get(post_id)) for post_id in ids)
    with records.reading() as session:
        account = accounts.of_account(session, key) if kind == "author" else ()
    return Held(
        kind=kind,
        number=number(key),
        at=now,
        posts=tuple(each for each in posts if not each.empty),
        account=tuple(account),
    )


def as_json(found: Held) -> bytes:
    """All of it for the person who asked; times with their zone."""
    return orjson.dumps(found, option=orjson.OPT_INDENT_2)


def _post(records: Records, post_id: str, post: Post | None, lead: Lead | None) -> HeldPost:
    with records.reading() as session:
        case = cases.get(session, post_id)
        written = [note.text for note in notes.of(session, post_id)]
        written += [note.text for note in mentions.notes_about(session, post_id)]
        judged = len(feedback.of(session, post_id))
    tags = lead.tags if lead else None
    return HeldPost(
        id=post_id,
        source=source_name(post_id.partition("/")[0]),
        url=post.url if post else "",
        text=post.full_text if post else "",
        published=post.published_at if post else None,
        fetched=post.fetched_at if post else None,
        places=_places(post, lead),
        symptoms=tuple(dict.fromkeys(each.name for each in tags.symptoms)) if tags else (),
        intent=INTENT_NAMES[tags.intent_label] if tags else "",
        status=STATUS_NAMES[case.status] if case else "",
        notes=tuple(written),
        judgements=judged,
    )


def _places(post: Post | None, lead: Lead | None) -> tuple[str, ...]:
    """What the site said of the place, and what was read from all of it."""
    said = [hint.text or f"{hint.lat},{hint.lon}" for hint in (post.place_hints if post else ())]
    region = lead.tags.region if lead else None
    return tuple(dict.fromkeys([*said, *([region.name] if region else [])]))
