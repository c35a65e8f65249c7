"""What is pasted for each kind of channel, the hosts, and what each answers when it has taken a message."""

from __future__ import annotations

# What somebody would paste for each kind; the secrets in it are looked for where none may be.
SAMPLES: dict[str, dict[str, str]] = {
    "mail": {"address": "lin.secretmail@example.com"},
    "wecombot": {
        "address": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=11112222-secret-wecom-3333-444455556666"
    },
    "dingtalk": {
        "address": "https://oapi.dingtalk.com/robot/send?access_token=ddddsecretdingtalkdddd0123456789",
        "secret": "SECsecretsigndingtalk0123",
    },
    "feishu": {
        "address": "https://open.feishu.cn/open-apis/bot/v2/hook/ffff-secret-feishu-0123456789",
        "secret": "secretsignfeishu0123",
    },
    "lark": {"address": "https://open.larksuite.com/open-apis/bot/v2/hook/llll-secret-lark-0123456789"},
    "bark": {"address": "https://api.day.app/secretbarkkey0123456789"},
    "schan": {"address": "SCT12345Tsecretserverchan0"},
    "pushdeer": {"address": "PDU123Tsecretpushdeer012345"},
    "tgram": {"address": "123456789:AAsecrettelegram-abcdefghijklmnop01", "chat": "-100123456"},
    "slack": {"address": "https://hooks.slack.com/services/T01234567/B01234567/secretslackabcdefghijklm"},
    "webhook": {"address": "https://hook.example.com/in", "secret": "secretwebhooksigningkey"},
    "apprise": {"address": "ntfys://user:secretapprisepassword@ntfy.example.com/secretapprisetopic"},
}
HOSTS = (
    "qyapi.weixin.qq.com", "oapi.dingtalk.com", "open.feishu.cn", "open.larksuite.com", "api.day.app",
    "sctapi.ftqq.com", "api2.pushdeer.com", "api.telegram.org", "hooks.slack.com", "hook.example.com",
    "ntfy.example.com",
)  # fmt: skip
TAKEN = {
    "wecombot": {"errcode": 0, "errmsg": "ok"},
    "dingtalk": {"errcode": 0, "errmsg": "ok"},
    "feishu": {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"},
    "lark": {"code": 0, "msg": "success", "data": {}},
    "bark": {"code": 200, "message": "success", "timestamp": 1789000000},
    "schan": {
        "code": 0,
        "message": "",
        "data": {"pushid": "1", "readkey": "x", "error": "SUCCESS", "errno": 0},
    },
    "pushdeer": {"code": 0, "content": {"result": ['{"counts":1,"logs":[],"success":"ok"}']}},
    "tgram": {"ok": True, "result": {"message_id": 1}},
    "slack": b"ok",
    "webhook": b"",
}
