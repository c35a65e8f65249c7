"""Who is asking: a session cookie for people, and which roles may see a page.

A page says who may open it by its dependency: `Anyone`, `Staff`, `Admin`; `allow` makes more. Every unsafe
request of a page must carry the session's token (`csrf` in the form, or the header `X-CSRF`).
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.models import ROLES, Clinic, Lead, Mention, Role
from leads.records import factors, nudges, sessions
from leads.records.clinics import clinics
from leads.records.tables.people import Session as SessionRow
from leads.records.tables.people import User
from leads.scoring.fit import serves
from leads.web.desk import Desk, TheDesk

COOKIE = "tingzhen"
WITHOUT_FACTOR = ("/account/factor", "/logout")  # what a person may open who still has to set one up
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A person who is logged in, and what may be seen: `clinics` are a doctor's own, or all."""

    user_id: int
    login: str
    name: str
    role: Role
    csrf: str
    clinics: tuple[Clinic, ...]
    unseen: int = 0  # what colleagues want this person to know, and was not looked at
    lacks_factor: bool = False  # has to set up a second factor before anything else

    @property
    def restricted(self) -> bool:
        """Sees the leads and mentions of own clinics only."""
        return self.role == "doctor"

    def may_see_lead(self, lead: Lead) -> bool:
        """A doctor sees what one of the own clinics could treat."""
        return not self.restricted or any(serves(clinic, lead.tags) for clinic in self.clinics)

    def may_see_mention(self, mention: Mention) -> bool:
        """A doctor sees mentions of own clinics."""
        return not self.restricted or any(mention.clinic_id == clinic.id for clinic in self.clinics)


class FactorMissing(Exception):  # noqa: N818 - a state, answered with the page that sets one up
    """The person's role has to have a second factor, and there is none yet."""


class NotLoggedIn(Exception):  # noqa: N818 - a state, answered with the login page
    """Nobody is logged in."""


def visitor_or_none(request: Request, desk: TheDesk) -> Visitor | None:
    """The person whose cookie this is."""
    secret = request.cookies.get(COOKIE, "")
    if not secret:
        return None
    now = desk.clock()
    with desk.records.reading() as session:
        found = sessions.find(session, secret, now=now)
        known = clinics(session)
        waiting = nudges.unseen(session, [found[0].id]) if found else {}
        lacks = found is not None and _lacks_factor(desk, session, *found)
    if found is None:
        return None
    user, row = found
    if sessions.stale(row, now=now):
        with desk.records.transaction() as session:
            sessions.touch(session, row, now=now)
    made = visitor_of(user, known, csrf=row.csrf)
    return replace(made, unseen=waiting.get(user.id, 0), lacks_factor=lacks)


def _lacks_factor(desk: Desk, session: Session, user: User, row: SessionRow) -> bool:
    """Who came by the house's own sign-in has shown there whatever the house asks for."""
    asked = user.role in desk.settings.web.second_factor and row.by != "oidc"
    return asked and not factors.has(session, user.id)


def visitor_of(user: User, known: Iterable[Clinic], *, csrf: str = "") -> Visitor:
    """What this person may see of the clinics there are; a program with a token has no `csrf`."""
    own = tuple(each for each in known if user.role != "doctor" or each.id in user.clinic_ids)
    return Visitor(user_id=user.id, login=user.login, name=user.name, role=user.role, csrf=csrf, clinics=own)


Perhaps = Annotated[Visitor | None, Depends(visitor_or_none)]


async def _same_site(request: Request, visitor: Visitor) -> None:
    """Raises 403 unless an unsafe request was made by a page of ours."""
    if request.method in SAFE_METHODS:
        return
    given = request.headers.get("X-CSRF")
    if given is None:
        form = await request.form()
        given = str(form.get("csrf", ""))
    if not hmac.compare_digest(given.encode(), visitor.csrf.encode()):
        raise HTTPException(403, "页面已过期：请返回上一页刷新后再试。")


def allow(*roles: Role) -> Callable[[Request, Visitor | None], Awaitable[Visitor]]:
    """A dependency that lets these roles in; others get 403, strangers the login page."""

    async def check(request: Request, visitor: Perhaps) -> Visitor:
        if visitor is None:
            raise NotLoggedIn
        if visitor.role not in roles:
            raise HTTPException(403, "没有权限看这一页：请找管理员。")
        if visitor.lacks_factor and not request.url.path.startswith(WITHOUT_FACTOR):
            raise FactorMissing
        await _same_site(request, visitor)
        request.state.visitor = visitor  # what the layout shows
        return visitor

    return check


Anyone = Annotated[Visitor, Depends(allow(*ROLES))]
Staff = Annotated[Visitor, Depends(allow("admin", "marketer"))]
Admin = Annotated[Visitor, Depends(allow("admin"))]
