"""sources.toml: what a table may say, and what it is told when it is wrong."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from crawler.sources.load import PACKAGED, SourceError, load_sources
from crawler.sources.source import Board

GOOD = 'engine = "discuz"\nurl = "https://bbs.example.org"\nboards = ["36"]\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_packaged_examples_load_and_are_switched_off() -> None:
    sources = load_sources(PACKAGED)
    assert len(sources) >= 2
    assert not [source.name for source in sources if source.enabled]


def test_a_short_table_has_careful_defaults(tmp_path: Path) -> None:
    (source,) = load_sources(write(tmp_path, f"[bbs]\n{GOOD}"))
    assert source.url == "https://bbs.example.org/"
    assert source.host == "bbs.example.org"
    assert source.boards == (Board(id="36"),)
    assert source.permission.ground == "robots"
    assert (source.delay, source.every, source.route) == (1.0, timedelta(hours=1), "auto")
    assert not source.allow_private


def test_a_full_table(tmp_path: Path) -> None:
    text = f"""[bbs]
{GOOD.replace('["36"]', '[{ id = "2", name = "灌水", region = "四川成都" }]')}
every = "2d"
zone = "Asia/Urumqi"
delay = 2
permission = {{ ground = "consent", who = "站长", when = 2026-11-01, until = 2027-11-01, note = "邮件" }}
"""
    (source,) = load_sources(write(tmp_path, text))
    assert source.boards == (Board(id="2", name="灌水", region="四川成都"),)
    assert (source.every, source.delay, source.zone.key) == (timedelta(days=2), 2.0, "Asia/Urumqi")
    assert source.permission.until == date(2027, 11, 1)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("delay = 0.5", "delay 应在 1 到 3600 秒之间，而不是 0.5（下限不能关闭）"),
        ("delay = true", "delay 应是 数字"),
        ("allow_private = true\ndelay = 0.5", "delay 应在 1 到"),  # somebody else's host keeps the floor
        ('every = "5 miles"', "every 应写作"),
        ('every = "10s"', "至少一分钟"),
        ('every = "999999999999d"', "every 应写作"),
        ('route = "magic"', "route 不能是 'magic'，可选：auto、archiver、desktop、rss"),
        ('zone = "Mars/Olympus"', "zone 没有这个时区"),
        ('zone = "../etc"', "zone 没有这个时区"),
        ("days = 0", "days 至少是 1"),
        ("max_pages = 1.5", "max_pages 应是 整数"),
        ('permission = { ground = "hope" }', "[bbs.permission]：ground 不能是 'hope'"),
        ("permission = {}", "ground 不能是 ''"),
        ('permission = { ground = "consent", who = "a" }', "还需要 when、until、note"),
        ('permission = { ground = "consent", who = "a", when = "gestern" }', "when 应是日期"),
        ('colour = "red"', "不认识的键 'colour'"),
        ('words = ["", 3]', "words 应是文字的列表"),
        ('enabled = "no"', "enabled 应是 true 或 false"),
        ('name = "other"', "不认识的键 'name'"),
        ("options = {}", "不认识的键 'options'"),
        ('permission = { ground = "robots", by = "me" }', "[bbs.permission]：不认识的键 'by'"),
        ("permission = 3", "permission 应是 表，而不是 3"),
        ("region = 3", "region 应是 文字，而不是 3"),
        ('feeds = ["feed.xml"]', "不认识的键 'feeds'"),  # another engine's
        ("news = true", 'news 只用于订阅源（engine = "feed"），而这是 discuz'),
        ("news = 1", "news 应是 true 或 false"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(SourceError) as error:
        load_sources(write(tmp_path, f"[bbs]\n{GOOD}{line}\n"))
    assert "mine.toml" in str(error.value)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('[bbs]\nurl = "https://a.example/"\nboards = ["1"]', "engine 不能是 ''"),
        ('[bbs]\nengine = "discuz"\nboards = ["1"]', "url 应是论坛首页"),
        ('[bbs]\nengine = "discuz"\nurl = "file:///etc"\nboards = ["1"]', "url 应是论坛首页"),
        ('[bbs]\nengine = "discuz"\nurl = "http://[::1/"\nboards = ["1"]', "url 应是论坛首页"),
        ('[bbs]\nengine = "discuz"\nurl = "http://a.example:99999/"\nboards = ["1"]', "url 应是论坛首页"),
        ('[bbs]\nengine = "discuz"\nurl = "https://me:pw@a.example/"\nboards = ["1"]', "url 应是论坛首页"),
        ('[bbs]\nengine = "discuz"\nurl = "http://10.0.0.1/"\nboards = ["1"]', "在内网"),
        ('[bbs]\nengine = "discuz"\nurl = "http://0x7f.1/"\nboards = ["1"]', "在内网"),
        ('[bbs]\nengine = "discuz"\nurl = "https://a.example/"', "缺少 boards"),
        ('[bbs]\nengine = "discuz"\nurl = "https://a.example/"\nboards = ["x"]', "boards 的 id 应是数字"),
        ('[bbs]\nengine = "discuz"\nurl = "https://a.example/"\nboards = [3]', "boards 的一项应是"),
        ('[bbs]\nengine = "discuz"\nurl = "https://a.example/"\nboards = ["1", "1"]', "1 出现了两次"),
        ('["一个论坛"]\nengine = "discuz"', "名称只能用小写字母"),
        ("bbs = 3", "应是一个表"),
        ("[bbs", "不是有效的 UTF-8 TOML"),
    ],
)
def test_wrong_tables_are_named(tmp_path: Path, table: str, told: str) -> None:
    with pytest.raises(SourceError, match=r"mine\.toml") as error:
        load_sources(write(tmp_path, table))
    assert told in str(error.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="TINGZHEN_SOURCES"):
        load_sources(tmp_path / "none.toml")
    path = tmp_path / "gbk.toml"
    path.write_bytes("# 论坛".encode("gbk"))
    with pytest.raises(SourceError, match="UTF-8"):
        load_sources(path)


def test_the_floor_may_be_lifted_on_this_machine_only(tmp_path: Path) -> None:
    text = f"[bbs]\n{GOOD}allow_private = true\ndelay = 0.0\n"
    (source,) = load_sources(
        write(tmp_path, text.replace("https://bbs.example.org", "http://127.0.0.1:8080"))
    )
    assert source.delay == 0.0
    with pytest.raises(SourceError, match="下限"):
        load_sources(write(tmp_path, text.replace("https://bbs.example.org", "http://192.168.1.5")))


def test_hours_may_be_given_as_in_a_crontab(tmp_path: Path) -> None:
    good = write(tmp_path, f'[bbs]\n{GOOD}cron = "0  8,20 * * *"\n')
    assert load_sources(good)[0].cron == "0 8,20 * * *"
    with pytest.raises(SourceError, match="五段"):
        load_sources(write(tmp_path, f'[bbs]\n{GOOD}cron = "daily"\n'))
