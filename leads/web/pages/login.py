"""登录: coming in with a password or by a one-time link, going out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.errors import CrowdError, SignInError
from leads.records import audit, factors, identities, nudges, passwords, sessions, users
from leads.records.tables.people import User
from leads.web import device, door, first_steps
from leads.web.auth import COOKIE, Anyone, Perhaps
from leads.web.desk import Desk, TheDesk
from leads.web.door import Gate, client_address, own_path
from leads.web.house import LASTS, House, brought, kept
from leads.web.render import WebPage, render

routes = APIRouter()
TOO_LATE = "离输入密码太久了：请再登录一次。"
HOUSE_COOKIE = "tingzhen_house"
OLD_FORM = "这一页开得太久了，或浏览器不收 Cookie：请再试一次。"
UNKNOWN = "unknown"  # in the audit: what was typed may have been a password


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPage(WebPage):
    """The form; `login` is what was typed, `then` where to go afterwards."""

    template: ClassVar[str] = "login.html"
    then: str
    login: str
    problem: str
    token: str
    house: str  # what the house's accounts are called; "" where there are none
    left: bool  # just logged out of a session that began there


@dataclass(frozen=True, slots=True, kw_only=True)
class WelcomePage(WebPage):
    """The form for a first password; without a user the link is no good any more."""

    template: ClassVar[str] = "welcome.html"
    user: User | None
    secret: str
    problem: str
    token: str
    shortest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorPage(WebPage):
    """The form for the second factor; `half` says that the first one was right."""

    template: ClassVar[str] = "login_factor.html"
    then: str
    half: str
    problem: str
    token: str


@routes.get("/login")
def login_form(request: Request, desk: TheDesk, visitor: Perhaps, then: str = "/", out: str = "") -> Response:
    """The form, or the desk for who is in already."""
    if visitor is not None:
        return RedirectResponse(own_path(then), 303)
    return _form(request, desk, then=then, left=out == "house")


@routes.get("/login/house")
def to_house(request: Request, desk: TheDesk, then: str = "/") -> Response:
    """On to the house's identity provider; this browser keeps what has to come back."""
    house = _house(request, desk)
    place, begun = house.begin(_back(request, desk), own_path(then)[:1000], now=desk.clock())
    answer = RedirectResponse(place, 303)
    text = kept(begun, desk.records.seal)
    # Lax: the provider's page leads back here, and that is another site.
    return door.put(desk, request, answer, HOUSE_COOKIE, text, seconds=int(LASTS.total_seconds()))


@routes.get("/login/house/back")
def from_house(request: Request, desk: TheDesk) -> Response:
    """What the provider sends the browser back with; in, or the form with what went wrong."""
    house, now = _house(request, desk), desk.clock()
    begun = brought(request.cookies.get(HOUSE_COOKIE, ""), desk.records.seal)
    try:
        if begun is None:
            raise SignInError("这次登录过期了，或不是在这个浏览器里开始的：请再点一次登录。")
        shown = house.finish(begun, request.query_params, _back(request, desk), now=now)
        with desk.records.transaction() as session:
            user = identities.person(session, shown, now=now)
            secret = _open(desk, request, session, user, "oidc")
        answer = door.let_in(desk, request, user, secret, begun.then)
    except SignInError as error:
        _note_failure(desk, request, None, by="oidc")
        answer = _form(request, desk, then="/", problem=str(error), status=error.http_status)
    answer.delete_cookie(HOUSE_COOKIE)
    return answer


@routes.get("/login/house/out")
def out_of_house(request: Request, desk: TheDesk) -> Response:
    """Out at the provider, too."""
    house = _house(request, desk)
    return RedirectResponse(house.out(f"{desk.address(request)}/login", now=desk.clock()) or "/login", 303)


def _house(request: Request, desk: Desk) -> House:
    if not desk.settings.oidc.on:
        raise HTTPException(404, "没有这个页面。")
    found: House = request.app.state.house
    return found


def _back(request: Request, desk: Desk) -> str:
    return f"{desk.address(request)}/login/house/back"


@routes.post("/login")
def login(
    request: Request,
    desk: TheDesk,
    login: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=passwords.LONGEST)] = "",
    then: Annotated[str, Form(max_length=4000)] = "/",
    csrf: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """In, or the form again without saying which of the two was wrong."""
    if not door.from_our_form(request, csrf):
        return _form(request, desk, then=then, login=login, problem=OLD_FORM, status=403)
    with desk.records.reading() as session:
        user = users.by_login(session, login)
    tried = (login, client_address(request), door.mark_of(request, user))
    gate: Gate = request.app.state.gate
    wait = gate.enter(*tried)
    if wait:
        answer = _form(request, desk, then=then, login=login, problem=door.said_wait(wait), status=429)
        answer.headers["Retry-After"] = str(wait)
        return answer
    try:
        right = users.may_come_in(user, password)
    except CrowdError as error:
        answer = _form(request, desk, then=then, login=login, problem=str(error), status=error.http_status)
        answer.headers["Retry-After"] = "5"
        return answer
    if user is None or not right:
        _note_failure(desk, request, user)
        return _form(request, desk, then=then, login=login, problem="用户名或密码不对。", status=403)
    gate.succeeded(*tried)
    return _enter(desk, request, user, password, then)


