"""Commands about what the town says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from leads.cli import state
from leads.cli.state import Json

group = typer.Typer(
    help="洞察：这座城市在说什么。",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@group.callback()
def insights() -> None:
    """洞察：这座城市在说什么。"""


@group.command()
def topics(
    city: Annotated[str, typer.Option(help="城市的名字或代码；不写是第一家诊所的，或线索最多的。")] = "",
    span: Annotated[str, typer.Option(help="today、week（近 7 天）或 month（近 30 天）。")] = "week",
    as_json: Json = False,
) -> None:
    """话题：症状、疾病和治疗，和这座城市自己的往常比。"""
    from leads.terminal import insights as show  # late: numpy and the records

    show.topics(state.settings(), city=city, span=span, now=datetime.now(UTC), as_json=as_json)


@group.command()
def voice(
    clinic: Annotated[str, typer.Option(help="诊所的 id 或名字；不写是第一家。")] = "",
    as_json: Json = False,
) -> None:
    """声量：最近 26 周，诊所、医生和竞争对手各被说到多少次，在夸什么怨什么。"""
    from leads.terminal import insights as show  # late: numpy and the records

    show.voice(state.settings(), clinic=clinic, now=datetime.now(UTC), as_json=as_json)


@group.command()
def accounts(
    symptom: Annotated[str, typer.Option(help="只看这个症状，代码或名称。")] = "",
    as_json: Json = False,
) -> None:
    """公开账号：最近 26 周哪些机构和专业人员的账号在带动话题；没有私人账号，没有名字。"""
    from leads.terminal import insights as show  # late: numpy and the records

    show.accounts(state.settings(), symptom=symptom, now=datetime.now(UTC), as_json=as_json)


@group.command(name="own-accounts")
def own_accounts(
    clinic: Annotated[str, typer.Option(help="诊所的 id 或名字；不写是第一家。")] = "",
    as_json: Json = False,
) -> None:
    """自有账号：最近 26 周发帖、回帖、回答的提及和用时。"""
    from leads.terminal import insights as show  # late: numpy and the records

    show.own_accounts(state.settings(), clinic=clinic, now=datetime.now(UTC), as_json=as_json)


@group.command()
def questions(
    city: Annotated[str, typer.Option(help="城市的名字或代码；不写是全部地区。")] = "",
    span: Annotated[str, typer.Option(help="today、week（近 7 天）或 month（近 30 天）。")] = "month",
    symptom: Annotated[str, typer.Option(help="只看这个症状，代码或名称。")] = "",
    as_json: Json = False,
) -> None:
    """大家在问：至少 5 个人问过的问题，写成 Markdown 提纲。"""
    from leads.terminal import insights as show  # late: numpy and the records

    settings, now = state.settings(), datetime.now(UTC)
    show.questions(settings, city=city, span=span, symptom=symptom, now=now, as_json=as_json)


@group.command()
def groups(
    city: Annotated[str, typer.Option(help="城市的名字或代码；不写是每个城市。")] = "",
    as_json: Json = False,
) -> None:
    """适合建群吗：哪种需求、哪个区、哪些人，长期群、短期群还是不建群。"""
    from leads.terminal import insights as show  # late: numpy and the records

    show.groups(state.settings(), city=city, now=datetime.now(UTC), as_json=as_json)


@group.command()
def needs(
    city: Annotated[str, typer.Option(help="城市的名字或代码；不写是全部地区。")] = "",
    span: Annotated[str, typer.Option(help="today、week（近 7 天）或 month（近 30 天）。")] = "month",
    as_json: Json = False,
) -> None:
    """没人回答：哪个区的哪种需求没人回答的比平常多。"""
    from leads.terminal import insights as show  # late: numpy and the records

    show.needs(state.settings(), city=city, span=span, now=datetime.now(UTC), as_json=as_json)


@group.command()
def similar(
    text: Annotated[str, typer.Argument(help="用自己的话写的描述。")] = "",
    lead: Annotated[str, typer.Option(help="或者一条线索的编号。")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="最多几条。")] = 10,
    as_json: Json = False,
) -> None:
    """相似：和一段描述或一条线索说同一类事的线索。"""
    from leads.terminal import insights as show  # late: numpy and the records

    now = datetime.now(UTC)
    show.similar(state.settings(), text=text, lead_id=lead, limit=limit, now=now, as_json=as_json)
