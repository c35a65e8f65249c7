"""The HTML pages, one module a page. Handlers are plain functions: a thread each is enough."""

from leads.web.events import page as events
from leads.web.funnel import page as funnel
from leads.web.insights import accounts, groups, needs, questions, similar, topics, trends, voice
from leads.web.lead import page as lead
from leads.web.leads import page as leads
from leads.web.map import page as maps
from leads.web.mentions import mention
from leads.web.mentions import page as mentions
from leads.web.pages import (
    account,
    ack,
    alerts,
    came,
    capture,
    cases,
    channels,
    clinics,
    coverage,
    digests,
    doctors,
    erasures,
    exports,
    factor,
    imports,
    login,
    match,
    remind,
    searches,
    snippets,
    sources,
    steps,
    ten,
    ten_effect,
    today,
    users,
    visit_card,
)
from leads.web.rules import page as rules

# In the order of the menu.
ROUTERS = (
    today.routes,
    came.routes,
    leads.routes,
    exports.routes,
    searches.routes,
    lead.routes,
    cases.routes,
    funnel.routes,
    visit_card.routes,
    snippets.routes,
    match.routes,
    doctors.routes,
    ten.routes,
    ten_effect.routes,
    mentions.routes,
    mention.routes,
    maps.routes,
    topics.routes,
    trends.routes,
    questions.routes,
    needs.routes,
    groups.routes,
    similar.routes,
    voice.routes,
    accounts.routes,
    alerts.routes,
    channels.routes,
    ack.routes,
    remind.routes,
    digests.routes,
    rules.routes,
    clinics.routes,
    coverage.routes,
    sources.routes,
    steps.routes,
    imports.routes,
    users.routes,
    erasures.routes,
    account.routes,
    factor.routes,
    capture.routes,
    login.routes,
    events.routes,
)
