"""Who gets what of every route: the table of test_roles.py. A new route needs a line here.

A line says, for each of five visitors in this order, what comes of the request:

    stranger · doctor of the clinic concerned · doctor of another clinic · marketer · admin

    y  let in        (a page, a redirect, or a complaint about the form: 400, 409, 410, 422)
    l  to the login  (a program without a token: 401)
    n  no right      (403)
    h  hidden        (404, as if it did not exist: things of a clinic that is not one's own)

To add a route, copy the line of a similar one:

    "GET /rules": Row(STAFF),                                        no parameters: nothing else to say
    "GET /lead/{lead_id}": Row(OF_CLINIC, url="/lead/forum/1"),      a thing of the clinic `anhe`
    "POST /rules/{rule_id}/remove": Row(STAFF, url=a_rule),          a function that makes something to remove
    "POST /lead/{lead_id}/note": Row(OF_CLINIC, url=…, form={"text": "x"}),
    "GET /api/v1/leads": Row(MEMBERS, scope="leads:read"),           a token needs this scope
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.records import Records, nudges, rules, searches, snippets, tokens, users
from leads.records.tables.alerts import Alert, Channel, Rule, Subscription
from leads.records.tables.people import User
from leads.records.tables.work import Feedback, SavedSearch
from leads.replies import starters

EVERYBODY = "yyyyy"
MEMBERS = "lyyyy"  # lists show a doctor less; test_roles.py looks for what must not be in them
OF_CLINIC = "lyhyy"
STAFF = "lnnyy"
ADMINS = "lnnny"
ANOTHERS = "lhhhy"  # another person's: an admin helps out
NOT_OTHERS = "lhhhh"  # each person's own: nobody else's is found

# What the seeded index has: one lead only `anhe` treats, one mention of `anhe`; `qingmu` is the other clinic.
LEAD, MENTION = "forum/1", "forum/2#anhe"
HEARD = "forum/2%23anhe"  # the mention in an address
ADDRESS = '{"url": "http://127.0.0.1:9/", "token": "kkkkkkkkkkkkkkkkkkkk"}'  # a channel's; leads nowhere


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a line may use to make something that the request is about."""

    records: Records
    login: str  # who is going to ask; "" for a stranger


Url = str | Callable[[World], str]


@dataclass(frozen=True, slots=True)
class Row:
    """One line. Without `url` the path itself is asked for."""

    outcomes: str
    url: Url = field(default="", kw_only=True)
    form: Mapping[str, str] | None = field(default=None, kw_only=True)
    json: Mapping[str, object] | None = field(default=None, kw_only=True)
    scope: str = field(default="", kw_only=True)  # of the API: what a token must have
    own_token: bool = field(default=False, kw_only=True)  # an unsafe page that needs no session's form token

    def __post_init__(self) -> None:
        assert len(self.outcomes) == 5
        assert set(self.outcomes) <= set("ylnh")


def now() -> datetime:
    return datetime.now(UTC)


def a_user(then: str) -> Callable[[World], str]:
    """The address of something to do with a new marketer."""

    def make(world: World) -> str:
        with world.records.transaction() as session:
            count = len(session.scalars(select(User.id)).all())
            user = users.add_user(session, login=f"new{count}", name="新来的", role="marketer", now=now())
        return f"/users/{user.id}/{then}"

    return make


def _somebody(session: Session) -> User:
    """A marketer who does not ask for anything."""
    login = "somebody-else"
    return users.by_login(session, login) or users.add_user(
        session, login=login, name="别人", role="marketer", now=now()
    )


def a_nudge(world: World) -> str:
    """Something that a colleague left for another person."""
    with world.records.transaction() as session:
        owner = _somebody(session)
        nudges.assigned(session, LEAD, owner.login, who="boss", now=now())
        return f"/nudges/{nudges.listed(session, owner.id)[0].id}"


def a_channel(then: str) -> Callable[[World], str]:
    """The address of something to do with another person's channel, which leads nowhere."""

    def make(world: World) -> str:
        with world.records.transaction() as session:
            owner = _somebody(session)
            channel = Channel(user_id=owner.id, name="x", kind="webhook", address=ADDRESS, created_at=now())
            session.add(channel)
            session.flush()
        return f"/alerts/channels/{channel.id}/{then}"

    return make


