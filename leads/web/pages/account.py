"""登录: coming in, going out, the first password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from leads.records import sessions, users
from leads.records.tables import User
from leads.web.auth import COOKIE, Anyone, Perhaps
from leads.web.desk import Desk, TheDesk
from leads.web.render import render

routes = APIRouter()


@routes.get("/login")
def login_form(request: Request, visitor: Perhaps, then: str = "/") -> Response:
    """The form, or the desk for who is in already."""
    if visitor is not None:
        return RedirectResponse(_own_path(then), 303)
    return render(request, "login.html", {"then": _own_path(then), "problem": "", "login": ""})


@routes.post("/login")
def login(
    request: Request,
    desk: TheDesk,
    login: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    then: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """In, or the form again without saying which of the two was wrong."""
    with desk.records.transaction() as session:
        user = users.authenticate(session, login, password)
        if user is not None:
            return _into(desk, request, sessions.open_session(session, user, now=desk.clock()), then)
    values = {"then": _own_path(then), "problem": "用户名或密码不对。", "login": login}
    return render(request, "login.html", values, status=403)


@routes.get("/welcome/{secret}")
def welcome(request: Request, desk: TheDesk, visitor: Perhaps, secret: str) -> Response:
    """What a one-time link opens: the form for a new password. Looking does not use the link up.

    The demo's link goes straight in; opened again in the same browser it leads to the desk once more.
    """
    now = desk.clock()
    with desk.records.transaction() as session:
        found = users.link(session, secret, now=now)
        if found is not None and found[1].direct:
            found[1].used_at = now
            return _into(desk, request, sessions.open_session(session, found[0], now=now), "/")
    if found is None and visitor is not None:
        return RedirectResponse("/", 303)
    return _welcome(request, found[0] if found else None, secret, "")


@routes.post("/welcome/{secret}")
def set_first_password(
    request: Request,
    desk: TheDesk,
    secret: str,
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Sets the password, uses the link up and goes in."""
    now = desk.clock()
    problem = users.password_problem(password)
    with desk.records.transaction() as session:
        found = users.link(session, secret, now=now)
        if found is not None and not problem:
            user, link = found
            link.used_at = now
            users.set_password(session, user, password)
            return _into(desk, request, sessions.open_session(session, user, now=now), "/")
    return _welcome(request, found[0] if found else None, secret, problem)


@routes.post("/logout")
def logout(request: Request, desk: TheDesk, visitor: Anyone) -> Response:
    """Out, in this browser."""
    with desk.records.transaction() as session:
        sessions.close(session, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


def _welcome(request: Request, user: User | None, secret: str, problem: str) -> Response:
    values = {"user": user, "secret": secret, "problem": problem}
    return render(request, "welcome.html", values, status=410 if user is None else 400 if problem else 200)


def _into(desk: Desk, request: Request, secret: str, then: str) -> Response:
    response = RedirectResponse(_own_path(then), 303)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(sessions.LONGEST.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=desk.address(request).startswith("https://"),
    )
    return response


def _own_path(then: str) -> str:
    """A page of ours; an address of another site in its place would be a trap."""
    return then if then.startswith("/") and not then.startswith(("//", "/\\")) else "/"
