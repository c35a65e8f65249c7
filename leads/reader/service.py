"""One question to the second reader's service, on a short leash (`crawler.guarded_http`)."""

from __future__ import annotations

from collections.abc import Mapping

from crawler.guarded_http import ExchangeError, Leash, Trouble, exchange
from leads.config import ReaderSettings
from leads.reader.answer import AwayError, UnusableError, read
from leads.reader.question import Question, body
from nlp.models import IntentLabel

CONNECT = 8.0  # seconds
MOST_BYTES = 64 * 1024  # of an answer: one word of six, and what a model thought on the way
_WORDS: Mapping[Trouble, str] = {
    "private": "它的地址在本机或内网：要用请写 reader.private_addresses = true",
    "public": "它的地址在外面：同意帖子离开这里，才写 reader.texts_may_leave = true（要 https）",
    "unresolved": "找不到服务器：请检查 reader.url、网络和 DNS",
    "refused": "服务器拒绝连接：请看它是否开着",
    "late": "等了太久没有回答：请换小一点的模型，或加大 reader.timeout",
    "untrusted": "服务器的证书不可信",
    "tls": "加密连接建立不了",
    "broken": "连接中断",
    "address": "reader.url 或密钥写得不对：请检查",
}


def ask(asked: Question, settings: ReaderSettings) -> IntentLabel:
    """What the second reader takes a post for.

    Raises:
        UnusableError: an answer that says nothing.
        AwayError: no answer, none in time, or an address that the settings do not allow.
    """
    url = settings.url.rstrip("/") + "/chat/completions"
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "tingzhen",
    }
    if settings.key:
        headers["Authorization"] = f"Bearer {settings.key}"
    try:
        reply = exchange(
            "POST", url, headers=headers, body=body(asked, settings.model), leash=_leash(settings)
        )
    except ExchangeError as error:
        raise AwayError(_WORDS[error.trouble]) from None
    if len(reply.body) >= MOST_BYTES:
        raise UnusableError("回答太长，没有读完")
    return read(reply.status, reply.headers, reply.body)


def _leash(settings: ReaderSettings) -> Leash:
    """Without consent only our own network is in reach, and outside of it nothing goes unencrypted."""
    return Leash(
        seconds=settings.timeout,
        connecting=min(CONNECT, settings.timeout),
        most_bytes=MOST_BYTES,
        private=settings.private_addresses,
        public=settings.texts_may_leave and settings.url.startswith("https://"),
    )
