"""`tingzhen check`: is everything there that the settings ask for? Says what is missing and what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import exists, select

from crawler import owner_only
from leads.actions import backup, room
from leads.actions.retag import outdated
from leads.backup import archive
from leads.config import Settings, load_settings, loopback
from leads.errors import TingzhenError
from leads.ingest.refill import AGAIN, lost
from leads.learning.drift import drift
from leads.models import BEIJING
from leads.reader.standing import consent_text, standing
from leads.records import audit, open_records, users
from leads.records.clinics import known, taken_over
from leads.records.damage import PUT_AWAY, REMEDIES, damaged
from leads.records.tables.alerts import Channel, Rule, Subscription
from leads.sources.states import GROUNDS
from leads.storage import author_key_problem, coverage, has_coverage, open_index, sources, tagger
from nlp.text.tokens import TOKENIZER

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    level: Literal["ok", "warning", "error"]
    topic: str
    text: str  # zh-CN


def check_archive(file: Path) -> list[Finding]:
    """Whether one backup can be relied on: every byte is held against what was written."""
    try:
        said = archive.verify(file)
    except TingzhenError as error:
        return [Finding(level="error", topic="备份", text=str(error))]
    made = said.at.astimezone(BEIJING)
    text = f"{file} 完好：{made:%Y-%m-%d %H:%M} 做的，线索 {said.leads} 条，记录 {said.rows} 行。"
    return [Finding(level="ok", topic="备份", text=text)]


def audit_chain(settings: Settings, *, known: tuple[int, str] | None = None) -> audit.ChainState:
    """Whether the audit is as it was written; `known` as `leads.records.audit.verify` takes it.

    Raises:
        StorageError: the records cannot be read.
    """
    with open_records(settings) as records, records.reading() as session:
        return audit.verify(session, known=known)


def check(config: Path | None, *, deep: bool = False) -> list[Finding]:
    """All findings, errors included; never raises for what a user can mend. `deep` reads the files whole."""
    try:
        settings = load_settings(config)
    except TingzhenError as error:
        return [Finding(level="error", topic="配置", text=str(error))]
    found = [Finding(level="ok", topic="配置", text="能读，没有不认识的项。")]
    for part in (_clinics, _sources, _shapes, _data, _models, _index, _records, _reader, _backup, _web):
        try:
            found.extend(part(settings))
        except TingzhenError as error:
            found.append(Finding(level="error", topic=_TOPICS[part.__name__], text=str(error)))
    found.extend(_files(settings, deep=deep))
    return found


def _files(settings: Settings, *, deep: bool) -> Iterator[Finding]:
    found = list(damaged(settings.data_dir, deep=deep))
    for each in found:
        where = f"（{'、'.join(each.parts)}）" if each.parts else ""
        text = f"{each.file}{where} 损坏：{each.said}。{each.remedy}。"
        yield Finding(level="error", topic="文件", text=text)
    for name in REMEDIES:
        if (settings.data_dir / (name + PUT_AWAY)).exists():
            text = f"{name}{PUT_AWAY} 是修过以后留下的旧文件，删除请求到不了那里：看过没问题后请删掉它。"
            yield Finding(level="warning", topic="文件", text=text)
    looked_at = [name for name in REMEDIES if (settings.data_dir / name).exists()]
    if looked_at and not found:
        how = "逐行核对过" if deep else "逐页看过"
        yield Finding(level="ok", topic="文件", text=f"{'、'.join(looked_at)} {how}，没有损坏。")


_TOPICS = {
    "_clinics": "诊所",
    "_sources": "来源",
    "_shapes": "来源",
    "_data": "数据目录",
    "_models": "模型",
    "_index": "索引",
    "_records": "记录",
    "_reader": "第二读者",
    "_backup": "备份",
    "_web": "网页",
}


def _clinics(settings: Settings) -> Iterator[Finding]:
    clinics = known(settings)
    if not clinics:
        text = (
            "一个都没有：所有求诊帖都会成为线索，也不会有提及。请在“诊所”页添加（配置文件里是 [[clinics]]）。"
        )
        yield Finding(level="warning", topic="诊所", text=text)
    for clinic in clinics:
        text = f"{clinic.name}，区划 {clinic.adcode}，半径 {clinic.reach_km:g} 公里。"
        yield Finding(level="ok", topic="诊所", text=text)
    for clinic_id in taken_over(settings):
        text = f"{clinic_id} 已在“诊所”页上改过：配置文件里写的不再起作用，可以删掉。"
        yield Finding(level="warning", topic="诊所", text=text)


def _sources(settings: Settings) -> Iterator[Finding]:
    known = sources(settings)
    enabled = [source for source in known if source.enabled]
    if not enabled:
        text = f"共 {len(known)} 个，没有启用的：不会采集。请在“采集”页添加或启用一个，或在“导入”页导入文件。"
        yield Finding(level="warning", topic="来源", text=text)
    for source in enabled:
        text = f"{source.name}（{source.engine}），依据：{GROUNDS[source.permission.ground]}。"
        yield Finding(level="ok", topic="来源", text=text)
    if any(not source.contact for source in enabled) and not settings.crawl.contact:
        text = (
            "站长还不知道怎么联系你：请在“采集”页各来源里，或在配置文件里（crawl.contact），"
            "写一个邮箱或网址。"
        )
        yield Finding(level="warning", topic="来源", text=text)


def _shapes(settings: Settings) -> Iterator[Finding]:
    """Pages that came to look unlike those before, in the latest run of each source."""
    if not has_coverage(settings):
        return
    with coverage(settings) as opened:
        gaps = opened.gaps(datetime.now(UTC))
    for gap in gaps:
        if gap.kind == "strange":
            yield Finding(level="warning", topic="来源", text=f"{gap.source}：{gap.reason}。")


def _backup(settings: Settings) -> Iterator[Finding]:
    wanted = settings.backup
    if not wanted.folder:
        text = "没有定时备份：在 tingzhen.toml 的 [backup] 里写 folder，或自己运行 tingzhen backup。"
        yield Finding(level="ok", topic="备份", text=text)
        return
    made = backup.newest(Path(wanted.folder))
    if made is None:
        text = f"{wanted.folder} 里还没有：tingzhen serve 会按时做，也可以现在自己备份一次。"
        yield Finding(level="warning", topic="备份", text=text)
        return
    file, at = made
    if datetime.now(UTC) - at > 2 * timedelta(hours=wanted.every_hours):
        made_at = at.astimezone(BEIJING)
        text = f"最近一份是 {made_at:%Y-%m-%d %H:%M} 的，已经晚了：请看 serve 的日志里为什么没做。"
        yield Finding(level="warning", topic="备份", text=text)
    yield from check_archive(file)


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if folder.exists() and not folder.is_dir():
        text = f"{folder} 是文件，不是文件夹：请换一个数据目录（data_dir）。"
        yield Finding(level="error", topic="数据目录", text=text)
        return
    if folder.is_dir():
        yield from _modes(folder)
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    if not os.access(existing, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        text = f"{folder} 不可写：请检查 {existing} 的权限，或换一个数据目录（data_dir）。"
        yield Finding(level="error", topic="数据目录", text=text)
        return
    left = room.look(folder, now=datetime.now(UTC))
    if left.short(settings.disk):
        yield Finding(level="warning", topic="数据目录", text=room.sentence(left))
    else:
        text = f"{folder}，剩余 {left.free // 1024**2} MB。"
        yield Finding(level="ok", topic="数据目录", text=text)


def _modes(folder: Path) -> Iterator[Finding]:
    owner_only.mend(folder)
    left = owner_only.loose(folder)
    if left:
        names = "、".join(each.name for each in left[:3])
        text = (
            f"别的用户能读 {folder} 里的 {len(left)} 项（{names}），权限改不了："
            f"请用文件的主人运行 chmod -R go-rwx {folder}，或换一个支持权限的磁盘。"
        )
        yield Finding(level="warning", topic="数据目录", text=text)


def _models(settings: Settings) -> Iterator[Finding]:
    tagger(settings.data_dir)
    yield Finding(level="ok", topic="模型", text=f"能加载，分词 {TOKENIZER}。")


def _index(settings: Settings) -> Iterator[Finding]:
    if settings.index == "sqlite" and not settings.data_dir.is_dir():
        yield Finding(level="ok", topic="索引", text="还没有，第一次导入或抓取时建立。")
        return
    again = False
    with open_index(settings) as index:
        counts, moved = index.counts(), drift(index, now=datetime.now(UTC))
        if has_coverage(settings):
            with coverage(settings) as opened:
                again = lost(opened, index)
        with open_records(settings) as records:
            old_tags = outdated(settings, index, records)
    text = "线索 {leads}，折叠 {folded}，提及 {mentions}。".format(**counts)
    yield Finding(level="ok", topic="索引", text=text)
    if moved.shifted:
        text = f"最近 7 天的线索和之前 28 天很不一样（偏移 {moved.index:.2f}）：请多答几天十问。"
        yield Finding(level="warning", topic="模型", text=text)
    if old_tags:
        text = "存着的线索还是旧模型打的标：请运行 tingzhen retag 全部重打一遍，提醒不会重发。"
        yield Finding(level="warning", topic="模型", text=text)
    if again:
        text = f"{AGAIN}，下次采集时自动进行；手上导入过的文件请再导入一次。"
        yield Finding(level="warning", topic="索引", text=text)


def _opened(settings: Settings) -> bool:
    """The records may be looked at: a check makes no folder."""
    return settings.records != "sqlite" or settings.data_dir.is_dir()


def _records(settings: Settings) -> Iterator[Finding]:
    if not _opened(settings):
        yield Finding(level="ok", topic="记录", text="还没有，第一次 tingzhen serve 时建立。")
        return
    with open_records(settings) as records, records.reading() as session:
        if users.nobody_has_a_password(session):
            text = "能打开；还没有人设过密码：运行 tingzhen serve，打开它给的一次性链接。"
            yield Finding(level="warning", topic="记录", text=text)
        else:
            yield Finding(level="ok", topic="记录", text="能打开，有人设过密码。")
        yield from _alerts(session, settings)
        chain = audit.verify(session)
        yield Finding(level="error" if chain.problem else "ok", topic="操作记录", text=chain.sentence)
    problem = settings.data_dir.is_dir() and author_key_problem(settings, now=datetime.now(UTC))
    if problem:
        yield Finding(level="error", topic="记录", text=problem)


def _alerts(session: Session, settings: Settings) -> Iterator[Finding]:
    """What is missing before anybody hears of anything."""
    hints = (
        (Rule, "没有规则：请在“规则”页添加"),
        (Channel, "没有通道：请在“提醒”页添加"),
        (Subscription, "没有人订阅：请在“提醒”页订阅"),
    )
    missing = [hint for table, hint in hints if not session.scalar(select(exists().select_from(table)))]
    if missing:
        text = "；".join(missing) + "。在那之前不会有提醒。"
        yield Finding(level="warning", topic="提醒", text=text)
    else:
        yield Finding(level="ok", topic="提醒", text="有规则、有通道、有人订阅。")
    if not settings.alerts.smtp and session.scalar(select(exists().where(Channel.kind == "mail"))):
        text = "有邮件通道，但还没有填发邮件的服务器（alerts.smtp）：邮件发不出去，请补上。"
        yield Finding(level="error", topic="提醒", text=text)


def _reader(settings: Settings) -> Iterator[Finding]:
    """Nobody is asked: a check sends no text anywhere."""
    chosen = settings.reader
    if not chosen.url:
        return
    if not chosen.model:
        yield Finding(
            level="error",
            topic="第二读者",
            text="填了大模型的地址，没有填模型的名字（reader.model）：请补上。",
        )
        return
    if chosen.texts_may_leave and not chosen.url.startswith("https://") and not chosen.private_addresses:
        text = "大模型的地址（reader.url）不是 https，帖子不会明文发到外面：请换成 https 地址。"
        yield Finding(level="error", topic="第二读者", text=text)
    level: Literal["ok", "warning"] = "warning" if chosen.texts_may_leave else "ok"
    yield Finding(level=level, topic="第二读者", text=f"{consent_text(chosen)}。")
    if _opened(settings):
        with open_records(settings) as records:
            now = standing(chosen, records, now=datetime.now(UTC))
        yield Finding(level="warning" if now.resting else "ok", topic="第二读者", text=str(now))


def _web(settings: Settings) -> Iterator[Finding]:
    public = settings.web.public_url
    if not public and not loopback(settings.web.host):
        text = "别的电脑也能打开，但没有填大家用的网址（web.public_url）：消息里的链接会打不开，请补上。"
        yield Finding(level="warning", topic="网页", text=text)
    elif not public:
        text = "只有这台电脑能打开；消息里的链接也一样。要给别人用，请填大家打开用的网址（web.public_url）。"
        yield Finding(level="ok", topic="网页", text=text)
    else:
        yield Finding(level="ok", topic="网页", text=f"大家用 {public} 打开。")
