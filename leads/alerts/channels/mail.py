"""Mail through the one server of the settings: text and HTML, an id that stays the same at every try."""

from __future__ import annotations

import contextlib
import hashlib
import re
import smtplib
import ssl
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from urllib.parse import unquote, urlsplit

from leads.alerts.channels import http as wire
from leads.alerts.channels.base import ChannelKind, Parts, address_field
from leads.alerts.messages import letter
from leads.alerts.messages.message import Limit, Message, render
from leads.config import AlertSettings
from leads.errors import InputError
from leads.models import DELIVERED, Outcome

LIMIT = Limit(size=200_000, unit="bytes")
TIMEOUT = 15.0  # seconds, for each word of the server; see outbox.LEASE
_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title></head>
<body style="margin:0;padding:16px;background:#f4f7f6">
<div style="font:16px/1.6 system-ui,'PingFang SC','Microsoft YaHei',sans-serif;color:#1d2624;max-width:640px;\
margin:0 auto;padding:16px 20px;background:#fff;border:1px solid #dde4e2;border-radius:8px;\
overflow-wrap:anywhere">
<h1 style="font-size:18px;margin:0 0 12px">{title}</h1>
{text}
</div></body></html>
"""
LOCAL = ("127.0.0.1", "::1", "localhost")


def read(given: Parts) -> dict[str, str]:
    """One plain address; what a mail server could read as two, or as a header, is none."""
    text = given["address"].removeprefix("mailto:")
    word = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
    label = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    if len(text) > 254 or not re.fullmatch(rf"{word}(?:\.{word})*@{label}(?:\.{label})+", text):
        raise InputError("这不是邮箱地址：请写成 lin@example.com 这样，一个通道一个地址。")
    return {"token": text}


def deliver(parts: Parts, message: Message, settings: AlertSettings, *, now: datetime) -> Outcome:
    """Hand one mail to the server. It counts when the server takes the responsibility (250)."""
    if lacking := _lacking(settings):
        return _retry(lacking)
    to = parts["token"]
    try:
        with _server(settings) as server:
            mail = compose(to, message, settings)
            server.send_message(mail, from_addr=sender(settings), to_addrs=[to])
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(next(iter(error.recipients.values()), (0, b""))[0], "收件地址")
    except smtplib.SMTPSenderRefused as error:
        return _refused(error.smtp_code, "发件地址")
    except smtplib.SMTPAuthenticationError as error:
        return _retry(f"邮件服务器不认用户名或密码（{error.smtp_code}）：请管理员检查 alerts.smtp。")
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, "邮件")
    except smtplib.SMTPNotSupportedError:
        return _retry("邮件服务器不支持加密或登录，没有把密码发过去：请管理员检查 alerts.smtp。")
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return _retry(_broken(error))
    return DELIVERED


def compose(to: str, message: Message, settings: AlertSettings) -> EmailMessage:
    """The mail as it is sent, the same at every try: mail programs show it once.

    The policy refuses line breaks in headers; the title has none to begin with.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address("听诊", addr_spec=sender(settings))
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = f"[听诊] {message.title}"
    mail["Date"] = message.at
    host = sender(settings).rpartition("@")[2]
    local = re.sub(r"[^A-Za-z0-9]+", "-", message.id).strip("-") or "alert"
    mail["Message-ID"] = f"<{local}@{host}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Id"] = f"<alerts.{host}>"
    mail.set_content(_text(message))
    mail.add_alternative(_document(message), subtype="html")
    html = list(mail.iter_parts())[1]
    for name, encoded in message.items[0].images if message.total == 1 else ():
        html.add_related(b64decode(encoded), maintype="image", subtype="png", cid=f"<{name}>")
    _bound(mail)
    return mail


def _bound(mail: EmailMessage) -> None:
    """Boundaries by what stands between them, not by chance: the same for the same mail, and no text can hold
    the one that is made of it."""
    said = hashlib.blake2b(str(mail["Message-ID"]).encode(), digest_size=16)
    for part in mail.walk():
        if not part.is_multipart():
            said.update(str(part.get_payload()).encode())
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{said.hexdigest()}_{number}")


def sender(settings: AlertSettings) -> str:
    """The address mails come from."""
    user = unquote(urlsplit(settings.smtp).username or "")
    return settings.mail_from or (user if "@" in user else f"tingzhen@{urlsplit(settings.smtp).hostname}")


def _lacking(settings: AlertSettings) -> str:
    return "" if settings.smtp else "还不能发邮件：请管理员先在 tingzhen.toml 里设置 alerts.smtp。"


def _text(message: Message) -> str:
    return letter.as_text(message) if message.total == 1 else render(message, "text", LIMIT)


def _document(message: Message) -> str:
    """A whole HTML page without anything to be fetched; styles inline, as mail programs want them."""
    if message.total == 1 and message.items[0].html:
        return message.items[0].html
    if message.total == 1:
        text = letter.as_html(message)
    else:
        text = render(message, "html", LIMIT, title=False).replace("\n", "<br>\n")
    return _PAGE.format(title=escape(message.title), text=text)


@contextlib.contextmanager
def _server(settings: AlertSettings) -> Iterator[smtplib.SMTP]:
    """Logged in, encrypted; only to this machine itself may mail go in the clear, and never a password."""
    url = urlsplit(settings.smtp)
    host, context = url.hostname or "", wire.context(settings)
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, url.port or 587, timeout=TIMEOUT)
    try:
        server.ehlo()
        if url.scheme == "smtp" and (server.has_extn("starttls") or host not in LOCAL or url.username):
            server.starttls(context=context)
            server.ehlo()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        yield server
        with contextlib.suppress(smtplib.SMTPException, OSError):
            server.quit()  # the mail is theirs already
    finally:
        server.close()


def _refused(code: int, what: str) -> Outcome:
    """5xx is for ever, anything else for now."""
    if 500 <= code < 600:
        return Outcome(verdict="dead", reason=f"邮件服务器拒收{what}（{code}）。", revoked=what == "收件地址")
    return _retry(f"邮件服务器让稍后再发（{code}）。")


def _retry(reason: str) -> Outcome:
    return Outcome(verdict="retry", reason=reason)


def _broken(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "邮件服务器的证书不可信。"
    if isinstance(error, ssl.SSLError):
        return "和邮件服务器的加密连接建立不了。"
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "等了太久，邮件服务器没有回答。"
    return "和邮件服务器的连接中断，或连不上。"


KIND = ChannelKind(
    name="邮件",
    fields=(address_field("邮箱地址", "lin@example.com"),),
    read=read,
    deliver=deliver,
    note="邮件由管理员设置的邮箱发出。",
    public=True,
    lacking=_lacking,
)
