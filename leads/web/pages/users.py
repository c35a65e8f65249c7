"""用户: who may come in, as what; and who did what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.actions.dossier import file_name, make
from leads.errors import RightsError
from leads.labels import DEED_NAMES, LOGIN_WAYS
from leads.models import Clinic
from leads.records import audit, factors, rights, sessions, users
from leads.records.tables.people import Audit, User
from leads.records.tables.people import Session as SessionRow
from leads.records.users import state
from leads.web.auth import Admin, Visitor
from leads.web.desk import Desk, RowId, TheDesk
from leads.web.render import WebPage, render

routes = APIRouter()
DONE = {
    "role": "权限已改，下一次点击就生效；不是管理员的人，不过期的令牌已作废。",
    "disabled": "已停用，所有浏览器都已退出。",
    "enabled": "已启用。",
    "factor": "两步验证已取消，所有浏览器都已退出：对方用密码登录，再设一次。",
    "session": "那个浏览器已退出。",
    "ended": "所有浏览器都已退出，API 令牌和一次性链接都已作废。",
}
DETAILS = {
    "ground": "依据",
    "consent": "同意",
    "count": "条数",
    "address": "地址",
    "by": "方式",
    "cancelled": "取消的提醒",
    "clinics": "诊所",
    "hint": "开头",
    "kind": "种类",
    "leads": "线索数",
    "link": "校验码",
    "posts": "条数",
    "name": "名称",
    "query": "条件",
    "role": "角色",
    "scopes": "权限",
    "verdict": "结果",
}
WAYS = {**LOGIN_WAYS, "factor": "两步验证", "role": "改权限"}
AUDIT_PAGE = 50
Field = Annotated[str, Form(max_length=200)]
ClinicIds = Annotated[list[str] | None, Form()]


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteForm:
    """What the form for a new user held."""

    login: str
    name: str
    role: str
    clinics: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersPage(WebPage):
    """All users; `linked` is who was just given the one-time `link`."""

    template: ClassVar[str] = "users.html"
    users: Sequence[User]
    seen: Mapping[int, datetime]
    browsers: Mapping[int, Sequence[SessionRow]]
    handle: Callable[[SessionRow], str]
    factors: Collection[int]
    state: Callable[[User], str]
    clinics: Sequence[Clinic]
    clinic_names: Mapping[str, str]
    problem: str = ""
    done: str = ""
    linked: User | None = None
    link: str = ""
    kept: InviteForm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage(WebPage):
    """Who did what; `older` is where the next page begins, None at the end."""

    template: ClassVar[str] = "audit.html"
    entries: Sequence[Audit]
    older: int | None
    who: str
    action: str
    logins: Sequence[str]
    actions: Mapping[str, str]
    details: Mapping[str, str]
    ways: Mapping[str, str]


@routes.get("/users")
def everybody(request: Request, desk: TheDesk, visitor: Admin, done: str = "") -> Response:
    """All users, and the form for a new one."""
    return render(request, replace(_page(desk, visitor), done=DONE.get(done, "")))


@routes.post("/users")
def invite(
    request: Request,
    desk: TheDesk,
    visitor: Admin,
    login: Field = "",
    name: Field = "",
    role: Field = "",
    clinic: ClinicIds = None,
) -> Response:
    """A new user; the one-time link is shown in this answer and never again."""
    try:
        with desk.records.transaction() as session:
            user, secret = rights.invite(
                session,
                who=visitor.login,
                login=login,
                name=name,
                role=role,
                clinic_ids=clinic or (),
                now=desk.clock(),
            )
    except RightsError as error:
        kept = InviteForm(login=login, name=name, role=role, clinics=clinic or ())
        page = replace(_page(desk, visitor), problem=str(error), kept=kept)
        return render(request, page, status=400)
    return _linked(request, desk, visitor, user, secret)


@routes.post("/users/{user_id}/link")
def new_link(request: Request, desk: TheDesk, visitor: Admin, user_id: RowId) -> Response:
    """Another one-time link, shown in this answer and never again."""
    try:
        with desk.records.transaction() as session:
            user = _user(session, user_id)
            secret = rights.new_link(session, user, who=visitor.login, now=desk.clock())
    except RightsError as error:
        return _refused(request, desk, visitor, str(error))
    return _linked(request, desk, visitor, user, secret)


@routes.post("/users/{user_id}/role")
def set_role(
    request: Request,
    desk: TheDesk,
    visitor: Admin,
    user_id: RowId,
    role: Field = "",
    clinic: ClinicIds = None,
) -> Response:
    """Another role, or other clinics."""
    try:
        with desk.records.transaction() as session:
            user = _user(session, user_id)
            rights.set_role(
                session, user, who=visitor.login, role=role, clinic_ids=clinic or (), now=desk.clock()
            )
    except RightsError as error:
        return _refused(request, desk, visitor, str(error))
    # Who is no admin any more does not see this page either.
    return RedirectResponse(
        "/users?done=role" if user.role == "admin" or user.id != visitor.user_id else "/", 303
    )


@routes.post("/users/{user_id}/disable")
def disable(request: Request, desk: TheDesk, visitor: Admin, user_id: RowId) -> Response:
    """Out, and not in again."""
    try:
        with desk.records.transaction() as session:
            rights.disable(session, _user(session, user_id), who=visitor.login, now=desk.clock())
    except RightsError as error:
        return _refused(request, desk, visitor, str(error))
    return RedirectResponse("/users?done=disabled", 303)


@routes.post("/users/{user_id}/end")
def end(desk: TheDesk, visitor: Admin, user_id: RowId) -> Response:
    """Out everywhere, programs too; the password stays."""
    with desk.records.transaction() as session:
        rights.end(session, _user(session, user_id), who=visitor.login, now=desk.clock())
    return RedirectResponse("/users?done=ended" if user_id != visitor.user_id else "/login", 303)


@routes.post("/users/{user_id}/sessions/{handle}/end")
def end_session(desk: TheDesk, visitor: Admin, user_id: RowId, handle: str) -> Response:
    """Out in one browser."""
    with desk.records.transaction() as session:
        user = _user(session, user_id)
        if sessions.end(session, user_id, handle) is None:
            raise HTTPException(404, "这个浏览器已经退出了。")
        audit.note(session, who=visitor.login, action="session.end", subject=user.login, now=desk.clock())
    return RedirectResponse("/users?done=session", 303)


@routes.post("/users/{user_id}/reset-factor")
def reset_factor(desk: TheDesk, visitor: Admin, user_id: RowId) -> Response:
    """The password alone is enough again: for who lost the telephone and the recovery codes."""
    if user_id == visitor.user_id:  # else a browser that was left open is enough to take one's own away
        return RedirectResponse("/account/factor", 303)
    with desk.records.transaction() as session:
        factors.remove(session, _user(session, user_id), who=visitor.login, now=desk.clock())
    return RedirectResponse("/users?done=factor", 303)


@routes.post("/users/{user_id}/enable")
def enable(desk: TheDesk, visitor: Admin, user_id: RowId) -> Response:
    """In again."""
    with desk.records.transaction() as session:
        rights.enable(session, _user(session, user_id), who=visitor.login, now=desk.clock())
    return RedirectResponse("/users?done=enabled", 303)


@routes.get("/audit")
def history(
    request: Request,
    desk: TheDesk,
    visitor: Admin,
    who: Annotated[str, Query(max_length=80)] = "",
    action: Annotated[str, Query(max_length=40)] = "",
    before: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Who did what, the latest first, a page at a time."""
    who, action = who.strip(), action.strip()
    cursor = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    with desk.records.reading() as session:
        found = audit.entries(session, limit=AUDIT_PAGE + 1, who=who, action=action, before=cursor)
        logins = [user.login for user in users.everybody(session)]
    shown = found[:AUDIT_PAGE]
    page = AuditPage(
        entries=shown,
        older=shown[-1].id if len(found) > AUDIT_PAGE else None,
        who=who,
        action=action,
        logins=logins,
        actions=DEED_NAMES,
        details=DETAILS,
        ways=WAYS,
    )
    return render(request, page)


