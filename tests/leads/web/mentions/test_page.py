"""提及: what is listed, marked and filtered, the thread around one, and what a doctor sees."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, ViewportSize

from leads.index.sqlite.index import SqliteIndex
from leads.models import Lead, Mention
from leads.web.mentions.view import MentionForm, evidence
from nlp.models import Sentiment
from tests.support.browsing import SIZES, fits, opened, shoot
from tests.support.builders import mention, post
from tests.support.seeds import SCRIPT, ClientOf, fresh
from tests.support.seen import Seen

NEUTRAL = Sentiment(polarity="neutral", severity=0)
BAD = Sentiment(polarity="complaint", severity=3, cues=("拔错牙", "不退钱"), kinds=("dispute", "injury"))
GOOD = Sentiment(polarity="praise", severity=0, cues=("很仔细",))


def heard(number: int, text: str, *, hours: float, clinic_id: str = "anhe", **changes: object) -> Mention:
    """A mention that is `hours` old; what a post has goes to the post."""
    own = {
        name: changes.pop(name)
        for name in ("sentiment", "how", "support", "score", "said", "term")
        if name in changes
    }
    written = post(number, text, **changes)
    moment = datetime.now(UTC) - timedelta(hours=hours)
    made = replace(mention(number, clinic_id), post=replace(written, published_at=moment), sentiment=NEUTRAL)
    return replace(made, **own)  # type: ignore[arg-type]  # given by name


def mentions() -> list[Mention]:
    return [
        heard(1, "在安和口腔拔错牙，医生说没事，最后还不退钱，大家避雷", hours=1, sentiment=BAD,
              thread_id="7", floor=1, url="https://forum.example/7"),
        heard(2, "张伟医生给我看的牙，很仔细", hours=2, sentiment=GOOD, how="doctor", term="张伟医生",
              said="张伟", support=("同帖提到诊所", "医生"), score=0.6, thread_id="7", floor=2),
        heard(3, "安河口腔在武侯哪里？", hours=30, how="homophone", said="安河口腔",
              support=("武侯",), score=0.8),
        heard(4, "上次洗牙挺疼的", hours=50, how="comment", score=0.5, repost_of="forum/1"),
        heard(5, SCRIPT + "安和口腔", hours=60),
        heard(6, "青木中医调理了半年", hours=3, clinic_id="qingmu", term="青木中医", thread_id="7", floor=4),
        *(heard(100 + n, f"{n}号在安和口腔补牙", hours=100 + n) for n in range(30)),
    ]  # fmt: skip


def leads() -> list[Lead]:
    return [
        fresh(50, "同一个帖子里有人牙疼，求推荐", hours=2, place=None, thread_id="7", floor=3),
        fresh(51, "别的帖子牙疼", hours=2, place=None, thread_id="8"),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("mentions")
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert(leads())
        index.upsert_mentions(mentions())
    return made


def ids(client: TestClient, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200
    return [each.split("/")[1].split("#")[0] for each in Seen(answer.text).all("li", "id")]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/mentions?since=3d", ["1", "2", "6", "3", "4", "5"]),
        ("/mentions?clinic=qingmu", ["6"]),
        ("/mentions?polarity=complaint", ["1"]),
        ("/mentions?polarity=好评", ["2"]),
        ("/mentions?kind=injury", ["1"]),
        ("/mentions?kind=media", []),
        ("/mentions?severity=critical", ["1"]),
        ("/mentions?q=不退钱", ["1"]),
        ("/mentions?q=武侯 OR 调理", ["6", "3"]),
        ("/mentions?q=拔错牙 -不退钱", []),
        ("/mentions?since=1d&clinic=anhe", ["1", "2"]),
    ],
)
def test_what_is_listed(client: TestClient, address: str, expected: list[str]) -> None:
    assert ids(client, address) == expected


def test_pages_follow_one_another_without_gaps(client: TestClient) -> None:
    first, second, third = (ids(client, f"/mentions?page={number}") for number in (1, 2, 3))
    assert (len(first), len(second), third) == (25, 11, [])
    assert len({*first, *second}) == 36
    page = client.get("/mentions?clinic=anhe").text
    assert 'rel="next"' in page
    assert "page=2" in page
    assert "回到第一页" in client.get("/mentions?page=2").text


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("/mentions?polarity=angry", "polarity"),
        ("/mentions?kind=joke", "kind"),
        ("/mentions?severity=9", "severity"),
        ("/mentions?since=gestern", "since"),
        ("/mentions?q=(", "引号"),
        ("/mentions?q=" + "x" * 20_000, "太长"),
    ],
)
def test_a_filter_that_cannot_be_understood_is_one_sentence(
    client: TestClient, address: str, word: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert word in answer.text
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("page", ["0", "-1", "x", "٣", "99999999999", "1e3"])
def test_a_page_that_is_none_is_the_first(page: str) -> None:
    assert MentionForm(page=page).number() == 1


def test_what_says_so_is_marked_and_named(client: TestClient) -> None:
    text = client.get("/mentions?since=3d").text
    for word in (
        '<mark class="words">安和口腔</mark>', '<mark class="urgency">拔错牙</mark>',
        '<mark class="words">安河口腔</mark>', '<mark class="symptom">武侯</mark>', "（同音写法）",
        "（医生姓名）", "自己内容下的评论", "纠纷", "伤害", "严重程度 3/3", "可能是同名，把握 60%",
        "同帖提到诊所",
    ):  # fmt: skip
        assert word in text
    assert "<script>document" not in text


def test_the_name_is_marked_as_the_post_has_it() -> None:
    found = heard(1, "安河口腔", hours=1, said="安河口腔", support=("武侯",), sentiment=BAD)
    assert [(each.kind, each.words) for each in evidence(found)] == [
        ("urgency", "拔错牙"), ("urgency", "不退钱"), ("symptom", "武侯"), ("words", "安河口腔"),
    ]  # fmt: skip


def test_one_mention_is_shown_in_its_thread(client: TestClient) -> None:
    text = client.get("/mentions/forum/1%23anhe").text
    assert "给我看的牙" in text
    assert "青木中医" in text
    assert "同一个帖子里有人牙疼" in text
    assert "别的帖子牙疼" not in text
    assert "武侯哪里" not in text


def test_an_answer_is_shown_with_what_it_answers(client: TestClient) -> None:
    text = client.get("/mentions/forum/4%23anhe").text
    assert "它回应的内容" in text
    assert "避雷" in text


@pytest.mark.parametrize("address", ["/mentions/forum/1%23nobody", "/mentions/x", "/mentions/forum/1"])
def test_a_mention_that_is_not_there_is_a_404(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_a_doctor_sees_own_clinics_only(client_of: ClientOf) -> None:
    doctor = client_of("doctor", ("qingmu",))
    assert ids(doctor, "/mentions") == ["6"]
    assert ids(doctor, "/mentions?clinic=anhe") == []
    assert doctor.get("/mentions/forum/1%23anhe").status_code == 404
    text = doctor.get("/mentions/forum/6%23qingmu").text
    assert "避雷" not in text
    assert "张伟" not in text


def test_a_doctor_without_clinics_sees_nothing(client_of: ClientOf) -> None:
    assert ids(client_of("doctor", ()), "/mentions") == []


@pytest.mark.browser
@SIZES
def test_the_pages_fit_and_can_be_read(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    with opened(browser, size, folder=folder) as page:
        page.goto(address + "/mentions")
        assert fits(page)
        shoot(page, f"mentions-{size['width']}")
        page.get_by_role("link", name="详情").first.click()
        page.wait_for_url("**/mentions/forum/1**")
        assert fits(page)
        assert page.get_by_text("同一主题里的线索").is_visible()
        shoot(page, f"mention-{size['width']}")
