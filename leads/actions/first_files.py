"""`tingzhen init`: the two files of an installation, ready to be used as they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from crawler.system_errors import os_reason
from leads.config import DEFAULT_FILE
from leads.errors import InputError, StorageError

SOURCES = "sources.toml"
_SETTINGS = """\
# 听诊的设置。没写的项取默认值；全部设置见 tingzhen.example.toml。

data_dir = "data"        # 数据放在哪里；相对路径从本文件所在目录算起

[web]
port = 8000              # 网页的端口

[crawl]
sources = "{sources}"  # 采集哪些网站；“采集”页和 tingzhen sources add 写的也是它
contact = {contact}             # 站长能联系到你的邮箱或网址
"""
_SOURCES = """\
# 采集哪些网站，一张表一个来源。在“采集”页添加，或运行 tingzhen sources add 网址。
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFiles:
    """What was written."""

    settings: Path
    sources: Path


def write_files(folder: Path, *, contact: str) -> FirstFiles:
    """Both files in this folder, which is made when it is missing.

    Raises:
        InputError: one of them is there already; nothing is written then.
        StorageError: the folder cannot be written.
    """
    made = FirstFiles(settings=folder / DEFAULT_FILE, sources=folder / SOURCES)
    there = next((file for file in (made.settings, made.sources) if file.exists()), None)
    if there is not None:
        raise InputError(f"{there} 已经有了，没有改动它：请用 --folder 换一个目录，或直接改这个文件。")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made.sources.write_text(_SOURCES, encoding="utf-8")
        text = _SETTINGS.format(sources=SOURCES, contact=json.dumps(contact, ensure_ascii=False))
        made.settings.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{folder} 写不了（{os_reason(error)}）：请检查权限，或换一个目录。") from error
    return made