def a_subscription(then: str = "") -> Callable[[World], str]:
    """The address of another person's subscription, or of something to do with it."""

    def make(world: World) -> str:
        number = int(a_channel("")(world).split("/")[3])
        with world.records.transaction() as session:
            rule = Rule(
                name="x", kind="lead", query="q=x", created_by="x", created_at=now(), changed_at=now()
            )
            session.add(rule)
            session.flush()
            found = Subscription(rule_id=rule.id, user_id=_somebody(session).id, channel_id=number)
            session.add(found)
            session.flush()
        return f"/alerts/subscriptions/{found.id}{then}"

    return make


def an_alert(then: str) -> Callable[[World], str]:
    """The address of something to do with another person's alert that was given up."""

    def make(world: World) -> str:
        number = int(a_channel("")(world).split("/")[3])
        with world.records.transaction() as session:
            key = f"alert{number}"
            session.add(
                Alert(
                    id=key,
                    kind="lead",
                    user_id=_somebody(session).id,
                    channel_id=number,
                    created_at=now(),
                    next_at=now(),
                    payload={},
                    state="dead",
                )
            )
        return f"/alerts/{key}/{then}"

    return make


def a_rule(then: str, before: str = "") -> Callable[[World], str]:
    """The address of something to do with a new rule."""

    def make(world: World) -> str:
        with world.records.transaction() as session:
            rule = rules.add(session, name="新的", kind="lead", query="", who="lin", now=now())
        return f"{before}/rules/{rule.id}{then}"

    return make


def own_api_token(world: World) -> str:
    """The address that revokes a token of whoever asks."""
    with world.records.transaction() as session:
        user = users.by_login(session, world.login) or users.first_admin(session, now=now())
        _, row = tokens.create(session, user, name="x", scopes=["leads:read"], now=now())
    return f"/account/tokens/{row.id}/revoke"


def _a_search(world: World) -> SavedSearch:
    """Of somebody who asks nothing in these tests."""
    with world.records.transaction() as session:
        count = len(session.scalars(select(User.id)).all())
        owner = users.add_user(session, login=f"owner{count}", name="别人", role="marketer", now=now())
        return searches.add(session, user_id=owner.id, name="牙", query="near=all&q=没有人说的词", now=now())


def anothers_search(then: str) -> Callable[[World], str]:
    """The address of something to do with another person's saved search."""
    return lambda world: f"/searches/{_a_search(world).id}/{then}"


def a_feed(world: World) -> str:
    """The address of somebody's feed."""
    return f"/feeds/{_a_search(world).feed_secret}.atom"


def a_snippet(then: str = "") -> Callable[[World], str]:
    """The address of a piece of a reply."""

    def make(world: World) -> str:
        with world.records.transaction() as session:
            draft = starters.ReplyDraft(title="问候", text="您好")
            return f"/snippets/{snippets.add(session, draft, who='boss', now=now()).id}{then}"

    return make


def own_judgement(world: World) -> str:
    """The address that takes back a judgement of whoever asks."""
    with world.records.transaction() as session:
        row = Feedback(lead_id=LEAD, at=now(), who=world.login, kind="lead", text="牙疼")
        session.add(row)
        session.flush()
        return f"/api/v1/feedback/{LEAD}?judgement={row.id}"


