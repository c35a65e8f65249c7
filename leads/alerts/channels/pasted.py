"""Reading what a person pastes to make a channel: a bot's web address, its token, or Apprise's notation.

Each reader takes the fields of the form and gives the parts to keep; every complaint says what to paste.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from leads.errors import InputError

Parts = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a service's token stands in its web address: in the query, or in the path at `{}`."""

    host: str
    path: str
    scheme: str  # in Apprise's notation
    shape: str  # regular expression of a whole token
    sample: str
    query: str = ""


WECOMBOT = Site(
    host="qyapi.weixin.qq.com",
    path="/cgi-bin/webhook/send",
    query="key",
    scheme="wecombot",
    shape=r"[A-Za-z0-9_-]{8,80}",
    sample="https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
)
DINGTALK = Site(
    host="oapi.dingtalk.com",
    path="/robot/send",
    query="access_token",
    scheme="dingtalk",
    shape=r"[A-Za-z0-9]{16,128}",
    sample="https://oapi.dingtalk.com/robot/send?access_token=…",
)
FEISHU = Site(
    host="open.feishu.cn",
    path="/open-apis/bot/v2/hook/{}",
    scheme="feishu",
    shape=r"[\w-]{16,80}",
    sample="https://open.feishu.cn/open-apis/bot/v2/hook/…",
)
LARK = Site(
    host="open.larksuite.com",
    path="/open-apis/bot/v2/hook/{}",
    scheme="lark",
    shape=r"[\w-]{16,80}",
    sample="https://open.larksuite.com/open-apis/bot/v2/hook/…",
)
SCHAN = Site(
    host="sctapi.ftqq.com",
    path="/{}.send",
    scheme="schan",
    shape=r"(?i:SCT\w{8,100})",
    sample="SCT… 或 sctp…（Server酱的 SendKey）",
)
BARK = Site(
    host="api.day.app",
    path="/{}",
    scheme="bark",
    shape=r"\w{16,64}",
    sample="https://api.day.app/你的密钥/",
)
PUSHDEER = Site(
    host="api2.pushdeer.com",
    path="/message/push",
    query="pushkey",
    scheme="pushdeer",
    shape=r"\w{16,100}",
    sample="PDU…（PushDeer 的 Key）",
)


def not_another_service(text: str) -> None:
    """Raises InputError for addresses people mistake for one of ours."""
    scheme = text.partition("://")[0].lower()
    if scheme == "wecom":
        raise InputError(
            "wecom:// 在 Apprise 里是 Pushplus，不是企业微信：请粘贴企业微信群机器人的 Webhook 地址。"
        )
    if scheme in ("wechat", "pushplus"):
        raise InputError("这里不支持微信公众号和 Pushplus：请用企业微信群机器人、Server酱或别的通道。")


def of_site(given: Parts, site: Site) -> dict[str, str]:
    """The token of a service that has one host, and the signing secret if there is one."""
    text, secret = given["address"], given.get("secret", "")
    if text.startswith(f"{site.scheme}://"):
        signed, _, token = text.partition("://")[2].rpartition("@")
        secret, token = secret or unquote(signed), token.split("/")[0].split("?")[0]
    else:
        token = _in_web_address(text, site) if "://" in text else text
    return {"token": _whole(token, site), "secret": secret}


def of_site_or_own_server(given: Parts, site: Site) -> dict[str, str]:
    """As `of_site`, or the web address at a server the clinic runs itself."""
    text = given["address"]
    if not text.startswith(("http://", "https://")) or urlsplit(text).netloc == site.host:
        return {**of_site(given, site), "url": f"https://{site.host}"}
    url = urlsplit(web_address(text))
    token = parse_qs(url.query).get(site.query, [""])[0] if site.query else url.path.strip("/")
    return {"token": _whole(token, site), "url": f"{url.scheme}://{url.netloc}"}


