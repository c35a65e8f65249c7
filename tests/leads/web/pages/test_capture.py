"""看见即存 on the phone: what is shared is shown before it is kept; the extension to take along."""

from __future__ import annotations

import io
import json
import zipfile
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from leads.web.pages.capture import EXTENSION, packed, shared
from tests.support.seeds import ClientOf
from tests.support.seen import Seen

FORM = {
    "text": "智齿发炎疼了三天，半边脸都肿了，成都武侯区哪家牙科好？急",
    "time": "3小时前",
    "place": "四川",
    "url": "https://m.weibo.cn/status/z0JH2lOMb",
}


def test_what_a_phone_shares_is_shown_and_not_yet_kept(client: TestClient) -> None:
    link = "https://www.xiaohongshu.com/explore/66bb00000000000000000050?xsec_token=SECRET"
    text = f"智齿疼，电话13812345678 {link} 打开看"
    page = client.get("/capture?" + urlencode({"title": "@小鹿乱撞 的笔记", "text": text}))
    assert "SECRET" not in page.text
    assert "13812345678" not in page.text
    assert "小鹿乱撞" not in page.text
    assert "是小红书的帖子" in page.text
    inputs = {
        values.get("name"): values.get("value") for tag, values in Seen(page.text).tags if tag == "input"
    }
    assert inputs["url"] == "https://www.xiaohongshu.com/explore/66bb00000000000000000050"
    assert "还能存 100 条" in page.text


def test_the_telephones_share_menu_knows_the_page(client: TestClient) -> None:
    manifest = json.loads(client.get("/static/app.webmanifest").text)
    assert manifest["share_target"]["action"] == "/capture"
    params = dict.fromkeys(manifest["share_target"]["params"].values(), "x")
    assert client.get("/capture", params=params).status_code == 200


@pytest.mark.parametrize(
    ("text", "url", "expected"),
    [
        ("看 https://weibo.com/1234567890/z0JH2lOMb", "", "https://m.weibo.cn/detail/3501756485200075"),
        ("看", "https://forum.example/t?tid=1", "https://forum.example/t?tid=1"),
        ("没有网址", "", ""),
    ],
)
def test_the_address_is_found_where_phones_put_it(text: str, url: str, expected: str) -> None:
    assert shared("", text, url).url == expected


def test_it_is_kept_with_a_press_and_leads_to_what_it_became(client: TestClient) -> None:
    done = client.post("/capture", data=FORM)
    assert "已保存，是一条线索。" in done.text
    (link,) = [href for href in Seen(done.text).all("a", "href") if href.startswith("/leads/weibo/")]
    assert "智齿发炎" in client.get(link).text
    again = client.post("/capture", data=FORM)
    assert "这条已经有了" in again.text
    assert "还能存 98 条" in again.text


def test_without_its_form_token_nothing_is_kept(client_of: ClientOf) -> None:
    client = client_of()
    assert client.post("/capture", data=FORM, headers={"X-CSRF": "wrong"}).status_code == 403


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"time": ""}, "都要填"), ({"text": ""}, "都要填"), ({"time": "不知道"}, "看不懂的时间")],
)
def test_a_complaint_keeps_what_was_typed(client: TestClient, changes: dict[str, str], said: str) -> None:
    page = client.post("/capture", data=FORM | changes)
    assert page.status_code == 400
    assert said in page.text
    assert (FORM | changes)["text"] in page.text


def test_the_extension_is_a_zip_that_knows_the_desk(client: TestClient) -> None:
    answer = client.get("/capture/extension.zip")
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = {name.removeprefix("tingzhen-extension/") for name in archive.namelist()}
        desk = json.loads(archive.read("tingzhen-extension/desk.json"))
    assert names == {file.name for file in EXTENSION.iterdir()}
    assert desk == {"address": "http://127.0.0.1:8000"}
    assert packed("http://a") == packed("http://a") != packed("http://b")


def test_the_extension_asks_for_no_more_than_it_needs() -> None:
    manifest = json.loads((EXTENSION / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["manifest_version"] == 3
    assert manifest["permissions"] == ["activeTab", "scripting", "storage"]
    assert not {"host_permissions", "content_scripts", "background", "optional_host_permissions"} & set(
        manifest
    )
    scripts = "".join(file.read_text(encoding="utf-8") for file in EXTENSION.glob("*.js"))
    for word in (
        "cookie",
        "XMLHttpRequest",
        "scrollTo",
        "scrollBy",
        "scrollIntoView",
        ".click(",
        "innerHTML",
        "eval(",
    ):
        assert word not in scripts.replace("no cookie", "")
    reader = (EXTENSION / "read.js").read_text(encoding="utf-8")
    assert "fetch" not in reader
    assert "localStorage" not in scripts


def test_every_site_is_named_and_every_rule_can_be_read() -> None:
    sites = json.loads((EXTENSION / "sites.json").read_text(encoding="utf-8"))["sites"]
    assert [site["name"] for site in sites] == [
        "微博",
        "小红书",
        "大众点评",
        "抖音",
        "知乎",
        "豆瓣",
        "百度贴吧",
    ]
    known = {
        *("kind", "at", "text", "title", "time", "place", "placeKind", "link", "names", "drop", "folded"),
        *("pageIsPost", "number", "numbered", "opening"),
    }
    for site in sites:
        assert site["hosts"]
        assert site["addresses"]
        for form in site["blocks"]:
            assert {"kind", "at", "text", "time"} <= set(form) <= known
