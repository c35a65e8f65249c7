"""`tingzhen`: the command line. Commands are thin; heavy imports wait until one runs (help in 0.5 s).

Beside each late import stands what would be loaded."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from crawler.owner_only import UMASK
from leads.cli import audit, dossier, insights, state, users
from leads.cli import sources as cli_sources
from leads.cli.state import Json, State
from leads.errors import InputError, QueryError, TingzhenError
from leads.query.fields import FIELDS

if TYPE_CHECKING:  # pydantic is slow to start, and --help needs none of it
    from leads.config import Settings


class Commands(TyperGroup):
    """All commands: errors become one sentence on standard error and an exit code scripts can use.

    Done inside of click's own handling, which would report an interruption or a closed pipe as failures.
    """

    def invoke(self, ctx: Any) -> Any:  # click's Context; typer carries its own copy of click
        try:
            return super().invoke(ctx)
        except TingzhenError as error:
            if State.debug:
                raise
            _complain(f"错误：{error}")
            sys.exit(error.exit_code)
        except BrokenPipeError:
            # The reader (head, less) has enough; that is no error of ours.
            sys.stderr.close()
            sys.exit(0)
        except KeyboardInterrupt:
            _complain("已中断：已写入的内容都在，重新运行同一条命令会接着做。")
            sys.exit(130)


app = typer.Typer(
    cls=Commands,
    help="听诊：在公开帖子里找到附近需要看诊的人，并告诉诊所谁在谈论它。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(cli_sources.group, name="sources")
app.add_typer(users.group, name="users")
app.add_typer(audit.group, name="audit")
app.add_typer(insights.group, name="insights")
app.add_typer(dossier.group, name="dossier")
app.command()(cli_sources.coverage)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # late: only this asks what is installed

        typer.echo(f"tingzhen {version('tingzhen')}")
        raise typer.Exit


@app.callback()
def options(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="配置文件，默认 ./tingzhen.toml。")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="出错时显示完整的调用栈。")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="显示版本后退出。", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    State.config, State.debug = config, debug


MAX_PORT = 65535
Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="第一行写着口令的文件：备份用它加密。")
]


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=1, max=MAX_PORT, help="网页端口。")] = 8000,
    folder: Annotated[Path, typer.Option(help="演示数据放在哪里。")] = Path("demo-data"),
    stay: Annotated[bool, typer.Option("--stay/--no-stay", help="做完后打开网页服务，或直接退出。")] = True,
    as_json: Json = False,
) -> None:
    """演示：抓取自带的小论坛，找出线索和提及，打开线索页。"""
    from leads.demo import run  # late: the desk and the crawler

    run.demo(folder, port=port, stay=stay, as_json=as_json)


@app.command()
def init(
    folder: Annotated[Path, typer.Option(help="写在哪个目录。")] = Path(),
    contact: Annotated[str, typer.Option(help="站长能联系到你的邮箱或网址。")] = "",
) -> None:
    """写好 tingzhen.toml 和 sources.toml，可以直接用；已有的文件不动。"""
    from leads.actions import first_files  # late: pydantic

    made = first_files.write_files(folder, contact=contact)
    typer.echo(f"写好了 {made.settings} 和 {made.sources}。")
    typer.echo("下一步：在这个目录里运行 tingzhen serve，打开它给的链接，照首页的清单做。")


@app.command()
def crawl(
    sources: Annotated[list[str] | None, typer.Argument(help="来源名；不写就是全部启用的来源。")] = None,
    recheck: Annotated[
        bool, typer.Option("--recheck", help="不找新帖，只复查已有的：源站删了的也删，改了的更新。")
    ] = False,
    as_json: Json = False,
) -> None:
    """抓取来源，打标签，存成线索。"""
    from leads.actions.crawl import crawl as crawl_sources  # late: SQLAlchemy
    from leads.sources.states import TROUBLE
    from leads.terminal import tables as show

    settings = state.settings()
    _say_of_author_key(settings)
    reports = crawl_sources(settings, sources or [], progress=show.crawl_progress(), recheck=recheck)
    show.crawl_reports(reports, as_json=as_json)
    if any(report.outcome in TROUBLE for report in reports):
        raise typer.Exit(5)


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(help="要导入的文件，格式自动识别。")],
    format_: Annotated[str | None, typer.Option("--format", help="指定格式，不自动识别。")] = None,
    columns: Annotated[
        str | None, typer.Option(help="列名对应，如 text=内容,time=时间,place=IP属地,id=编号。")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="用几个进程打标签；不写就是这台机器的核数。")
    ] = None,
    keep_raw: Annotated[
        int, typer.Option(min=0, max=30, help="读不了的记录原样（含人名）另存几天，到期抹掉；0 是不存。")
    ] = 0,
    as_json: Json = False,
) -> None:
    """导入文件：微博、贴吧、小红书采集工具的导出，或任意表格。"""
    from leads.actions import imports  # late: SQLAlchemy
    from leads.ingest.processes import cores
    from leads.terminal import tables as show

    report = imports.ingest_files(
        state.settings(),
        files,
        format_=format_,
        columns=imports.column_map(columns),
        progress=show.ingest_progress(quiet=as_json),
        workers=workers or cores(),
        keep_raw=keep_raw,
    )
    show.ingest_report(report, as_json=as_json)
    if report.failed_files:
        raise typer.Exit(InputError.exit_code)


@app.command()
def tag() -> None:
    """打标签：从标准输入读 JSON 行 {"text": …, "place_hints": […]}，按顺序逐行输出标签。"""
    from leads.learning import tag_lines  # late: the tagger

    rejected = tag_lines.tag_lines(sys.stdin.buffer, sys.stdout.buffer, _complain)
    if rejected:
        raise typer.Exit(InputError.exit_code)


def search(
    words: Annotated[list[str] | None, typer.Argument(help="搜索词，可用 AND OR NOT、引号和括号。")] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="输出 CSV。")] = False,
    **asked: str | list[str] | None,
) -> None:
    """搜索线索。"""
    from leads import storage  # late: SQLAlchemy
    from leads.query.search import to_query
    from leads.terminal import tables as show

    if as_json and as_csv:
        raise QueryError("--json 和 --csv 只能选一个。")
    settings = state.settings()
    now = datetime.now(UTC)
    given = {name: value for name, value in asked.items() if value is not None}
    query = to_query({"q": " ".join(words or []), **given}, clinics=storage.known_clinics(settings), now=now)
    with storage.open_index(settings, create=False) as index:
        page = index.search(query, now=now)
        total, near = index.count(query), index.precisions(query)
    form = "json" if as_json else "csv" if as_csv else "table"
    people = storage.names(settings) if as_csv else {}
    show.hits(page, total=total, near=near, now=now, form=form, people=people)


# What is written otherwise here than in an address.
_SEARCH_HELP = {
    "near": "诊所 id，或 纬度,经度（WGS-84）；不写不限地点。",
    "cursor": "翻页位置，来自上一页。",
}


def _with_fields(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of a search for its `**`; the words are an argument."""
    signature = inspect.signature(command, eval_str=True)
    own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    options = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=None,
            annotation=Annotated[
                list[str] | None if field.many else str | None,
                typer.Option(field.option, help=_SEARCH_HELP.get(field.name, field.help)),
            ],
        )
        for field in FIELDS
        if field.name != "q"
    ]
    shown = signature.replace(parameters=[own[0], *options, *own[1:]])
    setattr(command, "__signature__", shown)  # noqa: B010 - mypy knows no such attribute of functions
    return command


