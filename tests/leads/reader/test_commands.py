"""The second reader at the command line, in `check` and in a round of the schedule."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads.actions import schedule
from leads.actions.check import check
from leads.config import Settings, load_settings
from leads.errors import ConfigError
from leads.records import Records, open_records, readings
from leads.storage import open_index
from tests.support.chat_service import ChatService, chat_service, failure
from tests.support.commands import run
from tests.support.doubts import doubtful

NOW = datetime.now(UTC)


def configured(service: ChatService | None, **changes: object) -> Settings:
    """Settings on disk that lead to this service, and one doubtful lead."""
    lines = ["[reader]"]
    if service is not None:
        settings = service.settings(**changes)
        for name in ("url", "model", "key", "private_addresses", "texts_may_leave"):
            value = getattr(settings, name)
            lines.append(f"{name} = {str(value).lower() if isinstance(value, bool) else repr(value)}")
    Path("tingzhen.toml").write_text("\n".join(lines), encoding="utf-8")
    loaded = load_settings()
    with open_index(loaded) as index:
        made = doubtful(1, "一号牙疼")
        index.upsert([replace(made, post=replace(made.post, published_at=NOW - timedelta(hours=1)))])
    return loaded


def findings() -> list[tuple[str, str]]:
    return [(each.level, each.text) for each in check(None) if each.topic == "第二读者"]


def test_off_is_one_sentence(own_folder: Path) -> None:
    ran = run("reader")
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert "没有打开" in ran.out
    assert run("reader", "--json").records[0]["on"] is False
    assert findings() == []


def test_reading_while_it_is_off_is_told_as_a_mistake(own_folder: Path) -> None:
    ran = run("reader", "--read")
    assert ran.code == ConfigError.exit_code
    assert "第二读者没有打开" in ran.said


def test_a_turn_and_how_it_stands_then(own_folder: Path) -> None:
    with chat_service() as service:
        configured(service)
        ran = run("reader", "--read")
        assert "这一次问了 1 条，1 条有回答" in ran.out
        assert "今天问了 1 次" in ran.out
        (record,) = run("reader", "--json").records
    assert (record["requests"], record["judged"], record["decides"], record["turn"]) == (1, 0, False, None)


def test_the_key_is_taken_from_the_environment_and_shown_nowhere(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat_service() as service:
        key = service.settings().key
        configured(service, key="")
        monkeypatch.setenv("TINGZHEN_READER__KEY", key)
        ran = run("reader", "--read")
    assert "1 条有回答" in ran.out
    said = [ran.out, ran.err, run("reader", "--json").out, *(text for _, text in findings())]
    assert not any(key in each for each in said)


def test_check_says_that_texts_stay_or_leave_and_asks_nobody(own_folder: Path) -> None:
    with chat_service() as service:
        configured(service)
        (first, text), (second, stands) = findings()
        assert (first, second) == ("ok", "ok")
        assert "帖子不离开这里" in text
        assert "今天问了 0 次" in stands
        configured(service, url="https://llm.example.com/v1", texts_may_leave=True)
        (level, text), _ = findings()
        assert level == "warning"
        assert "正文打码后会发给 llm.example.com" in text
        configured(service, url="http://llm.example.com/v1", texts_may_leave=True, private_addresses=False)
        assert (
            "error",
            "大模型的地址（reader.url）不是 https，帖子不会明文发到外面：请换成 https 地址。",
        ) in findings()
        configured(service, model="")
        assert findings() == [("error", "填了大模型的地址，没有填模型的名字（reader.model）：请补上。")]
        assert service.posts == []


def test_check_says_when_the_service_is_in_trouble(own_folder: Path) -> None:
    with chat_service() as service:
        configured(service)
        service.say = lambda post: failure(404)
        run("reader", "--read")
        _, (level, text) = findings()
    assert level == "warning"
    assert "那里没有这个地址或模型：请检查 reader.url 和 reader.model" in text


@pytest.mark.parametrize("url", ["ftp://x.example", "127.0.0.1:11434", "https://x.example/v1?key=1"])
def test_an_address_that_is_none_is_told_by_its_key(own_folder: Path, url: str) -> None:
    Path("tingzhen.toml").write_text(f'[reader]\nurl = "{url}"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"reader\.url"):
        load_settings()


def test_a_round_of_the_schedule_asks_and_forgets_what_is_old(own_folder: Path) -> None:
    with chat_service() as service:
        settings = configured(service)
        with open_records(settings) as records, open_index(settings) as index:
            _old_reading(records)
            done = schedule.one_round(settings, records, index)
            with records.reading() as session:
                assert readings.known(session, "old", ["k"]) == {}
    assert (done.asked, service.posts) == (1, ["一号牙疼"])


def test_serving_asks_by_itself_and_stops_while_an_answer_is_awaited(own_folder: Path) -> None:
    with chat_service() as service:
        settings = configured(service)
        service.say = slowly
        with open_records(settings) as records, open_index(settings) as index:
            running = schedule.Schedule(settings, records, index, roles=schedule.serve_roles(settings))
            running.start()
            while not service.wire.got:
                time.sleep(0.02)
            running.stop()
    assert service.posts == ["一号牙疼"]


def slowly(post: str) -> object:
    time.sleep(0.3)
    return {"intent": "seeker"}


def _old_reading(records: Records) -> None:
    then = NOW - timedelta(days=400)
    budget = readings.DailyBudget(requests=1, characters=1000)
    with records.transaction() as session:
        readings.reserve(session, "k", model="old", post_id="x/1", characters=1, budget=budget, now=then)
