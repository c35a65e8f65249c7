"""What a channel is made of: a kind with its form, and for services on the web how to write and what answers
mean. Each module beside this one is a channel and gives its `KIND`; `leads.alerts.channels.KINDS` lists them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from leads.alerts.channels import http as wire
from leads.alerts.channels.http import Answer, Request, Unreachable
from leads.alerts.channels.outcomes import Body, by_status, json_of, retry_after
from leads.alerts.messages.message import Limit, Message, Style, render
from leads.config import AlertSettings
from leads.errors import InputError
from leads.models import Outcome

OUTLET = "听诊"  # in every message: the word for bots that want one ("自定义关键词")
Parts = Mapping[str, str]  # the fields of a form, or what is kept of them
Read = Callable[[Parts], dict[str, str]]  # from the fields to what is kept; raises InputError
Judge = Callable[[Answer, Body], Outcome | None]  # None: the HTTP status decides


class NotReadyError(InputError):
    """An operator has to mend something on this machine first; what waits for the channel goes on waiting."""


class Deliver(Protocol):
    """Sends a message once, to the kept parts; everything that can go wrong outside is an outcome."""

    def __call__(
        self, parts: Parts, message: Message, settings: AlertSettings, *, now: datetime
    ) -> Outcome: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelField:
    """One line of a channel's form. `made`: we make its value up, the person hands it on. What is secret is
    not shown again, not even in a form that comes back with a complaint."""

    name: str
    label: str
    example: str = ""
    hint: str = ""
    optional: bool = False
    secret: bool = True
    made: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKind:
    """A way to reach people. `read` turns what was pasted into the parts that are kept; raises InputError."""

    name: str
    fields: tuple[ChannelField, ...]
    read: Read
    deliver: Deliver
    note: str = "地址和密钥保存后不再显示，任何人都看不到。"
    shown: str = "token"  # the part whose last characters tell two channels apart
    public: bool = False  # that part is no secret
    user_host: bool = False  # the host is the user's choice, at parts["url"]
    encrypted: str = "以 https:// 开头"  # what its address has to do for that
    lacking: Callable[[AlertSettings], str] = lambda settings: ""  # why none can be made now; "" for can


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How to write to a service on the web, and what its answer means (None: the HTTP status decides)."""

    write: Callable[[Parts, Message, datetime], Request]
    judge: Judge
    words: bool = False  # its answers are not JSON

    def deliver(self, parts: Parts, message: Message, settings: AlertSettings, *, now: datetime) -> Outcome:
        """Write once."""
        try:
            answer = wire.post(self.write(parts, message, now), settings)
        except Unreachable as error:
            return unreachable(error)
        return self.outcome(answer, now=now)

    def outcome(self, answer: Answer, *, now: datetime) -> Outcome:
        """What an answer means."""
        body = {} if self.words else json_of(answer)
        told = self.judge(answer, body) if body or self.words else None
        if told is not None and told.verdict == "retry" and told.retry_after is None:
            return Outcome(verdict="retry", reason=told.reason, retry_after=retry_after(answer, now))
        return told or by_status(answer, now)


def unreachable(error: Unreachable) -> Outcome:
    """There was no answer at all."""
    return Outcome(verdict="dead" if error.final else "retry", reason=str(error), revoked=error.final)


# --- writing ------------------------------------------------------------


