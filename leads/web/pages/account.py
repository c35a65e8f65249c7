"""我的账户: one's own name, password and API tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.errors import RightsError
from leads.labels import LOGIN_WAYS
from leads.records import audit, factors, passwords, rights, sessions, tokens, users
from leads.records.tables.people import ApiToken, User
from leads.records.tables.people import Session as SessionRow
from leads.web import device, door
from leads.web.auth import COOKIE, Anyone, Visitor
from leads.web.desk import Desk, RowId, TheDesk
from leads.web.door import Gate
from leads.web.render import THEME_COOKIE, THEME_NAMES, WebPage, render

routes = APIRouter()
# How long a token lasts, in days, or as long as nobody revokes it: that is for admins only. (An empty value
# would not do: a form field that is sent empty takes its default.)
ENDLESS = "never"
LASTS = {"30": "30 天", "90": "90 天", "365": "一年", ENDLESS: "不过期"}
DONE = {
    "name": "姓名已改。",
    "password": "密码已改；其他浏览器都已退出，API 令牌都已作废。",
    "revoked": "令牌已作废。",
    "factor": "两步验证已取消；其他浏览器都已退出。",
    "session": "那个浏览器已退出。",
    "theme": "外观已改，只对这个浏览器有效。",
}
THEME_SECONDS = 400 * 24 * 3600  # as long as browsers keep a cookie
Field = Annotated[str, Form(max_length=5000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLine:
    """A token as the page lists it."""

    row: ApiToken
    alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser that is logged in, as a page lists it; `handle` is what the page calls it by."""

    handle: str
    row: SessionRow
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage(WebPage):
    """Everything about oneself; `secret` is a token just made."""

    template: ClassVar[str] = "account.html"
    user: User
    tokens: Sequence[TokenLine]
    browsers: Sequence[Browser]
    ways: Mapping[str, str]
    factor: bool
    codes_left: int
    scopes: Mapping[str, str]
    lasts: Mapping[str, str]
    shortest: int
    problem: str = ""
    done: str = ""
    secret: str = ""


@routes.get("/account")
def account(request: Request, desk: TheDesk, visitor: Anyone, done: str = "") -> Response:
    """Everything about oneself."""
    return render(request, replace(_page(request, desk, visitor), done=DONE.get(done, "")))


@routes.post("/account/name")
def rename(request: Request, desk: TheDesk, visitor: Anyone, name: Field = "") -> Response:
    """Another name to be shown by."""
    try:
        plain = rights.checked_name(name)
    except RightsError as error:
        return _refused(request, desk, visitor, str(error))
    with desk.records.transaction() as session:
        _self(session, visitor).name = plain
    return RedirectResponse("/account?done=name", 303)


@routes.post("/account/theme")
def choose_theme(visitor: Anyone, theme: Field = "") -> Response:
    """Light, dark, or the window's own way, in this browser: a telephone at night is not the desk at noon."""
    response = RedirectResponse("/account?done=theme", 303)
    if theme in THEME_NAMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=THEME_SECONDS, httponly=True, samesite="lax")
    return response


@routes.post("/account/password")
def change_password(
    request: Request, desk: TheDesk, visitor: Anyone, old: Field = "", new: Field = ""
) -> Response:
    """A new password; the old one is asked, and every other browser is logged out."""
    with desk.records.reading() as session:
        user = _self(session, visitor)
    gate: Gate = request.app.state.gate
    mark = f"password {user.id}"
    wait = gate.enter(user.login, "", mark)
    if wait:
        return _refused(request, desk, visitor, door.said_wait(wait), status=429)
    if user.password and not users.may_come_in(user, old):
        return _refused(request, desk, visitor, "旧密码不对。", status=403)
    gate.succeeded(user.login, "", mark)
    problem = passwords.problem(new, user.login)
    if problem:
        return _refused(request, desk, visitor, problem)
    return _changed(request, desk, visitor, new)


def _changed(request: Request, desk: Desk, visitor: Visitor, new: str) -> Response:
    now = desk.clock()
    with desk.records.transaction() as session:
        user = _self(session, visitor)
        users.set_password(session, user, new, now=now)
        audit.note(session, who=user.login, action="password.set", subject=user.login, now=now)
        browser = device.words(request.headers.get("User-Agent", ""))
        secret = sessions.open_session(session, user, now=now, device=browser, by="password")
    return door.let_in(desk, request, user, secret, "/account?done=password")


@routes.post("/account/end")
def end(desk: TheDesk, visitor: Anyone) -> Response:
    """Out in every browser, this one too, and all tokens end."""
    with desk.records.transaction() as session:
        rights.end(session, _self(session, visitor), who=visitor.login, now=desk.clock())
    return RedirectResponse("/login", 303)


