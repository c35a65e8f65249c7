"""The HTML pages, one module a page. Handlers are plain functions: a thread each is enough."""

from leads.web.pages import account, exports, leads, login, mentions, searches, users

# In the order of the menu.
ROUTERS = (
    leads.routes,
    exports.routes,
    searches.routes,
    mentions.routes,
    users.routes,
    account.routes,
    login.routes,
)