def posted(url: str, body: object, *, foreign: bool = False) -> Request:
    """A request with a JSON body."""
    return Request(
        url=url,
        body=json.dumps(body, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json; charset=utf-8"},
        foreign=foreign,
    )


def fitted(message: Message, style: Style, limit: Limit, *, title: bool = True, less: int = 0) -> str:
    """The message in a service's style; `less` is room for what the service's form adds."""
    return render(message, style, Limit(size=limit.size - less, unit=limit.unit), title=title)


def signed(key: bytes, text: bytes) -> str:
    """HMAC-SHA256 in base64, as bots want it that check a signature."""
    return b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def titled(message: Message) -> str:
    """The title with the word in it that a bot may ask for."""
    return f"【{OUTLET}】{message.title}"


# --- reading what was pasted ------------------------------------------------------------

SIGNING = ChannelField(
    name="secret",
    label="加签密钥",
    optional=True,
    hint="机器人的安全设置选了「加签」或「签名校验」时填；选了「自定义关键词」时把关键词设成「听诊」。",
)


def address_field(label: str, example: str, hint: str = "") -> ChannelField:
    """The line that every channel has."""
    return ChannelField(name="address", label=label, example=example, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a service's token stands in its web address: in the query, or in the path at `{}`."""

    host: str
    path: str
    scheme: str  # in Apprise's notation
    shape: str  # regular expression of a whole token
    sample: str
    query: str = ""

    def read(self, given: Parts) -> dict[str, str]:
        """The token, and the signing secret if there is one."""
        text, secret = given["address"], given.get("secret", "")
        if text.startswith(f"{self.scheme}://"):
            signed, _, token = text.partition("://")[2].rpartition("@")
            secret, token = secret or unquote(signed), token.split("/")[0].split("?")[0]
        else:
            token = self._in_web_address(text) if "://" in text else text
        return {"token": self._whole(token), "secret": secret}

    def read_or_own_server(self, given: Parts) -> dict[str, str]:
        """As `read`, or the token and the web address at a server the clinic runs itself."""
        text = given["address"]
        url = split(text) if text.startswith(("http://", "https://")) else None
        if url is None or url.netloc == self.host:
            return {**self.read(given), "url": f"https://{self.host}"}
        url = urlsplit(web_address(text))
        token = parse_qs(url.query).get(self.query, [""])[0] if self.query else url.path.strip("/")
        return {"token": self._whole(token), "url": f"{url.scheme}://{url.netloc}"}

    def address(self, token: str) -> str:
        """The web address of a token, as `read` takes it apart."""
        kept = quote(token, safe="")
        return f"https://{self.host}{self.path.format(kept)}" + (
            f"?{self.query}={kept}" if self.query else ""
        )

    def posted(self, parts: Parts, path: str, body: object) -> Request:
        """A request with a JSON body to the service, or to the clinic's own server in its place."""
        return posted(f"{parts['url']}{path}", body, foreign=parts["url"] != f"https://{self.host}")

    def group_bot(self, name: str, service: Service, *more: ChannelField) -> ChannelKind:
        """A bot in a group, which has a web address and, with `SIGNING`, a secret."""
        fields = (address_field("Webhook 地址", self.sample), *more)
        return ChannelKind(name=name, fields=fields, read=self.read, deliver=service.deliver)

    def own_or_theirs(
        self, name: str, field: ChannelField, service: Service, read: Read | None = None
    ) -> ChannelKind:
        """A service that a clinic may run itself."""
        read = read or self.read_or_own_server
        return ChannelKind(name=name, fields=(field,), read=read, deliver=service.deliver, user_host=True)

    def _in_web_address(self, text: str) -> str:
        url = split(text)
        if url is None or url.scheme != "https" or url.netloc != self.host:
            raise InputError(f"这不是它的地址：应该像 {self.sample} 这样。")
        found = re.fullmatch(re.escape(self.path).replace(r"\{\}", "([^/]+)") + "/?", url.path)
        if found is None:
            return ""
        return parse_qs(url.query).get(self.query, [""])[0] if self.query else found[1]

    def _whole(self, token: str) -> str:
        if not re.fullmatch(self.shape, token):
            raise InputError(f"地址或密钥不完整：应该像 {self.sample} 这样，请重新复制。")
        return token


def split(text: str) -> SplitResult | None:
    """The parts of an address; None where it has none ("http://[")."""
    try:
        return urlsplit(text)
    except ValueError:
        return None


def web_address(text: str) -> str:
    """The address of a server of the user's choice. Raises InputError for anything else."""
    try:
        url = urlsplit(text)
        good = url.scheme in ("http", "https") and url.hostname and url.port != 0 and not url.username
        (url.hostname or "").encode("idna")
    except ValueError:
        good = None
    if not good or "\\" in text or not text.isascii():
        raise InputError("这不是网址：请写成 https://example.com/hook 这样，不带用户名和密码。")
    return text


def not_another_service(text: str) -> None:
    """Raises InputError for addresses people mistake for one of ours."""
    scheme = text.partition("://")[0].lower()
    if scheme == "wecom":
        raise InputError(
            "wecom:// 在 Apprise 里是 Pushplus，不是企业微信：请粘贴企业微信群机器人的 Webhook 地址。"
        )
    if scheme in ("wechat", "pushplus"):
        raise InputError("这里不支持微信公众号和 Pushplus：请用企业微信群机器人、Server酱或别的通道。")
