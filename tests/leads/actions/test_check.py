"""`tingzhen check`: everything a user can mend is a finding, nothing is raised."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from leads.actions.check import check
from leads.config import load_settings
from leads.learning.drift import LEAST
from leads.records import open_records, users
from leads.records.tables.alerts import Channel
from leads.storage import open_index
from tests.support.builders import lead, tags

CLINIC = '[[clinics]]\nid = "anhe"\nname = "安和口腔"\nlat = 30.6386\nlon = 104.0536\n'
SOURCE = """
[forum]
engine = "discuz"
url = "https://forum.example/"
region = "四川成都"
permission = { ground = "robots" }
boards = [{ id = "1", name = "健康" }]
"""


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def checked(config: str) -> list[tuple[str, str, str]]:
    Path("tingzhen.toml").write_text(config, encoding="utf-8")
    return [(finding.level, finding.topic, finding.text) for finding in check(None)]


def level(findings: list[tuple[str, str, str]], topic: str) -> str:
    return next(level for level, name, _ in findings if name == topic)


def test_a_fresh_install_has_warnings_but_no_errors() -> None:
    findings = [(finding.level, finding.topic) for finding in check(None)]
    assert findings == [
        ("ok", "配置"),
        ("warning", "诊所"),
        ("warning", "来源"),
        ("ok", "数据目录"),
        ("ok", "模型"),
        ("ok", "索引"),
        ("ok", "记录"),
        ("ok", "备份"),
        ("ok", "网页"),
    ]
    assert not Path("data").exists()


def test_leads_unlike_those_before_are_a_warning() -> None:
    now = datetime.now(UTC)
    with open_index(load_settings()) as index:
        for days, seeker in ((20, 0.95), (1, 0.45)):
            made = [lead(days * 1000 + n, f"{n}号牙疼") for n in range(LEAST)]
            index.upsert(
                [
                    replace(
                        each,
                        post=replace(each.post, published_at=now - timedelta(days=days)),
                        tags=tags(each.post.full_text, seeker=seeker),
                    )
                    for each in made
                ]
            )
    found = [(level, text) for level, topic, text in checked("") if topic == "模型"]
    assert [level for level, _ in found] == ["ok", "warning"]
    assert "最近 7 天的线索和之前 28 天很不一样" in found[1][1]


def test_what_alerts_still_need_is_said() -> None:
    with open_index(load_settings()):
        pass
    texts = {topic: text for _, topic, text in checked("")}
    assert "一次性链接" in texts["记录"]
    assert all(word in texts["提醒"] for word in ("没有规则", "没有通道", "没有人订阅"))


def test_records_of_a_newer_version_are_an_error() -> None:
    Path("data").mkdir()
    with open_records(load_settings()) as records, records.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    errors = [(topic, said) for level, topic, said in checked("") if level == "error"]
    assert ("记录", "记录库是更新版本的听诊写的：请升级听诊，或换一个 data_dir。") in errors


def test_a_mail_channel_without_a_mail_server_is_an_error() -> None:
    now = datetime.now(UTC)
    Path("data").mkdir()
    with open_records(load_settings()) as records, records.transaction() as session:
        user = users.add_user(session, login="lin", name="林", role="admin", now=now)
        session.add(Channel(user_id=user.id, name="邮箱", kind="mail", address="{}", created_at=now))
    assert any(level == "error" and "alerts.smtp" in said for level, _, said in checked(""))
    served = checked('[alerts]\nsmtp = "smtps://mail.example:465"\n')
    assert not any(level == "error" for level, _, _ in served)


@pytest.mark.parametrize(
    ("config", "level", "said"),
    [
        ("", "ok", "只有这台电脑能打开"),
        ('[web]\npublic_url = "https://desk.example"\n', "ok", "https://desk.example"),
        ('[web]\nhost = "0.0.0.0"\n', "warning", "web.public_url"),
    ],
)
def test_who_can_open_the_desk_is_said(config: str, level: str, said: str) -> None:
    assert any(found == level and topic == "网页" and said in text for found, topic, text in checked(config))


def test_a_clinic_is_named_with_its_district_and_reach() -> None:
    assert ("ok", "诊所", "安和口腔，区划 510107，半径 5 公里。") in checked(CLINIC)


def test_enabled_sources_are_listed_and_a_contact_is_asked_for() -> None:
    Path("sources.toml").write_text(SOURCE, encoding="utf-8")
    findings = checked('[crawl]\nsources = "sources.toml"\n')
    assert any(text.startswith("forum（discuz）") for _, _, text in findings)
    assert any("crawl.contact" in text for _, _, text in findings)
    findings = checked('[crawl]\nsources = "sources.toml"\ncontact = "a@example.com"\n')
    assert not any("crawl.contact" in text for _, _, text in findings)


def test_the_index_is_counted() -> None:
    with open_index(load_settings()):
        pass
    assert ("ok", "索引", "线索 0，折叠 0，提及 0。") in checked("")


@pytest.mark.parametrize(
    ("config", "topic"),
    [
        ("prot = 1", "配置"),
        ("[web", "配置"),
        (CLINIC.replace("30.6386", "51.5"), "诊所"),
        (CLINIC + 'specialties = ["x"]', "诊所"),
        ('[crawl]\nsources = "nowhere.toml"', "来源"),
        ('data_dir = "tingzhen.toml"', "数据目录"),
    ],
)
def test_what_is_wrong_is_an_error_under_its_topic(config: str, topic: str) -> None:
    assert level(checked(config), topic) == "error"


def test_a_damaged_index_is_an_error() -> None:
    Path("data").mkdir()
    Path("data/leads.sqlite").write_bytes(b"no database" * 100)
    findings = checked("")
    assert level(findings, "索引") == "error"
    assert any("损坏" in text for _, _, text in findings)


def test_an_unknown_sources_file_is_named() -> None:
    texts = [text for _, topic, text in checked('[crawl]\nsources = "nowhere.toml"') if topic == "来源"]
    assert "nowhere.toml" in texts[0]
