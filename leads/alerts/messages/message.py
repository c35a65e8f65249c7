"""What an alert says: the record in `Alert.payload`, and its text, as long as a channel takes.

What a post says is foreign text: in every style it stays text, so that it makes no links, no commands and
calls nobody (`<@all>`). Only addresses of http and https become links.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from typing import Any, Literal

from leads.labels import age_text
from leads.models import BEIJING, SEVERITIES

Style = Literal["markdown", "text", "html", "slack", "telegram"]
Unit = Literal["bytes", "characters", "utf16"]
LONGEST_TITLE = 80  # characters; the text says the rest
PUBLISHED = "发布"  # the fact that says when a post was
MOST_ITEMS = 20  # alerts spelled out in one summary; the rest is a number and a link
SEVERITY_NAMES: Mapping[str, str] = {"": "", "low": "", "medium": "较轻", "high": "较重", "critical": "紧急"}
_SENTENCE = re.compile(r"[^。！？!?；;…\n]*(?:[。！？!?；;…\n]+[”’」』）)]*|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What one alert says; zh-CN, personal data masked. `page` is a path of ours, `post_url` the public post.

    `html` is a whole mail document, for who has one (digests); `images` belong to it: content id → PNG in
    base64.
    """

    title: str
    lines: tuple[str, ...] = ()  # what happened, and the post's text
    facts: tuple[tuple[str, str], ...] = ()  # ("严重程度", "较重")
    severity: str = ""  # of SEVERITIES; "" where there is none
    rule: str = ""  # the rule's name: why this person hears of it
    clinic_id: str = ""
    clinic: str = ""  # its name
    page: str = ""  # "/lead/…"
    post_url: str = ""
    published: str = ""  # when the post was, as ISO: a message says how long ago
    html: str = ""
    images: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For a JSON column: what says nothing is left out."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Payload:
        """Back again; what a newer version wrote besides is not lost but not shown."""
        known: dict[str, Any] = {name: value for name, value in values.items() if name in cls.__slots__}
        for name in ("lines", "facts", "images"):
            items = known.get(name, ())
            known[name] = tuple(tuple(each) if isinstance(each, list) else each for each in items)
        return cls(**{"title": "", **known})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much a service takes, counted as it counts."""

    size: int
    unit: Unit = "characters"

    def measure(self, text: str) -> int:
        if self.unit == "bytes":
            return len(text.encode())
        return len(text.encode("utf-16-le")) // 2 if self.unit == "utf16" else len(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent at once: one alert, or several as a summary. `base` is the desk's address, "" for none."""

    id: str  # of the alert that stands for all in it
    at: datetime  # when it was first tried: a later try says no other time
    items: tuple[Payload, ...]  # those that are spelled out
    total: int  # how many there are
    base: str = ""
    ack: str = ""  # the whole address of the acknowledging page

    @property
    def title(self) -> str:
        if self.total == 1:
            return first_sentences(clean(self.items[0].title), LONGEST_TITLE)
        names = tuple(dict.fromkeys(item.rule for item in self.items if item.rule))
        named = clean(f"{self.total} 条提醒" + (f"：{'、'.join(names[:3])}" if names else ""))
        return first_sentences(named, LONGEST_TITLE)

    @property
    def severity(self) -> str:
        """The gravest of all."""
        return max((item.severity for item in self.items), key=rank, default="")


def rank(severity: str) -> int:
    """0 for nothing or "low", up to 3 for "critical"."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


def clean(text: str) -> str:
    """One line without control characters: fit for a mail's subject and every title."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


# --- styles ------------------------------------------------------------

# Services differ in what a backslash escapes, if at all; full-width twins are read alike everywhere.
_TWINS = str.maketrans("[]*_`<>#|~\\", "［］＊＿｀＜＞＃｜～＼")


_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "＊", "_": "＿", "~": "～", "`": "｀"})


