"""From a channel's form to the address that is kept: JSON of its parts, secret as a whole.

Apprise's notation (`wecombot://key`, `dingtalk://secret@token`) is understood too: many have it at hand.
"""

from __future__ import annotations

import json

from leads.alerts.channels import KINDS
from leads.alerts.channels.base import ChannelField, Parts, not_another_service
from leads.config import AlertSettings
from leads.errors import InputError

LONGEST = 500


def read_form(kind: str, given: Parts, settings: AlertSettings) -> str:
    """The address to keep, from the fields of a form.

    Raises:
        InputError: no such kind, or something pasted that cannot be right; says what to paste instead.
    """
    if kind not in KINDS:
        raise InputError(f"没有 {kind[:20]!r} 这种通道：可用 {'、'.join(KINDS)}。")
    wanted = KINDS[kind]
    cleaned = {field.name: _checked(field, given.get(field.name, "")) for field in wanted.fields}
    for text in cleaned.values():
        not_another_service(text)
    parts = {name: value for name, value in wanted.read(cleaned).items() if value}
    if lacking := wanted.lacking(settings):
        raise InputError(lacking)
    if wanted.user_host and parts["url"].startswith("http://") and not settings.private_addresses:
        raise InputError(f"地址必须{wanted.encrypted}：http 会把内容明文送出去。")
    return json.dumps(parts, ensure_ascii=False)


def parts_of(address: str) -> dict[str, str]:
    """What was kept."""
    found: dict[str, str] = json.loads(address)
    return found


def label(kind: str, address: str) -> str:
    """What may be shown of a channel: the last four characters; of a mailbox how it begins, and its host."""
    if kind not in KINDS:
        return "…"
    shown = parts_of(address).get(KINDS[kind].shown, "")
    mailbox, at, host = shown.rpartition("@")
    if at and KINDS[kind].public:
        return f"{mailbox[:1]}…@{host}"
    return f"…{shown[-4:]}" if len(shown) > 8 or KINDS[kind].public else "…"


def _checked(field: ChannelField, text: str) -> str:
    text = text.strip()
    if not text and not field.optional:
        raise InputError(f"请填写{field.label}。")
    if len(text) > LONGEST:
        raise InputError(f"{field.label}太长：请只粘贴{field.label}本身。")
    if any(char.isspace() or not char.isprintable() for char in text):
        raise InputError(f"{field.label}里有空格或换行：请重新复制一次。")
    return text