@routes.post("/login/factor")
def second_factor(
    request: Request,
    desk: TheDesk,
    code: Annotated[str, Form(max_length=200)] = "",
    half: Annotated[str, Form(max_length=400)] = "",
    then: Annotated[str, Form(max_length=4000)] = "/",
    csrf: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """In with a code after the password, or the form again."""
    with desk.records.reading() as session:
        found = door.of_half(desk, request, session, half) if door.from_our_form(request, csrf) else None
    if found is None:
        return _form(request, desk, then=then, problem=TOO_LATE, status=403)
    user, by = found
    gate: Gate = request.app.state.gate
    wait = gate.enter_factor(user.id)
    if wait:
        answer = _second(request, desk, user, by, then, problem=door.said_wait(wait), status=429)
        answer.headers["Retry-After"] = str(wait)
        return answer
    with desk.records.transaction() as session:
        if factors.passes(session, user, code, now=desk.clock()):
            gate.factor_succeeded(user.id)
            secret = _open(desk, request, session, user, by)
            return door.let_in(desk, request, user, secret, then)
    _note_failure(desk, request, user, by="factor")
    return _second(request, desk, user, by, then, problem="验证码不对，或已经用过了。", status=403)


@routes.get("/welcome/{secret}")
def welcome(request: Request, desk: TheDesk, visitor: Perhaps, secret: str) -> Response:
    """What a one-time link opens: the form for a new password. Looking does not use the link up.

    The demo's link goes straight in; opened again in the same browser it leads to the desk once more.
    """
    now = desk.clock()
    with desk.records.transaction() as session:
        found = users.link(session, secret, now=now)
        if found is not None and found[1].direct and users.use_link(session, found[1], now=now):
            return door.let_in(desk, request, found[0], _open(desk, request, session, found[0], "link"))
    if found is None and visitor is not None:
        return RedirectResponse("/", 303)
    return _welcome(request, desk, found[0] if found else None, secret, "")


@routes.post("/welcome/{secret}")
def set_first_password(
    request: Request,
    desk: TheDesk,
    secret: str,
    password: Annotated[str, Form(max_length=5000)] = "",
    csrf: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Sets the password, uses the link up and goes in."""
    now = desk.clock()
    with desk.records.transaction() as session:
        found = users.link(session, secret, now=now)
        if found is None:
            return _welcome(request, desk, None, secret, "")
        user, link = found
        problem = passwords.problem(password, user.login)
        if not door.from_our_form(request, csrf):
            problem = OLD_FORM
        first = users.nobody_has_a_password(session)
        if not problem and users.use_link(session, link, now=now):
            users.set_password(session, user, password, now=now)
            audit.note(session, who=user.login, action="password.set", subject=user.login, now=now)
            begin = first_steps.start(desk) if first else "/"
            return _further(request, desk, session, user, "link", begin)
    return _welcome(request, desk, user, secret, problem)


@routes.post("/logout")
def logout(request: Request, desk: TheDesk, visitor: Anyone) -> Response:
    """Out, in this browser."""
    cookie = request.cookies.get(COOKIE, "")
    with desk.records.transaction() as session:
        found = sessions.find(session, cookie, now=desk.clock())
        sessions.close(session, cookie)
    by_house = found is not None and found[1].by == "oidc" and desk.settings.oidc.on
    response = RedirectResponse("/login?out=house" if by_house else "/login", 303)
    response.delete_cookie(COOKIE)
    return response


def _form(
    request: Request,
    desk: Desk,
    *,
    then: str,
    login: str = "",
    problem: str = "",
    left: bool = False,
    status: int = 200,
) -> Response:
    token = door.form_token(request)
    house = desk.settings.oidc
    page = LoginPage(
        then=own_path(then),
        problem=problem,
        login=login,
        token=token,
        house=house.name if house.on else "",
        left=left and house.on,
    )
    return door.remember(desk, request, render(request, page, status=status), token)


def _welcome(request: Request, desk: Desk, user: User | None, secret: str, problem: str) -> Response:
    token = door.form_token(request)
    page = WelcomePage(user=user, secret=secret, problem=problem, token=token, shortest=passwords.SHORTEST)
    status = 410 if user is None else 400 if problem else 200
    return door.remember(desk, request, render(request, page, status=status), token)


def _enter(desk: Desk, request: Request, user: User, password: str, then: str) -> Response:
    with desk.records.transaction() as session:
        if passwords.outdated(user.password):
            user.password = passwords.hashed(password)
            session.merge(user)
        return _further(request, desk, session, user, "password", then)


def _further(request: Request, desk: Desk, session: Session, user: User, by: str, then: str) -> Response:
    """In, or on to the second factor of who has one."""
    if factors.has(session, user.id):
        return _second(request, desk, user, by, then)
    return door.let_in(desk, request, user, _open(desk, request, session, user, by), then)


def _second(
    request: Request, desk: Desk, user: User, by: str, then: str, *, problem: str = "", status: int = 200
) -> Response:
    token = door.form_token(request)
    half = door.half(desk, user, token, by)
    page = FactorPage(then=own_path(then), half=half, problem=problem, token=token)
    return door.remember(desk, request, render(request, page, status=status), token)


def _open(desk: Desk, request: Request, session: Session, user: User, by: str) -> str:
    """A new session, never one the browser brought along; the one it had ends."""
    now = desk.clock()
    sessions.close(session, request.cookies.get(COOKIE, ""))
    where, browser = client_address(request), device.words(request.headers.get("User-Agent", ""))
    # A house's own sign-in tells of new devices by itself.
    if by != "oidc" and not door.mark_of(request, user) and audit.came_before(session, user.login):
        nudges.new_device(session, user, browser, now=now)
    audit.note(session, who=user.login, action="login", subject=user.login, now=now, by=by, address=where)
    return sessions.open_session(session, user, now=now, device=browser, by=by)


def _note_failure(desk: Desk, request: Request, user: User | None, **detail: str) -> None:
    """Who failed to come in, from where, with which factor; nothing of what was typed."""
    name = user.login if user else UNKNOWN
    with desk.records.transaction() as session:
        audit.note(
            session,
            who=name,
            action="login.failed",
            subject=name,
            now=desk.clock(),
            address=client_address(request),
            **detail,
        )
