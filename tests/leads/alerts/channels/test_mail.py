"""Mail through a real server: what it looks like, what counts, and what its refusals mean."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from leads.alerts.channels import mail
from leads.alerts.channels.form import parts_of, read_form
from leads.alerts.messages.message import Message, Payload
from leads.config import AlertSettings
from leads.models import Outcome
from tests.support.mail_server import PASSWORD, USER, Mails, mail_server
from tests.support.stand_ins import tls

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SAID = Payload(
    title="安和口腔被投诉",
    lines=("我在安和口腔拔牙，<b>被弄伤了</b>。",),
    severity="high",
    rule="差评",
    page="/mentions",
    post_url="https://forum.example/t/1",
)
TO = "lin@example.com"


@pytest.fixture
def server() -> Iterator[Mails]:
    with mail_server() as made:
        yield made


def settings(server: Mails, **fields: str) -> AlertSettings:
    return AlertSettings(
        **{"smtp": f"smtp://127.0.0.1:{server.port}", "mail_from": "tingzhen@clinic.example", **fields}
    )


def message(*items: Payload, alert_id: str = "abc123") -> Message:
    said = items or (SAID,)
    ack = "https://desk.example/ack/t"
    return Message(id=alert_id, at=NOW, items=said, total=len(said), base="https://desk.example", ack=ack)


def sent(chosen: AlertSettings, said: Message | None = None) -> Outcome:
    address = read_form("mail", {"address": TO}, chosen)
    return mail.deliver(parts_of(address), said or message(), chosen, now=NOW)


def received(server: Mails) -> EmailMessage:
    found = message_from_bytes(server.got[-1][1], policy=default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_mail_is_text_and_html_with_an_id_of_its_own(server: Mails) -> None:
    assert sent(settings(server)) == Outcome(verdict="delivered")
    got = received(server)
    assert server.got[0][0] == [TO]
    assert {
        name: got[name] for name in ("From", "To", "Subject", "Message-ID", "Auto-Submitted", "List-Id")
    } == {
        "From": "听诊 <tingzhen@clinic.example>",
        "To": TO,
        "Subject": "[听诊] 安和口腔被投诉",
        "Message-ID": "<abc123@clinic.example>",
        "Auto-Submitted": "auto-generated",
        "List-Id": "<alerts.clinic.example>",
    }
    text, html = (got.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "看原帖：https://forum.example/t/1" in text.get_content()
    assert '<a href="https://forum.example/t/1">看原帖</a>' in html.get_content()
    assert "&lt;b&gt;被弄伤了&lt;/b&gt;" in html.get_content()


def test_the_id_is_the_same_at_every_try(server: Mails) -> None:
    for _ in range(2):
        sent(settings(server))
    assert len({message_from_bytes(raw)["Message-ID"] for _, raw in server.got}) == 1


def test_a_report_brings_its_own_document_and_pictures(server: Mails) -> None:
    png = base64.b64encode(b"\x89PNG picture").decode()
    html = '<p><img src="cid:plot"></p>'
    report = Payload(title="早报", lines=("三条新线索",), html=html, images=(("plot", png),))
    sent(settings(server), message(report))
    parts = {part.get_content_type(): part for part in received(server).walk()}
    assert parts["text/html"].get_content().strip() == html
    assert parts["image/png"]["Content-ID"] == "<plot>"
    assert parts["image/png"].get_content() == b"\x89PNG picture"


@given(title=st.text(max_size=200), alert_id=st.text(max_size=40))
def test_no_title_makes_a_header(title: str, alert_id: str) -> None:
    chosen = AlertSettings(smtp="smtp://127.0.0.1", mail_from="tingzhen@clinic.example")
    said = message(Payload(title=f"{title}\r\nBcc: all@example.com\r\n{title}"), alert_id=alert_id)
    read = message_from_bytes(bytes(mail.compose(TO, said, chosen)), policy=default)
    assert read["Bcc"] is None
    assert read["To"] == TO
    assert len(read.keys()) == 9


@pytest.mark.parametrize(
    ("command", "answer", "verdict", "revoked", "reason"),
    [
        ("RCPT", "550 no such user", "dead", True, "拒收收件地址（550）"),
        ("RCPT", "450 greylisted", "retry", False, "稍后再发（450）"),
        ("DATA", "554 looks like spam", "dead", False, "拒收邮件（554）"),
        ("DATA", "452 disk full", "retry", False, "稍后再发（452）"),
        ("DATA", "421 going down", "retry", False, "稍后再发（421）"),
    ],
)
def test_refusals(server: Mails, command: str, answer: str, verdict: str, revoked: bool, reason: str) -> None:
    server.answers[command] = answer
    outcome = sent(settings(server))
    assert (outcome.verdict, outcome.revoked) == (verdict, revoked)
    assert reason in outcome.reason
    assert server.got == []


def test_nobody_there_and_somebody_else_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    refused = sent(AlertSettings(smtp=f"smtp://127.0.0.1:{port}"))
    assert refused == Outcome(verdict="retry", reason="和邮件服务器的连接中断，或连不上。")


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = sent(AlertSettings(smtp=f"smtp://127.0.0.1:{silent.getsockname()[1]}"))
    assert outcome == Outcome(verdict="retry", reason="等了太久，邮件服务器没有回答。")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


def context(authority: trustme.CA) -> ssl.SSLContext:
    return tls(authority, "127.0.0.1")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_login_over_tls(authority: trustme.CA, trusted: str, scheme: str) -> None:
    made = context(authority)
    kinds = {"smtp": {"starttls": made}, "smtps": {"at_once": made}}
    with mail_server(**kinds[scheme], login=True) as server:
        address = f"{scheme}://{quote(USER)}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}"
        assert sent(AlertSettings(smtp=address, ca_file=trusted)).verdict == "delivered"
        assert received(server)["From"] == f"听诊 <{USER}>"
        wrong = sent(AlertSettings(smtp=address.replace("geheim", "falsch"), ca_file=trusted))
    assert wrong.verdict == "retry"
    assert "不认用户名或密码（535）" in wrong.reason
    assert "falsch" not in wrong.reason


def test_an_untrusted_certificate(authority: trustme.CA) -> None:
    with mail_server(at_once=context(authority)) as server:
        outcome = sent(AlertSettings(smtp=f"smtps://127.0.0.1:{server.port}"))
    assert outcome == Outcome(verdict="retry", reason="邮件服务器的证书不可信。")


def test_a_password_never_goes_in_the_clear(server: Mails) -> None:
    address = f"smtp://{quote(USER)}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}"
    outcome = sent(AlertSettings(smtp=address))
    assert "没有把密码发过去" in outcome.reason
    assert server.logins == []


def test_without_a_server_there_is_a_sentence() -> None:
    outcome = mail.deliver({"token": "lin@example.com"}, message(), AlertSettings(), now=NOW)
    assert "alerts.smtp" in outcome.reason
