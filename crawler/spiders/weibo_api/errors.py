"""Error codes of Weibo's official API, and what to do about each.

Numbers and meanings: the platform's own table, open.weibo.com/wiki/Error_code (system codes 1xxxx, service
codes 2xxxx) and open.weibo.com/wiki/OAuth2 (213xx), read in public copies in November 2026. What to do is
our choice. The text that comes with a code is never shown: it may quote the request, and with it the token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# wait: the hour's allowance is used up; again: their trouble, the next run tries once more; stop: we are not
# wanted; fix: nothing will come until the operator changes key or settings; gone: this one post is not there;
# no: this one request is refused.
Action = Literal["wait", "again", "stop", "fix", "gone", "no"]
_SYSTEM = "open.weibo.com/wiki/Error_code"
_OAUTH = "open.weibo.com/wiki/OAuth2"


@dataclass(frozen=True, slots=True)
class ApiError:
    """What a code means to the operator (zh-CN), and where it is documented."""

    action: Action
    told: str
    origin: str = _SYSTEM


_KEY = "请在微博开放平台重新授权，并更新环境变量里的令牌"
ERRORS: dict[int, ApiError] = {
    10001: ApiError("again", "系统错误"),
    10002: ApiError("again", "服务暂停"),
    10003: ApiError("again", "远程服务错误"),
    10004: ApiError("stop", "本机 IP 不能请求该资源"),
    10005: ApiError("fix", "该接口需要更高级别的 appkey；请申请接口权限"),
    10006: ApiError("fix", f"没有带上令牌；{_KEY}"),
    10007: ApiError("fix", "不支持的格式；请检查 endpoints"),
    10008: ApiError("no", "参数错误；请检查 words、places、near"),
    10009: ApiError("again", "任务过多，系统繁忙"),
    10010: ApiError("again", "任务超时"),
    10011: ApiError("again", "RPC 错误"),
    10012: ApiError("stop", "非法请求"),
    10013: ApiError("fix", f"不合法的微博用户；{_KEY}"),
    10014: ApiError("fix", "应用没有这个接口的权限；请在开放平台申请"),
    10016: ApiError("no", "缺少必选参数"),
    10017: ApiError("no", "参数值非法"),
    10018: ApiError("no", "请求过长；请缩短 words"),
    10020: ApiError("fix", "接口不存在；请检查 url 与 endpoints"),
    10021: ApiError("fix", "接口不接受 GET；请检查 endpoints"),
    10022: ApiError("wait", "IP 的请求次数到了上限"),
    10023: ApiError("wait", "用户的请求次数到了上限"),
    10024: ApiError("wait", "用户对这个接口的请求次数到了上限"),
    20003: ApiError("gone", "用户不存在"),
    20015: ApiError("stop", "账号、IP 或应用被限制"),
    20022: ApiError("stop", "这个 IP 的行为被视为异常"),
    20031: ApiError("stop", "要求验证码"),
    20101: ApiError("gone", "微博不存在"),
    20102: ApiError("no", "不是自己发布的微博；own_posts 只能写令牌所属账号的微博"),
    20104: ApiError("gone", "不合法的微博"),
    20112: ApiError("no", "微博不公开"),
    20201: ApiError("gone", "评论不存在"),
    20502: ApiError("no", "要求指定用户"),
    20503: ApiError("no", "只能读关注的用户"),
    20507: ApiError("stop", "要求验证码"),
    20508: ApiError("no", "对方的设置不允许"),
    21301: ApiError("fix", f"认证失败；{_KEY}"),
    21305: ApiError("fix", f"缺少授权参数；{_KEY}"),
    21311: ApiError("fix", "appkey 不存在；请检查应用"),
    21314: ApiError("fix", f"令牌已被使用；{_KEY}", _OAUTH),
    21315: ApiError("fix", f"令牌已过期；{_KEY}", _OAUTH),
    21316: ApiError("fix", f"令牌不合法；{_KEY}", _OAUTH),
    21317: ApiError("fix", f"令牌不合法；{_KEY}", _OAUTH),
    21319: ApiError("fix", f"授权已被解除；{_KEY}", _OAUTH),
    21320: ApiError("fix", "必须使用 https；请检查 url"),
    21321: ApiError("fix", "未审核的应用使用人数超过限制；请提交应用审核"),
    21325: ApiError("fix", f"授权无效、过期或已撤销；{_KEY}", _OAUTH),
    21327: ApiError("fix", f"令牌已过期；{_KEY}", _OAUTH),
    21330: ApiError("fix", f"用户拒绝了授权；{_KEY}", _OAUTH),
    21331: ApiError("again", "授权服务暂时无法访问", _OAUTH),
    21332: ApiError("fix", f"令牌无效；{_KEY}", _OAUTH),
    21335: ApiError("fix", "应用的授权受到限制；请检查应用", _OAUTH),
    21337: ApiError("fix", "应用权限不足；请在开放平台申请", _OAUTH),
    21901: ApiError("no", "地理位置参数错误；请检查 near"),
}


def error_of(code: int) -> ApiError:
    """What `code` means; one that nobody documented stops us, because it may say so."""
    return ERRORS.get(code, ApiError("stop", "没有记载的错误码", "unknown"))
