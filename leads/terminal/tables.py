"""Records on a terminal: tables for people, JSON and CSV for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import orjson
from rich.console import Console
from rich.table import Table

from leads.actions.export import csv_lines
from leads.actions.rotate_key import Rotated
from leads.index.codec import hit_to_dict
from leads.ingest.ingestor import Report
from leads.labels import INTENT_NAMES, OUTCOMES, PRECISION_NAMES, age_text, place_text
from leads.models import BEIJING, PRECISIONS, Hit, Page, Precision

if TYPE_CHECKING:
    from crawler.coverage.runs import Run
    from leads.actions.backup import BackedUp, Restored
    from leads.actions.check import Finding
    from leads.actions.crawl_process import Event
    from leads.actions.erase import Erased
    from leads.actions.imports import ImportReport
    from leads.actions.schedule import Round
    from leads.index.copying import Copied
    from leads.index.copying import Progress as CopyProgress
    from leads.learning.train import Comparison
    from leads.reader.second_reader import Turn
    from leads.reader.standing import Standing
    from leads.records.audit import ChainState
    from nlp.evaluate import Report as Report_
    from nlp.intent.corpus import Example
    from nlp.intent.train import Trained


def _console(*, stderr: bool = False) -> Console:
    """Text as it is: posts and file names are full of [brackets] and :colons:, which rich would read."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def print_json(records: Sequence[object]) -> None:
    for record in records:
        sys.stdout.buffer.write(orjson.dumps(record) + b"\n")
    sys.stdout.buffer.flush()


def hits(
    page: Page[Hit],
    *,
    total: int,
    near: Mapping[Precision, int],
    now: datetime,
    form: str,
    people: Mapping[str, str],
) -> None:
    """Search results as "table", "json" or "csv"; `near`: how surely near all that are found are; `people`:
    the names behind logins, for the CSV."""
    if form == "json":
        print_json([hit_to_dict(hit) for hit in page.items])
        if page.cursor:
            print(f"共 {total} 条，下一页：--cursor {page.cursor}", file=sys.stderr)
    elif form == "csv":
        for line in csv_lines(page.items, people=people, bom=False):
            sys.stdout.write(line)
    else:
        _print_table(page, total, near, now)


def _print_table(page: Page[Hit], total: int, near: Mapping[Precision, int], now: datetime) -> None:
    console = _console()
    if not page.items:
        console.print("没有符合条件的线索。可以放宽半径、时间或精度再试。")
        return
    table = Table(show_lines=True)
    for name, extra in (
        ("需求", {}),
        ("内容", {"ratio": 1}),
        ("地点", {}),
        ("多久前", {}),
        ("理由", {"ratio": 1}),
    ):
        table.add_column(name, **extra)  # type: ignore[arg-type]  # rich's keyword types differ by key
    for hit in page.items:
        lead = hit.lead
        table.add_row(
            f"{lead.need:.2f}",
            lead.post.full_text[:160],
            place_text(hit),
            age_text(lead.post.published_at, now),
            "\n".join(reason.text for reason in lead.reasons),
        )
    console.print(table)
    told = "，".join(f"{PRECISION_NAMES[each]} {near[each]} 条" for each in PRECISIONS if near.get(each))
    console.print(f"共 {total} 条，显示 {len(page.items)} 条。{told and f'这个范围里：{told}。'}")
    if page.cursor:
        console.print(f"下一页：--cursor {page.cursor}", soft_wrap=True)


def ingest_progress(*, quiet: bool) -> Callable[[str, Report], None]:
    """A line on standard error that counts while files are read; nothing when not on a terminal."""
    console = _console(stderr=True)
    if quiet or not console.is_terminal:
        return lambda name, report: None

    def show(name: str, report: Report) -> None:
        console.print(
            f"\r{name}：已读 {report.read}，线索 {report.leads}，隔离 {report.rejected}",
            end="",
        )

    return show


