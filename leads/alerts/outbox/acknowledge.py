"""The link in a message by which who got it says "seen" or "not relevant", without logging in.

Signed with the key of the data folder for this purpose alone; good once for each alert, for seven days from
the first try, or from the message's arrival where that was later. So the link is the same at every try.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crawler.author_secret import load_secret
from leads.records import audit
from leads.records.tables.alerts import Alert
from leads.records.tables.people import User

LASTS = timedelta(days=7)
_FROM_AHEAD = 86_400  # seconds that a clock may have been ahead when the link was made
PATH = "/ack/"
Choice = Literal["seen", "irrelevant"]
CHOICES: tuple[Choice, ...] = ("seen", "irrelevant")
# What the choice means for the case behind an alert: (session, alert, choice, who, now).
TellCase = Callable[[Session, Alert, Choice, str, datetime], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link says: the alert that stands for its message, and when that was first tried."""

    alert_id: str
    stamp: int  # seconds since 1970


class Links:
    """Makes and reads the links; one per process. With TINGZHEN_SECRET set several machines agree."""

    def __init__(self, data_dir: Path) -> None:
        key = hmac.new(load_secret(data_dir), b"tingzhen acknowledge", hashlib.sha256).digest()
        self._signer = URLSafeSerializer(key, salt="alert", signer_kwargs={"digest_method": hashlib.sha256})

    def path(self, alert_id: str, *, now: datetime) -> str:
        """The path of the page for the message of this alert."""
        return PATH + str(self._signer.dumps([alert_id, int(now.timestamp())]))

    def read(self, token: str) -> Link | None:
        """What a link says; None for one that is not ours."""
        try:
            alert_id, stamp = self._signer.loads(token)
            return Link(alert_id=str(alert_id), stamp=int(stamp))
        except (BadData, ValueError, TypeError):
            return None


def told_by(session: Session, link: Link, *, now: datetime) -> Sequence[Alert]:
    """All alerts of the message, in the order they were written; none when the link is too old, or its person
    disabled or gone."""
    alert_id = link.alert_id
    leader = session.get(Alert, alert_id)
    arrived = leader.sent_at.timestamp() if leader and leader.sent_at else link.stamp
    age = now.timestamp() - max(link.stamp, arrived)
    if not -_FROM_AHEAD <= age <= LASTS.total_seconds():
        return []
    of_it = or_(Alert.id == alert_id, Alert.merged_into == alert_id)
    chosen = select(Alert).join(User, User.id == Alert.user_id).where(of_it, ~User.disabled)
    return session.scalars(chosen.order_by(Alert.created_at, Alert.id)).all()


def acknowledge(
    session: Session, alert: Alert, choice: Choice, *, now: datetime, tell_case: TellCase | None = None
) -> bool:
    """Write down the choice; False when there was one before, which stays."""
    if alert.acknowledged:
        return False
    alert.acknowledged, alert.acknowledged_at = choice, now
    user = session.get(User, alert.user_id)
    who = user.login if user else audit.SYSTEM
    audit.note(session, who=who, action=f"alert.{choice}", now=now, subject=f"alert:{alert.id}", by="link")
    if tell_case is not None and alert.post_id:
        tell_case(session, alert, choice, who, now)
    return True
