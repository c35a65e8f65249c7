"""Adding, changing and removing a source on the page, against the sample forum."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from crawler.sample.forum import Served, serve_forum
from crawler.sample.topics import Style
from crawler.sources.load import load_sources
from leads.config import CrawlSettings
from leads.records import jobs, open_records
from leads.records.tables.people import Audit
from leads.sources.file import SourcesFile
from leads.web.app import create_app
from tests.support.seeds import settings

CONSENT = {"who": "站长", "when": "2026-01-02", "until": "2099-01-02", "note": "邮件同意"}


@pytest.fixture(scope="module")
def app(folder: Path) -> FastAPI:
    crawl = CrawlSettings(private_addresses=True)
    return create_app(settings(folder).model_copy(update={"crawl": crawl}))


@pytest.fixture(scope="module")
def forum() -> Iterator[Served]:
    with serve_forum() as served:
        yield served


@pytest.fixture(autouse=True)
def file(folder: Path) -> SourcesFile:
    (folder / "sources.toml").unlink(missing_ok=True)
    return SourcesFile(folder / "sources.toml")


def looked(client: TestClient, url: str) -> dict[str, str]:
    """The hidden and filled fields of the form that a look leads to."""
    page = client.post("/sources/look", data={"url": url, "private": "1"}).text
    fields = re.findall(r'name="(found|name|private)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in fields}


def added(client: TestClient, url: str, **form: object) -> str:
    answer = client.post("/sources", data={**looked(client, url), "board": ["36"], "then": "keep", **form})
    assert answer.status_code == 200
    return answer.text


def test_a_look_shows_verdict_engine_and_boards(client: TestClient, forum: Served) -> None:
    page = client.post("/sources/look", data={"url": forum.url, "private": "1"}).text
    for words in ("robots.txt 允许", "Discuz! 论坛", "健康求助", "保存并马上采集"):
        assert words in page


def test_a_look_stores_nothing(client: TestClient, forum: Served, file: SourcesFile) -> None:
    looked(client, forum.url)
    assert not file.path.exists()


def test_a_saved_source_waits_for_its_crawl(
    client: TestClient, forum: Served, file: SourcesFile, folder: Path
) -> None:
    page = added(
        client, forum.url, then="start", region="四川成都", every="30m", contact="desk@clinic.example"
    )
    assert "已排队" in page
    (source,) = load_sources(file.path)
    assert (source.enabled, source.url, source.region) == (True, forum.url, "四川成都")
    assert [board.id for board in source.boards] == ["36"]  # only what was ticked
    assert (source.contact, source.every.total_seconds()) == ("desk@clinic.example", 1800)
    with open_records(settings(folder)) as records, records.reading() as session:
        assert [job.subject for job in jobs.open_jobs(session)] == [source.name]
        assert ("source.add", source.name) in [(row.action, row.subject) for row in session.query(Audit)]


def test_a_source_that_is_only_saved_is_off(client: TestClient, forum: Served, file: SourcesFile) -> None:
    assert "还停用着" in added(client, forum.url)
    assert not load_sources(file.path)[0].enabled


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"board": []}, "至少选一个"),
        ({"name": "我的论坛"}, "小写字母"),
        ({"every": "often"}, "every"),
        ({"quiet": "always"}, "quiet"),
        ({"pages_per_day": "many"}, "一天最多几页"),
        ({"pages_per_day": "多"}, "一天最多几页"),
        ({"ground": "consent", "who": "站长"}, "还缺"),
        ({"ground": "consent", **CONSENT, "when": "明天"}, "日期"),
        ({"contact": "a) b"}, "contact"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(
    client: TestClient, forum: Served, file: SourcesFile, form: dict[str, object], said: str
) -> None:
    answer = client.post("/sources", data={**looked(client, forum.url), "board": ["36"], **form})
    assert answer.status_code == 400
    assert said in answer.text
    assert not file.path.exists()


def test_a_consent_is_written_with_its_end(client: TestClient, forum: Served, file: SourcesFile) -> None:
    added(client, forum.url, ground="consent", **CONSENT)
    given = load_sources(file.path)[0].permission
    assert (given.ground, given.who, str(given.until)) == ("consent", "站长", "2099-01-02")


@pytest.fixture
def shut() -> Iterator[Served]:
    """A forum whose robots.txt forbids everything."""
    with serve_forum(style=Style(robots="User-agent: *\nDisallow: /\n")) as served:
        yield served


def test_what_robots_forbids_is_said_and_cannot_be_added(client: TestClient, shut: Served) -> None:
    page = client.post("/sources/look", data={"url": shut.url, "private": "1"}).text
    assert shut.forum.requests[-1][1] == "/robots.txt"
    assert "robots.txt 不允许" in page
    assert 'name="found"' not in page
    assert "站长书面同意了吗" in page


def test_a_consent_opens_what_robots_forbids_and_the_verdict_stays_to_be_seen(
    client: TestClient, shut: Served, file: SourcesFile, folder: Path
) -> None:
    asked = {"url": shut.url, "private": "1", "ground": "consent", **CONSENT}
    page = client.post("/sources/look", data=asked).text
    assert "robots.txt 不允许" in page
    assert "健康求助" in page
    fields = dict(re.findall(r'name="(found|name|private|who|note|when|until)" value="([^"]*)"', page))
    form = {name: unescape(value) for name, value in fields.items()}
    assert (form["who"], form["note"]) == ("站长", "邮件同意")
    client.post("/sources", data={**form, "board": ["36"], "ground": "consent", "then": "start"})
    (source,) = load_sources(file.path)
    assert (source.enabled, source.permission.ground, source.permission.note) == (True, "consent", "邮件同意")
    with open_records(settings(folder)) as records, records.reading() as session:
        told = {
            each.action: each.detail for each in session.query(Audit).filter(Audit.action.like("source.%"))
        }
    assert told["source.consent"]["consent"] == {"ground": "consent", **CONSENT}
    assert told["source.add"] == {"ground": "consent（robots.txt 不允许）"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"who": ""}, "还缺：谁同意的"),
        ({"until": "2026-01-03"}, "到期"),
        ({"when": "2098-01-01"}, "起才有效"),
    ],
)
def test_a_consent_that_does_not_hold_asks_the_site_for_nothing(
    client: TestClient, shut: Served, wrong: dict[str, str], said: str
) -> None:
    asked = {"url": shut.url, "private": "1", "ground": "consent", **CONSENT, **wrong}
    answer = client.post("/sources/look", data=asked)
    assert (answer.status_code, said in answer.text) == (400, True)
    assert shut.forum.requests == []


@pytest.mark.parametrize("url", ["", "ftp://a.example/", "http://user:word@a.example/", "http://["])
def test_what_is_no_address_is_said(client: TestClient, url: str) -> None:
    answer = client.post("/sources/look", data={"url": url})
    assert answer.status_code in (400, 422)
    assert 'role="alert"' in answer.text


def test_our_own_network_is_shut_unless_the_settings_open_it(
    client: TestClient, client_of: Callable[..., TestClient], folder: Path, forum: Served
) -> None:
    forum.forum.requests.clear()
    unticked = client.post("/sources/look", data={"url": forum.url})
    assert (unticked.status_code, "内网" in unticked.text) == (400, True)
    shut = TestClient(
        create_app(settings(folder)),
        base_url=str(client.base_url),
        cookies=dict(client.cookies),
        headers=dict(client.headers),
    )
    ticked = shut.post("/sources/look", data={"url": forum.url, "private": "1"})
    assert (ticked.status_code, "内网" in ticked.text) == (400, True)
    assert forum.forum.requests == []
    shut.close()


def test_an_edit_changes_what_was_changed(client: TestClient, forum: Served, file: SourcesFile) -> None:
    added(client, forum.url, board=["36", "40"])
    (before,) = load_sources(file.path)
    form = {
        "version": file.version(before.name),
        "enabled": "1",
        "board": ["36"],
        "more": "77",
        "every": "1d",
    }
    assert "已保存" in client.post(f"/coverage/{before.name}/edit", data=form).text
    (after,) = load_sources(file.path)
    assert (after.enabled, [board.id for board in after.boards]) == (True, ["36", "77"])
    assert after.boards[0].name == before.boards[0].name
    assert after.every.days == 1


def test_of_two_people_the_second_is_told(client: TestClient, forum: Served, file: SourcesFile) -> None:
    added(client, forum.url)
    (source,) = load_sources(file.path)
    form = {"version": file.version(source.name), "board": ["36"], "region": "四川成都"}
    client.post(f"/coverage/{source.name}/edit", data=form)
    late = client.post(f"/coverage/{source.name}/edit", data={**form, "region": "北京"})
    assert (late.status_code, "别人改过" in late.text) == (409, True)
    assert 'value="北京"' in late.text  # what was written is not lost
    gone = client.post(f"/coverage/{source.name}/remove", data={"version": form["version"]})
    assert (gone.status_code, "别人改过" in gone.text) == (409, True)
    assert load_sources(file.path)[0].region == "四川成都"


def test_a_removed_source_is_gone_from_the_file(client: TestClient, forum: Served, file: SourcesFile) -> None:
    added(client, forum.url)
    (source,) = load_sources(file.path)
    assert source.url in client.get(f"/coverage/{source.name}/remove").text
    removed = client.post(f"/coverage/{source.name}/remove", data={"version": file.version(source.name)})
    assert "已从来源文件里删掉" in removed.text
    assert load_sources(file.path) == ()
    assert client.get(f"/coverage/{source.name}/edit").status_code == 404


def test_a_source_shows_the_newest_leads_it_brought(client: TestClient, file: SourcesFile) -> None:
    forum = '[forum]\nengine = "discuz"\nurl = "https://forum.example/"\nboards = ["1"]\n'
    file.path.write_text(forum, encoding="utf-8")
    page = client.get("/coverage/forum").text
    assert re.search(r"\d+ 条线索", page)
    assert "0号牙疼" in page
