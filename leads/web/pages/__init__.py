"""The HTML pages, one module a page. Handlers are plain functions: a thread each is enough."""

from leads.web.pages import account, leads, login, mentions, users

# In the order of the menu.
ROUTERS = (leads.routes, mentions.routes, users.routes, account.routes, login.routes)
