"""Readers of what strangers send, each as a function of bytes, and what they may raise: for the corpus
(tests/test_corpus.py), and for `python -m benchmarks.fuzz`, which looks for more."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from crawler.coverage.tasks import Task
from crawler.importers import ImportProblem, read
from crawler.parsing.outcomes import PageError
from crawler.parsing.text import html_to_text
from crawler.parsing.times import TimeError, parse_time
from crawler.spiders.discourse.pages import FORUM as DISCOURSE
from crawler.spiders.discuz import pages as discuz
from crawler.spiders.feed.pages import read_feed
from crawler.spiders.flarum.pages import FORUM as FLARUM
from crawler.spiders.forum.json_forum import JsonForum, Moment
from crawler.spiders.forum.targets import BoardAt, ThreadAt
from crawler.spiders.health_qa import pages as health_qa
from crawler.spiders.health_qa.sites import health_site
from crawler.spiders.mybb import pages as mybb
from crawler.spiders.nodebb.pages import FORUM as NODEBB
from crawler.spiders.phpbb import pages as phpbb
from crawler.spiders.phpwind import pages as phpwind
from crawler.spiders.rendered.options import Selectors
from crawler.spiders.rendered.pages import read_cards
from crawler.spiders.tieba import pages as tieba
from crawler.spiders.weibo import pages as weibo
from crawler.spiders.weibo_api.pages import read_comments, read_page
from leads.config import load_settings
from leads.errors import ConfigError, QueryError
from leads.query.words import parse
from tests.support.paths import TESTS

NOW = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
AT = Moment(now=NOW, zone=ZONE)
SECRET = b"a secret of fuzzing only"
FILES, PAGES = TESTS / "fixtures" / "files", TESTS / "fixtures" / "pages"
CORPUS = TESTS / "fixtures" / "fuzz"  # a folder a target: inputs that once went wrong, or are odd
LONGEST = 20_000  # bytes of a changed input


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzTarget:
    """A reader. `fine` is what it may raise for what it cannot read; `seeds` are inputs that it can."""

    run: Callable[[bytes], object]
    fine: tuple[type[Exception], ...] = ()
    seeds: Sequence[bytes] = ()


def outcome(target: FuzzTarget, data: bytes) -> str:
    """ "" when it read the input or said why not; else what it raised."""
    try:
        target.run(data)
    except target.fine:
        return ""
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return ""


# --- the readers ------------------------------------------------------------


def _text(run: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: run(data.decode("utf-8", "replace"))


def _json_forum(forum: JsonForum) -> Callable[[bytes], object]:
    listed = Task(source="s", key="l", group="g", kind="list", at=BoardAt(board="1"))
    shown = Task(source="s", key="t", group="g", kind="thread", at=ThreadAt(thread="9"))

    def run(text: str) -> None:
        for task in (listed, shown):
            (forum.read_list if task is listed else forum.read_thread)(text.encode(), task, AT)

    return _text(run)


def _file(suffix: str) -> Callable[[bytes], object]:
    def run(data: bytes) -> int:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, f"f{suffix}")
            file.write_bytes(data)
            return sum(1 for _ in read(file, now=NOW, secret=SECRET))

    return run


def _settings(data: bytes) -> object:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "tingzhen.toml")
        file.write_bytes(data)
        return load_settings(file).clinic_records()


def _seeds(folder: Path, *patterns: str) -> tuple[bytes, ...]:
    return tuple(file.read_bytes() for pattern in patterns for file in sorted(folder.glob(pattern)))


_CARDS = Selectors(post="article", text="p", time="time", link="a::attr(href)", author=".by")
_RULES = (
    "牙疼 推荐",
    '"智齿 发炎" OR 拔牙',
    "-广告 (牙痛 OR 牙疼) symptom:牙痛",
    "since:7d near:安和 min_need:0.6",
    "*",
    "牙?疼",
)
_TIMES = (
    "3分钟前",
    "昨天 10:05",
    "11-20",
    "2026-11-20 08:15:30",
    "Sun Nov 22 17:55:00 +0800 2026",
    "1764000000",
)
_TOML = ((TESTS.parent / "tingzhen.example.toml").read_bytes(),)
_JSON = tuple(
    text.encode()
    for text in (
        '{"topic_list": {"topics": [{"id": 11, "title": "补牙", "bumped_at": "2026-11-29T10:00:00Z"}]}}',
        '{"data": [{"type": "discussions", "id": "11", "attributes": {"title": "补牙"}}], "links": {}}',
        '{"topics": [{"tid": 11, "titleRaw": "补牙", "timestampISO": "2026-11-29T10:00:00.000Z"}]}',
        '{"title": "补牙", "post_stream": {"stream": [1], "posts": [{"id": 1, "cooked": "<p>疼"}]}}',
        '{"posts": [{"pid": 1, "content": "<p>疼", "timestamp": 1764000000000}], "title": "补牙"}',
    )
)
TARGETS: dict[str, FuzzTarget] = {
    "times": FuzzTarget(
        run=_text(lambda text: parse_time(text, now=NOW)),
        fine=(TimeError,),
        seeds=[t.encode() for t in _TIMES],
    ),
    "rules": FuzzTarget(run=_text(parse), fine=(QueryError,), seeds=[rule.encode() for rule in _RULES]),
    "settings": FuzzTarget(run=_settings, fine=(ConfigError,), seeds=_TOML),
    "html": FuzzTarget(run=_text(html_to_text), seeds=_seeds(PAGES, "*/*.html")),
    "csv": FuzzTarget(run=_file(".csv"), fine=(ImportProblem,), seeds=_seeds(FILES, "*.csv", "*.tsv")),
    "json": FuzzTarget(run=_file(".json"), fine=(ImportProblem,), seeds=_seeds(FILES, "*.json", "*.jsonl")),
    "saved page": FuzzTarget(
        run=_file(".html"),
        fine=(ImportProblem,),
        seeds=_seeds(FILES, "*.html") + _seeds(PAGES, "seen/*.html"),
    ),
    "discuz list": FuzzTarget(
        run=_text(lambda text: discuz.read_list(text, now=NOW, zone=ZONE)),
        fine=(PageError,),
        seeds=_seeds(PAGES, "discuz/list*.html"),
    ),
    "discuz thread": FuzzTarget(
        run=_text(lambda text: discuz.read_thread(text, now=NOW, zone=ZONE)),
        fine=(PageError,),
        seeds=_seeds(PAGES, "discuz/thread*.html"),
    ),
    "discuz archiver": FuzzTarget(
        run=_text(lambda text: discuz.read_archiver_thread(text, now=NOW, zone=ZONE)),
        fine=(PageError,),
        seeds=_seeds(PAGES, "discuz/archiver*.html"),
    ),
    "feed": FuzzTarget(
        run=lambda data: read_feed(data, declared="", url="https://a.example/", now=NOW, zone=ZONE),
        fine=(PageError,),
        seeds=_seeds(PAGES, "feed/*"),
    ),
    "health question": FuzzTarget(
        run=_text(lambda text: health_qa.read_question(text, health_site("120ask"), now=NOW, zone=ZONE)),
        fine=(PageError,),
        seeds=_seeds(PAGES, "health_qa/*_question.html"),
    ),
    "health list": FuzzTarget(
        run=_text(lambda text: health_qa.read_list(text, health_site("120ask"), url="https://a.example/")),
        fine=(PageError,),
        seeds=_seeds(PAGES, "health_qa/*_list.html"),
    ),
    "tieba list": FuzzTarget(
        run=_text(lambda text: tieba.read_list(text, now=NOW)),
        fine=(PageError,),
        seeds=_seeds(PAGES, "tieba/l*"),
    ),
    "tieba thread": FuzzTarget(
        run=_text(lambda text: tieba.read_thread(text, now=NOW)),
        fine=(PageError,),
        seeds=_seeds(PAGES, "tieba/thread*"),
    ),
    "weibo search": FuzzTarget(
        run=_text(lambda text: weibo.read_search(text, now=NOW)),
        fine=(PageError,),
        seeds=_seeds(PAGES, "weibo/*.html") + _seeds(FILES, "weibo*.html"),
    ),
    "weibo cards": FuzzTarget(
        run=_text(lambda text: weibo.read_cards(text, now=NOW)),
        fine=(PageError,),
        seeds=_seeds(PAGES, "weibo/*.json"),
    ),
    "weibo api": FuzzTarget(
        run=_text(lambda text: read_page(text, now=NOW, system="gcj02")),
        fine=(PageError,),
        seeds=_seeds(PAGES, "weibo/*.json"),
    ),
    "weibo api comments": FuzzTarget(
        run=_text(lambda text: read_comments(text, "5000000000000001", now=NOW, secret=SECRET)),
        fine=(PageError,),
        seeds=_seeds(PAGES, "weibo/*.json"),
    ),
    "rendered": FuzzTarget(
        run=_text(lambda text: read_cards(text, _CARDS, url="https://a.example/", now=NOW, zone=ZONE)),
        fine=(PageError,),
        seeds=["<article><p>牙疼</p><time>昨天 10:05</time><a href='/1'>x</a><i class=by>a</i>".encode()],
    ),
    **{
        name: FuzzTarget(run=_json_forum(forum), fine=(PageError,), seeds=_JSON)
        for name, forum in {"discourse": DISCOURSE, "flarum": FLARUM, "nodebb": NODEBB}.items()
    },
    **{
        f"{name} {kind}": FuzzTarget(
            run=_text(lambda text, reader=reader: reader(text, AT)),
            fine=(PageError,),
            seeds=_seeds(PAGES, "discuz/list_p*.html" if kind == "list" else "discuz/thread*.html"),
        )
        for name, pages in {"mybb": mybb, "phpbb": phpbb, "phpwind": phpwind}.items()
        for kind, reader in {"list": pages.read_list, "thread": pages.read_thread}.items()
    },
}


# --- changed inputs ------------------------------------------------------------

_ODD = [
    *(
        b"\xff",
        b"\xed\xa0\x80",
        b"\0",
        b"\r",
        b"\n\n",
        b"\t",
        b"\\",
        b"<!--",
        b"]]>",
        b"<![CDATA[",
        b"&#1114112;",
    ),
    *(
        b"&#xD800;",
        b"&#1;",
        b"</div>" * 50,
        b"<div>" * 300,
        b"<table><tr><td>",
        b'"',
        b"'",
        b"{",
        b"[" * 200,
        b"null",
    ),
    *(
        b"99999999999999999999",
        b"-1",
        b"0",
        b"NaN",
        b"1e999",
        b" OR ",
        b"~",
        b"^",
        b"*",
        b"=",
        b",",
        b"%",
        b":",
        b"()",
    ),
    *(
        text.encode()
        for text in ("\ufeff", "\u202e", "９９９", "²", "年", "月", "前", "昨天", "2月30日", "牙" * 200)
    ),
]


def changed(data: bytes, draw: random.Random) -> bytes:
    """The input with a few things cut, doubled, swapped or put in."""
    made = bytearray(data[:LONGEST])
    for _ in range(draw.randint(1, 6)):
        here, there = sorted(draw.randint(0, len(made)) for _ in range(2))
        there = min(there, here + draw.choice((1, 4, 40, 400)))
        match draw.randint(0, 5):
            case 0:
                del made[here:there]
            case 1:
                made[here:here] = made[here:there]
            case 2:
                made[here:here] = draw.choice(_ODD)
            case 3:
                made[here:there] = draw.choice(_ODD)
            case 4:
                made[here:there] = bytes(draw.randrange(256) for _ in range(there - here))
            case _:
                piece = bytes(made[here:there])
                del made[here:there]
                place = draw.randint(0, len(made))
                made[place:place] = piece
    return bytes(made[:LONGEST])
