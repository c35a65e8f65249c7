"""The dossier as a document: facts, and drafts made of them for people to finish. zh-CN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from leads.dossier.chained_file import LAST, Chained, chained
from leads.dossier.data_map import ABOUT, STORES
from leads.dossier.facts import Facts
from leads.labels import DEED_NAMES, ENGINE_NAMES, ERASURE_NAMES
from leads.models import BEIJING
from leads.sources.states import GROUNDS

TITLES: Mapping[str, str] = {
    "cover": "封面",
    "sources": "来源、依据和 robots.txt 的历次结论",
    "load": "自动化采集影响评估（草稿）",
    "impact": "个人信息保护影响评估（草稿）",
    "notice": "个人信息处理规则（草稿）",
    "data-map": "数据地图",
    "erasures": "按要求删除的",
    "retention": "到期删除的",
    "audits": "谁做过什么",
    LAST: "结尾",
}


def document(facts: Facts) -> Chained:
    """The whole of it, chained section by section."""
    pages = _pages()
    values = {"facts": facts, "titles": TITLES, "stores": STORES, "about": ABOUT}
    return chained(
        [
            (name, pages.get_template(f"{name}.html").render(name=name, **values) + _figures(name, facts))
            for name in TITLES
        ]
    )


def _figures(name: str, facts: Facts) -> str:
    """What programs read of a section; "" for one that is words only."""
    told: dict[str, object] = {
        "cover": {"at": facts.at, "version": facts.version, "clinics": facts.clinics},
        "sources": [{**asdict(each), "load": None} for each in facts.sources],
        "load": {each.name: asdict(each.load) for each in facts.sources},
        "impact": asdict(facts.people),
        "data-map": [asdict(each) for each in facts.tables],
        "erasures": [asdict(each) for each in facts.erasures],
        "retention": [asdict(each) for each in facts.retention],
        "audits": [asdict(each) for each in facts.deeds],
    }
    if name not in told:
        return ""
    # No < in it: nothing in a text ends the element, or looks like a line of links.
    data = orjson.dumps(told[name], default=dict).decode().replace("<", "\\u003c")
    return f'<script type="application/json" id="data-{name}">{data}</script>'


def _pages() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "pages"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    made.globals.update(
        day=_day, moment=_moment, own=_own, engines=ENGINE_NAMES, grounds=GROUNDS,
        erased=ERASURE_NAMES, deeds=DEED_NAMES,
    )  # fmt: skip
    return made


def _day(day: date | None) -> str:
    return day.isoformat() if day else "未写"


def _moment(at: datetime | None) -> str:
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M") if at else "没有"


def _own(what: str) -> Markup:
    """A place for the operator's own words."""
    return Markup('<p class="own">【请填写】{}</p>').format(what)
