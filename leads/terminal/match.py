"""找对人 on a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from crawler.system_errors import os_reason
from leads import storage
from leads.actions.match import EMERGENCY, NO_DIAGNOSIS, distance_said
from leads.actions.match import match as matched
from leads.config import Settings
from leads.errors import InputError
from leads.terminal.tables import print_json
from nlp.models import NO_WORDS


def match(settings: Settings, file: Path | None, *, place: str, as_json: bool) -> None:
    """Who should see the writer of a file, or of what standard input says; nothing is kept.

    Raises:
        InputError: the file cannot be read.
        QueryError: no such place, or too long a text.
    """
    found = matched(settings, storage.known_clinics(settings), _read(file), place=place, own=NO_WORDS)
    if as_json:
        print_json([found.to_json()])
        return
    print(NO_DIAGNOSIS)
    if found.urgent:
        print(f"说到{'、'.join(found.urgent)}，几小时内就该看。{EMERGENCY}")
    if not found.fields:
        print("看不出现在哪里不舒服：请多写一句症状、在哪里、多久了。")
        return
    for field in found.fields:
        print(f"{field.name}：说到{'、'.join(f'“{words}”' for words, _ in field.reasons)}")
    for choice in found.choices:
        print(f"{choice.clinic.name}  {distance_said(choice, found.region)}")
        for card in choice.doctors:
            print("  " + "  ".join(filter(None, (card.name, card.title, card.hours, card.booking))))
    if not found.choices:
        print("没有看这一科、又够得着的诊所。")
    for question in found.questions:
        print(f"问：{question}")


def _read(file: Path | None) -> str:
    if file is None:
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else "不是 UTF-8 文字"
        raise InputError(f"文件 {file} 读不了（{reason}）：请换一个。") from error
