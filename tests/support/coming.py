"""A lead or a mention that comes in while pages are open: stored, with the cause that a crawl writes."""

from __future__ import annotations

from datetime import UTC, datetime

from leads.alerts.triggers import causes
from leads.alerts.triggers.causes import Causes
from leads.alerts.triggers.news import of_lead, of_mention
from leads.models import Lead, Mention
from leads.web.desk import Desk
from nlp.models import Tags
from tests.support.builders import tags


def comes(desk: Desk, *found: Lead | Mention) -> None:
    """As the ingestor stores them: the index first, then the records."""
    now = datetime.now(UTC)
    known = {clinic.id: clinic for clinic in desk.clinics()}
    leads = [each for each in found if isinstance(each, Lead)]
    mentions = [each for each in found if isinstance(each, Mention)]
    desk.index.upsert(leads)
    desk.index.upsert_mentions(mentions)
    told = [of_lead(each) for each in leads]
    told += [of_mention(each, _tags(each), known[each.clinic_id]) for each in mentions]
    causes.store(desk.records, lambda session: Causes().write(session, told, now=now, index=desk.index))


def _tags(mention: Mention) -> Tags:
    return tags(mention.post.full_text)
