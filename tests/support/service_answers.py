"""The hosts of the services, and what each answers when it has taken a message."""

from __future__ import annotations

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
