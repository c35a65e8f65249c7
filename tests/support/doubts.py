"""Leads the model is not sure of."""

from __future__ import annotations

from dataclasses import replace

from leads.models import Lead
from nlp.models import Intent
from tests.support.builders import lead

DOUBT = Intent(0.5, 0.3, 0.05, 0.05, 0.05, 0.05)


def doubtful(number: int, text: str, *, hours: float = 1.0) -> Lead:
    """A lead of which the model's best probability is a half."""
    made = lead(number, text, hours=hours, need=0.4)
    return replace(made, tags=replace(made.tags, intent=DOUBT))
