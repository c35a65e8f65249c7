"""What the extension reads of a page, on pages of the shapes of seven sites with words of our own: only what
is visible, and nobody's name, number or telephone."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, Route

from crawler.importers.seen import SeenPost, read_seen
from crawler.parsing.addresses import post_at
from leads.web.pages.capture import EXTENSION
from tests.support.browsing import DESK, TIMEOUT
from tests.support.paths import ROOT

pytestmark = pytest.mark.browser

SITES = json.loads((EXTENSION / "sites.json").read_text(encoding="utf-8"))["sites"]
READ = (EXTENSION / "read.js").read_text(encoding="utf-8")
PAGES = ROOT / "tests" / "fixtures" / "pages" / "seen"
PAGES_A_SITE = 72  # 504 in all
WORDS = (
    "智齿疼得睡不着", "想找个近点的诊所", "左边牙龈肿了三天", "等了两个小时", "洗牙后敏感", "孩子换牙长歪了",
    "价格没有提前说清楚", "医生很耐心", "求推荐", "预算两千以内", "根管做了三次还疼", "周末能约吗",
)  # fmt: skip
SYLLABLES = "岚澈霁阮喵啾葵夙珞璃槿鹊"
# What is there for machines and not for readers.
HIDDEN = (
    "<span style='display:none'>{0}</span>",
    "<span style='visibility:hidden'>{0}</span>",
    "<span style='font-size:0'>{0}</span>",
    "<span style='opacity:0'>{0}</span>",
    "<span style='position:absolute;left:-9999px'>{0}</span>",
    "<span hidden>{0}</span>",
    "<span aria-hidden='true'>{0}</span>",
    "<script type='text/plain'>{0}</script>",
    "<i title='{0}' data-x='{0}'></i>",
    "<!-- {0} -->",
)


@dataclass
class Made:
    """A page with what may not be sent and what has to be."""

    url: str
    body: str
    secret: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


class Maker:
    """Fills a page of `tests/fixtures/pages/seen` with posts by invented people: `{{name a}}`, `{{text a}}`
    (what a wrote), `{{number 10}}` (one of so many digits that names somebody)."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.names: dict[str, str] = {}
        self.secret: list[str] = []
        self.said: list[str] = []

    def page(self, site: str) -> Made:
        shape = (PAGES / f"{site}.html").read_text(encoding="utf-8")
        body = re.sub(r"\{\{(name|text|number) (\w+)\}\}", self._filled, shape)
        return Made(url=ADDRESSES[site], body=body, secret=self.secret, said=self.said)

    def _filled(self, gap: re.Match[str]) -> str:
        if gap[1] == "number":
            return self._number(int(gap[2]))
        name = self.names.setdefault(gap[2], "") or self._name(gap[2])
        return name if gap[1] == "name" else self._text(name)

    def _name(self, who: str) -> str:
        made = self.names[who] = "".join(self.chance.sample(SYLLABLES, self.chance.randint(3, 6)))
        self.secret.append(made)
        return made

    def _number(self, digits: int) -> str:
        made = str(self.chance.randint(10 ** (digits - 1), 10**digits - 1))
        self.secret.append(made)
        return made

    def _phone(self) -> str:
        made = f"1{self.chance.randint(30, 99)}{self.chance.randint(0, 10**8 - 1):08d}"
        self.secret.append(made)
        parts = made[:3], made[3:7], made[7:]
        return self.chance.choice((made, "-".join(parts), " ".join(parts)))

    def _text(self, author: str) -> str:
        parts = []
        for words in self.chance.sample(WORDS, self.chance.randint(1, 6)):
            self.said.append(words)
            between = self.chance.choice(("，", "。", "<br>", "</p><p>", " "))
            parts += [words, self._beside(author), between]
        return f"<p>{''.join(parts)}</p>"

    def _beside(self, author: str) -> str:
        """What stands beside somebody's words: a telephone, a name, noise for machines, mostly nothing."""
        other = f"<a href='/u/{self._number(10)}'>@{self._name('other')}</a> "
        noise = self.chance.choice(HIDDEN).format(f"噪{self._number(9)}")
        said = (f"，电话{self._phone()}", other, f" @{author} ", f"——{author}——", noise, noise)
        return self.chance.choice((*said, *[""] * 4))


