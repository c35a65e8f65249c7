"""The channels: one module each, one line each."""

from __future__ import annotations

from collections.abc import Mapping

from leads.alerts.channels import (
    apprise,
    bark,
    dingtalk,
    feishu,
    mail,
    pushdeer,
    serverchan,
    slack,
    telegram,
    webhook,
    wecom,
)
from leads.alerts.channels.base import ChannelKind

# The keys stand in people's records: they stay.
KINDS: Mapping[str, ChannelKind] = {
    "mail": mail.KIND,
    "wecombot": wecom.KIND,
    "dingtalk": dingtalk.KIND,
    "feishu": feishu.KIND,
    "lark": feishu.LARK,
    "bark": bark.KIND,
    "schan": serverchan.KIND,
    "pushdeer": pushdeer.KIND,
    "tgram": telegram.KIND,
    "slack": slack.KIND,
    "webhook": webhook.KIND,
    "apprise": apprise.KIND,
}
