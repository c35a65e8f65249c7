"""The fields of a search, each spelled once.

The page's form and chips, the API, the command line, the tools of an assistant and the conditions of rules
are made of this table. It imports nothing slow, because `tingzhen --help` reads it, too.

`leads.query.search.READERS` says by `kind` how a text becomes a value of `LeadQuery`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FieldKind = Literal[
    "words", "place", "km", "area", "moment", "precision", "share", "sort", "limit", "text",
    "symptom", "specialty", "intent", "status", "assignee",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchField:
    """A field of a search. `label`, `hint`, `help` and `chip` are for people (zh-CN)."""

    name: str  # in addresses, rules and calls; an option of the command line with hyphens
    fills: str  # the attribute of `LeadQuery`; "" where it only goes into another field's
    kind: FieldKind
    label: str
    help: str  # what may be written
    many: bool = False  # may be given several times: any of these
    default: str = ""
    examples: tuple[str, ...] = ()
    in_rules: bool = True  # means something to a rule, which is asked about what is new
    chip: str = ""  # how the list says that it is in use; "" where the page has its own way
    placeholder: str = ""  # of the line it is typed into on forms; "": it has no such line
    hint: str = ""  # after the label of that line
    decimal: bool = False  # that line takes a number

    @property
    def option(self) -> str:
        """Of the command line."""
        return "--" + self.name.replace("_", "-")


# In the order of a canonical address.
FIELDS: tuple[SearchField, ...] = (
    SearchField(
        name="q", fills="words", kind="words", label="词", chip="“{}”",
        help="搜索词：AND OR NOT NEAR、引号、括号、field:。", examples=("牙疼 OR 智齿",),
    ),
    SearchField(
        name="near", fills="near", kind="place", label="诊所附近", examples=("all",),
        help="诊所 id，或 纬度,经度（WGS-84）；不写是第一家诊所，all 不限地点。",
    ),
    SearchField(
        name="radius", fills="", kind="km", label="半径", help="5km、800m；不写是诊所的服务半径。",
        examples=("5km",),
    ),
    SearchField(
        name="area", fills="area", kind="area", label="区划", hint="（代替诊所位置）", chip="{}",
        help="行政区名或代码；不明 是不知道在哪里的。", examples=("成都武侯",), placeholder="成都武侯",
    ),
    SearchField(
        name="since", fills="since", kind="moment", label="起始", in_rules=False,
        help="7d、12h，或 2026-11-01（北京时间）。", examples=("30d",),
    ),
    SearchField(
        name="until", fills="until", kind="moment", label="截止", in_rules=False, chip="{} 之前",
        help="同 since，不含。",
    ),
    SearchField(
        name="precision", fills="precision", kind="precision", label="位置把握", default="likely",
        help="sure 附近；likely（默认）附近和可能在附近；maybe 只要可能在附近；possible 连仅同省。",
        examples=("possible",),
    ),
    SearchField(
        name="min_need", fills="min_need", kind="share", label="需求分不低于", hint="（0 到 1）",
        chip="需求不低于 {}", help="需求下限，0 到 1。", examples=("0.5",), placeholder="0.6", decimal=True,
    ),
    SearchField(
        name="sort", fills="sort", kind="sort", label="排序", default="score", in_rules=False,
        help="score（默认）、newest、nearest。", examples=("newest",),
    ),
    SearchField(
        name="cursor", fills="cursor", kind="text", label="翻页", in_rules=False,
        help="来自 next，不要自己写。",
    ),
    SearchField(
        name="symptom", fills="symptoms", kind="symptom", label="症状", many=True, help="代码或名称，任一。",
        examples=("牙痛",),
    ),
    SearchField(
        name="specialty", fills="specialties", kind="specialty", label="科室", many=True,
        help="代码或名称，任一。", examples=("dental",),
    ),
    SearchField(
        name="intent", fills="intents", kind="intent", label="意图", many=True, help="任一。",
        examples=("seeker",),
    ),
    SearchField(name="source", fills="sources", kind="text", label="来源", many=True, help="任一。"),
    SearchField(
        name="status", fills="statuses", kind="status", label="状态", many=True, in_rules=False,
        help="跟进状态，任一。", examples=("new",),
    ),
    SearchField(
        name="assignee", fills="assignees", kind="assignee", label="负责人", many=True, in_rules=False,
        help="负责人的用户名，任一。",
    ),
    SearchField(
        name="limit", fills="limit", kind="limit", label="条数", default="20", in_rules=False,
        help="最多几条，1 到 1000。",
    ),
)  # fmt: skip
BY_NAME: Mapping[str, SearchField] = {field.name: field for field in FIELDS}
TYPED = tuple(field for field in FIELDS if field.placeholder)
