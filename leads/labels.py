"""What people read instead of codes (zh-CN): every name of a code stands here, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from leads.models import AlertState, DownTo, Hit, How, MentionState, Precision, RuleKind, Severity
from nlp.models import ComplaintKind, Evidence, Polarity, Region, Urgency
from nlp.symptoms.lexicon import Prevalence

INTENT_NAMES = {
    "seeker": "求诊",
    "experience": "经历",
    "advert": "广告",
    "news_science": "新闻科普",
    "figurative": "比喻",
    "other": "其他",
}
INTENT_HINTS = {
    "seeker": "现在有需要：在问怎么办、求推荐、说疼",
    "experience": "已经看过、治好了，或约好了，没有再问",
    "advert": "卖东西、招人、机构自己发的",
    "news_science": "新闻、通知、科普、医生的回答",
    "figurative": "只是比喻，没有真的病痛",
    "other": "别的：日常、观点、宠物、问知识",
}
TRAINING_NAMES = {"installed": "换上了", "kept": "没有更好，没换", "returned": "变差了，已退回"}
PRECISION_NAMES: Mapping[Precision, str] = {"sure": "附近", "likely": "可能在附近", "possible": "仅同省"}
DOWN_TO_NAMES: Mapping[DownTo, str] = {
    "likely": "附近和可能在附近",
    "sure": "只要附近",
    "maybe": "只看可能在附近",
    "possible": "连仅同省",
}  # how unsure a place may be
# The funnel of a clinic's work on a lead, in its order; a lead not worth it is dismissed at any point.
STATUS_NAMES = {
    "new": "新线索",
    "seen": "已看",
    "replied": "已回复",
    "talking": "沟通中",
    "booked": "已预约",
    "visited": "已到诊",
    "shared": "已分享",
    "dismissed": "已排除",
}
SNOOZED = "snoozed"  # stands for the status of a lead that is left alone until a day
LEAD_STATUS_NAMES = {**STATUS_NAMES, SNOOZED: "暂缓"}  # by which lists filter
FUNNEL_NAMES = {"found": "找到"} | {
    stage: name for stage, name in STATUS_NAMES.items() if stage not in ("new", "dismissed")
}
GROUP_NAMES = {"": "全部", "source": "来源", "rule": "规则", "person": "负责人"}  # of the funnel
MENTION_STATE_NAMES: Mapping[MentionState, str] = {
    "open": "待处理", "working": "处理中", "done": "已处理", "not_us": "不是我们",
}  # fmt: skip
LIFE_STAGE_NAMES = {
    "child": "孩子", "pregnant": "孕产", "elder": "老人", "student": "学生",
    "": "没说是谁", "mixed": "合并的", "any": "所有人",
}  # fmt: skip
VERDICT_NAMES = {"lasting": "长期群", "short": "短期群", "none": "不建群"}
PREVALENCE_NAMES: Mapping[Prevalence, str] = {"common": "常见", "occasional": "不少见", "rare": "少见"}
TURN_NAMES = {"rise": "变多", "fall": "变少", "steady": "差不多", "unknown": "还比不了"}
NOWHERE = "不明"  # may stand for an area: no place is known
NOBODY = "未分配"  # may stand for the empty assignee
SORT_NAMES = {"score": "综合", "newest": "最新", "nearest": "最近"}
SEVERITY_NAMES: Mapping[Severity, str] = {"low": "普通", "medium": "较轻", "high": "较重", "critical": "紧急"}
POLARITY_NAMES: Mapping[Polarity, str] = {"praise": "好评", "complaint": "不满", "neutral": "中性"}
COMPLAINT_NAMES: Mapping[ComplaintKind, str] = {
    "complaint": "投诉", "dispute": "纠纷", "injury": "伤害", "media": "曝光",
}  # fmt: skip
ROLE_NAMES = {"admin": "管理员", "marketer": "市场", "doctor": "医生"}
LOGIN_WAYS = {"password": "密码", "link": "一次性链接", "oidc": "单位账号"}
ROLE_DUTIES = {
    "admin": "什么都能做：用户、来源、采集、删除，还能看到所有人的通道和记录。",
    "marketer": "跟进线索和提及，管规则、诊所和话术；不能管用户，不能开始或暂停采集。",
    "doctor": "只看自己诊所附近、自己看得了的线索，和提到自己诊所的内容。",
}
SINCE_NAMES = {"1d": "1 天内", "3d": "3 天内", "7d": "7 天内", "30d": "30 天内", "": "不限"}
HOW_NAMES: Mapping[How, str] = {
    "exact": "全称", "alias": "别名", "short": "简称", "homophone": "同音写法", "typo": "错字写法",
    "doctor": "医生姓名", "comment": "自己内容下的评论",
}  # fmt: skip
LEVEL_NAMES = {"point": "具体位置", "district": "区县", "city": "城市", "province": "省份"}
PERSON_NAMES = {"self": "本人", "family": "家人", "other": "别人"}
ONLY_LEVEL_NAMES: Mapping[str, str] = {
    "point": "具体地点",
    "district": "只知道区县",
    "city": "只知道城市",
    "province": "只知道省",
}
KIND_NAMES: Mapping[RuleKind, str] = {
    "lead": "附近的新线索",
    "mention": "有人提到诊所",
    "spike": "症状突增",
    "silent": "来源没有内容",
    "blocked": "来源拒绝访问",
}
KIND_HINTS: Mapping[RuleKind, str] = {
    "lead": "诊所附近有新的求诊帖，而且合乎下面的条件。",
    "mention": "新帖里出现诊所或医生的名字（名字和排除词在“诊所”页），而且合乎下面的条件。",
    "spike": "某个症状在某个城市今天比平时的同一天多得多。",
    "silent": "来源本来有帖，这一次却什么都没列出。",
    "blocked": "来源拒绝访问或要求验证，采集停了下来。",
}
FREQUENCY_NAMES = {"now": "立即", "hourly": "每小时", "daily": "每天", "weekly": "每周"}
URGENT_NAMES: Mapping[Urgency, str] = {"hours": "几小时内", "days": "几天内", "elective": "不急"}
EVIDENCE_NAMES: dict[Evidence, str] = {
    "geo": "定位",
    "checkin": "签到",
    "self": "自述",
    "text": "文中提到",
    "board": "版块",
    "ip": "IP属地",
    "profile": "资料",
}
PERIOD_NAMES = {"daily": "早报（每天）", "weekly": "周报", "monthly": "月报", "quarterly": "季报"}
OUTCOMES = {
    "ok": "正常",
    "empty": "没有内容",
    "silent": "异常安静",
    "truncated": "到上限被截断",
    "refused": "被拒绝",
    "blocked": "被封锁",
    "failed": "失败",
    "running": "进行中",
}
LISTS = {"ok": "读到了", "empty": "没有内容", "refused": "被拒绝", "failed": "没读成"}  # of one list in a run
GAPS = {
    "silent": "异常安静",
    "truncated": "截断",
    "refused": "被拒绝",
    "blocked": "被封锁",
    "failed": "没读成",
    "unread": "没有采集",
    "again": "重新采集",
    "layout": "版面变了",
    "strange": "有新的部分",
    "missing_day": "缺一天",
    "short_day": "一天偏少",
    "unfinished": "没抓完",
}
ENGINE_NAMES = {
    "discuz": "Discuz! 论坛",
    "discourse": "Discourse 论坛",
    "flarum": "Flarum 论坛",
    "nodebb": "NodeBB 论坛",
    "phpbb": "phpBB 论坛",
    "mybb": "MyBB 论坛",
    "phpwind": "phpwind 论坛",
    "feed": "订阅源（RSS、Atom）",
    "tieba": "百度贴吧",
    "weibo": "微博网页",
    "weibo_api": "微博官方接口",
    "health_qa": "问医生的网站",
    "rendered": "靠脚本显示的网页",
}
EVERY_NAMES = {
    "15m": "15 分钟",
    "30m": "半小时",
    "1h": "1 小时",
    "2h": "2 小时",
    "6h": "6 小时",
    "1d": "1 天",
}  # how often a source is read, as sources.toml says it
ERASURE_NAMES = {"author": "一个作者的全部内容", "post": "一条帖子"}
# What the audit says somebody did.
DEED_NAMES: Mapping[str, str] = {
    "login": "登录",
    "login.failed": "登录失败",
    "password.set": "设置密码",
    "user.add": "添加用户",
    "user.role": "改权限",
    "user.link": "给一次性链接",
    "user.bind": "绑定单位账号",
    "user.disable": "停用用户",
    "user.enable": "启用用户",
    "user.end": "全部退出",
    "token.add": "新建令牌",
    "token.revoke": "作废令牌",
    "clinic.add": "添加诊所",
    "clinic.change": "修改诊所",
    "clinic.remove": "删除诊所",
    "rule.add": "添加规则",
    "rule.change": "修改规则",
    "rule.on": "启用规则",
    "rule.off": "停用规则",
    "rule.remove": "删除规则",
    "subscription.add": "订阅",
    "subscription.change": "修改订阅",
    "subscription.remove": "取消订阅",
    "case.change": "改跟进",
    "card.keep": "写预约卡",
    "mention.change": "处理提及",
    "mention.note": "写提及备注",
    "case.bulk": "批量改跟进",
    "note.add": "写备注",
    "channel.add": "添加通道",
    "channel.remove": "删除通道",
    "channel.test": "测试通道",
    "alert.retry": "重发提醒",
    "alert.seen": "提醒已看",
    "alert.irrelevant": "提醒无关",
    "feed.renew": "换订阅地址",
    "source.add": "添加来源",
    "source.change": "修改来源",
    "source.consent": "录入站方同意",
    "source.remove": "删除来源",
    "source.start": "立即采集",
    "source.pause": "暂停来源",
    "source.resume": "恢复来源",
    "export.csv": "导出 CSV",
    "export.mentions": "导出提及",
    "export.xlsx": "导出 Excel",
    "erase.post": "删除帖子",
    "erase.author": "删除作者",
    "export.held": "给本人一份",
    "export.dossier": "生成合规材料",
    "retention.expire": "到期删除",
    "retention.children": "孩子写的到期删除",
    "session.end": "退出一个浏览器",
    "factor.add": "设两步验证",
    "factor.replace": "换两步验证",
    "factor.remove": "取消两步验证",
    "factor.reset": "替人取消两步验证",
    "factor.codes": "换备用码",
    "factor.recovery": "用了备用码",
    "key.rotate": "更换作者密钥",
    "audit.forget": "删去过期的操作记录",
    "audit.broken": "操作记录被人动过",
}
COLUMN_NAMES = {
    "text": "正文",
    "time": "发布时间",
    "place": "地点",
    "title": "标题",
    "url": "链接",
    "id": "编号",
    "author": "作者（只算成代号）",
    "site": "平台",
    "lat": "纬度",
    "lon": "经度",
}  # what a column of a table can be
STATE_NAMES: Mapping[AlertState, str] = {
    "waiting": "等待发送",
    "sending": "正在发送",
    "sent": "已送到",
    "merged": "并入汇总",
    "dead": "没送到",
    "cancelled": "已取消",
}


SITE_NAMES = {
    "weibo": "微博",
    "tieba": "百度贴吧",
    "xhs": "小红书",
    "zhihu": "知乎",
    "dy": "抖音",
    "ks": "快手",
    "bili": "哔哩哔哩",
    "dianping": "大众点评",
    "douban": "豆瓣",
    "seen": "看见即存",
    "table": "导入的表格",
}


# Words that are no everyday Chinese, or mean something of their own here.
TERMS: Mapping[str, str] = {
    "提及": "有人在公开的帖子里说到你的诊所或医生，不论好坏。",
    "可能在附近": "只知道在哪个区或市：那片地方有一部分在服务半径之内，人不一定近。",
    "采集": "程序按网站允许的范围，慢慢读公开的帖子，存下和诊所有关的。",
    "通道": "提醒从哪里送到你手里，例如企业微信群机器人或邮箱。",
    "漏斗": "从发现线索到到诊的每一步，各剩下多少人。",
    "话术": "事先写好的回复，用之前会检查有没有不该说的话。",
    "简报": "每天或每周一份的小结：线索、提及和来源的情况，可以从通道送到你手里。",
    "声量": "说到你们的帖子，占说到你们和同行的所有帖子的几成。",
    "令牌": "给别的程序用的一串密码，只能做你准许的事，随时可以作废。",
    "robots.txt": "网站自己放的一个文件，写着哪些页面允许程序读。每次采集前都先问它，不允许就不读。",
    "依据": "凭什么可以读这个网站：它的 robots.txt 允许、站方书面同意、官方接口，或是你自己的文件。",
    "缺口": "本来想读、却没有读到的部分，例如被拒绝的版块、没抓完的页。线索里看不到它们。",
    "复查": "隔一段时间回去看存下来的帖子：源站删掉的这里也删，改过的跟着改。",
    "订阅源": "网站专门给程序读的文章列表，也叫 RSS、Atom 或 feed。",
    "书面同意": "站长书面答应你采集，要写明谁、什么时候、到什么时候、怎样答应的；到期自动停。",
    "排除词": "和诊所名字相像、却不是你的词。帖子里有它，就不算提到你。",
    "服务半径": "多远的人会来看诊。线索里的“附近”就是这个范围。",
    "线索": "有人在求诊、离诊所不远、又是你看的科，这样的一条帖子。",
    "回执编号": "代表被删的人，又看不出是谁的一串字：本人来问时，用它对得上。",
}


def source_name(source: str) -> str:
    """A site, or what was imported; a source of sources.toml keeps the name its operator gave it."""
    return SITE_NAMES.get(source, source)


def place_text(hit: Hit) -> str:
    """ "武侯祠 1.4 公里 附近", "武侯区内（±6 公里） 可能在附近", "岑岭县 距离不明" …"""
    region = hit.lead.tags.region
    if region is None:
        parts = ["地点未知"]
    elif region.exact and region.level != "point":
        parts = [f"{region.name}{extent_text(region)}"]
    else:
        parts = [region.name, distance_text(region, hit.distance_km)]
    parts.append(precision_text(hit.precision))
    return " ".join(filter(None, parts))


def precision_text(precision: Precision | None) -> str:
    """How surely the writer is near; "" where it was not asked. How large an area is stands beside it."""
    return PRECISION_NAMES[precision] if precision else ""


def distance_text(region: Region, distance: float | None) -> str:
    """Kilometres for a point alone: who is somewhere in an area is not at its seat. "" when not asked."""
    if not region.exact:
        return "距离不明"
    if region.level != "point":
        return extent_text(region)
    return "" if distance is None else f"{distance:.1f} 公里"


def extent_text(region: Region) -> str:
    """ "内（±6 公里）": how far from its middle somebody may be, by the radius of a circle of its size."""
    digits = 1 if region.radius_km < 5 else 0
    return f"内（±{region.radius_km:.{digits}f} 公里）"


def age_text(published: datetime, now: datetime) -> str:
    """ "5 分钟", "3 小时", "2 天"."""
    minutes = max(0, int((now - published).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} 分钟"
    return f"{minutes // 60} 小时" if minutes < 60 * 48 else f"{minutes // 1440} 天"


def hours_text(hours: float) -> str:
    """ "25 分钟", "3.5 小时", "4.0 天"."""
    if hours < 1:
        return f"{round(hours * 60)} 分钟"
    return f"{hours:.1f} 小时" if hours < 48 else f"{hours / 24:.1f} 天"
