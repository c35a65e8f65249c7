"""Who asks: `Authorization: Bearer tz_…` and nothing else; cookies are looked at for the description only.

A route says which scope it takes by its dependency. What may be seen is then the visitor's business, as on
the pages.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.exceptions import HTTPException

from leads.records import Records, tokens
from leads.records.clinics import clinics
from leads.web.auth import Perhaps, Visitor, visitor_of
from leads.web.desk import TheDesk
from leads.web.door import client_address

PER_TOKEN = RateLimitItemPerMinute(600)
PER_STRANGER = RateLimitItemPerMinute(60)  # an address whose requests have no token that holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A program, and the person whose token it carries."""

    visitor: Visitor
    token_id: int
    token_name: str
    scopes: frozenset[str]

    @property
    def who(self) -> str:
        """For histories: the token's owner answers for what it does."""
        return self.visitor.login


class Rates:
    """Counts requests in this process's memory."""

    def __init__(self, per_token: RateLimitItem = PER_TOKEN, per_stranger: RateLimitItem = PER_STRANGER):
        self._per_token, self._per_stranger = per_token, per_stranger
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def token(self, token_id: int) -> None:
        """Raises 429 when this token has asked too often."""
        self._count(self._per_token, f"token:{token_id}")

    def stranger(self, address: str) -> None:
        """Raises 429 when this address has been refused too often."""
        self._count(self._per_stranger, f"address:{address}")

    def _count(self, item: RateLimitItem, key: str) -> None:
        if self._limiter.hit(item, key):
            return
        wait = max(1, math.ceil(self._limiter.get_window_stats(item, key).reset_time - time.time()))
        raise HTTPException(429, f"请求太快：请等 {wait} 秒再试。", {"Retry-After": str(wait)})


def identify(records: Records, secret: str, *, now: datetime) -> Caller | None:
    """Whose token this is; None when it does not hold."""
    with records.reading() as session:
        found = tokens.find(session, secret, now=now)
        known = clinics(session) if found else ()
    if found is None:
        return None
    user, token = found
    if tokens.stale(token, now=now):
        with records.transaction() as session:
            tokens.touch(session, token, now=now)
    return Caller(
        visitor=visitor_of(user, known),
        token_id=token.id,
        token_name=token.name,
        scopes=tokens.effective(user, token),
    )


WITHOUT = "请在 Authorization 头里带上令牌：Bearer tz_…"


def unknown(sentence: str) -> HTTPException:
    """For a program that does not say who it is."""
    return HTTPException(401, sentence, {"WWW-Authenticate": "Bearer"})


def lacking(scope: str) -> str:
    """What a program is told whose token does not have the scope."""
    return f"令牌没有权限 {scope}（{tokens.SCOPES[scope]}）：请在账号页另建一个。"


_bearer = HTTPBearer(auto_error=False, description="账号页建的 API 令牌，tz_ 开头。", scheme_name="token")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def signed_in(request: Request, desk: TheDesk, visitor: Perhaps, credentials: Credentials) -> bool:
    """A dependency: a person with a session, or a program with a token that holds; raises 429."""
    if visitor is not None:
        return True
    caller = identify(desk.records, credentials.credentials, now=desk.clock()) if credentials else None
    rates: Rates = request.app.state.rates
    if caller is None:
        rates.stranger(client_address(request))
    else:
        rates.token(caller.token_id)
    return caller is not None


SignedIn = Annotated[bool, Depends(signed_in)]


def needs(scope: str) -> Callable[[Request, TheDesk, Credentials], Caller]:
    """A dependency: a token that holds and has this scope; raises 401, 403, 429."""

    def check(request: Request, desk: TheDesk, credentials: Credentials) -> Caller:
        rates: Rates = request.app.state.rates
        caller = identify(desk.records, credentials.credentials, now=desk.clock()) if credentials else None
        if caller is None:
            rates.stranger(client_address(request))
            raise unknown(WITHOUT if not credentials else "令牌无效或已过期。")
        request.state.visitor = caller.visitor  # a crowd of strangers does not keep this connection out
        rates.token(caller.token_id)
        if scope not in caller.scopes:
            raise HTTPException(403, lacking(scope))
        return caller

    return check


def scoped(scope: str) -> dict[str, object]:
    """For a route's description (`openapi_extra`)."""
    return {"x-scope": scope}


LeadsReader = Annotated[Caller, Depends(needs("leads:read"))]
LeadsWriter = Annotated[Caller, Depends(needs("leads:write"))]
MentionsReader = Annotated[Caller, Depends(needs("mentions:read"))]
MentionsWriter = Annotated[Caller, Depends(needs("mentions:write"))]
Exporter = Annotated[Caller, Depends(needs("export"))]
CoverageReader = Annotated[Caller, Depends(needs("coverage:read"))]
RulesWriter = Annotated[Caller, Depends(needs("rules:write"))]
ClinicsWriter = Annotated[Caller, Depends(needs("clinics:write"))]
Capturer = Annotated[Caller, Depends(needs("capture"))]
Eraser = Annotated[Caller, Depends(needs("erase"))]
