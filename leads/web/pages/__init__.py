"""The HTML pages, one module a page. Handlers are plain functions: a thread each is enough."""

from leads.web.pages import (
    account,
    cases,
    clinics,
    exports,
    lead,
    leads,
    login,
    map,
    mentions,
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
    clinics.routes,
    map.routes,
    users.routes,
    account.routes,
    login.routes,
)
