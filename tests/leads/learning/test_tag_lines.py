"""`tingzhen tag`: one line out for each line in, whatever the line."""

from __future__ import annotations

import io
import json
import re

import orjson
import pytest

from leads.errors import ConfigError
from leads.learning.tag_lines import BATCH, MAX_TEXT, tag_lines
from leads.storage import open_tagger
from nlp.models import INTENTS


def tagged(*lines: bytes) -> tuple[list[dict[str, object]], list[str], int]:
    """(answers, complaints, rejected)."""
    out, complaints = io.BytesIO(), list[str]()
    rejected = tag_lines(io.BytesIO(b"\n".join(lines) + b"\n"), out, complaints.append)
    return [orjson.loads(line) for line in out.getvalue().splitlines()], complaints, rejected


def line(text: str, **more: object) -> bytes:
    return json.dumps({"text": text, **more}).encode()


def test_the_shape_of_an_answer() -> None:
    (answer,), complaints, rejected = tagged(line("坐标成都武侯，右边牙疼三天了，求推荐口腔诊所"))
    assert (complaints, rejected) == ([], 0)
    assert {"symptoms", "specialties", "intent_label", "intent", "region"} <= set(answer)
    symptoms, intent, region = answer["symptoms"], answer["intent"], answer["region"]
    assert isinstance(symptoms, list)
    assert isinstance(intent, dict)
    assert isinstance(region, dict)
    assert {"code", "name", "negated"} <= set(symptoms[0])
    assert "toothache" in [symptom["code"] for symptom in symptoms]
    assert "dental" in answer["specialties"]  # type: ignore[operator]  # a list, by its shape
    assert tuple(intent) == INTENTS
    assert sum(intent.values()) == pytest.approx(1, abs=0.001)
    assert answer["intent_label"] in INTENTS
    assert {"code", "name", "level", "province", "city", "district"} <= set(region)
    assert {"lat", "lon", "radius_km", "evidence"} <= set(region)
    assert (region["code"], region["level"]) == ("510107", "district")


def test_a_text_without_anything_has_an_answer_too() -> None:
    (answer,), _, _ = tagged(line(""))
    assert (answer["symptoms"], answer["specialties"], answer["region"]) == ([], [], None)


def test_hints_give_a_place() -> None:
    (answer,), _, _ = tagged(line("牙疼", place_hints=[{"kind": "ip", "text": "四川"}]))
    assert answer["region"]["code"] == "510000"  # type: ignore[index]  # a region, by its shape
    assert re.fullmatch("[0-9]{6}", answer["region"]["code"])  # type: ignore[index]  # same


def test_order_and_count_hold_over_batches_and_bad_lines() -> None:
    lines = [line(f"{number}号牙疼") for number in range(BATCH + 20)]
    lines[3] = b"{broken"
    lines[BATCH + 3] = b"[]"
    answers, complaints, rejected = tagged(*lines)
    assert len(answers) == len(lines)
    assert [number for number, answer in enumerate(answers) if "error" in answer] == [3, BATCH + 3]
    assert (rejected, len(complaints)) == (2, 2)
    assert complaints == [answers[3]["error"], answers[BATCH + 3]["error"]]


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (b'{"text": "\xe7\x89', "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"text": ' + b"9" * 5000 + b"}", "JSON"),
        (b"null", "text"),
        (b'"text"', "text"),
        (b"{}", "text"),
        (b'{"text": 5}', "text"),
        (b'{"text": null}', "text"),
        (b'{"text": "a", "place_hints": {"kind": "ip"}}', "place_hints"),
        (b'{"text": "a", "place_hints": [5]}', "place_hints"),
        (b'{"text": "a", "place_hints": [{"kind": "dream"}]}', "place_hints"),
        (b'{"text": "a", "place_hints": [{"kind": "geo", "lat": 91, "lon": 0}]}', "place_hints"),
        (line("牙" * (MAX_TEXT + 1)), "上限"),
        (line("疼" * 5_000_000), "上限"),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else value,
)
def test_a_bad_line_is_answered_by_a_sentence_with_its_number(bad: bytes, word: str) -> None:
    answers, complaints, rejected = tagged(line("牙疼"), bad, line("头晕"))
    assert rejected == 1
    assert complaints[0].startswith("第 2 行")
    assert word in complaints[0]
    assert "请" in complaints[0]
    assert "error" not in answers[0]
    assert "error" not in answers[2]


@pytest.mark.parametrize(
    "odd",
    [
        b'{"text": "\\ud83d\\u7259\\u75bc"}',
        b'{"text": "\\u7259\\u75bc", "place_hints": [{"kind": "ip", "text": "\\udc00\\u56db"}]}',
        b'{"text": "\\u0000\\u0007\\u7259\\u75bc"}',
        b'{"text": "\\u202e\\u7259\\u75bc"}',
        b'\xef\xbb\xbf{"text": "\xe7\x89\x99\xe7\x96\xbc"}',
        b'{"text": "\xe7\x89\x99\xe7\x96\xbc", "place_hints": null, "other": 1}\r',
    ],
)
def test_odd_lines_are_read(odd: bytes) -> None:
    (answer,), complaints, _ = tagged(odd)
    assert complaints == []
    assert answer["symptoms"][0]["code"] == "toothache"  # type: ignore[index]  # a list, by its shape


def test_a_missing_or_damaged_model_is_named(tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's path
    with pytest.raises(ConfigError, match="模型缺失或损坏"):
        open_tagger(tmp_path / "nowhere")
    (tmp_path / "intent.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="模型缺失或损坏"):
        open_tagger(tmp_path)
