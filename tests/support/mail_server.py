"""A real mail server (aiosmtpd) on a free port, whose answers a test can change."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "tingzhen@example.com", "geheim:pass/wort"


@dataclass
class Mails:
    """What came in: (recipients, the mail as bytes). `answers` take the place of 250 at a command."""

    port: int = 0
    got: list[tuple[list[str], bytes]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if "DATA" not in self.answers:
            assert isinstance(envelope.content, bytes)
            self.got.append((list(envelope.rcpt_tos), envelope.content))
        return self.answers.get("DATA", "250 taken")

    def authenticate(
        self, server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        good = data.login.decode() == USER and data.password.decode() == PASSWORD
        return AuthResult(success=good, handled=False)


class _Controller(Controller):
    def _trigger_server(self) -> None:
        """Told port 0, it must ask which one it got."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(
    *, starttls: ssl.SSLContext | None = None, at_once: ssl.SSLContext | None = None, login: bool = False
) -> Iterator[Mails]:
    """Plain, with STARTTLS, or with TLS at once; `login` demands one."""
    mails = Mails()
    controller = _Controller(
        mails,
        hostname="127.0.0.1",
        port=0,
        tls_context=starttls,
        ssl_context=at_once,
        authenticator=mails.authenticate if login else None,
        auth_required=login and at_once is None,  # aiosmtpd knows of no TLS from the start
        auth_require_tls=at_once is None,
        require_starttls=starttls is not None,
    )
    controller.start()
    mails.port = controller.port
    try:
        yield mails
    finally:
        controller.stop()