def ingest_report(report: ImportReport, *, as_json: bool) -> None:
    """What an import did: per file and in all."""
    names = ("read", "leads", "mentions", "unmatched", "expired", "rejected")
    if as_json:
        print_json(
            [
                {"file": file, **{name: getattr(one, name) for name in names}}
                for file, one in report.files.items()
            ]
            + [{"file": file, "error": sentence} for file, sentence in report.failed_files.items()]
        )
        return
    console = _console()
    for notice in report.notices:
        console.print(notice)
    for sentence in report.failed_files.values():
        _console(stderr=True).print(f"错误：{sentence}", style="red")
    totals = {name: report.total(name) for name in names}
    console.print(
        "读入 {read} 条：线索 {leads}，与诊所无关 {unmatched}，过期 {expired}，"
        "隔离 {rejected}；新提及 {mentions}。".format(**totals)
    )
    if totals["rejected"]:
        reasons: dict[str, int] = {}
        for one in report.files.values():
            for reason, count in one.why_rejected.items():
                reasons[reason] = reasons.get(reason, 0) + count
        for reason, count in sorted(reasons.items(), key=lambda item: -item[1])[:10]:
            console.print(f"  隔离 {count} 条：{reason}")
        console.print(f"隔离的记录和原因在 {report.quarantine}", soft_wrap=True)


def crawl_progress() -> Callable[[Event], None]:
    """Counts of a running crawl on standard error: one line that renews itself, or one line an event."""
    console = _console(stderr=True)
    if console.is_terminal:
        return lambda event: console.print(
            f"\r\x1b[K{crawl_line(event)}", end=_END.get(str(event["event"]), "")
        )
    return lambda event: print(crawl_line(event), file=sys.stderr) if event["event"] in _END else None


_END = {"done": "\n", "blocked": "\n", "refused": "\n", "failed": "\n"}


def crawl_line(event: Event) -> str:
    """One progress event as a sentence."""
    counts = (
        f"{event.get('source', '')}：{event.get('pages', 0)} 页，{event.get('posts_total', 0)} 帖，"
        f"拒绝 {event.get('refused_total', 0)}，失败 {event.get('failed_total', 0)}"
    )
    return f"{counts}（{event['reason']}）" if event.get("reason") else counts


def crawl_reports(runs: Sequence[Run], *, as_json: bool) -> None:
    """The outcome of each source's run."""
    if as_json:
        print_json([_run_record(run) for run in runs])
        return
    console = _console()
    for run in runs:
        totals = run.totals
        console.print(
            f"{run.source}：{OUTCOMES[run.outcome]}。{totals.pages} 页，新帖 {totals.posts_new}，"
            f"改动 {totals.posts_changed}，已有 {totals.posts_known}，"
            f"拒绝 {totals.refused}，失败 {totals.failed}" + (f"（{run.reason}）" if run.reason else "")
        )


def _run_record(run: Run) -> dict[str, object]:
    return {
        "source": run.source,
        "outcome": run.outcome,
        "reason": run.reason,
        "robots": run.robots,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
        **asdict(run.totals),
    }


def trained(result: Trained, examples: Sequence[Example]) -> None:
    """What training on the corpus gave, on folds the model had not seen."""
    print(
        f"语料 {len(examples)} 条，温度 {result.model.temperature:.3f}，"
        f"求诊阈值 {result.model.threshold:.2f}，特征 {len(result.model.vectoriser.vocabulary)} 个。"
    )


def comparison(result: Comparison) -> None:
    """Before and after learning the judgements."""
    print(f"反馈 {result.judgements} 条，语料 {result.posts} 条。在没学过的反馈上：")
    for name, scores in (("自带的模型", result.before), ("学过之后", result.after)):
        seeker = scores.scores[0]
        print(
            f"  {name}：求诊 F1 {seeker.f1:.3f}（准 {seeker.precision:.3f}，全 {seeker.recall:.3f}），"
            f"六类宏平均 F1 {scores.macro_f1:.3f}"
        )
    print(f"在语料上：求诊 F1 {result.corpus[0]:.3f} → {result.corpus[1]:.3f}")
    state = "已换上新模型，tingzhen train --back 可退回" if result.installed else "新模型没有更好，没有换上"
    print(f"{state}：{result.folder}")


