"""The pages one goes to, in groups, and the four that a phone keeps at its lower edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from leads.models import ROLES, Role

STAFF: tuple[Role, ...] = ("admin", "marketer")
DOCK_SIZE = 4


class Entry(NamedTuple):
    """A page in the menu; pages tell the layout their key as `here`. `icon` is one of static/icons.svg."""

    path: str
    key: str
    title: str
    icon: str
    roles: tuple[Role, ...] = ROLES


MENU: Mapping[str, Sequence[Entry]] = {
    "工作": (
        Entry("/", "today", "今天", "sun"),
        Entry("/leads", "leads", "线索", "inbox"),
        Entry("/cases", "cases", "跟进", "clipboard-list"),
        Entry("/map", "map", "地图", "map"),
        Entry("/match", "match", "找对人", "stethoscope"),
        Entry("/ten", "ten", "十问", "circle-question-mark"),
    ),
    "口碑": (
        Entry("/mentions", "mentions", "提及", "message-circle"),
        Entry("/voice", "voice", "声量", "audio-lines"),
        Entry("/topics", "topics", "话题", "trending-up"),
        Entry("/questions", "questions", "大家在问", "message-circle-question-mark"),
        Entry("/needs", "needs", "没人回答", "megaphone"),
        Entry("/groups", "groups", "建群", "users-round"),
        Entry("/digests", "digests", "简报", "newspaper"),
    ),
    "设置": (
        Entry("/rules", "rules", "规则", "sliders-horizontal", STAFF),
        Entry("/alerts", "alerts", "提醒", "bell"),
        Entry("/clinics", "clinics", "诊所", "hospital", STAFF),
        Entry("/coverage", "coverage", "采集", "radar", STAFF),
        Entry("/users", "users", "用户", "users", ("admin",)),
    ),
}
# What each role opens most, the most wanted first; the first DOCK_SIZE there are stand on the phone.
_WANTED: Mapping[Role, tuple[str, ...]] = {
    "admin": ("today", "leads", "mentions", "coverage", "cases"),
    "marketer": ("today", "leads", "cases", "mentions", "map"),
    "doctor": ("today", "mentions", "leads", "cases", "map"),
}


def menu_of(role: Role) -> list[tuple[str, list[Entry]]]:
    """The groups with the pages this role may open."""
    return [(group, [each for each in entries if role in each.roles]) for group, entries in MENU.items()]


def dock_of(role: Role) -> list[Entry]:
    """What stands at the lower edge of this role's phone."""
    known = {each.key: each for _, entries in menu_of(role) for each in entries}
    return [known[key] for key in _WANTED[role] if key in known][:DOCK_SIZE]
