"""The HTML pages, one module a page. Handlers are plain functions: a thread each is enough."""

from leads.web.pages import account, leads, mentions

# In the order of the menu.
ROUTERS = (leads.routes, mentions.routes, account.routes)
