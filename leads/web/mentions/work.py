"""The form of a mention: what was posted becomes a change; the work on it in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from pydantic import BaseModel

from leads.clinics.strangers import Stranger, learnt
from leads.errors import InputError
from leads.models import MENTION_STATES, Mention, MentionState
from leads.records.mentions import MentionChange, describe_change
from leads.records.tables.mentions import MentionEvent, MentionNote
from leads.records.tables.people import User
from leads.records.texts import storable
from leads.web.auth import Visitor
from leads.web.lead.view import Step

MYSELF = "me"  # in place of a login
ALWAYS, WORD = "always", "word"  # how a name is somebody else's; anything else: in these very words


class MentionAsked(BaseModel):
    """What is posted; what is left out stays. `listed` is the list one goes back to."""

    state: str | None = None
    assignee: str | None = None
    version: str = ""
    because: str = ""  # for "not_us"
    word: str = ""
    listed: str | None = None

    def typed(self) -> dict[str, str]:
        """For the form, when there is something to mend."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


def to_mention_change(mention: Mention, asked: MentionAsked, visitor: Visitor) -> MentionChange:
    """The change somebody asks for.

    Raises:
        InputError: no such state, or a word that teaches nothing.
    """
    state = _state(asked.state) if asked.state else None
    assignee = asked.assignee
    return MentionChange(
        state=state,
        assignee=visitor.login if assignee == MYSELF else None if assignee is None else storable(assignee),
        version=_version(asked.version),
        stranger=_lesson(mention, asked) if state == "not_us" else None,
    )


def may_exclude(mention: Mention) -> bool:
    """Whether this way of writing the name may be said never to be the clinic: not one it gave itself."""
    return bool(mention.said) and mention.how not in ("exact", "alias")


def taught(lesson: Stranger) -> str:
    """What was learnt, in words."""
    if lesson.word:
        return f"帖子里有“{lesson.said}”又有“{lesson.word}”时，不再算提及。"
    if lesson.beside:
        return f"“{lesson.said}”前后的话和这一条相同时，不再算提及。"
    return f"写作“{lesson.said}”的，不再算提及。"


def people_of(everybody: Iterable[User], clinic_id: str) -> list[User]:
    """Who can be given a mention of this clinic."""
    return [
        user
        for user in everybody
        if not user.disabled and (user.role != "doctor" or clinic_id in user.clinic_ids)
    ]


def story_of(
    events: Sequence[MentionEvent], notes: Sequence[MentionNote], names: Mapping[str, str]
) -> list[Step]:
    """Changes and notes by time, the newest first. `names` are those of logins."""
    written = [Step(at=note.at, who=note.who, note=note.text) for note in notes]
    return sorted([*_changes(events, names), *written], key=lambda step: step.at, reverse=True)


def _changes(events: Sequence[MentionEvent], names: Mapping[str, str]) -> Iterator[Step]:
    for _, same in groupby(events, key=lambda event: event.version):
        together = list(same)
        changes = tuple(describe_change(event, names) for event in together)
        yield Step(at=together[0].at, who=together[0].who, changes=changes)


def _lesson(mention: Mention, asked: MentionAsked) -> Stranger | None:
    if asked.because == WORD and not asked.word.strip():
        raise InputError("请写帖子里说明是别家的那个词，例如别的城市。")
    word = storable(asked.word) if asked.because == WORD else ""
    return learnt(mention, word=word, always=asked.because == ALWAYS)


def _state(text: str) -> MentionState:
    for state in MENTION_STATES:
        if text == state:
            return state
    raise InputError(f"状态 {text!r} 不认识：请从列表里选。")


def _version(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