app.command()(_with_fields(search))


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(min=1, max=MAX_PORT, help="网页端口，默认取配置。")] = None,
) -> None:
    """打开网页，并按时抓取、提醒、发简报，直到 Ctrl+C。"""

    from leads import server  # late: FastAPI

    server.serve(state.settings(), port=port)


@app.command()
def worker(
    crawl: Annotated[
        int | None, typer.Option(min=0, max=32, help="同时抓几个来源；三个选项都不写就是全做。")
    ] = None,
    tag: Annotated[int | None, typer.Option(min=0, max=32, help="同时做几份打标签的活。")] = None,
    alerts: Annotated[bool, typer.Option("--alerts", help="发提醒和简报，做日常整理。")] = False,
) -> None:
    """在任意多台机器上干活（records 是 PostgreSQL 时）：抓取、打标签、提醒；收到 SIGTERM 就交活停下。"""
    from leads.actions import worker as working  # late: SQLAlchemy

    settings = state.settings()
    chosen = {"crawl": crawl or 0, "tag": tag or 0, "alerts": int(alerts)}
    everything = {"crawl": settings.crawl.parallel or 2, "tag": 1, "alerts": 1}
    roles = {role: number for role, number in chosen.items() if number} or everything
    working.work(settings, roles, _complain)


