"""`tingzhen`: the command line. Commands are thin; heavy imports wait until one runs (help in 0.5 s)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leads.errors import InputError, QueryError, TingzhenError

if TYPE_CHECKING:
    from leads.config import Settings

app = typer.Typer(
    help="听诊：在公开帖子里找到附近需要看诊的人，并告诉诊所谁在谈论它。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class State:
    """Options given before the command."""

    config: Path | None = None
    debug: bool = False


@app.callback()
def options(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="配置文件，默认 ./tingzhen.toml。")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="出错时显示完整的调用栈。")] = False,
    version: Annotated[bool, typer.Option("--version", help="显示版本后退出。")] = False,
) -> None:
    State.config, State.debug = config, debug
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"tingzhen {installed('tingzhen')}")
        raise typer.Exit


Json = Annotated[bool, typer.Option("--json", help="每行输出一个 JSON。")]


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="网页端口。")] = 8000,
    folder: Annotated[Path, typer.Option(help="演示数据放在哪里。")] = Path("demo-data"),
    stay: Annotated[bool, typer.Option("--stay/--no-stay", help="做完后打开网页服务，或直接退出。")] = True,
    as_json: Json = False,
) -> None:
    """演示：抓取自带的小论坛，找出线索和提及，打开线索页。"""
    from leads.demo import run

    run.demo(folder, port=port, stay=stay, as_json=as_json)


@app.command()
def crawl(
    sources: Annotated[list[str] | None, typer.Argument(help="来源名；不写就是全部启用的来源。")] = None,
    as_json: Json = False,
) -> None:
    """抓取来源，打标签，存成线索。"""
    from leads import jobs, show

    settings = _settings()
    reports = jobs.crawl(settings, sources or [], progress=show.crawl_progress())
    show.crawl_reports(reports, as_json=as_json)
    if any(report.outcome in jobs.TROUBLE for report in reports):
        raise typer.Exit(5)


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(help="要导入的文件，格式自动识别。")],
    format_: Annotated[str | None, typer.Option("--format", help="指定格式，不自动识别。")] = None,
    columns: Annotated[
        str | None, typer.Option(help="列名对应，如 text=内容,time=时间,place=IP属地,id=编号。")
    ] = None,
    as_json: Json = False,
) -> None:
    """导入文件：微博、贴吧、小红书采集工具的导出，或任意表格。"""
    from leads import jobs, show

    mapping = _columns(columns)
    report = jobs.ingest_files(
        _settings(), files, format_=format_, columns=mapping, progress=show.ingest_progress(quiet=as_json)
    )
    show.ingest_report(report, as_json=as_json)
    if report.failed_files:
        raise typer.Exit(InputError.exit_code)


@app.command()
def tag() -> None:
    """打标签：从标准输入读 JSON 行 {"text": …, "place_hints": […]}，按顺序逐行输出标签。"""
    from leads import tagging

    rejected = tagging.tag_lines(sys.stdin.buffer, sys.stdout.buffer, _complain)
    if rejected:
        raise typer.Exit(InputError.exit_code)


@app.command()
def search(
    words: Annotated[list[str] | None, typer.Argument(help="搜索词，可用 AND OR NOT、引号和括号。")] = None,
    near: Annotated[str | None, typer.Option(help="纬度,经度（WGS-84），或诊所 id。")] = None,
    radius: Annotated[str, typer.Option(help="半径，如 5km、800m。")] = "5km",
    area: Annotated[str, typer.Option(help="行政区划，如 成都武侯 或 510107。")] = "",
    symptom: Annotated[list[str] | None, typer.Option(help="症状代码或名称，可重复。")] = None,
    specialty: Annotated[list[str] | None, typer.Option(help="科室代码或名称，可重复。")] = None,
    intent: Annotated[list[str] | None, typer.Option(help="意图，默认不限。")] = None,
    source: Annotated[list[str] | None, typer.Option(help="来源，可重复。")] = None,
    status: Annotated[list[str] | None, typer.Option(help="处理状态，可重复。")] = None,
    since: Annotated[str, typer.Option(help="起始：7d、12h 或 2026-11-01。")] = "",
    until: Annotated[str, typer.Option(help="截止（不含）：1d、2026-11-20。")] = "",
    precision: Annotated[str, typer.Option(help="sure 确定，likely 可能，possible 仅同省。")] = "likely",
    min_need: Annotated[float, typer.Option(help="需求分下限，0 到 1。")] = 0.0,
    sort: Annotated[str, typer.Option(help="score 综合，newest 最新，nearest 最近。")] = "score",
    limit: Annotated[int, typer.Option(help="最多几条。")] = 20,
    cursor: Annotated[str, typer.Option(help="翻页位置，来自上一页。")] = "",
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="输出 CSV。")] = False,
) -> None:
    """搜索线索。"""
    from datetime import UTC, datetime

    from leads import asking, jobs, show

    if as_json and as_csv:
        raise QueryError("--json 和 --csv 只能选一个。")
    settings = _settings()
    now = datetime.now(UTC)
    asked = asking.Asked(
        q=" ".join(words or []),
        near=near or "",
        radius=radius,
        area=area,
        symptom=tuple(symptom or ()),
        specialty=tuple(specialty or ()),
        intent=tuple(intent or ()),
        source=tuple(source or ()),
        status=tuple(status or ()),
        since=since,
        until=until,
        precision=precision,
        min_need=str(min_need),
        sort=sort,
        limit=str(limit),
        cursor=cursor,
    )
    query = asking.to_query(asked, clinics=settings.clinic_records(), now=now)
    with jobs.open_index(settings, create=False) as index:
        page = index.search(query, now=now)
        total = index.count(query)
    show.hits(page, total=total, now=now, form="json" if as_json else "csv" if as_csv else "table")


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(help="网页端口，默认取配置。")] = None,
) -> None:
    """打开线索页（只在本机可访问）。"""
    from leads import jobs

    jobs.serve(_settings(), port=port)


@app.command()
def check(as_json: Json = False) -> None:
    """检查配置：哪些可用，还缺什么。"""
    from leads import checking, show

    findings = checking.check(State.config)
    show.findings(findings, as_json=as_json)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(2)


def _settings() -> Settings:
    from leads.config import load_settings

    return load_settings(State.config)


def _columns(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    pairs = [part.partition("=") for part in text.replace("，", ",").split(",") if part.strip()]
    if not all(name.strip() and equals and column.strip() for name, equals, column in pairs):
        raise InputError(f"--columns {text!r} 看不懂：请写成 text=内容,time=时间 这样。")
    return {name.strip(): column.strip() for name, _, column in pairs}


def _complain(sentence: str) -> None:
    typer.echo(sentence, err=True)


def main() -> None:
    """Entry point: errors become one sentence on standard error and an exit code scripts can use."""
    _run(app)


def _run(command: Callable[[], object]) -> None:
    try:
        command()
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


if __name__ == "__main__":
    main()
