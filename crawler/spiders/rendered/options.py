"""The keys of sources.toml that only `rendered` knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from cssselect import SelectorError
from parsel.csstranslator import HTMLTranslator
from pydantic import AfterValidator, ConfigDict, StrictBool, StrictFloat

from crawler.sources.source import EngineOptions, Source, Text, checked, relative


def _css(value: str) -> str:
    try:
        if value:
            HTMLTranslator().css_to_xpath(value)
    except SelectorError as error:
        raise ValueError(f"不是有效的 CSS 选择器：{value!r}（{error}）") from error
    return value


Css = Annotated[str, AfterValidator(_css)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS selectors, inside the block of one post but for `post` and `next`; "" = the page has no such thing.
    A selector gives an element's text, or with `::attr(name)` an attribute."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    post: Css = ""
    text: Css = ""  # "" = the whole block
    title: Css = ""
    time: Css = ""
    link: Css = ""
    author: Css = ""
    id: Css = ""  # "" = made of link or text
    next: Css = ""  # there is a further page when this matches; "" = as long as pages hold posts
    # What stands in a post and is not its author's words.
    drop: tuple[Annotated[Text, AfterValidator(_css)], ...] = ()


_Path = Annotated[Text, AfterValidator(checked(relative, "里写相对 url 的路径，而不是 {0!r}"))]
_wait = checked(lambda seconds: 0 < seconds <= 60, "应在 0 到 60 秒之间，而不是 {0:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedOptions(EngineOptions):
    pages: Annotated[tuple[_Path, ...], AfterValidator(lambda paths: paths or ("",))] = (
        "",
    )  # paths under `url`; {page} counts from 1
    select: Selectors = field(default_factory=Selectors)
    render: StrictBool = False  # use a browser where the plain page does not hold the posts
    wait: Annotated[StrictFloat, AfterValidator(_wait)] = 10.0  # seconds that scripts get to make the posts
    hosts: tuple[
        Annotated[Text, AfterValidator(str.lower)], ...
    ] = ()  # further hosts whose scripts the page may load

    def wrong(self, source: Source) -> str:
        if self.select.post and self.select.time:
            return ""
        return 'select 缺少 post 或 time，例如 post = "article.card"、time = "time::attr(datetime)"'
