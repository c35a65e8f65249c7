"""The kinds of channels, and what a person pastes to make one: a bot's whole address, or its token.

What is kept (`Channel.address`) is JSON of the parts, secret as a whole. Apprise's notation
(`wecombot://key`, `dingtalk://secret@token`) is understood too, because many have it at hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from leads.alerts.channels import pasted
from leads.alerts.channels.pasted import Parts
from leads.alerts.messages.message import Limit, Style
from leads.config import AlertSettings
from leads.errors import InputError

LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelField:
    """One line of a channel's form."""

    name: str
    label: str
    example: str = ""
    hint: str = ""
    optional: bool = False
    secret: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A service. `read` turns what was pasted into the parts that are kept; raises InputError."""

    name: str
    fields: tuple[ChannelField, ...]
    read: Callable[[Parts], dict[str, str]]
    style: Style
    limit: Limit
    shown: str = "token"  # the part whose last characters tell two channels apart
    user_host: bool = False  # the host is the user's choice


def read_form(kind: str, given: Parts, settings: AlertSettings) -> str:
    """The address to keep, from the fields of a form.

    Raises:
        InputError: no such kind, or something pasted that cannot be right; says what to paste instead.
    """
    if kind not in KINDS:
        raise InputError(f"没有 {kind[:20]!r} 这种通道：可用 {'、'.join(KINDS)}。")
    wanted = KINDS[kind]
    cleaned = {field.name: _checked(field, given.get(field.name, "")) for field in wanted.fields}
    for text in cleaned.values():
        pasted.not_another_service(text)
    parts = {name: value for name, value in wanted.read(cleaned).items() if value}
    if kind == "mail" and not settings.smtp:
        raise InputError("还不能发邮件：请管理员先在 tingzhen.toml 里设置 alerts.smtp。")
    if wanted.user_host and parts["url"].startswith("http://") and not settings.private_addresses:
        wanted_form = "用加密的写法（比如 ntfys://）" if kind == "apprise" else "以 https:// 开头"
        raise InputError(f"地址必须{wanted_form}：http 会把内容明文送出去。")
    return json.dumps(parts, ensure_ascii=False)


def parts_of(address: str) -> dict[str, str]:
    """What was kept."""
    found: dict[str, str] = json.loads(address)
    return found


def label(kind: str, address: str) -> str:
    """What may be shown of a channel: the last four characters."""
    shown = parts_of(address).get(KINDS[kind].shown, "") if kind in KINDS else ""
    return f"…{shown[-4:]}" if len(shown) > 8 or kind == "mail" else "…"


# --- reading what was pasted ------------------------------------------------------------


def _checked(field: ChannelField, text: str) -> str:
    text = text.strip()
    if not text and not field.optional:
        raise InputError(f"请填写{field.label}。")
    if len(text) > LONGEST:
        raise InputError(f"{field.label}太长：请只粘贴{field.label}本身。")
    if any(char.isspace() or not char.isprintable() for char in text):
        raise InputError(f"{field.label}里有空格或换行：请重新复制一次。")
    return text


# --- the kinds ------------------------------------------------------------

_SECRET = ChannelField(
    name="secret",
    label="加签密钥",
    optional=True,
    hint="机器人的安全设置选了「加签」或「签名校验」时填；选了「自定义关键词」时把关键词设成「听诊」。",
)


def _by_apprise(given: Parts) -> dict[str, str]:
    # Apprise takes half a second to load its 250 notations: only when somebody wants one.
    from leads.alerts.channels import apprise

    return apprise.read(given["address"])


def _address(label: str, example: str, hint: str = "") -> ChannelField:
    return ChannelField(name="address", label=label, example=example, hint=hint)


KINDS: Mapping[str, Kind] = {
    "mail": Kind(
        name="邮件",
        fields=(ChannelField(name="address", label="邮箱地址", example="lin@example.com", secret=False),),
        read=pasted.mail,
        style="html",
        limit=Limit(size=200_000, unit="bytes"),
    ),
    "wecombot": Kind(
        name="企业微信群机器人",
        fields=(_address("Webhook 地址", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…"),),
        read=partial(pasted.of_site, site=pasted.WECOMBOT),
        style="markdown",
        limit=Limit(size=4096, unit="bytes"),
    ),
    "dingtalk": Kind(
        name="钉钉群机器人",
        fields=(_address("Webhook 地址", "https://oapi.dingtalk.com/robot/send?access_token=…"), _SECRET),
        read=partial(pasted.of_site, site=pasted.DINGTALK),
        style="markdown",
        limit=Limit(size=18_000, unit="bytes"),
    ),
    "feishu": Kind(
        name="飞书群机器人",
        fields=(_address("Webhook 地址", "https://open.feishu.cn/open-apis/bot/v2/hook/…"), _SECRET),
        read=partial(pasted.of_site, site=pasted.FEISHU),
        style="markdown",
        limit=Limit(size=18_000, unit="bytes"),
    ),
    "lark": Kind(
        name="Lark 群机器人",
        fields=(_address("Webhook 地址", "https://open.larksuite.com/open-apis/bot/v2/hook/…"), _SECRET),
        read=partial(pasted.of_site, site=pasted.LARK),
        style="markdown",
        limit=Limit(size=18_000, unit="bytes"),
    ),
    "bark": Kind(
        name="Bark（iPhone）",
        fields=(_address("Bark 地址或密钥", "https://api.day.app/…"),),
        read=pasted.bark,
        style="text",
        limit=Limit(size=2000, unit="bytes"),
        user_host=True,
    ),
    "schan": Kind(
        name="Server酱（个人微信）",
        fields=(_address("SendKey", "SCT…"),),
        read=pasted.schan,
        style="markdown",
        limit=Limit(size=30_000, unit="bytes"),
    ),
    "pushdeer": Kind(
        name="PushDeer",
        fields=(_address("Key", "PDU…"),),
        read=partial(pasted.of_site_or_own_server, site=pasted.PUSHDEER),
        style="markdown",
        limit=Limit(size=8000, unit="bytes"),
        user_host=True,
    ),
    "tgram": Kind(
        name="Telegram",
        fields=(
            _address("机器人的 token", "123456789:ABC…"),
            ChannelField(name="chat", label="聊天编号", example="-100123456789", optional=True, secret=False),
        ),
        read=pasted.tgram,
        style="telegram",
        limit=Limit(size=4096, unit="utf16"),
    ),
    "slack": Kind(
        name="Slack",
        fields=(_address("Incoming Webhook 地址", "https://hooks.slack.com/services/T…/B…/…"),),
        read=pasted.slack,
        style="slack",
        limit=Limit(size=4000),
    ),
    "webhook": Kind(
        name="Webhook（自己的系统）",
        fields=(
            _address("网址", "https://example.com/hook"),
            ChannelField(
                name="secret",
                label="签名密钥",
                hint="接收方用它验证消息真的来自听诊；保存后不再显示，请现在就抄给接收方。",
            ),
        ),
        read=pasted.webhook,
        style="text",
        limit=Limit(size=60_000, unit="bytes"),
        user_host=True,
    ),
    "apprise": Kind(
        name="其他服务（Apprise）",
        fields=(
            _address(
                "Apprise 地址",
                "ntfys://主题",
                "ntfy、Pushover、Discord、Teams、Mattermost、Gotify、WxPusher 等一百多种："
                "写法见 Apprise 的文档；只支持用 HTTPS 发的。",
            ),
        ),
        read=_by_apprise,
        style="text",
        limit=Limit(size=20_000, unit="bytes"),  # the service's own where Apprise knows it
        user_host=True,
    ),
}
