"""JSON that others wrote, read without trust: the one way in. Pure.

A class says which keys are looked at and of what kind; all else is passed over. Sites write numbers as text,
lists where objects were and nulls anywhere, so a value of another kind counts as none. A list that a page
cannot do without is `Listed`: where it is missing, a `PageError` names it.

    class Topic(Foreign):
        id: Word
        posts_count: Whole

    class Topics(Foreign):
        topics: Listed[Topic]
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Annotated, ClassVar, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from crawler.parsing import strange
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.place_hints import count
from crawler.parsing.unexpected_pages import instead_of

JsonObject = Mapping[str, object]  # as it came

_Form = TypeVar("_Form", bound="Foreign")
_T = TypeVar("_T")


# ── kinds of values ───────────────────────────────────────────────────────────────────────────────────────


def _word(value: object, info: ValidationInfo) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    _odd(value, info)
    return ""


def _whole(value: object, info: ValidationInfo) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    _odd(value, info)
    return None


def _tally(value: object, info: ValidationInfo) -> int | None:
    found = count(value)
    if found is None and value != "":
        _odd(value, info)
    return found


def _truth(value: object, info: ValidationInfo) -> bool:
    if value not in (True, False, 1, 0, "1", "0", ""):
        _odd(value, info)
    return value in (True, 1, "1")


def _odd(value: object, info: ValidationInfo) -> None:
    """A value of another kind than its key's is told; nulls are everywhere and say nothing."""
    if value is not None:
        strange.note("键", f"{info.field_name} 成了 {type(value).__name__}")


def _told(
    read: Callable[[object], _T], kinds: type | tuple[type, ...]
) -> Callable[[object, ValidationInfo], _T]:
    """`read`, and what is of none of these kinds is told."""

    def noting(value: object, info: ValidationInfo) -> _T:
        if not isinstance(value, kinds):
            _odd(value, info)
        return read(value)

    return noting


def object_of(value: object) -> JsonObject:
    """`value` where it is an object; an empty one for everything else."""
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> object:
    """The objects of a list. What is no list stays what it is, and so is refused."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else value


def objects_of(value: object) -> tuple[JsonObject, ...]:
    """The objects of a list; nothing where there is no list."""
    return tuple(each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()


# Each kind brings what stands for "not there". Only `Listed` has to be there.
# Sites write an empty list where an object would have no keys.
Word: TypeAlias = Annotated[str, PlainValidator(_word), Field(default="")]  # text, or a whole number as text
Whole: TypeAlias = Annotated[int | None, PlainValidator(_whole), Field(default=None)]
# A number as sites show it: 1234, "1,234", "1.2万".
Tally: TypeAlias = Annotated[int | None, PlainValidator(_tally), Field(default=None)]
Truth: TypeAlias = Annotated[
    bool, PlainValidator(_truth), Field(default=False)
]  # sites write true, 1 and "1"
Raw: TypeAlias = Annotated[JsonObject, PlainValidator(object_of), Field(default={})]  # read later, or by hand
Raws: TypeAlias = Annotated[tuple[JsonObject, ...], PlainValidator(objects_of), Field(default=())]
Part: TypeAlias = Annotated[
    _T, BeforeValidator(_told(object_of, (dict, list))), Field(default_factory=dict, validate_default=True)
]  # an object with keys of its own
Parts: TypeAlias = Annotated[tuple[_T, ...], BeforeValidator(_told(objects_of, list)), Field(default=())]
Listed: TypeAlias = Annotated[tuple[_T, ...], BeforeValidator(_objects)]  # Parts, and it has to be a list


class Foreign(BaseModel):
    """The keys of a JSON object that are looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    # Keys that are known to come and are passed over, parted by blanks; "" where nobody has listed them.
    passed_over: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _note_new_keys(cls, values: object) -> object:
        """A key that is neither looked at nor passed over is told: what we look at may have moved there."""
        if cls.passed_over and strange.wanted() and isinstance(values, dict):
            strange.note_names(cls.__name__.strip("_"), values, _keys_of(cls))
        return values


@cache
def _keys_of(form: type[Foreign]) -> frozenset[str]:
    fields = form.model_fields.items()
    looked_at = (str(field.validation_alias or name) for name, field in fields)
    return frozenset((*looked_at, *form.passed_over.split()))


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────


def read_as(form: type[_Form], values: JsonObject, *, within: str = "") -> _Form:
    """`values` as a `form`. `within` begins the sentence about a key that is missing ("微博的回答里").

    Raises:
        PageError: a key is missing, or of another kind, that the page cannot do without.
    """
    try:
        return form.model_validate(values)
    except ValidationError as error:
        raise PageError(f"{within}没有 {_path(error.errors()[0]['loc'])}") from None


def _path(parts: Iterable[int | str]) -> str:
    return ".".join(str(part) for part in parts)


def read_object(text: str) -> JsonObject | Refusal | Blocked:
    """The JSON object in `text`; what came instead when it is a page.

    Raises:
        PageError: neither; or see `read_json`.
    """
    if text.lstrip("\ufeff \t\r\n")[:1] == "<":
        return instead_of(text, "JSON")
    value = read_json(text)
    if not isinstance(value, dict):
        raise PageError(f"JSON 应是一个对象，而不是 {type(value).__name__}")
    return value


def read_json(text: str) -> object:
    """The JSON value in `text`.

    Raises:
        PageError: it is no JSON, nests too deeply, holds a number of thousands of digits, or a key stands
            twice in one object, and nobody can say which of the two holds.
    """
    try:
        value: object = json.loads(text.lstrip("\ufeff"), object_pairs_hook=_unique)
    except RecursionError as error:
        raise PageError(f"JSON 嵌套太深（{len(text)} 字符）") from error
    except PageError:
        raise
    except ValueError as error:
        raise PageError(f"不是有效的 JSON：{str(error)[:80]}（{len(text)} 字符）") from error
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise PageError(f"JSON 里有重复的键 {key[:40]!r}")
            seen.add(key)
    return made
