"""The door: cookies, the login form's own token, and how often somebody may try.

Nobody is locked out of an account for good, and an attacker cannot keep out who was in before: a browser
that logged in once carries a mark and is counted by itself. Tries on this machine and those from elsewhere
are counted apart. Who is kept out nevertheless asks an admin for a one-time link, or makes one with
`tingzhen users link`: links are not counted, nobody guesses them.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import re
import time
from datetime import timedelta

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy.orm import Session

from leads.records import sessions, users
from leads.records.secrets import new_secret
from leads.records.tables.people import User
from leads.web.auth import COOKIE
from leads.web.desk import Desk

FORM_COOKIE = "tingzhen_form"
MARK_COOKIE = "tingzhen_known"
MARK_SECONDS = 180 * 24 * 3600
_SECRET = re.compile(r"[\w-]{43}", re.ASCII)
_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")

# Tries in a moving window. With ten tries a quarter of an hour, guessing one in a million takes years.
PER_MARK = RateLimitItemPerMinute(10, 5)
PER_ACCOUNT = RateLimitItemPerMinute(10, 15)
PER_ADDRESS = RateLimitItemPerMinute(60, 15)  # an office shares one
# Codes of a second factor: who tries them knows the password. Three of a million fit at any time.
PER_FACTOR = (RateLimitItemPerMinute(10, 15), RateLimitItemPerDay(50))
HALF_LASTS = timedelta(minutes=5)


class Gate:
    """Counts tries in this process's memory; a restart forgets them."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def enter(self, login: str, address: str, mark: str = "") -> int:
        """Seconds until this login may be tried again from there; 0 for now, and then this try is counted."""
        waits = [self._wait(item, *keys) for item, *keys in _counters(login, address, mark)]
        return max(waits)

    def succeeded(self, login: str, address: str, mark: str = "") -> None:
        """Forgives the tries before the right one; not those of the address, which may try other accounts."""
        item, *keys = _counters(login, address, mark)[0]
        self._limiter.clear(item, *keys)

    def enter_factor(self, user_id: int) -> int:
        """Seconds until a code of this person may be tried again; 0 for now, and then this try is counted."""
        return max(self._wait(item, "factor", str(user_id)) for item in PER_FACTOR)

    def factor_succeeded(self, user_id: int) -> None:
        """Forgives the tries before the right one."""
        for item in PER_FACTOR:
            self._limiter.clear(item, "factor", str(user_id))

    def _wait(self, item: RateLimitItem, *keys: str) -> int:
        if self._limiter.hit(item, *keys):
            return 0
        return max(1, math.ceil(self._limiter.get_window_stats(item, *keys).reset_time - time.time()))


def _counters(login: str, address: str, mark: str) -> list[tuple[RateLimitItem, *tuple[str, ...]]]:
    """What a try counts against, the account's own first."""
    if mark:
        return [(PER_MARK, "mark", mark)]
    where = _network(address)
    known = login.strip().lower()
    name = known if users.LOGIN.fullmatch(known) else "?"
    return [
        (PER_ACCOUNT, "account", name, "here" if where == "here" else "away"),
        (PER_ADDRESS, "address", where),
    ]


