"""`tingzhen serve`: the desk, and what happens by itself; who can reach it, how the first admin gets in."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

import uvicorn
from fastapi import FastAPI

from crawler.system_errors import os_reason
from crawler.telemetry import logs, traces
from leads.actions.schedule import Schedule, serve_roles
from leads.config import Settings, loopback
from leads.connections import Connection, Crowd, Patience, limits, watch_accepting
from leads.errors import ConfigError, InputError
from leads.records import audit, open_records, users
from leads.storage import author_key_problem, data_dir, open_index, rotating_log
from leads.web.app import create_app
from leads.web.insights.ahead import Ahead

# Whose word on the caller's address and on https is believed: a proxy on this machine, nobody else's.
PROXIES = "127.0.0.1"


def serve(settings: Settings, *, port: int | None = None, demo: bool = False) -> None:
    """The desk, and what happens by itself, until interrupted; `demo` prints a link that needs no password.

    Raises:
        ConfigError: other machines could reach it, and nobody has a password.
        InputError: the port is taken.
        StorageError: the data folder, the index or the records cannot be opened.
    """
    data_dir(settings)
    log = settings.log
    file = rotating_log(settings, Path(log.file)) if log.file else None
    logs.begin("serve", form=log.format, level=log.level, file=file)
    traces.begin("serve")
    chosen = port or settings.web.port
    guard(settings)
    check_port(settings.web.host, chosen)
    app = create_app(settings)
    said = greeting(settings, port=chosen, now=datetime.now(UTC), demo=demo)
    with open_index(settings) as index, open_records(settings) as records:
        schedule = Schedule(settings, records, index, roles=serve_roles(settings))
        schedule.start()
        try:
            run(app, settings.web.host, chosen, said)
        finally:
            schedule.stop()


def check_port(host: str, port: int) -> None:
    """Raises InputError when another program has the port."""
    if not 1 <= port <= 65535:
        raise InputError(f"端口 {port} 不可用：请给 1 到 65535 之间的数。")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"端口 {port} 打不开（{os_reason(error)}）：请用 --port 换一个，或关掉占用它的程序。"
            ) from error


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
    where, problem = address(settings, port), author_key_problem(settings, now=now)
    said = f"{problem}\n" if problem else ""
    with open_records(settings) as records, records.transaction() as session:
        if not demo and not users.nobody_has_a_password(session):
            return f"{said}听诊已打开：{where}（按 Ctrl+C 停止）{_warning(settings)}"
        admin = users.first_admin(session, now=now)
        link = f"{where}/welcome/{users.make_link(session, admin, now=now, direct=demo)}"
        audit.note(session, who=audit.SYSTEM, action="user.link", subject=admin.login, now=now)
    if demo:
        return f"{said}打开这个链接看线索（一次有效，只给这台机器；按 Ctrl+C 停止）：\n{link}"
    return (
        f"{said}还没有人设过密码。打开这个一次性链接设置管理员密码（24 小时内有效；按 Ctrl+C 停止）：\n{link}"
    )


def _warning(settings: Settings) -> str:
    if loopback(settings.web.host) or settings.web.public_url:
        return ""
    return "\n别的电脑要打开它，还要把 web.public_url 设成大家用的地址：见 docs/users.md。"


def run(app: FastAPI, host: str, port: int, said: str) -> None:
    """Serve until interrupted; `said` goes to standard error as soon as the port is open."""
    # Uvicorn ends well on a signal and then raises it again: to go on after it here, it must not kill us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        Server(config(app, host, port), said).run()


def config(app: FastAPI, host: str, port: int, allowed: Patience | None = None) -> uvicorn.Config:
    """How uvicorn is told to serve: quietly, and believing the address and scheme that `PROXIES` pass on."""
    told = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,  # it logs as we do
        log_level="error",  # a warning would be a line for each broken request that somebody sends
        proxy_headers=True,
        forwarded_allow_ips=PROXIES,
        ws="none",
        backlog=1,  # see watch_accepting
    )
    told.load()
    crowd = Crowd(told.loaded_app, allowed or limits())
    told.http_protocol_class = cast("type[asyncio.Protocol]", partial(Connection, crowd))
    return told


class Server(uvicorn.Server):
    """Uvicorn's, which says when it is open."""

    def __init__(self, config: uvicorn.Config, said: str) -> None:
        super().__init__(config)
        self._said = said
        self._ahead: Ahead | None = None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if isinstance(app, FastAPI):
            app.state.watcher.close()  # streams of open pages, for which uvicorn would wait
        if self._ahead is not None:
            await asyncio.to_thread(self._ahead.stop)
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            watch_accepting(self.servers)
            print(self._said, file=sys.stderr, flush=True)
            app = self.config.app
            if isinstance(app, FastAPI):
                self._ahead = Ahead(app.state.desk)
                self._ahead.start()
