"""Users on a terminal, for `leads.cli.users`: lines for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from leads.labels import ROLE_NAMES
from leads.models import BEIJING
from leads.records.tables.people import User
from leads.records.users import state
from leads.terminal.tables import print_json


def listing(found: Sequence[User], last_seen: Mapping[int, datetime], *, as_json: bool) -> None:
    """People with their roles; `last_seen` has those whose browser is logged in."""
    if not found and not as_json:
        print("还没有用户：运行 tingzhen serve，打开它给的一次性链接；或用 tingzhen users add 添加。")
    for user in found:
        seen = last_seen.get(user.id)
        if as_json:
            print_json([_record(user, seen)])
        else:
            parts = [user.login, user.name, ROLE_NAMES[user.role], state(user), "、".join(user.clinic_ids)]
            when = f"最近 {seen.astimezone(BEIJING):%Y-%m-%d %H:%M}" if seen else ""
            print("  ".join(part for part in (*parts, when) if part))


def link(user: User, address: str, *, as_json: bool) -> None:
    """A one-time link, to be passed on."""
    if as_json:
        print_json([{**_record(user, None), "link": address}])
    else:
        print(
            f"{user.login}（{ROLE_NAMES[user.role]}）的一次性链接，24 小时内有效，用来设置密码：\n{address}"
        )


def _record(user: User, seen: datetime | None) -> dict[str, object]:
    return {
        "login": user.login,
        "name": user.name,
        "role": user.role,
        "clinics": user.clinic_ids,
        "disabled": user.disabled,
        "has_password": bool(user.password),
        "last_seen": seen.isoformat() if seen else None,
    }
