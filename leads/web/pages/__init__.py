"""The HTML pages, one module a page. Handlers are plain functions: a thread each is enough."""

from leads.web.pages import (
    account,
    ack,
    alerts,
    cases,
    clinics,
    coverage,
    digests,
    exports,
    lead,
    leads,
    login,
    maps,
    mentions,
    rules,
    searches,
    snippets,
    users,
)

# In the order of the menu.
ROUTERS = (
    leads.routes,
    exports.routes,
    searches.routes,
    lead.routes,
    cases.routes,
    snippets.routes,
    mentions.routes,
    maps.routes,
    alerts.routes,
    ack.routes,
    digests.routes,
    rules.routes,
    clinics.routes,
    coverage.routes,
    users.routes,
    account.routes,
    login.routes,
)