def evaluations(results: Sequence[tuple[str, Report_]], *, as_json: bool) -> None:
    """Scores, one block a set of posts."""
    if as_json:
        print_json([{"set": name, **asdict(report)} for name, report in results])
        return
    for name, report in results:
        print(f"{name}（{report.posts} 条）")
        for one in report.intents.scores:
            print(
                f"  {INTENT_NAMES[one.name]:　<4} 准 {one.precision:.3f}  全 {one.recall:.3f}  "
                f"F1 {one.f1:.3f}  共 {one.support}"
            )
        print(
            f"  六类宏平均 F1 {report.intents.macro_f1:.3f}；求诊校准误差 {report.intents.seeker_ece:.3f}；"
            f"难反例误判为求诊 {report.intents.hard_negatives:.1%}"
        )
        symptoms, places = report.symptoms, report.places
        print(f"  症状微平均 准 {symptoms.precision:.3f}  全 {symptoms.recall:.3f}  F1 {symptoms.f1:.3f}")
        print(
            f"  地点 省 {places.province:.3f}  市 {places.city:.3f}  区县 {places.district:.3f}"
            f"（{places.stated} 条写明）；没写却标了 {places.false_tags:.1%}"
        )


def reindex_progress(*, quiet: bool) -> Callable[[CopyProgress], None]:
    """A line on standard error that renews itself; nothing when not on a terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        return lambda step: None
    written = 0

    def show(step: CopyProgress) -> None:
        nonlocal written
        if step.compared:
            console.print(f"\r\x1b[K{step.kind}：已比对 {step.compared}，已写 {written}", end="")
        else:
            written += step.changed

    return show


def reindex_report(copied: Copied, *, as_json: bool) -> None:
    """What a copy holds now."""
    if as_json:
        print_json([asdict(copied)])
        return
    print(
        f"完成：线索 {copied.leads} 条（含折叠），提及 {copied.mentions} 条，两边条数和校验和一致；"
        f"写入 {copied.written} 条，清掉多余 {copied.removed} 条。"
    )


def dropped(names: Sequence[str], *, as_json: bool) -> None:
    """Which old indices were deleted."""
    if as_json:
        print_json([{"dropped": list(names)}])
    else:
        print(f"已删除 {'、'.join(names)}。" if names else "没有旧索引可删。")


def findings(found: Sequence[Finding], *, as_json: bool) -> None:
    """What `tingzhen check` found."""
    if as_json:
        print_json([{"level": f.level, "topic": f.topic, "text": f.text} for f in found])
        return
    marks = {"ok": "✓", "warning": "!", "error": "✗"}
    for finding in found:
        print(f"{marks[finding.level]} {finding.topic}：{finding.text}")


def round_done(done: Round, *, as_json: bool) -> None:
    """What one round of the schedule did."""
    if as_json:
        print_json([{"crawls": done.crawls, "messages": done.messages, "asked": done.asked}])
    else:
        asked = f"，问了第二读者 {done.asked} 次" if done.asked else ""
        print(f"这一轮抓取了 {done.crawls} 个来源，发了 {done.messages} 条消息{asked}。")


def reader(now: Standing, turn: Turn | None, *, as_json: bool) -> None:
    """How the second reader stands, after a turn if there was one."""
    if as_json:
        print_json([_reader_record(now, turn)])
        return
    if turn is not None:
        print(
            f"这一次问了 {turn.asked} 条，{turn.answered} 条有回答；"
            f"排后 {turn.put_down} 条，恢复 {turn.taken_back} 条。"
        )
    print(now)


def _reader_record(now: Standing, turn: Turn | None) -> dict[str, object]:
    found, today = now.agreement, now.today
    return {
        "on": now.settings.on,
        "model": now.settings.model,
        "host": now.settings.host,
        "requests": today.requests,
        "characters": today.characters,
        "unusable": today.unusable,
        "resting_until": today.rest_until.isoformat() if now.resting and today.rest_until else None,
        "reason": today.reason,
        "judged": found.judged,
        "own_right": found.own,
        "right": found.second,
        "at_least": round(found.at_least, 4),
        "decides": found.decides,
        "turn": None if turn is None else asdict(turn),
    }


def erased(done: Erased, *, as_json: bool) -> None:
    """What `tingzhen erase` did."""
    if as_json:
        record = {"kind": done.kind, "key": done.key, "posts": done.posts, "at": done.at.isoformat()}
        print_json([record | {"receipt": done.receipt}])
        return
    print(f"已删除 {done.posts} 条，已确认查不到；以后采集到也不会再存。回执编号 {done.receipt}。")


def rotated(done: Rotated, *, as_json: bool) -> None:
    """What `tingzhen rotate-key` did, and what it could not reach."""
    if as_json:
        print_json([{**asdict(done), "backups": [str(each) for each in done.backups]}])
        return
    again = "接着做完了上次没做完的。" if done.resumed else ""
    print(f"{again}密钥已更换（第 {done.generation} 次），换算了 {done.carried} 处代号；旧密钥已删除。")
    if not done.linked:
        print("同一个人再出现时会是新的代号；按作者删除过的，只认得出当时删掉的那些帖子。")
    elif done.first_kept:
        print("最初的密钥还是新密钥的一部分，单凭它已经查不出任何人；要彻底忘掉它，用 --forget-links。")
    if done.backups:
        print("这些备份里还有旧密钥和旧代号，请做一份新的备份，再删掉它们：")
        for each in done.backups:
            print(f"  {each}")


def backed_up(kept: BackedUp, *, as_json: bool) -> None:
    """What `tingzhen backup` made."""
    said = kept.manifest
    if as_json:
        record = said.model_dump(mode="json", exclude={"parts"}) | {"file": str(kept.file)}
        print_json([record | {"dropped": [str(each) for each in kept.dropped]}])
        return
    sealed = "，已加密" if said.sealed else ""
    print(
        f"备份在 {kept.file}（{kept.file.stat().st_size / 1e6:.1f} MB{sealed}）："
        f"线索 {said.leads} 条，提及 {said.mentions} 条，记录 {said.rows} 行；已读回核对。"
    )
    if kept.dropped:
        print(f"删掉了更早的 {len(kept.dropped)} 份。")


def taken_back(gone: Mapping[str, int], *, as_json: bool) -> None:
    """What an older version had no place for."""
    if as_json:
        print_json([{"gone": gone}])
        return
    for name, count in gone.items():
        print(f"丢掉了 {name}：{count} 行。")
    print("记录库已经是旧版本的样子：现在可以装回旧版本；打开新版本会再升级。")


def restored(done: Restored, *, as_json: bool) -> None:
    """What `tingzhen restore` put back."""
    said = done.manifest
    if as_json:
        record = said.model_dump(mode="json", exclude={"parts"})
        print_json([record | {"erased": done.erased, "later": done.later}])
        return
    made = said.at.astimezone(BEIJING)
    held = f"线索 {said.leads} 条，提及 {said.mentions} 条，记录 {said.rows} 行"
    print(f"已恢复 {made:%Y-%m-%d %H:%M} 的备份：{held}。")
    if done.later or done.erased:
        print(f"备份以后的删除照做了：补记 {done.later} 个删除，再删 {done.erased} 条。")
    if done.settings_folder:
        print(f"当时的设置和来源文件在 {done.settings_folder}：看过后自己放回原处。")
    print("接下来：运行 tingzhen check，再运行 tingzhen serve。")


def audit_chain(found: ChainState, *, as_json: bool) -> None:
    """What became of the audit's chain."""
    if as_json:
        print_json([asdict(found)])
    else:
        print(found.sentence)