ADDRESSES = {
    "weibo": "https://weibo.com/1234567890/z0JH2lOMb",
    "xhs": "https://www.xiaohongshu.com/explore/66bb00000000000000000050?xsec_token=SECRETTOKEN&xsec_source=pc",
    "dianping": "https://www.dianping.com/shop/xyz/review_all",
    "douyin": "https://www.douyin.com/video/7300000000000000001?previous_page=SECRETTOKEN",
    "zhihu": "https://www.zhihu.com/question/12/answer/34?utm_psn=SECRETTOKEN",
    "douban": "https://www.douban.com/group/topic/78/?_i=SECRETTOKEN",
    "tieba": "https://tieba.baidu.com/p/8800000050?see_lz=1",
}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A tab in which every site shows an empty page; requests are counted in `asked`."""
    context = browser.new_context(viewport={"width": 1280, "height": 4000}, locale="zh-CN")
    context.set_default_timeout(TIMEOUT)
    opened = context.new_page()

    def empty(route: Route) -> None:
        route.fulfill(body="<!doctype html><meta charset='utf-8'><body></body>", content_type="text/html")

    opened.route("**/*", empty)
    yield opened
    context.close()


def read(page: Page, made: Made) -> dict[str, object]:
    """What the extension reads of a page, and what a reader sees of it."""
    found: dict[str, object] = page.evaluate(
        """([url, body, sites]) => {
            history.replaceState(null, "", new URL(url).pathname + new URL(url).search);
            document.body.innerHTML = body;
            return { ...tingzhenRead(sites), seen: document.body.innerText };
        }""",
        [made.url, made.body, SITES],
    )
    return found


def on(page: Page, made: Made) -> Page:
    page.goto(made.url)
    page.add_script_tag(content=READ)
    return page


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


MARKS = re.compile(r"@某人|\[(?:电话|微信|QQ|邮箱|证件号|链接)\]")


@pytest.mark.parametrize("site", ADDRESSES)
def test_what_is_sent_is_part_of_what_is_seen_and_names_nobody(page: Page, site: str) -> None:
    on(page, Maker(0).page(site))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for number in range(PAGES_A_SITE):
        made = Maker(number).page(site)
        found = read(page, made)
        items = [each["item"] for each in found["found"]]  # type: ignore[attr-defined]  # a list
        # `innerText` gives words of no size, too, which nobody sees.
        seen = re.sub(r"噪\d{9}", "", squeezed(str(found["seen"])))
        for item in items:
            for key in ("text", "title", "time", "place"):
                pieces = filter(None, MARKS.split(squeezed(item.get(key, ""))))
                assert [piece for piece in pieces if piece not in seen] == [], (number, key, item)
        sent = json.dumps(items, ensure_ascii=False)
        plain = re.sub(r"[-\s]", "", sent)
        assert [each for each in (*made.secret, "SECRETTOKEN") if each in plain] == [], (number, sent)
        words = squeezed("".join(item["text"] for item in items))
        assert made.said
        assert [each for each in made.said if each not in words] == [], (number, sent)
    assert asked == []


@pytest.mark.parametrize(
    ("site", "ids", "where"),
    [
        ("weibo", ["weibo/3501756485200075", "weibo/3501756485200075"], "四川"),
        ("xhs", ["xhs/66bb00000000000000000050", "xhs/66bb00000000000000000050"], "四川"),
        ("dianping", ["dianping/1234567890"], "示例口腔（武侯店）"),
        ("douyin", ["dy/7300000000000000001", "dy/7300000000000000001"], "四川"),
        ("zhihu", ["zhihu/a34"], "四川"),
        ("douban", ["douban/78", "douban/78"], "四川"),
        ("tieba", ["tieba/8800000050", "tieba/151000000001"], "四川"),
    ],
)
def test_address_time_and_place_are_those_of_the_post(
    page: Page, site: str, ids: list[str], where: str
) -> None:
    made = Maker(7).page(site)
    found = read(on(page, made), made)
    items = [each["item"] for each in found["found"]]  # type: ignore[attr-defined]  # a list
    addresses = [post_at(item["url"]) for item in items]
    assert [f"{post.source}/{post.post_id}" for post in addresses if post] == ids
    assert [item["kind"] for item in items] == ["post", "post" if site == "tieba" else "comment"][
        : len(items)
    ]
    kept = [read_seen(SeenPost(**item), now=datetime.now(UTC), secret=b"secret") for item in items]
    assert where in {hint.text for post in kept for hint in post.place_hints}
    assert len({post.id for post in kept}) == len(items)


def test_marked_words_are_read_everywhere_and_only_they(page: Page) -> None:
    page.goto("https://forum.example/thread.php?tid=5&uid=1234567&sid=abcdef")
    page.add_script_tag(content=READ)
    found = page.evaluate(
        """(sites) => {
            document.body.innerHTML = "<p>前面的话</p><p id='a'>智齿疼了<b>三天</b>，" +
                "<a href='/space-uid-1234567.html'>岚澈霁</a>推荐的</p><p>后面</p>";
            const range = document.createRange();
            range.setStart(document.getElementById("a").firstChild, 2);
            range.setEndAfter(document.querySelector("#a a"));
            getSelection().addRange(range);
            return tingzhenRead(sites);
        }""",
        SITES,
    )
    (only,) = found["found"]
    assert only["item"] == {
        "kind": "selection", "text": "疼了三天， @某人", "time": "", "url": "https://forum.example/thread.php?tid=5",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        (
            "https://forum.example/thread-5-1-1.html?mobile=2&token=x",
            "https://forum.example/thread-5-1-1.html",
        ),
        ("https://forum.example/space-uid-1234567.html", "https://forum.example/"),
        ("https://blog.example/u/1234567/post/5", "https://blog.example/"),
        (
            "https://forum.example/viewtopic.php?t=5&sid=0123456789abcdef#p9",
            "https://forum.example/viewtopic.php",
        ),
        ("file:///home/me/x.html", ""),
        ("about:blank", ""),
    ],
)
def test_an_address_loses_what_says_who(page: Page, address: str, plain: str) -> None:
    page.goto("https://forum.example/")
    page.add_script_tag(content=READ)
    assert page.evaluate("(address) => tingzhenAddress(address, null)", address) == plain


def test_what_is_not_on_the_screen_is_not_read(page: Page) -> None:
    made = Maker(3).page("tieba")
    page.set_viewport_size(DESK)
    far = Made(url=made.url, body=f"<div style='height: 3000px'></div>{made.body}")
    assert read(on(page, made), far)["found"] == []
    assert page.evaluate("scrollY") == 0