def printable(text: str) -> str:
    """Without control characters, also those that turn the reading direction round."""
    return "".join(char for char in text if char.isprintable() or char in "\n\t")


def _markdown(text: str) -> str:
    return printable(text).translate(_TWINS).replace("://", ":／／")


def harmless_html(text: str) -> str:
    """Foreign text as HTML that stays text."""
    return escape(printable(text))


def _slack(text: str) -> str:
    return printable(text).translate(_SLACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """How a style writes its parts."""

    plain: Callable[[str], str]  # foreign text made harmless
    bold: Callable[[str], str]
    link: Callable[[str, str], str]  # (words, address)
    paragraph: str = "\n\n"


def web_address(address: str) -> str:
    """Safe inside brackets and attributes; "" for what is no web address."""
    if not re.fullmatch(r"https?://[^\s/]\S*", address, re.I) or not address.isprintable():
        return ""
    table = {"(": "%28", ")": "%29", "<": "%3C", ">": "%3E", '"': "%22", "'": "%27", "|": "%7C"}
    return "".join(table.get(char, char) for char in address)


def _tag(words: str, address: str) -> str:
    return f'<a href="{escape(address)}">{words}</a>'


_LOOKS: Mapping[Style, _Look] = {
    "text": _Look(
        plain=printable,
        bold=lambda text: text,
        link=lambda words, url: f"{words}：{url}",
        paragraph="\n",
    ),
    "markdown": _Look(
        plain=_markdown,
        bold=lambda text: f"**{text}**",
        link=lambda words, url: f"[{words}]({url})",
    ),
    "html": _Look(plain=harmless_html, bold=lambda text: f"<b>{text}</b>", link=_tag, paragraph="\n"),
    "telegram": _Look(plain=harmless_html, bold=lambda text: f"<b>{text}</b>", link=_tag, paragraph="\n"),
    "slack": _Look(
        plain=_slack,
        bold=lambda text: f"*{text}*",
        link=lambda words, url: f"<{url}|{words}>",
        paragraph="\n",
    ),
}


# --- rendering ------------------------------------------------------------


def render(message: Message, style: Style, limit: Limit, *, title: bool = True) -> str:
    """The message in a style, at most `limit`; what does not fit is cut at a sentence and has a link.

    Without `title` the service shows the title by itself.
    """
    look = _LOOKS[style]
    head = [look.bold(look.plain(message.title))] if title else []
    if message.total == 1:
        return _one(message, look, limit, head)
    return _several(message, look, limit, head)


def _one(message: Message, look: _Look, limit: Limit, head: list[str]) -> str:
    item = message.items[0]
    head = [*head, *_facts(message, look)]
    body = "\n".join(line.strip() for line in item.lines if line.strip())
    return _fitted(head, body, _tail(message, look), look, limit, "全文见链接")


def _several(message: Message, look: _Look, limit: Limit, head: list[str]) -> str:
    """As many of the alerts as fit, each whole in a line or two."""
    tail = _tail(message, look)
    shown: list[str] = []
    for number, item in enumerate(message.items, 1):
        entry = f"{number}. {look.plain(first_sentences(clean(item.title), LONGEST_TITLE))}"
        text = clean(" ".join(item.lines))
        entry += f"\n{look.plain(first_sentences(text, 60))}" if text else ""
        rest = _rest(message.total - number, look)
        if limit.measure(_joined([*head, *shown, entry, *rest, *tail], look)) > limit.size:
            break
        shown.append(entry)
    parts = [*head, *shown, *_rest(message.total - len(shown), look), *tail]
    return _joined(parts, look) if shown else _fitted(head, "", tail, look, limit, "")


def _rest(count: int, look: _Look) -> list[str]:
    return [look.plain(f"另有 {count} 条，请打开提醒页查看。")] if count > 0 else []


def facts_of(message: Message) -> list[tuple[str, str]]:
    """What is known of the first alert, each on one line; how old its post was when this was first sent."""
    item = message.items[0]
    pairs = [("诊所", item.clinic), ("严重程度", SEVERITY_NAMES.get(item.severity, ""))]
    names = {name for name, _ in item.facts}
    pairs = [(name, value) for name, value in pairs if name not in names]
    age = _age(item.published, message.at)
    pairs += [(name, age if age and name == PUBLISHED else value) for name, value in item.facts]
    return [(clean(name), clean(value)) for name, value in pairs if clean(value)]


def _age(published: str, at: datetime) -> str:
    """ "2 小时前（11-22 16:00）"; "" for what is no time."""
    try:
        moment = datetime.fromisoformat(published)
        return f"{age_text(moment, at)}前（{moment.astimezone(BEIJING):%m-%d %H:%M}）"
    except (ValueError, TypeError):  # of another version, or without a zone
        return ""


def _facts(message: Message, look: _Look) -> list[str]:
    said = " · ".join(f"{name}：{value}" for name, value in facts_of(message))
    return [look.plain(first_sentences(said, 200))] if said else []


def _tail(message: Message, look: _Look) -> list[str]:
    """Links, and the rule: these are never cut."""
    item = message.items[0]
    several = message.total > 1
    page = "/alerts" if several else item.page
    links = [
        ("打开提醒页" if several else "在听诊里打开", message.base + page if message.base and page else ""),
        ("看原帖", "" if several else item.post_url),
        ("标为已看或不相关", message.ack),
    ]
    parts = [look.link(words, web_address(address)) for words, address in links if web_address(address)]
    joined = " · ".join(parts) if look is not _LOOKS["text"] else "\n".join(parts)
    rule = [] if several or not item.rule else [look.plain(f"来自规则「{clean(item.rule)[:40]}」")]
    return [*rule, *([joined] if joined else [])]


def _joined(parts: Sequence[str], look: _Look) -> str:
    return look.paragraph.join(part for part in parts if part)


def _fitted(head: list[str], body: str, tail: list[str], look: _Look, limit: Limit, more: str) -> str:
    """Head, as much of the body as fits, tail; of a head or tail too long itself the end is left out."""

    def made(text: str) -> str:
        return _joined([*head, look.plain(text), *tail], look)

    if limit.measure(made(body)) <= limit.size:
        return made(body)
    while limit.measure(made("")) > limit.size and (len(tail) or len(head) > 1):
        # An address longer than the service takes: better a message without it than none.
        (tail if tail else head).pop()
    note = f"……（{more}）" if more and tail else "……"
    fits = _most(lambda end: limit.measure(made(body[:end] + note)) <= limit.size, len(body))
    kept = _at_sentence(body[:fits])
    text = made(kept + note) if kept else made("")
    return text if limit.measure(text) <= limit.size else hard_cut(text, limit)


def _most(good: Callable[[int], bool], highest: int) -> int:
    """The largest number up to `highest` that is good; 0 when none is. `good` holds up to some point."""
    low = 0
    while low < highest:
        middle = (low + highest + 1) // 2
        low, highest = (middle, highest) if good(middle) else (low, middle - 1)
    return low


def _at_sentence(text: str) -> str:
    """Up to the end of the last whole sentence; as it is when there is none worth the loss."""
    end = 0
    for match in _SENTENCE.finditer(text):
        if match.end() > match.start() and text[match.end() - 1] in "。！？!?；;…\n”’」』）)":
            end = match.end()
    return text[:end].rstrip() if end * 4 >= len(text) else text


def first_sentences(text: str, most: int) -> str:
    """The beginning of a text, at most `most` characters, whole sentences if there are any."""
    return text if len(text) <= most else _at_sentence(text[: most - 1]) + "…"


def hard_cut(text: str, limit: Limit) -> str:
    """Whole characters only."""
    return text[: _most(lambda end: limit.measure(text[:end]) <= limit.size, len(text))]