@app.command(name="run-once")
def run_once(as_json: Json = False) -> None:
    """做一轮到时间的事（抓取、提醒、简报）就退出：给 cron 和 systemd 用。"""
    from leads.actions import schedule  # late: SQLAlchemy
    from leads.terminal import tables as show

    settings = state.settings()
    _say_of_author_key(settings)
    show.round_done(schedule.run_once(settings), as_json=as_json)


def _say_of_author_key(settings: Settings) -> None:

    from leads.storage import author_key_problem  # late: SQLAlchemy

    problem = author_key_problem(settings, now=datetime.now(UTC))
    if problem:
        typer.echo(problem, err=True)


@app.command()
def reindex(
    source: Annotated[
        str, typer.Option("--from", help="从哪个索引搬来：sqlite，或 https://用户:密码@主机:9200。")
    ] = "",
    drop_old: Annotated[bool, typer.Option("--drop-old", help="删掉不再使用的旧版索引。")] = False,
    as_json: Json = False,
) -> None:
    """重建 Elasticsearch 索引，或把线索从一个索引搬到另一个；中断后再运行会接着做。"""
    from leads.actions import reindex as work  # late: the tagger's data
    from leads.terminal import tables as show

    settings = state.settings()
    if drop_old:
        show.dropped(work.drop_old(settings), as_json=as_json)
        return
    progress = show.reindex_progress(quiet=as_json)
    copied = work.move(settings, source, progress) if source else work.rebuild(settings, progress)
    show.reindex_report(copied, as_json=as_json)


@app.command()
def check(
    deep: Annotated[bool, typer.Option("--deep", help="把数据文件逐行核对，数据多时要几分钟。")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="损坏的数据文件：能读的留下，重新做一份；先停下听诊。")
    ] = False,
    backup: Annotated[Path | None, typer.Option(help="只看这份备份是否完好。")] = None,
    as_json: Json = False,
) -> None:
    """检查配置和数据文件：哪些可用，还缺什么，有没有损坏。"""
    from leads.actions import check as checking  # late: SQLAlchemy
    from leads.terminal import tables as show

    if repair:
        _repair(deep=deep)
    findings = checking.check_archive(backup) if backup else checking.check(State.config, deep=deep)
    show.findings(findings, as_json=as_json)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(2)


def _repair(*, deep: bool) -> None:
    from leads.actions import repair  # late: SQLAlchemy

    for sentence in repair.repair(state.settings(), deep=deep) or ["数据文件都没有损坏，不用修。"]:
        _complain(sentence)


@app.command()
def feedback(
    lead_id: Annotated[str, typer.Argument(help="线索的 id，见 search --json。")],
    intent: Annotated[
        str, typer.Argument(help="它其实是：seeker experience advert news_science figurative other。")
    ],
) -> None:
    """记下一条判断：这条线索其实是什么。攒够了用 train --with-feedback 学进去。"""
    from leads.learning import judgements  # late: scikit-learn

    judgements.note(state.settings(), lead_id, intent, now=datetime.now(UTC))


