"""A file from the browser: seen, imported, reported, removed. Whom it names is nowhere to be seen."""

from __future__ import annotations

import csv
import io
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from leads.actions import erase, uploads
from leads.actions.schedule import Crawls, runner
from leads.index import open_backend
from leads.records import open_records
from leads.web.app import create_app
from tests.support.seeds import settings

NOW = datetime.now(UTC)
YESTERDAY = (NOW - timedelta(days=1)).astimezone().strftime("%Y-%m-%d %H:%M")
SEEKER = "坐标成都武侯，右边大牙疼了三天，求推荐口腔诊所，电话13912345678"
TABLE = f"""内容,发布时间,昵称,用户id,IP属地
{SEEKER},{YESTERDAY},小林家的猫,u-778899,四川
今天天气真好,{YESTERDAY},路人乙,u-112233,四川
牙疼,不是时间,路人丙,u-445566,四川
"""


@pytest.fixture(scope="module")
def app(folder: Path) -> FastAPI:
    return create_app(settings(folder))


@pytest.fixture(autouse=True)
def no_uploads(folder: Path) -> None:
    uploads.forget(settings(folder), datetime.now(UTC) + timedelta(days=1))


def sent(client: TestClient, text: str | bytes, name: str = "posts.csv") -> Response:
    content = text.encode() if isinstance(text, str) else text
    return client.post("/imports", files={"file": (name, content)})


def token(answer: Response) -> str:
    return answer.url.path.removeprefix("/imports/")


def work(folder: Path) -> None:
    """What the schedule's thread does."""
    with open_records(settings(folder)) as records:
        runner(settings(folder), records, Crawls(settings(folder), records)).run_all()


def files(folder: Path) -> list[Path]:
    return [each for each in (folder / "uploads").rglob("文件*") if each.is_file()]


def test_what_is_understood_is_shown_before_anything_is_stored(client: TestClient, folder: Path) -> None:
    before = open_backend(settings(folder)).counts()
    page = sent(client, TABLE).text
    for words in ("通用表格", "右边大牙疼了三天", "牙痛", "武侯", "求诊可能", "第 4 行读不了"):
        assert words in page
    assert re.search(r"<option selected>内容</option>", page)
    assert open_backend(settings(folder)).counts() == before


def test_nobody_is_shown(client: TestClient) -> None:
    page = sent(client, TABLE).text
    for secret in ("小林家的猫", "u-778899", "13912345678", "路人丙"):
        assert secret not in page


def test_the_import_reports_and_the_file_goes(client: TestClient, folder: Path) -> None:
    looked = sent(client, TABLE)
    (file,) = files(folder)
    assert [oct(each.stat().st_mode & 0o777) for each in (file, file.parent, file.parent.parent)] == [
        "0o600",
        "0o700",
        "0o700",
    ]
    waiting = client.post(f"/imports/{token(looked)}/start")
    assert "排队中" in waiting.text
    work(folder)
    page = client.get(f"/imports/{token(looked)}").text
    without_help = re.sub(r'(?s)<button[^>]*class="term".*?</button><span popover.*?</span>', "", page)
    assert re.sub("<[^>]+>", "", without_help).count("读了 3 条：线索 1，与诊所无关 1，太旧 0")
    assert files(folder) == []
    rows = list(
        csv.reader(io.StringIO(client.get(f"/imports/{token(looked)}/rejected.csv").text.lstrip("\ufeff")))
    )
    assert [row[0] for row in rows] == ["行", "4"]
    kept = b"".join(each.read_bytes() for each in (folder / "uploads").rglob("*") if each.is_file())
    for secret in ("小林家的猫", "u-778899", "路人丙", "大牙疼", "不是时间'"):
        assert secret.encode() not in kept


def test_columns_can_be_chosen_and_a_day_given(client: TestClient, folder: Path) -> None:
    odd = f"甲,乙\n{SEEKER},x\n"
    looked = sent(client, odd)
    assert "认不出" in looked.text
    assert "--columns" not in looked.text
    address = f"/imports/{token(looked)}"
    assert "请在下面选" in client.get(address, params={"text": "甲"}).text  # no time yet
    day = f"{NOW - timedelta(days=2):%Y-%m-%d}"
    page = client.get(address, params={"text": "甲", "day": day}).text
    assert day in page
    assert "右边大牙疼了三天" in page
    client.post(f"{address}/start", data={"text": "甲", "day": day})
    work(folder)
    assert "已导入" in client.get(address).text


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "空的"), (b"\x00\x01\x02" * 50, ""), (b"just words", "")],
)
def test_what_is_no_table_is_one_sentence(client: TestClient, content: bytes, said: str) -> None:
    answer = sent(client, content, "x.bin")
    assert 'role="alert"' in answer.text
    assert said in answer.text
    assert "--columns" not in answer.text


def test_a_form_without_a_file_says_so(client: TestClient) -> None:
    answer = client.post("/imports", data={"x": "y"})
    assert (answer.status_code, "还没有选文件" in answer.text) == (400, True)


def test_too_large_is_said_before_it_is_read(
    client: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 2**20)
    answer = sent(client, b"x" * (2**20 + 20_000))
    assert (answer.status_code, "请拆成几个" in answer.text) == (400, True)
    almost = sent(client, b"x" * (2**20 + 10))  # the form's own lines are not counted as its file
    assert (almost.status_code, "请拆成几个" in almost.text) == (400, True)
    assert files(folder) == []


def test_what_is_not_wanted_is_removed(client: TestClient, folder: Path) -> None:
    looked = sent(client, TABLE)
    client.post(f"/imports/{token(looked)}/remove")
    assert files(folder) == []
    assert client.get(f"/imports/{token(looked)}").status_code == 404


def test_a_file_that_nobody_imports_goes_after_a_day(client: TestClient, folder: Path) -> None:
    sent(client, TABLE)
    uploads.forget(settings(folder), datetime.now(UTC) - uploads.KEPT)
    assert files(folder) != []
    uploads.forget(settings(folder), datetime.now(UTC) + timedelta(seconds=1))
    assert files(folder) == []


def test_who_is_erased_stands_in_no_waiting_file(client: TestClient, folder: Path) -> None:
    looked = sent(client, TABLE)
    own = settings(folder)
    with open_records(own) as records, open_backend(own) as index:
        erase.erase(records, index, "post", "forum/987654", who="boss", now=NOW, settings=own)
    assert files(folder) == []
    assert "请重新上传" in client.get(f"/imports/{token(looked)}").text


def test_an_import_that_is_stopped_goes_on_another_time(client: TestClient, folder: Path) -> None:
    looked = sent(client, TABLE)
    client.post(f"/imports/{token(looked)}/start")
    own, stop = settings(folder), threading.Event()
    stop.set()
    with pytest.raises(uploads.Stopped):
        uploads.run(own, token(looked), stop=stop)
    assert files(folder) != []
    work(folder)
    assert "已导入" in client.get(f"/imports/{token(looked)}").text


def test_a_file_that_breaks_on_the_way_says_what_was_read(client: TestClient, folder: Path) -> None:
    whole = "\n".join(f'{{"text": "牙疼 {n}", "time": "{YESTERDAY}"}}' for n in range(3))
    looked = sent(client, f"[{whole.replace(chr(10), ',')}, {{", "posts.json")
    client.post(f"/imports/{token(looked)}/start")
    work(folder)
    page = client.get(f"/imports/{token(looked)}").text
    assert 'role="alert"' in page or "读不了 1" in re.sub("<[^>]+>", "", page)
    assert files(folder) == []
