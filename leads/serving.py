"""Serving the desk: who can reach it, how the first admin gets in, what the terminal says."""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys
from contextlib import suppress
from datetime import datetime

import uvicorn
from fastapi import FastAPI

from leads.config import Settings
from leads.errors import ConfigError
from leads.records import audit, open_records, users

# Whose word on the caller's address and on https is believed: a proxy on this machine, nobody else's.
PROXIES = "127.0.0.1"


def guard(settings: Settings) -> None:
    """Raises ConfigError when other machines could reach the desk while nobody has a password."""
    if loopback(settings.web.host) or _somebody_has_a_password(settings):
        return
    raise ConfigError(
        f"web.host 是 {settings.web.host}，别的电脑也能打开，但还没有人设过密码："
        "请先用默认的 127.0.0.1 启动，打开一次性链接设好管理员密码，再改 web.host。"
    )


def _somebody_has_a_password(settings: Settings) -> bool:
    if not settings.data_dir.is_dir():
        return False
    with open_records(settings) as records, records.reading() as session:
        return not users.nobody_has_a_password(session)


def loopback(host: str) -> bool:
    """Only this machine reaches this address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def address(settings: Settings, port: int) -> str:
    """What to open in a browser."""
    host = settings.web.host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - recognised here, not bound
        host = "127.0.0.1"
    return settings.web.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"


def greeting(settings: Settings, *, port: int, now: datetime, demo: bool = False) -> str:
    """What the terminal says once the desk is open. Nobody has a password: with a one-time link.

    The demo's link needs no password; whoever reads this terminal can read the demo's files anyway.
    """
    where = address(settings, port)
    with open_records(settings) as records, records.transaction() as session:
        if not demo and not users.nobody_has_a_password(session):
            return f"听诊已打开：{where}（按 Ctrl+C 停止）{_warning(settings)}"
        admin = users.first_admin(session, now=now)
        link = f"{where}/welcome/{users.make_link(session, admin, now=now, direct=demo)}"
        audit.note(session, who=audit.SYSTEM, action="user.link", subject=admin.login, now=now)
    if demo:
        return f"打开这个链接看线索（一次有效，只给这台机器；按 Ctrl+C 停止）：\n{link}"
    return f"还没有人设过密码。打开这个一次性链接设置管理员密码（24 小时内有效；按 Ctrl+C 停止）：\n{link}"


def _warning(settings: Settings) -> str:
    if loopback(settings.web.host) or settings.web.public_url:
        return ""
    return "\n别的电脑要打开它，还要把 web.public_url 设成大家用的地址：见 docs/users.md。"


def run(app: FastAPI, host: str, port: int, said: str) -> None:
    """Serve until interrupted; `said` goes to standard error as soon as the port is open."""
    # Uvicorn ends well on a signal and then raises it again: to go on after it here, it must not kill us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        _Announced(config(app, host, port), said).run()


def config(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """How uvicorn is told to serve: quietly, and believing the address and scheme that `PROXIES` pass on."""
    return uvicorn.Config(
        app, host=host, port=port, log_level="warning", proxy_headers=True, forwarded_allow_ips=PROXIES
    )


class _Announced(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, said: str) -> None:
        super().__init__(config)
        self._said = said

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._said, file=sys.stderr, flush=True)