@routes.post("/audit/dossier")
def dossier(desk: TheDesk, visitor: Admin) -> Response:
    """The dossier for a lawyer or an authority. By POST: making it is written down."""
    now = desk.clock()
    made = make(desk.settings, desk.records, desk.index, who=visitor.login, now=now)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(now)}"'}
    return Response(made.content, headers=headers, media_type="text/html")


def _user(session: Session, user_id: int) -> User:
    user = users.get(session, user_id)
    if user is None:
        raise HTTPException(404, "没有这个用户。")
    return user


def _page(desk: Desk, visitor: Visitor) -> UsersPage:
    with desk.records.reading() as session:
        found, seen = users.everybody(session), sessions.last_seen(session)
        browsers, having = sessions.of_everybody(session, now=desk.clock()), factors.having(session)
    return UsersPage(
        users=found,
        seen=seen,
        browsers=browsers,
        handle=sessions.handle,
        factors=having,
        state=state,
        clinics=visitor.clinics,
        clinic_names={clinic.id: clinic.name for clinic in visitor.clinics},
    )


def _linked(request: Request, desk: Desk, visitor: Visitor, user: User, secret: str) -> Response:
    link = f"{desk.address(request)}/welcome/{secret}"
    return render(request, replace(_page(desk, visitor), linked=user, link=link))


def _refused(request: Request, desk: Desk, visitor: Visitor, problem: str) -> Response:
    return render(request, replace(_page(desk, visitor), problem=problem), status=400)
