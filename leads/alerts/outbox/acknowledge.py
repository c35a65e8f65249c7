"""The link in a message by which who got it says "seen" or "not relevant", without logging in.

Signed with the key of the data folder for this purpose alone; good for seven days, and once for each alert.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
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
PATH = "/ack/"
Choice = Literal["seen", "irrelevant"]
CHOICES: tuple[Choice, ...] = ("seen", "irrelevant")
# What the choice means for the case behind an alert: (session, alert, choice, who, now).
TellCase = Callable[[Session, Alert, Choice, str, datetime], None]


class Links:
    """Makes and reads the links; one per process. With TINGZHEN_SECRET set several machines agree."""

    def __init__(self, data_dir: Path) -> None:
        key = hmac.new(load_secret(data_dir), b"tingzhen acknowledge", hashlib.sha256).digest()
        self._signer = URLSafeSerializer(key, salt="alert", signer_kwargs={"digest_method": hashlib.sha256})

    def path(self, alert_id: str, *, now: datetime) -> str:
        """The path of the page for the message of this alert."""
        return PATH + str(self._signer.dumps([alert_id, int(now.timestamp())]))

    def alert_id(self, token: str, *, now: datetime) -> str:
        """Whose link this is; "" for a link that is not ours or too old."""
        try:
            alert_id, stamp = self._signer.loads(token)
            age = now.timestamp() - int(stamp)
        except (BadData, ValueError, TypeError):
            return ""
        return str(alert_id) if -86_400 < age <= LASTS.total_seconds() else ""


def told_by(session: Session, alert_id: str) -> Sequence[Alert]:
    """All alerts of the message, in the order they were written; none of a person who is disabled or gone."""
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
