"""Commands about users: for the first days, for scripts, and for who forgot a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from leads.cli import state
from leads.cli.state import Json
from leads.errors import RightsError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from leads.config import Settings
    from leads.records.tables.people import User

Login = Annotated[str, typer.Argument(help="用户名。")]
RoleName = Annotated[str, typer.Option("--role", help="admin 管理员，marketer 市场，doctor 医生。")]
ClinicIds = Annotated[list[str] | None, typer.Option("--clinic", help="医生的诊所 id，可重复。")]
group = typer.Typer(
    help="用户：列出、添加、停用，改角色，全部退出，给一次性登录链接。",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@group.command("list")
def list_(as_json: Json = False) -> None:
    """列出用户：角色、诊所、能不能登录、最近什么时候来过。"""
    from leads.records import sessions, users  # late: SQLAlchemy
    from leads.terminal import users as show_users

    with _open(state.settings()) as session:
        show_users.listing(users.everybody(session), sessions.last_seen(session), as_json=as_json)


@group.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="姓名；默认同用户名。")] = "",
    role: RoleName = "marketer",
    clinic: ClinicIds = None,
    as_json: Json = False,
) -> None:
    """添加用户，给出设置密码的一次性链接。"""
    from leads.records import audit, rights  # late: SQLAlchemy

    settings, now = state.settings(), datetime.now(UTC)
    _only_doctors(role, clinic)
    with _open(settings) as session:
        user, secret = rights.invite(
            session,
            who=audit.SYSTEM,
            login=login,
            name=name,
            role=role,
            clinic_ids=clinic or (),
            now=now,
        )
    _show_link(settings, user, secret, as_json=as_json)


@group.command()
def link(login: Login, as_json: Json = False) -> None:
    """给一次性链接：新用户设密码，或忘了密码的人重设。以前给的链接作废。"""
    from leads.records import audit, rights  # late: SQLAlchemy

    settings = state.settings()
    with _open(settings) as session:
        user = _user(session, login)
        secret = rights.new_link(session, user, who=audit.SYSTEM, now=datetime.now(UTC))
    _show_link(settings, user, secret, as_json=as_json)


@group.command()
def disable(login: Login, as_json: Json = False) -> None:
    """停用：立刻退出所有浏览器，链接和 API 令牌作废。"""
    from leads.records import audit, rights  # late: SQLAlchemy

    with _open(state.settings()) as session:
        user = _user(session, login)
        rights.disable(session, user, who=audit.SYSTEM, now=datetime.now(UTC))
    _show(user, as_json=as_json)


@group.command()
def end(login: Login, as_json: Json = False) -> None:
    """全部退出：所有浏览器退出，链接和 API 令牌作废；密码不变。"""
    from leads.records import audit, rights  # late: SQLAlchemy

    with _open(state.settings()) as session:
        user = _user(session, login)
        rights.end(session, user, who=audit.SYSTEM, now=datetime.now(UTC))
    _show(user, as_json=as_json)


@group.command("reset-factor")
def reset_factor(login: Login, as_json: Json = False) -> None:
    """取消一个人的两步验证（手机和备用码都丢了）：所有浏览器退出，先凭密码登录，再设一次。"""
    from leads.records import audit, factors  # late: SQLAlchemy

    with _open(state.settings()) as session:
        user = _user(session, login)
        factors.remove(session, user, who=audit.SYSTEM, now=datetime.now(UTC))
    _show(user, as_json=as_json)


@group.command()
def enable(login: Login, as_json: Json = False) -> None:
    """重新启用：用原来的密码登录。"""
    from leads.records import audit, rights  # late: SQLAlchemy

    with _open(state.settings()) as session:
        user = _user(session, login)
        rights.enable(session, user, who=audit.SYSTEM, now=datetime.now(UTC))
    _show(user, as_json=as_json)


@group.command()
def role(
    login: Login,
    role: Annotated[str, typer.Argument(help="admin 管理员，marketer 市场，doctor 医生。")],
    clinic: ClinicIds = None,
    as_json: Json = False,
) -> None:
    """改角色，或改医生的诊所；下一次点击就生效，不是管理员的人不过期的令牌作废。"""
    from leads.records import audit, rights  # late: SQLAlchemy

    _only_doctors(role, clinic)
    with _open(state.settings()) as session:
        user = _user(session, login)
        rights.set_role(
            session, user, who=audit.SYSTEM, role=role, clinic_ids=clinic or (), now=datetime.now(UTC)
        )
    _show(user, as_json=as_json)


def _only_doctors(role: str, clinic: list[str] | None) -> None:

    if clinic and role != "doctor":
        raise RightsError("--clinic 只用于医生：管理员和市场看所有诊所。")


def _user(session: Session, login: str) -> User:
    from leads.records import users  # late: SQLAlchemy

    user = users.by_login(session, login)
    if user is None:
        raise RightsError(f"没有用户 {login!r}：运行 tingzhen users list 看有哪些。")
    return user


def _show_link(settings: Settings, user: User, secret: str, *, as_json: bool) -> None:
    from leads import server  # late: FastAPI
    from leads.terminal import users as show_users

    where = server.address(settings, settings.web.port)
    show_users.link(user, f"{where}/welcome/{secret}", as_json=as_json)


def _show(user: User, *, as_json: bool) -> None:
    from leads.terminal import users as show_users  # late: rich and the records

    show_users.listing([user], {}, as_json=as_json)


@contextmanager
def _open(settings: Settings) -> Iterator[Session]:
    """A transaction in the records; the clinics of the settings are known."""
    from leads import storage  # late: SQLAlchemy
    from leads.records import open_records
    from leads.records.clinics import adopt_file

    storage.data_dir(settings)
    with open_records(settings) as records, records.transaction() as session:
        adopt_file(session, settings)
        yield session
