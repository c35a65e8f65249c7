"""/api/v1: the desk for programs, over the same functions as the pages. One module a subject."""

from leads.web.api import (
    captures,
    cases,
    clinics,
    coverage,
    erasures,
    exports,
    groups,
    insights,
    leads,
    mentions,
    metrics,
    needs,
    notes,
    questions,
    rules,
    ten,
    topics,
)

# In the order of the description.
ROUTERS = (
    leads.routes,
    cases.routes,
    notes.routes,
    ten.routes,
    mentions.routes,
    insights.routes,
    topics.routes,
    questions.routes,
    needs.routes,
    groups.routes,
    rules.routes,
    clinics.routes,
    coverage.routes,
    metrics.routes,
    exports.routes,
    captures.routes,
    erasures.routes,
)
