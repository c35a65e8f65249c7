"""One message to one channel, whatever its kind."""

from __future__ import annotations

from datetime import datetime

from leads.alerts.channels import KINDS
from leads.alerts.channels.form import parts_of
from leads.alerts.messages.message import Message, Payload
from leads.config import AlertSettings, Settings
from leads.models import Outcome


def deliver(kind: str, address: str, message: Message, settings: AlertSettings, *, now: datetime) -> Outcome:
    """Send it once and say what became of it; everything that can go wrong outside is an outcome."""
    if kind not in KINDS:
        return Outcome(verdict="dead", reason="这个版本的听诊不认识这种通道。", revoked=True)
    return KINDS[kind].deliver(parts_of(address), message, settings, now=now)


def desk_address(settings: Settings) -> str:
    """Where links in messages lead; this machine's own address when no public one is set."""
    web = settings.web
    host = "127.0.0.1" if web.host in ("0.0.0.0", "::") else web.host  # noqa: S104 - compared, not bound
    return web.public_url or f"http://{f'[{host}]' if ':' in host else host}:{web.port}"


def trial(message_id: str, settings: Settings, *, now: datetime) -> Message:
    """What the test button sends."""
    said = Payload(
        title="通道测试",
        lines=("这是一条测试消息：看到它，说明这个通道能收到听诊的提醒。",),
        page="/alerts",
    )
    return Message(id=message_id, at=now, items=(said,), total=1, base=desk_address(settings))
