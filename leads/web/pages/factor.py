"""两步验证: setting up, replacing and taking away one's own second factor, and its recovery codes.

Each of these asks for the password, and for a code of the factor there is: a browser that was left open is
not enough to change how its person comes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import segno
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.records import factors, users
from leads.records.tables.people import User
from leads.web import door
from leads.web.auth import COOKIE, Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.door import Gate
from leads.web.render import WebPage, render

routes = APIRouter()
Field = Annotated[str, Form(max_length=1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFactorPage(WebPage):
    """Whether there is one; `qr` and `secret` of one that is being set up, `codes` that are shown once."""

    template: ClassVar[str] = "factor.html"
    on: bool
    required: bool
    has_password: bool
    left: int  # recovery codes
    problem: str = ""
    qr: Markup | None = None
    secret: str = ""
    kept: str = ""  # the same secret, sealed, as the form brings it back
    codes: Sequence[str] = ()


@routes.get("/account/factor")
def own_factor(request: Request, desk: TheDesk, visitor: Anyone) -> Response:
    """Whether one has a second factor, and what can be done about it."""
    return _show(request, desk, visitor)


@routes.post("/account/factor")
def begin(
    request: Request, desk: TheDesk, visitor: Anyone, password: Field = "", code: Field = ""
) -> Response:
    """A secret for the telephone, as a picture and in letters."""
    refused = _refused(request, desk, visitor, password, code)
    if refused is not None:
        return refused
    with desk.records.reading() as session:
        secret, kept = factors.offer(session, _self(session, visitor), now=desk.clock())
    return _show(request, desk, visitor, secret=secret, kept=kept)


@routes.post("/account/factor/confirm")
def confirm(request: Request, desk: TheDesk, visitor: Anyone, kept: Field = "", code: Field = "") -> Response:
    """The first code shows that the telephone has the secret; recovery codes are shown, this once."""
    gate: Gate = request.app.state.gate
    wait = gate.enter_factor(visitor.user_id)
    if wait:
        return _show(request, desk, visitor, problem=door.said_wait(wait), status=429)
    cookie, now = request.cookies.get(COOKIE, ""), desk.clock()
    with desk.records.transaction() as session:
        user = _self(session, visitor)
        secret = factors.offered(session, user, kept, now=now)
        codes = factors.confirm(session, user, secret, code, cookie=cookie, now=now) if secret else []
    if codes:
        gate.factor_succeeded(user.id)
        return _show(request, desk, visitor, codes=codes)
    if not secret:
        return _show(request, desk, visitor, problem="这一页开得太久了：请从头再来一次。", status=400)
    problem = "验证码不对：请看手机的时间准不准，再填当前显示的 6 位数字。"
    return _show(request, desk, visitor, secret=secret, kept=kept, problem=problem, status=400)


@routes.post("/account/factor/codes")
def new_codes(
    request: Request, desk: TheDesk, visitor: Anyone, password: Field = "", code: Field = ""
) -> Response:
    """Other recovery codes, shown this once; those before count no more."""
    refused = _refused(request, desk, visitor, password, code)
    if refused is not None:
        return refused
    with desk.records.transaction() as session:
        user = _self(session, visitor)
        if not factors.has(session, user.id):
            return RedirectResponse("/account/factor", 303)
        codes = factors.new_codes(session, user, now=desk.clock())
    return _show(request, desk, visitor, codes=codes)


@routes.post("/account/factor/remove")
def remove(
    request: Request, desk: TheDesk, visitor: Anyone, password: Field = "", code: Field = ""
) -> Response:
    """The password alone again, where the role may."""
    if visitor.role in desk.settings.web.second_factor:
        problem = "你的角色必须有两步验证：可以换一个，不能取消。"
        return _show(request, desk, visitor, problem=problem, status=403)
    refused = _refused(request, desk, visitor, password, code)
    if refused is not None:
        return refused
    with desk.records.transaction() as session:
        user = _self(session, visitor)
        if not factors.has(session, user.id):
            return RedirectResponse("/account/factor", 303)
        cookie = request.cookies.get(COOKIE, "")
        factors.remove(session, user, who=user.login, now=desk.clock(), cookie=cookie)
    return RedirectResponse("/account?done=factor", 303)


def _refused(request: Request, desk: Desk, visitor: Visitor, password: str, code: str) -> Response | None:
    """The page with what was wrong, or None for who may go on. Raises RightsError, CrowdError."""
    gate: Gate = request.app.state.gate
    wait = max(
        gate.enter(visitor.login, "", f"password {visitor.user_id}"), gate.enter_factor(visitor.user_id)
    )
    if wait:
        return _show(request, desk, visitor, problem=door.said_wait(wait), status=429)
    with desk.records.reading() as session:
        user = _self(session, visitor)
        asked = factors.has(session, user.id)
    if not users.may_come_in(user, password):
        return _show(request, desk, visitor, problem="密码不对。", status=403)
    with desk.records.transaction() as session:
        if asked and not factors.passes(session, user, code, now=desk.clock()):
            problem = "验证码不对，或已经用过了：请等手机换下一个。"
            return _show(request, desk, visitor, problem=problem, status=403)
    gate.succeeded(visitor.login, "", f"password {visitor.user_id}")
    gate.factor_succeeded(visitor.user_id)
    return None


def _show(
    request: Request,
    desk: Desk,
    visitor: Visitor,
    *,
    problem: str = "",
    secret: str = "",
    kept: str = "",
    codes: Sequence[str] = (),
    status: int = 200,
) -> Response:
    with desk.records.reading() as session:
        user = _self(session, visitor)
        page = OwnFactorPage(
            on=factors.has(session, user.id),
            required=user.role in desk.settings.web.second_factor,
            has_password=bool(user.password),
            left=factors.codes_left(session, user.id),
            problem=problem,
            qr=_picture(factors.uri(secret, user.login)) if secret else None,
            secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
            kept=kept,
            codes=codes,
        )
    return render(request, page, status=status)


def _picture(uri: str) -> Markup:
    """The QR code as SVG: dark on white whatever the theme, as cameras want it."""
    made = segno.make(uri, micro=False)
    return Markup(made.svg_inline(scale=4, border=4, dark="#000", light="#fff", title="二维码"))  # noqa: S704 - segno's own markup


def _self(session: Session, visitor: Visitor) -> User:
    user = users.get(session, visitor.user_id)
    if user is None:
        raise HTTPException(404, "没有这个用户。")
    return user
