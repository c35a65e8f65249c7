"""sources.toml edited in place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from crawler.sources.load import load_sources
from leads.errors import ConfigError, ConflictError
from leads.sources.file import SourcesFile, Value

TEXT = """\
# 我们的来源
[own]  # 本地论坛
engine = "discuz"
url = "https://own.example/"
every = "2h"  # 站长说的
boards = [
  { id = "36", name = "健康" },  # 最要紧的
]

[own.permission]
ground = "robots"

# 第二个
[news]
engine = "feed"
url = "https://news.example/"
feeds = ["rss.xml"]
"""


@pytest.fixture
def file(tmp_path: Path) -> SourcesFile:
    (tmp_path / "sources.toml").write_text(TEXT, encoding="utf-8")
    return SourcesFile(tmp_path / "sources.toml")


def text(file: SourcesFile) -> str:
    return file.path.read_text(encoding="utf-8")


def test_a_change_leaves_everything_else_as_it_stood(file: SourcesFile) -> None:
    file.change("own", {"every": "1d"}, version=file.version("own"))
    assert text(file) == TEXT.replace('every = "2h"', 'every = "1d"')


def test_every_kind_of_value_is_written_and_read_back(file: SourcesFile) -> None:
    values: dict[str, Value] = {
        "enabled": False,
        "pages_per_day": 300,
        "region": "四川成都",
        "every": None,
        "boards": [{"id": "7", "name": '引号"和\\'}],
        "permission": {
            "ground": "consent",
            "who": "站长",
            "when": date(2026, 1, 2),
            "until": date(2027, 1, 2),
            "note": "邮件",
        },
    }
    file.change("own", values, version=file.version("own"))
    own, news = load_sources(file.path)
    assert (own.enabled, own.pages_per_day, own.region) == (False, 300, "四川成都")
    assert [(board.id, board.name) for board in own.boards] == [("7", '引号"和\\')]
    assert (own.permission.ground, own.permission.until) == ("consent", date(2027, 1, 2))
    assert news.enabled
    assert "# 第二个" in text(file)


def test_who_was_overtaken_is_told_and_changes_nothing(file: SourcesFile) -> None:
    mine = file.version("own")
    file.change("own", {"every": "3h"}, version=mine)
    after = text(file)
    with pytest.raises(ConflictError, match="别人改过"):
        file.change("own", {"every": "4h"}, version=mine)
    with pytest.raises(ConflictError, match="别人改过"):
        file.remove("own", version=mine)
    assert text(file) == after


def test_a_change_of_another_table_is_no_conflict(file: SourcesFile) -> None:
    mine = file.version("own")
    file.change("news", {"every": "3h"}, version=file.version("news"))
    file.change("own", {"every": "4h"}, version=mine)


def test_a_removed_table_is_gone_and_said_to_be(file: SourcesFile) -> None:
    mine = file.version("own")
    file.remove("own", version=mine)
    assert text(file).startswith("# 我们的来源\n\n# 第二个\n[news]\n")
    with pytest.raises(ConflictError, match="已经被删掉"):
        file.change("own", {"every": "4h"}, version=mine)


def test_what_looks_like_a_table_inside_of_a_text_is_none(file: SourcesFile) -> None:
    odd = (
        '[odd]\nengine = "discuz"\nurl = "https://odd.example/"\nboards = ["1"]\nregion = """\n[news]\n"""\n'
    )
    file.path.write_text(odd + TEXT, encoding="utf-8")
    file.remove("odd", version=file.version("odd"))
    assert [source.name for source in load_sources(file.path)] == ["own", "news"]


def test_what_would_be_wrong_is_not_written(file: SourcesFile) -> None:
    with pytest.raises(ConfigError, match=r"sources\.toml 的 \[own\]：every"):
        file.change("own", {"every": "often"}, version=file.version("own"))
    assert text(file) == TEXT
    assert [each.name for each in file.path.parent.iterdir()] == ["sources.toml"]


def test_a_name_is_taken_once(file: SourcesFile) -> None:
    table = '[news]\nengine = "feed"\nurl = "https://b.example/"\nfeeds = ["x"]\n'
    with pytest.raises(ConfigError, match="已经有叫"):
        file.add("news", table, {})
    file.add("more", table.replace("news", "more"), {"region": "成都"})
    assert load_sources(file.path)[2].region == "成都"
    assert text(file).startswith(TEXT)