@app.command()
def ten(
    lead_id: Annotated[str, typer.Argument(help="要回答的线索的 id；不写就列出今天的十问。")] = "",
    answer: Annotated[
        str,
        typer.Argument(
            help="它其实是：seeker experience advert news_science figurative other；skip 是跳过。"
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """每日十问：列出今天的十条，或回答其中一条。"""
    from leads.terminal import ten as questions  # late: the records and numpy

    if bool(lead_id) != bool(answer):
        raise InputError("请同时写线索的 id 和回答，如 tingzhen ten forum/1002 seeker。")
    settings, now = state.settings(), datetime.now(UTC)
    if lead_id:
        questions.answer(settings, lead_id, answer, now=now)
    else:
        questions.show(settings, now=now, as_json=as_json)


@app.command()
def erase(
    post_id: Annotated[str, typer.Argument(help="帖子的编号（来源/编号，见 search --json）或网址。")] = "",
    author: Annotated[str, typer.Option(help="删除一个作者的全部帖子：写他的任一帖子的编号或网址。")] = "",
    reason: Annotated[str, typer.Option(help="为什么删，最多 200 个字，不要写人名。")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。")] = False,
    as_json: Json = False,
) -> None:
    """删除一条帖子或一个作者的全部内容：线索、提及、备注、反馈、提醒；以后也不再存。"""
    from leads.actions import erase as erasing  # late: SQLAlchemy
    from leads.terminal import tables as show

    if bool(post_id) == bool(author):
        raise QueryError("请写一个帖子编号，或用 --author 写一个作者，二选一。")
    if not yes:
        typer.confirm(f"删除 {post_id or author} 的全部内容，不能恢复，确定吗？", abort=True, err=True)
    kind: Literal["post", "author"] = "post" if post_id else "author"
    done = erasing.by_command(state.settings(), kind, post_id or author, reason=reason, now=datetime.now(UTC))
    show.erased(done, as_json=as_json)


@app.command(name="rotate-key")
def rotate_key(
    forget_links: Annotated[
        bool,
        typer.Option(
            "--forget-links", help="彻底忘掉旧密钥：同一个人再出现时不再认得，按作者删除只认删过的帖子。"
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。")] = False,
    as_json: Json = False,
) -> None:
    """更换作者代号的密钥：存着的代号全部换算过去；中断后再运行会接着做。先停下 serve 和采集。"""
    from leads.actions import rotate_key as rotation  # late: SQLAlchemy
    from leads.terminal import tables as show

    if not yes:
        typer.confirm("更换密钥。serve 和采集都停下了吗？", abort=True, err=True)
    show.rotated(
        rotation.rotate(state.settings(), forget=forget_links, now=datetime.now(UTC)), as_json=as_json
    )


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="写成哪个文件，或放进哪个文件夹（文件名用时间）。")],
    passphrase_file: Passphrase = None,
    keep: Annotated[int, typer.Option(min=0, help="文件夹里只留最近几份；0 是都留着。")] = 0,
    as_json: Json = False,
) -> None:
    """备份：线索、记录、采集进度、密钥、设置，做成一个文件；听诊照常运行。"""
    from leads.actions import backup as backups  # late: SQLAlchemy
    from leads.terminal import tables as show

    secret = backups.read_passphrase(passphrase_file) if passphrase_file else ""
    kept = backups.back_up(state.settings(), target, now=datetime.now(UTC), passphrase=secret, keep=keep)
    show.backed_up(kept, as_json=as_json)


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(help="备份文件。")],
    passphrase_file: Passphrase = None,
    erased_since: Annotated[
        list[Path] | None,
        typer.Option(help="再照做这里记着的删除：从前的数据目录，或另一份更新的备份。"),
    ] = None,
    as_json: Json = False,
) -> None:
    """把备份恢复到空的数据目录；备份之后删除过的，恢复后再删一遍。"""
    from leads.actions import backup as backups  # late: SQLAlchemy
    from leads.terminal import tables as show

    secret = backups.read_passphrase(passphrase_file) if passphrase_file else ""
    done = backups.restore(state.settings(), archive, passphrase=secret, erased_since=erased_since or [])
    show.restored(done, as_json=as_json)


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="那个旧版本的记录库版本，如 0019，见 docs/operations.md。")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。")] = False,
    as_json: Json = False,
) -> None:
    """把记录库改回旧版本听诊的样子；旧版本放不下的内容会丢，请先停下听诊并备份。"""
    from leads.records.database import take_back  # late: SQLAlchemy
    from leads.terminal import tables as show

    if not yes:
        question = f"把记录库改回 {revision}，旧版本放不下的内容会丢，备份过了吗？"
        typer.confirm(question, abort=True, err=True)
    show.taken_back(take_back(state.settings(), revision, now=datetime.now(UTC)), as_json=as_json)


@app.command()
def funnel(
    since: Annotated[str, typer.Option(help="多近开始处理的：7d、90d 或 2026-11-01，all 是全部。")] = "90d",
    clinic: Annotated[str, typer.Option(help="只算一家诊所，写它的 id。")] = "",
    as_json: Json = False,
) -> None:
    """跟进漏斗：线索走到每一步的有多少，每一步要多久。"""
    from leads.actions import funnel as walked  # late: SQLAlchemy
    from leads.terminal import funnel as walk  # late: rich

    found = walked.by_command(state.settings(), since=since, clinic_id=clinic, now=datetime.now(UTC))
    walk.show(found, as_json=as_json)