API = "/api/v1"
TABLE: dict[str, Row] = {
    # files and the door
    "GET /static": Row(EVERYBODY, url="/static/style.css"),
    "GET /login": Row(EVERYBODY),
    "POST /login": Row("nnnnn", form={"login": "x", "password": "x"}, own_token=True),  # takes its own token
    "GET /login/house": Row("hhhhh"),  # nothing is set up here
    "GET /login/house/back": Row("hhhhh"),
    "GET /login/house/out": Row("hhhhh"),
    "POST /login/factor": Row("nnnnn", form={"code": "1"}, own_token=True),
    "GET /welcome/{secret}": Row("yyyyy", url="/welcome/x"),  # 410, or the desk for who is in
    "POST /welcome/{secret}": Row("yyyyy", url="/welcome/x", own_token=True),
    "POST /logout": Row(MEMBERS),
    "GET /events": Row(MEMBERS, url="/events?once=1"),
    "GET /remind": Row(STAFF, url="/remind?query=near%3Dall"),
    "POST /remind": Row(STAFF, form={"query": "near=all"}),
    "GET /nudges": Row(MEMBERS),
    "POST /nudges/seen": Row(MEMBERS),
    "POST /nudges/{nudge_id}": Row(NOT_OTHERS, url=a_nudge),
    # leads and mentions
    "GET /healthz": Row(EVERYBODY),
    "GET /readyz": Row(EVERYBODY),
    "GET /": Row(MEMBERS),
    "GET /leads": Row(MEMBERS),
    "POST /start": Row(MEMBERS, form={"query": "since=3d"}),
    "POST /leads/bulk": Row(OF_CLINIC, form={"lead": f"0:{LEAD}", "status": "new"}),
    "POST /leads/bulk/undo": Row(MEMBERS, form={"undo": "1"}),
    "GET /leads/export.csv": Row(MEMBERS),
    "GET /leads/export.xlsx": Row(MEMBERS),
    "GET /searches": Row(MEMBERS),
    "POST /searches": Row(MEMBERS, form={"name": "牙", "query": "q=牙疼"}),
    "POST /searches/{search_id}/rename": Row(NOT_OTHERS, url=anothers_search("rename"), form={"name": "x"}),
    "POST /searches/{search_id}/remove": Row(NOT_OTHERS, url=anothers_search("remove")),
    "POST /searches/{search_id}/feed": Row(NOT_OTHERS, url=anothers_search("feed")),
    "POST /searches/{search_id}/alert": Row("lnnhh", url=anothers_search("alert")),
    "GET /feeds/{secret}.atom": Row(EVERYBODY, url=a_feed),  # whoever knows its address
    # a lead and its case
    "GET /leads/{lead_id}": Row(OF_CLINIC, url=f"/leads/{LEAD}"),
    "POST /cases/{lead_id}": Row(OF_CLINIC, url=f"/cases/{LEAD}", form={"due_on": "2026-12-01"}),
    "POST /notes/{lead_id}": Row(OF_CLINIC, url=f"/notes/{LEAD}", form={"text": "电话里说周三来"}),
    "POST /feedback/{lead_id}": Row(OF_CLINIC, url=f"/feedback/{LEAD}", form={"kind": "lead"}),
    "POST /replies/{lead_id}": Row(OF_CLINIC, url=f"/replies/{LEAD}", form={"text": "您好"}),
    "POST /presence": Row(OF_CLINIC, json={"open": LEAD}),
    "POST /compliance": Row(MEMBERS, json={"text": "您好"}),
    "GET /cases": Row(MEMBERS),
    "GET /topics": Row(MEMBERS),
    "GET /trends": Row(MEMBERS),
    "GET /needs": Row(MEMBERS),
    "GET /match": Row(MEMBERS),
    "POST /match": Row(MEMBERS, form={"text": "牙疼"}),
    "GET /doctors": Row(MEMBERS),
    "GET /groups": Row(MEMBERS),
    "GET /groups.csv": Row(MEMBERS),
    "GET /groups.xlsx": Row(MEMBERS),
    "GET /similar": Row(MEMBERS),
    "POST /similar": Row(MEMBERS, form={"text": "牙疼"}),
    "GET /voice": Row(MEMBERS),
    "GET /voice/posts": Row(MEMBERS),
    "GET /voice/accounts": Row(MEMBERS),
    "GET /voice/own": Row(MEMBERS),
    "GET /voice/spread/{mention_id}": Row(OF_CLINIC, url=f"/voice/spread/{HEARD}"),
    "GET /questions": Row(MEMBERS),
    "GET /questions/posts": Row("lhhhh"),  # nobody has asked anything that five did
    "GET /questions/outline": Row(MEMBERS),
    "POST /questions/outline": Row(MEMBERS, form={"text": "要点"}),
    "GET /questions/outline.md": Row(MEMBERS),
    "GET /questions/outline.docx": Row(MEMBERS),
    "POST /board/{lead_id}": Row(OF_CLINIC, url=f"/board/{LEAD}", form={"status": "seen"}),
    "GET /funnel": Row(MEMBERS),
    "GET /visit-cards/{lead_id}": Row("lhhhh", url=f"/visit-cards/{LEAD}"),
    "POST /visit-cards/{lead_id}": Row(OF_CLINIC, url=f"/visit-cards/{LEAD}", form={"said": "牙疼"}),
    "GET /ten": Row(MEMBERS),
    "GET /ten/effect": Row(MEMBERS),
    "POST /ten": Row(OF_CLINIC, url="/ten", form={"lead_id": LEAD, "answer": "seeker"}),
    "GET /snippets": Row(STAFF),
    "GET /snippets/new": Row(STAFF),
    "POST /snippets": Row(STAFF, form={"title": ""}),
    "GET /snippets/{snippet_id}": Row(STAFF, url=a_snippet()),
    "POST /snippets/{snippet_id}": Row(STAFF, url=a_snippet(), form={"title": ""}),
    "POST /snippets/{snippet_id}/remove": Row(STAFF, url=a_snippet("/remove")),
    "GET /digests": Row(MEMBERS),
    "POST /digests": Row(MEMBERS),
    "POST /digests/plans/{plan_id}/remove": Row(NOT_OTHERS, url="/digests/plans/1/remove"),
    "GET /digests/plans/{plan_id}/preview": Row(NOT_OTHERS, url="/digests/plans/1/preview"),
    "GET /digests/plans/{plan_id}/preview.pdf": Row(NOT_OTHERS, url="/digests/plans/1/preview.pdf"),
    "GET /digests/{issue_id}.pdf": Row(NOT_OTHERS, url="/digests/x.pdf"),
    "GET /digests/{issue_id}": Row(NOT_OTHERS, url="/digests/x"),
    "GET /digests/{issue_id}/days.png": Row(NOT_OTHERS, url="/digests/x/days.png"),
    "GET /mentions": Row(MEMBERS),
    "GET /came": Row(MEMBERS),
    "GET /mentions/export.csv": Row(MEMBERS),
    "GET /mentions/export.xlsx": Row(MEMBERS),
    "GET /mentions/{mention_id}": Row(OF_CLINIC, url=f"/mentions/{HEARD}"),
    "POST /mentions/{mention_id}": Row(OF_CLINIC, url=f"/mentions/{HEARD}", form={"state": "working"}),
    "POST /mention-notes/{mention_id}": Row(
        OF_CLINIC, url=f"/mention-notes/{HEARD}", form={"text": "已打电话"}
    ),
    "POST /mention-replies/{mention_id}": Row(
        OF_CLINIC, url=f"/mention-replies/{HEARD}", form={"text": "您好"}
    ),
    # map
    "GET /map": Row(MEMBERS),
    "GET /map/cells": Row(MEMBERS),
    # rules
    "GET /rules": Row(STAFF),
    "GET /rules/new": Row(STAFF, url="/rules/new?kind=lead&q=牙疼"),
    "POST /rules": Row(STAFF, form={"kind": "lead"}),
    "GET /rules/{rule_id}": Row(STAFF, url=a_rule("")),
    "POST /rules/{rule_id}": Row(STAFF, url=a_rule(""), form={"name": ""}),
    "POST /rules/{rule_id}/enable": Row(STAFF, url=a_rule("/enable")),
    "POST /rules/{rule_id}/remove": Row(STAFF, url=a_rule("/remove")),
    # collection
    "GET /coverage": Row(STAFF),
    "GET /first-steps": Row(ADMINS),
    "POST /first-steps/put-away": Row(ADMINS),
    "GET /erasures": Row(ADMINS),
    "POST /erasures/look": Row(ADMINS, form={"key": "https://nowhere.example/1"}),
    "POST /erasures/copy": Row(ADMINS, form={"key": "https://nowhere.example/1"}),
    "POST /erasures": Row(ADMINS, form={"kind": "post", "key": "nowhere/1"}),
    "GET /imports": Row(STAFF),
    "POST /imports": Row(STAFF, form={"file": ""}),
    "GET /imports/{token}": Row("lnnhh", url="/imports/none"),
    "POST /imports/{token}/start": Row("lnnhh", url="/imports/none/start"),
    "POST /imports/{token}/remove": Row("lnnhh", url="/imports/none/remove"),
    "GET /imports/{token}/rejected.csv": Row("lnnhh", url="/imports/none/rejected.csv"),
    "GET /sources/new": Row(ADMINS),
    "POST /sources/look": Row(ADMINS, form={"url": "http://127.0.0.1:9/"}),
    "POST /sources": Row(ADMINS, form={"found": "{}", "name": "x"}),
    "GET /coverage/{source}/edit": Row("lnnnh", url="/coverage/nowhere/edit"),
    "POST /coverage/{source}/edit": Row("lnnny", url="/coverage/nowhere/edit", form={"version": ""}),
    "GET /coverage/{source}/remove": Row("lnnnh", url="/coverage/nowhere/remove"),
    "POST /coverage/{source}/remove": Row("lnnnh", url="/coverage/nowhere/remove"),
    "GET /coverage/{source}": Row("lnnhh", url="/coverage/nowhere"),
    "POST /coverage/{source}/start": Row("lnnnh", url="/coverage/nowhere/start"),
    "POST /coverage/{source}/pause": Row("lnnnh", url="/coverage/nowhere/pause"),
    # clinics
    "GET /clinics": Row(STAFF),
    "GET /clinics/new": Row(STAFF),
    "GET /clinics/place": Row(STAFF, url="/clinics/place?lat=30.64&lon=104.04"),
    "GET /clinics/read": Row(STAFF, url="/clinics/read?coordinate=104.04,30.64"),
    "POST /clinics": Row(STAFF, form={"name": ""}),
    "GET /clinics/{clinic_id}": Row(STAFF, url="/clinics/anhe"),
    "POST /clinics/{clinic_id}": Row(STAFF, url="/clinics/anhe", form={"name": ""}),
    "GET /clinics/{clinic_id}/remove": Row(STAFF, url="/clinics/anhe/remove"),
    "POST /clinics/{clinic_id}/remove": Row(STAFF, url="/clinics/anhe/remove"),
    # alerts
    "GET /alerts": Row(MEMBERS),
    "GET /alerts/channels/new": Row(MEMBERS),
    "POST /alerts/channels": Row(MEMBERS),
    "POST /alerts/channels/{channel_id}/test": Row(ANOTHERS, url=a_channel("test")),
    "POST /alerts/channels/{channel_id}/remove": Row(ANOTHERS, url=a_channel("remove")),
    "POST /alerts/subscriptions": Row(MEMBERS),
    "POST /alerts/subscriptions/{subscription_id}": Row(ANOTHERS, url=a_subscription()),
    "POST /alerts/subscriptions/{subscription_id}/remove": Row(ANOTHERS, url=a_subscription("/remove")),
    "POST /alerts/{alert_id}/retry": Row(ANOTHERS, url=an_alert("retry")),
    "GET /ack/{token}": Row(EVERYBODY, url="/ack/x"),  # the signature is the right; a wrong one is a 410
    "POST /ack/{token}": Row(EVERYBODY, url="/ack/x", own_token=True),
    # oneself
    "GET /account": Row(MEMBERS),
    "POST /account/name": Row(MEMBERS, form={"name": "林"}),
    "POST /account/theme": Row(MEMBERS, form={"theme": "dark"}),
    "POST /account/password": Row(MEMBERS, form={"new": "x"}),
    "POST /account/end": Row(MEMBERS),
    "POST /account/sessions/{handle}/end": Row(NOT_OTHERS, url="/account/sessions/0/end"),
    "GET /account/factor": Row(MEMBERS),
    "POST /account/factor": Row("lnnnn", form={"password": "x"}),  # nobody here has that password
    "POST /account/factor/confirm": Row(MEMBERS, form={"code": "1"}),
    "POST /account/factor/codes": Row("lnnnn", form={"password": "x"}),
    "POST /account/factor/remove": Row("lnnnn", form={"password": "x"}),
    "POST /account/tokens": Row(MEMBERS, form={"name": "x", "scope": "leads:read"}),
    "POST /account/tokens/{token_id}/revoke": Row(MEMBERS, url=own_api_token),
    "GET /capture": Row(MEMBERS),
    "POST /capture": Row(MEMBERS, form={"text": "x"}),
    "GET /capture/extension.zip": Row(MEMBERS),
    # users
    "GET /users": Row(ADMINS),
    "POST /users": Row(ADMINS, form={"login": "", "role": "marketer"}),
    "POST /users/{user_id}/link": Row(ADMINS, url=a_user("link")),
    "POST /users/{user_id}/role": Row(ADMINS, url=a_user("role"), form={"role": "admin"}),
    "POST /users/{user_id}/disable": Row(ADMINS, url=a_user("disable")),
    "POST /users/{user_id}/end": Row(ADMINS, url=a_user("end")),
    "POST /users/{user_id}/sessions/{handle}/end": Row("lnnnh", url=a_user("sessions/0/end")),
    "POST /users/{user_id}/reset-factor": Row(ADMINS, url=a_user("reset-factor")),
    "POST /users/{user_id}/enable": Row(ADMINS, url=a_user("enable")),
    "GET /audit": Row(ADMINS),
    "POST /audit/dossier": Row(ADMINS),
    # the API
    "GET /api/v1/openapi.json": Row(MEMBERS),
    "GET /api/v1/docs": Row(MEMBERS),
    "GET /api/v1/leads": Row(MEMBERS, scope="leads:read"),
    "GET /api/v1/leads/{lead_id}": Row(OF_CLINIC, url=f"{API}/leads/{LEAD}", scope="leads:read"),
    "POST /api/v1/similar": Row(MEMBERS, json={"text": "牙疼"}, scope="leads:read"),
    "GET /api/v1/similar/{lead_id}": Row(OF_CLINIC, url=f"{API}/similar/{LEAD}", scope="leads:read"),
    "GET /api/v1/cases": Row(MEMBERS, scope="leads:read"),
    "GET /api/v1/cases/{lead_id}": Row(OF_CLINIC, url=f"{API}/cases/{LEAD}", scope="leads:read"),
    "PATCH /api/v1/cases/{lead_id}": Row(
        OF_CLINIC, url=f"{API}/cases/{LEAD}", json={"status": "new"}, scope="leads:write"
    ),
    "GET /api/v1/history/{lead_id}": Row(OF_CLINIC, url=f"{API}/history/{LEAD}", scope="leads:read"),
    "GET /api/v1/notes/{lead_id}": Row(OF_CLINIC, url=f"{API}/notes/{LEAD}", scope="leads:read"),
    "POST /api/v1/notes/{lead_id}": Row(
        OF_CLINIC, url=f"{API}/notes/{LEAD}", json={"text": "x"}, scope="leads:write"
    ),
    "GET /api/v1/feedback/{lead_id}": Row(OF_CLINIC, url=f"{API}/feedback/{LEAD}", scope="leads:read"),
    "POST /api/v1/feedback/{lead_id}": Row(
        OF_CLINIC, url=f"{API}/feedback/{LEAD}", json={"kind": "lead"}, scope="leads:write"
    ),
    "DELETE /api/v1/feedback/{lead_id}": Row(OF_CLINIC, url=own_judgement, scope="leads:write"),
    "GET /api/v1/mentions": Row(MEMBERS, scope="mentions:read"),
    "GET /api/v1/mentions/{mention_id}": Row(OF_CLINIC, url=f"{API}/mentions/{HEARD}", scope="mentions:read"),
    "PATCH /api/v1/mentions/{mention_id}": Row(
        OF_CLINIC, url=f"{API}/mentions/{HEARD}", json={"state": "open"}, scope="mentions:write"
    ),
    "GET /api/v1/mention-history/{mention_id}": Row(
        OF_CLINIC, url=f"{API}/mention-history/{HEARD}", scope="mentions:read"
    ),
    "GET /api/v1/mention-notes/{mention_id}": Row(
        OF_CLINIC, url=f"{API}/mention-notes/{HEARD}", scope="mentions:read"
    ),
    "POST /api/v1/mention-notes/{mention_id}": Row(
        OF_CLINIC, url=f"{API}/mention-notes/{HEARD}", json={"text": "x"}, scope="mentions:write"
    ),
    "GET /api/v1/insights/summary": Row(MEMBERS, scope="leads:read"),
    "GET /api/v1/insights/questions": Row(MEMBERS, scope="leads:read"),
    "GET /api/v1/insights/needs": Row(MEMBERS, scope="leads:read"),
    "GET /api/v1/insights/groups": Row(MEMBERS, scope="leads:read"),
    "GET /api/v1/insights/voice": Row(MEMBERS, scope="mentions:read"),
    "GET /api/v1/insights/accounts": Row(MEMBERS, scope="leads:read"),
    "GET /api/v1/insights/own-accounts": Row(MEMBERS, scope="mentions:read"),
    "GET /api/v1/insights/spread/{mention_id}": Row(
        OF_CLINIC, url=f"{API}/insights/spread/{HEARD}", scope="mentions:read"
    ),
    "GET /api/v1/insights/topics": Row(MEMBERS, scope="leads:read"),
    "GET /api/v1/insights/funnel": Row(MEMBERS, scope="leads:read"),
    "GET /api/v1/insights/facets": Row(MEMBERS, scope="leads:read"),
    "GET /api/v1/rules": Row(STAFF, scope="rules:write"),
    "POST /api/v1/rules": Row(STAFF, json={"name": "牙", "kind": "lead"}, scope="rules:write"),
    "POST /api/v1/rules/preview": Row(STAFF, json={"kind": "lead"}, scope="rules:write"),
    "GET /api/v1/rules/{rule_id}": Row(STAFF, url=a_rule("", API), scope="rules:write"),
    "PATCH /api/v1/rules/{rule_id}": Row(
        STAFF, url=a_rule("", API), json={"enabled": False}, scope="rules:write"
    ),
    "DELETE /api/v1/rules/{rule_id}": Row(STAFF, url=a_rule("", API), scope="rules:write"),
    "POST /api/v1/match": Row(MEMBERS, json={"text": "牙疼"}, scope="leads:read"),
    "GET /api/v1/clinics": Row(MEMBERS, scope="leads:read"),
    "GET /api/v1/clinics/{clinic_id}": Row(OF_CLINIC, url=f"{API}/clinics/anhe", scope="leads:read"),
    "POST /api/v1/clinics": Row(STAFF, json={"name": "x"}, scope="clinics:write"),
    "PATCH /api/v1/clinics/{clinic_id}": Row(
        STAFF, url=f"{API}/clinics/anhe", json={"version": 0}, scope="clinics:write"
    ),
    "DELETE /api/v1/clinics/{clinic_id}": Row(STAFF, url=f"{API}/clinics/anhe", scope="clinics:write"),
    "GET /api/v1/coverage": Row(STAFF, scope="coverage:read"),
    "GET /api/v1/metrics": Row(STAFF, scope="coverage:read"),
    "GET /api/v1/coverage/{source}": Row("lnnhh", url=f"{API}/coverage/nowhere", scope="coverage:read"),
    "GET /api/v1/exports/leads.csv": Row(MEMBERS, scope="export"),
    "GET /api/v1/exports/mentions.csv": Row(MEMBERS, scope="export"),
    "GET /api/v1/exports/mentions.xlsx": Row(MEMBERS, scope="export"),
    "GET /api/v1/exports/leads.xlsx": Row(MEMBERS, scope="export"),
    "GET /api/v1/ten": Row(MEMBERS, scope="leads:read"),
    "POST /api/v1/ten/{lead_id}": Row(
        OF_CLINIC, url=f"{API}/ten/{LEAD}", json={"answer": "seeker"}, scope="leads:write"
    ),
    "POST /api/v1/captures": Row(MEMBERS, json={"text": "x", "time": "?"}, scope="capture"),
    "GET /api/v1/erasures": Row(ADMINS, scope="erase"),
    "POST /api/v1/erasures": Row(ADMINS, json={"kind": "post", "key": "forum/999"}, scope="erase"),
}
