"""What went wrong on the way to a page, as the operator reads it (zh-CN). Never an address or a header."""

from __future__ import annotations

from collections.abc import Mapping

# By the names of the classes: Twisted, the TLS library and Scrapy each have their own, one inside the other.
_WORDS: Mapping[str, str] = {
    "DownloadTimeoutError": "太久没有答完",
    "TimeoutError": "太久没有答完",
    "TCPTimedOutError": "连不上（超时）",
    "DownloadCancelledError": "页面太大，没有读完",
    "DNSLookupError": "域名解析不了",
    "CannotResolveHostError": "域名解析不了",
    "ConnectionRefusedError": "连不上（被拒绝）",
    "DownloadConnectionRefusedError": "连不上（被拒绝）",
    "ConnectError": "连不上",
    "ConnectionLost": "连接断了",
    "ConnectionDone": "连接断了",
    "ResponseFailed": "连接断了",
    "ResponseNeverReceived": "连接断了",
    "ResponseDataLossError": "页面没有收全",
    "DownloadFailedError": "下载失败",
    "BadGzipFile": "压缩数据坏了",
    "EOFError": "压缩数据不完整",
    "VerificationError": "证书不可信",
    "CertificateError": "证书不可信",
    "SSLError": "加密连接建立不了",
    "Error": "加密连接建立不了",  # OpenSSL.SSL.Error
}


def describe(error: BaseException | None) -> str:
    """A few words for `error`; its class where nothing better is known."""
    text = str(error)
    if "certificate verify failed" in text:
        return "证书不可信"
    if "内网" in text or "转回" in text:
        return text
    if "redirection" in text:
        return "转来转去没有尽头（redirections）"
    name = type(error).__name__
    return f"{_WORDS[name]}（{name}）" if name in _WORDS else text[:120] or name