@app.command()
def match(
    file: Annotated[
        Path | None, typer.Argument(help="写着描述的文件；不写就从标准输入读，不留在命令历史里。")
    ] = None,
    place: Annotated[str, typer.Option(help="人在哪里，如 成都武侯区；文字里写了就不用。")] = "",
    as_json: Json = False,
) -> None:
    """找对人：一段描述该看哪一科、附近哪家诊所哪位医生看、先问什么。不是诊断，文字不保存。"""
    from leads.terminal import match as show  # late: the tagger

    show.match(state.settings(), file, place=place, as_json=as_json)


@app.command()
def mcp() -> None:
    """给 AI 助手的 MCP 服务（标准输入输出，只读）；令牌放在环境变量 TINGZHEN_TOKEN。"""
    from leads import mcp_server  # late: SQLAlchemy and FastAPI

    mcp_server.serve(state.settings())


@app.command()
def train(
    with_feedback: Annotated[bool, typer.Option("--with-feedback", help="把诊所自己的判断学进去。")] = False,
    back: Annotated[bool, typer.Option("--back", help="退回上一个模型。")] = False,
    force: Annotated[bool, typer.Option("--force", help="变差了也换上新模型。")] = False,
    out: Annotated[Path | None, typer.Option(help="只用语料训练，模型写到这个目录。")] = None,
) -> None:
    """训练意图模型。默认只用自带语料，写到 --out。"""
    from leads.learning import judgements  # late: scikit-learn
    from leads.learning import train as training
    from leads.terminal import tables as show

    now = datetime.now(UTC)
    if back:
        typer.echo(f"已退回：{training.go_back(state.settings().data_dir)}")
        typer.echo("存着的线索还是退回前的模型打的标：运行 tingzhen retag 全部重打一遍，提醒不会重发。")
    elif with_feedback:
        show.comparison(judgements.learn(state.settings(), now=now, force=force))
        typer.echo("存着的线索还是旧模型打的标：运行 tingzhen retag 全部重打一遍，提醒不会重发。")
    else:
        if out is None:
            raise InputError("请用 --out 指定模型写到哪个目录，或用 --with-feedback 学诊所自己的判断。")
        trained, examples = training.train_shipped(out, now=now)
        show.trained(trained, examples)


@app.command()
def retag(
    workers: Annotated[int, typer.Option(min=0, max=256, help="用几个进程；0 是每个核一个。")] = 0,
    status: Annotated[bool, typer.Option("--status", help="只看做到哪里了。")] = False,
    as_json: Json = False,
) -> None:
    """换了模型以后，把存着的线索全部重新打标；中断了再运行会接着做，提醒不会重发。"""
    from leads.actions import retag as retagging  # late: the tagger
    from leads.terminal import retag as show

    if status:
        show.standing(*retagging.standing(state.settings()), as_json=as_json)
        return
    done = retagging.retag(
        state.settings(),
        workers=workers or os.cpu_count() or 1,
        who="cli",
        clock=lambda: datetime.now(UTC),
        progress=show.progress,
    )
    show.ended(done, as_json=as_json)


@app.command()
def reader(
    read: Annotated[bool, typer.Option("--read", help="现在就请它看一批，不等 serve 定时做。")] = False,
    as_json: Json = False,
) -> None:
    """第二读者：今天问了多少，和人的判断合不合，能不能参与排序。"""
    from leads.actions import reader as reading  # late: SQLAlchemy
    from leads.terminal import tables as show

    now, turn = reading.by_command(state.settings(), read=read, clock=lambda: datetime.now(UTC))
    show.reader(now, turn, as_json=as_json)


@app.command()
def evaluate(
    real: Annotated[Path, typer.Option(help="真实帖子（每行一个 JSON，有 id 和 text）。")] = Path(
        "../shared/data/real_posts_sample.jsonl"
    ),
    labels: Annotated[Path, typer.Option(help="真实帖子的标注（TSV）。")] = Path("tests/nlp/real_labels.tsv"),
    as_json: Json = False,
) -> None:
    """评测标签：语料上交叉验证，以及（文件在的话）真实帖子上的得分。"""
    from leads.learning import evaluate as evaluation  # late: scikit-learn
    from leads.terminal import tables as show

    show.evaluations(evaluation.evaluate_all(real, labels), as_json=as_json)


def _complain(sentence: str) -> None:
    typer.echo(sentence, err=True)


def main() -> None:
    """Entry point."""
    # What a command writes, exports too, is its owner's; holds for the programs it starts.
    os.umask(UMASK)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal of another encoding (GBK) cannot show every character: show the others.
            stream.reconfigure(errors="replace")
    app()


if __name__ == "__main__":
    main()
