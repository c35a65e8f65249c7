"""Connections that nobody finishes: each has an end, and no crowd of them keeps out who works."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from leads.config import Settings
from leads.connections import AcceptErrors, Patience, limits
from leads.records import open_records, sessions, users
from leads.web.assets import static
from leads.web.auth import COOKIE
from tests.support.commands import CONFIG, start
from tests.support.serving import running
from tests.support.visitors import desk

CROWD = 2_000
FILES = 700  # what the server may open: far fewer than there are connections
HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-"
HALF_A_BODY = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\ncsrf="
UNFINISHED = {"nothing": b"", "head": HALF_A_HEAD, "body": HALF_A_BODY}


def connect(port: int, said: bytes) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port), timeout=600)
    opened.sendall(said)
    return opened


def closed(opened: socket.socket) -> bool:
    """The other side ends it, after whatever it has to say."""
    try:
        while opened.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return True


@contextmanager
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def a_marketers_session(folder: Path) -> str:
    now = datetime.now(UTC)
    (folder / "tingzhen.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "data").mkdir()
    with open_records(Settings(data_dir=folder / "data")) as records, records.transaction() as session:
        user = users.add_user(session, login="lin", name="林", role="marketer", now=now)
        users.set_password(session, user, "long enough words", now=now)
        return sessions.open_session(session, user, now=now)


def test_a_marketer_works_on_while_two_thousand_connections_are_left_unfinished(tmp_path: Path) -> None:
    secret, port = a_marketers_session(tmp_path), free_port()
    few_files = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))  # noqa: E731
    process = start("serve", "--port", str(port), cwd=tmp_path, before=few_files)
    try:
        assert process.stderr is not None
        assert "听诊已打开" in process.stderr.readline().decode()
        with many_files(), ExitStack() as crowd:
            for number in range(CROWD):
                said = list(UNFINISHED.values())[number % len(UNFINISHED)]
                crowd.enter_context(connect(port, said))
                if number % 100 == 0:  # a new connection each time: the hardest case
                    page = httpx2.get(
                        f"http://127.0.0.1:{port}/", headers={"Cookie": f"{COOKIE}={secret}"}, timeout=600
                    )
                    assert page.status_code == 200
                    assert "线索" in page.text
    finally:
        process.terminate()
        _, said_at_all = process.communicate(timeout=600)
    assert said_at_all == b""
    assert process.returncode == 0


@pytest.mark.parametrize("said", UNFINISHED.values(), ids=UNFINISHED)
def test_what_is_not_finished_in_time_is_closed(tmp_path: Path, said: bytes) -> None:
    with running(desk(tmp_path), Patience(head=0.2, body=0.2)) as port, connect(port, said) as opened:
        assert closed(opened)


def test_a_second_request_has_an_end_too(tmp_path: Path) -> None:
    whole = b"GET /static/style.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with running(desk(tmp_path), Patience(head=0.2)) as port, connect(port, whole + HALF_A_HEAD) as opened:
        assert closed(opened)


def test_who_takes_nothing_of_a_large_answer_is_closed(tmp_path: Path) -> None:
    with running(desk(tmp_path), Patience(reader=0.2)) as port, socket.socket() as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        opened.settimeout(60)
        opened.connect(("127.0.0.1", port))
        large = static("vendor/leaflet/leaflet.js")
        opened.sendall(f"GET {large} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() * 700)
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            opened.sendall(b"x" * 100_000_000)  # never reads: at last there is nobody to write to


def test_strangers_make_room_for_a_new_connection_and_somebody_signed_in_stays(tmp_path: Path) -> None:
    app = desk(tmp_path)
    with app.state.desk.records.transaction() as session:
        user = users.by_login(session, "marketer")
        assert user is not None
        secret = sessions.open_session(session, user, now=datetime.now(UTC))
    mine = f"GET /cases HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {COOKIE}={secret}\r\n\r\n".encode()
    few = Patience(connections=3, head=3600, body=3600)
    with running(app, few) as port, ExitStack() as stack:
        member = stack.enter_context(connect(port, mine))
        assert member.recv(12) == b"HTTP/1.1 200"
        member.sendall(HALF_A_HEAD)  # the longest wait of all, but a member's
        first, _second, _third = (stack.enter_context(connect(port, HALF_A_HEAD)) for _ in range(3))
        assert closed(first)
        member.sendall(b"a: b\r\n\r\n")
        answer = b""
        while b"HTTP/1.1 303" not in answer:  # the page of the login: no cookie came along this time
            answer += (piece := member.recv(65536))
            assert piece


def test_beyond_a_number_strangers_are_asked_to_come_back_and_sessions_and_tokens_are_looked_at(
    tmp_path: Path,
) -> None:
    with running(desk(tmp_path), Patience(strangers=0)) as port:
        page = f"http://127.0.0.1:{port}/login"
        refused = httpx2.get(page, timeout=600)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert "frame-ancestors 'none'" in refused.headers["Content-Security-Policy"]
        assert httpx2.get(page, headers={"Cookie": f"{COOKIE}=x"}, timeout=600).status_code == 200
        assert httpx2.get(page, headers={"Authorization": "Bearer x"}, timeout=600).status_code == 200


def test_an_accept_error_is_said_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    errors, loop = AcceptErrors(), asyncio.new_event_loop()
    try:
        for _ in range(1000):
            trouble = OSError(errno.EMFILE, "Too many open files")
            errors(loop, {"message": "socket.accept() out of system resource", "exception": trouble})
    finally:
        loop.close()
    assert errors.count == 1000
    (line,) = caplog.messages
    assert "Too many open files" in line


def test_the_server_opens_as_many_files_as_it_is_allowed() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        limits()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(hard, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
