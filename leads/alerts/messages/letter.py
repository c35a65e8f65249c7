"""One alert as a letter: what was said first, the facts beneath, then what to do. Pure.

A mail has room, so nothing is cut. The buttons are links to pages that ask once more: programs that look
behind links, as mail servers do, change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from leads.alerts.messages.message import Message, Payload, facts_of, harmless_html, printable, web_address

_BUTTON = (
    "display:inline-block;padding:8px 20px;margin:0 8px 8px 0;border-radius:6px;border:1px solid #0f6b62;"
    "text-decoration:none;"
)
_MAIN, _OTHER = _BUTTON + "background:#0f6b62;color:#fff", _BUTTON + "color:#0f6b62"
_QUOTE = "margin:0 0 12px;padding:4px 14px;border-left:4px solid #59a89d;white-space:pre-line"
_SOFT = "color:#5b6866;margin:0 0 12px"


def buttons(message: Message) -> Iterator[tuple[str, str]]:
    """(words, address) of what may be done with an alert; without an address of the desk there is none."""
    item = message.items[0]
    if message.base and item.page:
        yield "打开", message.base + item.page
    if message.ack:
        yield "已看", f"{message.ack}?choice=seen"
        yield "不相关", f"{message.ack}?choice=irrelevant"


def as_text(message: Message) -> str:
    """For programs that show no HTML."""
    item = message.items[0]
    parts = [
        printable(message.title),
        "\n".join(f"> {printable(line)}" for line in _said(item)),
        "\n".join(f"{name}：{printable(value)}" for name, value in facts_of(message)),
        "\n".join(f"{words}：{url}" for words, url in buttons(message)),
        f"看原帖：{url}" if (url := web_address(item.post_url)) else "",
        f"来自规则「{printable(item.rule)}」" if item.rule else "",
    ]
    return "\n\n".join(part for part in parts if part)


def as_html(message: Message) -> str:
    """The body of a document whose head shows the title."""
    item = message.items[0]
    said = "<br>\n".join(harmless_html(line) for line in _said(item))
    facts = "<br>\n".join(f"{name}：{harmless_html(value)}" for name, value in facts_of(message))
    done = "".join(
        f'<a href="{escape(url)}" style="{_OTHER if number else _MAIN}">{words}</a>\n'
        for number, (words, url) in enumerate(buttons(message))
    )
    post = web_address(item.post_url)
    parts = [
        f'<blockquote style="{_QUOTE}">{said}</blockquote>' if said else "",
        f'<p style="{_SOFT}">{facts}</p>' if facts else "",
        f"<p>{done}</p>" if done else "",
        f'<p><a href="{escape(post)}">看原帖</a></p>' if post else "",
        f'<p style="{_SOFT}">来自规则「{harmless_html(item.rule)}」</p>' if item.rule else "",
    ]
    return "\n".join(part for part in parts if part)


def _said(item: Payload) -> list[str]:
    return [part for line in item.lines for part in line.splitlines() if part.strip()]