def _in_web_address(text: str, site: Site) -> str:
    try:
        url = urlsplit(text)
        right = url.scheme == "https" and url.netloc == site.host
    except ValueError:
        right = False
    if not right:
        raise InputError(f"这不是它的地址：应该像 {site.sample} 这样。")
    found = re.fullmatch(re.escape(site.path).replace(r"\{\}", "([^/]+)") + "/?", url.path)
    if found is None:
        return ""
    return parse_qs(url.query).get(site.query, [""])[0] if site.query else found[1]


def _whole(token: str, site: Site) -> str:
    if not re.fullmatch(site.shape, token):
        raise InputError(f"地址或密钥不完整：应该像 {site.sample} 这样，请重新复制。")
    return token


def mail(given: Parts) -> dict[str, str]:
    """One plain address; what a mail server could read as two, or as a header, is none."""
    text = given["address"].removeprefix("mailto:")
    word = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
    label = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    if len(text) > 254 or not re.fullmatch(rf"{word}(?:\.{word})*@{label}(?:\.{label})+", text):
        raise InputError("这不是邮箱地址：请写成 lin@example.com 这样，一个通道一个地址。")
    return {"token": text}


def schan(given: Parts) -> dict[str, str]:
    """A SendKey of either generation; the newer one's web address holds a number too."""
    newer = re.fullmatch(r"https://\d+\.push\.ft07\.com/send/(\w+)\.send", given["address"])
    return of_site({**given, "address": newer[1] if newer else given["address"]}, SCHAN)


def bark(given: Parts) -> dict[str, str]:
    """The key; the app copies its address with a sample text behind."""
    text = re.sub(r"^(https?://[^/]+/\w{16,64})/.*$", r"\1", given["address"])
    return of_site_or_own_server({**given, "address": text}, BARK)


def tgram(given: Parts) -> dict[str, str]:
    """A bot's token and the chat it writes to."""
    text, chat = given["address"], given["chat"]
    apprise = re.fullmatch(r"tgram://([^/]+)/([^/]+)/?", text)
    if apprise:
        text, chat = apprise[1], chat or apprise[2]
    if not re.fullmatch(r"\d{5,15}:[\w-]{30,50}", text):
        raise InputError("机器人的 token 不对：应该像 123456789:ABC… 这样，从 @BotFather 复制。")
    if not re.fullmatch(r"-?\d{1,20}|@\w{4,40}", chat):
        raise InputError("请填写聊天编号：一串数字（群以 - 开头），或 @频道名。")
    return {"token": text, "chat": chat}


def slack(given: Parts) -> dict[str, str]:
    """The address of an incoming webhook."""
    apprise = re.fullmatch(r"slack://(?:[^@/]+@)?(T\w+)/(B\w+)/(\w+)/?", given["address"])
    url = f"https://hooks.slack.com/services/{'/'.join(apprise.groups())}" if apprise else given["address"]
    if not re.fullmatch(r"https://hooks\.slack(?:-gov)?\.com/services/T\w+/B\w+/\w{8,80}", url):
        raise InputError("这不是 Slack 的地址：应该像 https://hooks.slack.com/services/T…/B…/… 这样。")
    return {"token": url.rsplit("/", 1)[1], "url": url}


def webhook(given: Parts) -> dict[str, str]:
    """Any web address, and the key its messages are signed with."""
    url = web_address(given["address"])
    if len(given["secret"]) < 16:
        raise InputError("签名密钥太短：至少 16 个字符。")
    return {"url": url, "token": given["secret"]}


def web_address(text: str) -> str:
    """The address of a server of the user's choice."""
    try:
        url = urlsplit(text)
        good = url.scheme in ("http", "https") and url.hostname and url.port != 0 and not url.username
        (url.hostname or "").encode("idna")
    except ValueError:
        good = None
    if not good or "\\" in text or not text.isascii():
        raise InputError("这不是网址：请写成 https://example.com/hook 这样，不带用户名和密码。")
    return text
