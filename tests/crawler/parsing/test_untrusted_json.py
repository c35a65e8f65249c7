"""JSON of strangers: what a class asks for comes in its kind, or counts as not there."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated

import pytest
from hypothesis import given
from pydantic import Field

from crawler.parsing.outcomes import PageError
from crawler.parsing.untrusted_json import (
    Foreign,
    Listed,
    Part,
    Parts,
    Raw,
    Raws,
    Tally,
    Truth,
    Whole,
    Word,
    read_as,
    read_json,
    read_object,
)
from tests.support.json_values import VALUES


class User(Foreign):
    name: Word


class Answer(Foreign):
    word: Word
    whole: Whole
    tally: Tally
    yes: Truth
    raw: Raw
    raws: Raws
    user: Part[User]
    users: Parts[User]
    camel: Annotated[Word, Field(validation_alias="camelCase")]


class Page(Foreign):
    items: Listed[User]


class Envelope(Foreign):
    page: Part[Page]


@pytest.mark.parametrize(
    ("key", "given", "read"),
    [
        ("word", " 牙疼 ", "牙疼"),
        ("word", 12, "12"),
        ("word", True, ""),
        ("word", 1.5, ""),
        ("word", None, ""),
        ("word", ["牙疼"], ""),
        ("whole", 3, 3),
        ("whole", "3", None),
        ("whole", False, None),
        ("tally", "1.2万", 12_000),
        ("tally", "赞", None),
        ("yes", "1", True),
        ("yes", 1, True),
        ("yes", "true", False),
        ("yes", {}, False),
        ("raw", {"a": 1}, {"a": 1}),
        ("raw", [], {}),
        ("raws", [{"a": 1}, 2, None], ({"a": 1},)),
        ("raws", {"a": 1}, ()),
    ],
)
def test_a_value_of_another_kind_counts_as_none(key: str, given: object, read: object) -> None:
    assert getattr(read_as(Answer, {key: given}), key) == read


@pytest.mark.parametrize("given", [None, [], "lin", 3, {}, {"name": None}])
def test_parts_may_be_missing_and_their_keys_too(given: object) -> None:
    found = read_as(Answer, {"user": given, "users": given})
    assert found.user.name == ""
    assert found.users == ()


def test_objects_of_a_list_are_read_and_the_rest_is_passed_over() -> None:
    assert [each.name for each in read_as(Page, {"items": [{"name": "lin"}, None, "x"]}).items] == ["lin"]


def test_a_key_may_have_another_name_there() -> None:
    assert read_as(Answer, {"camelCase": "x", "camel": "y"}).camel == "x"


@pytest.mark.parametrize(
    "given", [{}, {"page": []}, {"page": {"items": None}}, {"page": {"items": {"0": {}}}}]
)
def test_the_list_a_page_cannot_do_without_is_asked_for_by_its_path(given: dict[str, object]) -> None:
    with pytest.raises(PageError, match=r"^回答里没有 page\.items$"):
        read_as(Envelope, given, within="回答里")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "不是有效的 JSON"),
        ("", "不是有效的 JSON"),
        ("[" * 100_000, "嵌套太深"),
        ('{"n": ' + "9" * 5_000 + "}", "不是有效的 JSON"),
        ('{"n": 1, "m": {"a": 1, "b": 2, "a": 3}}', "重复的键 'a'"),
    ],
)
def test_what_is_no_json_is_told_in_a_sentence(text: str, told: str) -> None:
    with pytest.raises(PageError, match=told):
        read_json(text)


def test_an_answer_is_an_object() -> None:
    assert read_object('\ufeff {"a": 1}') == {"a": 1}
    with pytest.raises(PageError, match="应是一个对象，而不是 list"):
        read_object("[]")


@given(VALUES)
def test_every_value_is_read_or_refused_with_a_sentence(value: object) -> None:
    fields = dict.fromkeys(Answer.model_fields, value)
    assert isinstance(read_as(Answer, fields).word, str)
    expected = nullcontext() if isinstance(value, list) else pytest.raises(PageError, match="没有 items")
    with expected:
        read_as(Page, {"items": value})