@routes.post("/account/sessions/{handle}/end")
def end_session(request: Request, desk: TheDesk, visitor: Anyone, handle: str) -> Response:
    """Out in one browser."""
    with desk.records.transaction() as session:
        row = sessions.end(session, visitor.user_id, handle)
        if row is None:
            raise HTTPException(404, "这个浏览器已经退出了。")
        audit.note(session, who=visitor.login, action="session.end", subject=visitor.login, now=desk.clock())
    here = sessions.is_of(row, request.cookies.get(COOKIE, ""))
    return RedirectResponse("/login" if here else "/account?done=session", 303)


@routes.post("/account/tokens")
def new_token(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    name: Field = "",
    scope: Annotated[list[str] | None, Form()] = None,
    lasts: Annotated[str, Form(max_length=10)] = "90",
) -> Response:
    """A token, shown in this answer and never again."""
    now = desk.clock()
    try:
        with desk.records.transaction() as session:
            user = _self(session, visitor)
            expires_at = _checked(session, user, name, scope or [], lasts, now)
            secret, row = tokens.create(
                session, user, name=name.strip(), scopes=scope or [], now=now, expires_at=expires_at
            )
            audit.note(
                session,
                who=user.login,
                action="token.add",
                subject=row.name,
                now=now,
                hint=row.hint,
                scopes=row.scopes,
            )
    except RightsError as error:
        return _refused(request, desk, visitor, str(error))
    page = replace(_page(request, desk, visitor), secret=secret, done=f"令牌“{row.name}”已建好。")
    return render(request, page)


@routes.post("/account/tokens/{token_id}/revoke")
def revoke_token(desk: TheDesk, visitor: Anyone, token_id: RowId) -> Response:
    """Ends one of one's own tokens."""
    now = desk.clock()
    with desk.records.transaction() as session:
        row = tokens.revoke(session, visitor.user_id, token_id, now=now)
        if row is None:
            raise HTTPException(404, "没有这个令牌。")
        audit.note(
            session, who=visitor.login, action="token.revoke", subject=row.name, now=now, hint=row.hint
        )
    return RedirectResponse("/account?done=revoked", 303)


def _checked(
    session: Session, user: User, name: str, scopes: list[str], lasts: str, now: datetime
) -> datetime | None:
    """When a token that is asked for ends; raises RightsError when it cannot be had."""
    plain = name.strip()
    if not 1 <= len(plain) <= rights.NAME_LENGTH or not plain.isprintable():
        raise RightsError("令牌要有名字，最多 64 个字：写明谁用它做什么。")
    if not set(scopes) & set(tokens.SCOPES_OF_ROLE[user.role]):
        raise RightsError("至少选一个权限。")
    if lasts not in LASTS:
        raise RightsError("有效期请从列表里选。")
    if lasts == ENDLESS and user.role != "admin":
        raise RightsError("不过期的令牌只有管理员能建：请选一个有效期。")
    if sum(tokens.alive(each, user, now=now) for each in tokens.of_user(session, user.id)) >= tokens.MOST:
        raise RightsError(f"最多 {tokens.MOST} 个令牌：请先作废不用的。")
    return None if lasts == ENDLESS else now + timedelta(days=int(lasts))


def _self(session: Session, visitor: Visitor) -> User:
    user = users.get(session, visitor.user_id)
    if user is None:
        raise HTTPException(404, "没有这个用户。")
    return user


def _page(request: Request, desk: Desk, visitor: Visitor) -> AccountPage:
    now, cookie = desk.clock(), request.cookies.get(COOKIE, "")
    with desk.records.reading() as session:
        user = _self(session, visitor)
        mine = tokens.of_user(session, user.id)
        browsers = sessions.of_user(session, user.id, now=now)
        factor, left = factors.has(session, user.id), factors.codes_left(session, user.id)
    return AccountPage(
        user=user,
        browsers=[
            Browser(handle=sessions.handle(each), row=each, here=sessions.is_of(each, cookie))
            for each in browsers
        ],
        ways=LOGIN_WAYS,
        factor=factor,
        codes_left=left,
        tokens=[TokenLine(row=each, alive=tokens.alive(each, user, now=now)) for each in mine],
        scopes={scope: tokens.SCOPES[scope] for scope in tokens.SCOPES_OF_ROLE[user.role]},
        lasts={days: title for days, title in LASTS.items() if days != ENDLESS or user.role == "admin"},
        shortest=passwords.SHORTEST,
    )


def _refused(request: Request, desk: Desk, visitor: Visitor, problem: str, *, status: int = 400) -> Response:
    return render(request, replace(_page(request, desk, visitor), problem=problem), status=status)