def _network(address: str) -> str:
    """Who is behind an address: "here" for this machine; a household's /64 where IPv6 gives it that."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "?"
    if parsed.is_loopback:
        return "here"
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else str(parsed)


def said_wait(seconds: int) -> str:
    """How long to wait, for people."""
    span = f"{seconds} 秒" if seconds < 60 else f"{math.ceil(seconds / 60)} 分钟"
    return f"试得太多了：请等 {span}再试，或请管理员给一个一次性链接。"


def client_address(request: Request) -> str:
    """Where a request comes from; a proxy on this machine has been asked (leads.server.PROXIES)."""
    return request.client.host if request.client else ""


# --- the form's token: a page of another site cannot log a browser in as somebody else ---------------------


def form_token(request: Request) -> str:
    """The token for a form that is shown before the login; `remember` puts it into the cookie too."""
    given = request.cookies.get(FORM_COOKIE, "")
    return given if _SECRET.fullmatch(given) else new_secret()


def remember(desk: Desk, request: Request, response: Response, token: str) -> Response:
    """The form's token goes along as a cookie that no other site's form can send."""
    response.set_cookie(
        FORM_COOKIE, token, httponly=True, samesite="strict", secure=_secure(desk, request), path="/"
    )
    return response


def from_our_form(request: Request, given: str) -> bool:
    """The form carries the token of this browser's cookie."""
    kept = request.cookies.get(FORM_COOKIE, "")
    return bool(_SECRET.fullmatch(kept)) and hmac.compare_digest(kept.encode(), given.encode())


# --- the mark of a browser that logged in before -----------------------------------------------------------


def mark_of(request: Request, user: User | None) -> str:
    """This browser's mark when it once logged in as this person; "" else. A new password voids all marks."""
    nonce, _, given = request.cookies.get(MARK_COOKIE, "").partition(".")
    if user is None or not user.password or not _SECRET.fullmatch(nonce):
        return ""
    return nonce if hmac.compare_digest(_signature(user, nonce).encode(), given.encode()) else ""


def _signature(user: User, nonce: str) -> str:
    return hmac.new(user.password.encode(), f"{user.login} {nonce}".encode(), hashlib.sha256).hexdigest()


# --- between password and second factor -------------------------------------------------------------------


def half(desk: Desk, user: User, form_token: str, by: str) -> str:
    """What the form for the second factor brings back: this browser has shown the first one just now."""
    until = int((desk.clock() + HALF_LASTS).timestamp())
    return f"{user.id}.{until}.{by}.{desk.records.seal.sign(_half(user, until, form_token, by))}"


def of_half(desk: Desk, request: Request, session: Session, given: str) -> tuple[User, str] | None:
    """Who has shown the first factor in this browser, and by what; None when it was too long ago, or was not.

    A new password in between makes it worthless.
    """
    number, until, by, signature = [*given.split("."), "", "", ""][:4]
    if not (number.isascii() and number.isdigit() and until.isascii() and until.isdigit()):
        return None
    user = users.get(session, int(number[:18]))
    if user is None or user.disabled or desk.clock().timestamp() > int(until[:18]):
        return None
    text = _half(user, int(until[:18]), request.cookies.get(FORM_COOKIE, ""), by)
    return (user, by) if desk.records.seal.signed(text, signature) else None


def _half(user: User, until: int, form_token: str, by: str) -> str:
    return f"second step of {user.id} until {until} by {by} in {form_token} with {user.password}"


# --- in ---------------------------------------------------------------------------------------------------


def put(desk: Desk, request: Request, answer: Response, name: str, text: str, *, seconds: int) -> Response:
    """A cookie that no script reads, and that is sent when a link of another site leads here."""
    secure = _secure(desk, request)
    answer.set_cookie(name, text, max_age=seconds, httponly=True, samesite="lax", secure=secure)
    return answer


def let_in(desk: Desk, request: Request, user: User, secret: str, then: str = "/") -> Response:
    """On to a page of ours, with the session's cookie and a new mark."""
    response = RedirectResponse(own_path(then), 303)
    secure = _secure(desk, request)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(sessions.LONGEST.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=secure,
    )
    if user.password:
        nonce = new_secret()
        mark = f"{nonce}.{_signature(user, nonce)}"
        response.set_cookie(
            MARK_COOKIE, mark, max_age=MARK_SECONDS, httponly=True, samesite="lax", secure=secure
        )
    return response


def _secure(desk: Desk, request: Request) -> bool:
    return desk.address(request).startswith("https://")


def own_path(then: str) -> str:
    """A page of ours; an address of another site in its place would be a trap."""
    return then if _OWN_PATH.fullmatch(then) else "/"
