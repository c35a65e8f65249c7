"""The form of a rule, and a rule in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import QueryParams

from leads.alerts.triggers.preview import Preview
from leads.labels import COMPLAINT_NAMES, POLARITY_NAMES, SEVERITY_NAMES
from leads.models import RULE_KINDS, Clinic, RuleKind
from leads.query.alert_conditions import DEFAULT_FACTOR, KEYS
from leads.query.fields import BY_NAME, FIELDS
from leads.query.search import called

FIELD_NAMES: Mapping[str, str] = {
    **{field.name: field.label for field in FIELDS},
    "clinic": "诊所",
    "polarity": "态度",
    "kind": "说的是",
    "severity": "至少",
    "factor": "平时的倍数",
}
CHART = (640, 120)  # the bars' width and height in units of the drawing
_GAP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A day in the chart."""

    x: float
    y: float
    width: float
    height: float
    day: date
    count: int


def kind_of(text: str) -> RuleKind:
    """The kind of that name; "lead" for anything else."""
    return next((kind for kind in RULE_KINDS if kind == text), "lead")


def query_of(kind: RuleKind, given: QueryParams | Mapping[str, str]) -> str:
    """The query string of a form or an address: keys of this kind that say something.

    A mention's own `kind` is `about` in the form, whose `kind` is the rule's.
    """
    pairs = given.multi_items() if isinstance(given, QueryParams) else list(given.items())
    if kind == "lead" and any(key == "area" and value.strip() for key, value in pairs):
        pairs = [(key, value) for key, value in pairs if key != "near"]  # as on the lead page
    named = [("kind" if key == "about" else key, value) for key, value in pairs if key != "kind"]
    return urlencode([(key, value.strip()) for key, value in named if key in KEYS[kind] and value.strip()])


def fields_of(query: str) -> dict[str, list[str]]:
    """Field → values, for the form."""
    fields: dict[str, list[str]] = {}
    for key, value in parse_qsl(query):
        fields.setdefault("about" if key == "kind" else key, []).append(value)
    return fields


def described(kind: RuleKind, query: str, clinics: Sequence[Clinic]) -> list[tuple[str, str]]:
    """The conditions in words: what, and which."""
    names: dict[str, Callable[[str], str]] = {
        "near": lambda value: _clinic(value, clinics),
        "clinic": lambda value: _clinic(value, clinics),
        "polarity": lambda value: {str(key): name for key, name in POLARITY_NAMES.items()}.get(value, value),
        "kind": lambda value: {str(key): name for key, name in COMPLAINT_NAMES.items()}.get(value, value),
        "severity": lambda value: {str(key): name for key, name in SEVERITY_NAMES.items()}.get(value, value),
    }
    values: dict[str, list[str]] = {}
    for key, value in parse_qsl(query):
        values.setdefault(key, []).append(names[key](value) if key in names else _called(key, value))
    if kind == "spike":
        values.setdefault("factor", [f"{DEFAULT_FACTOR:g}"])
    return [(FIELD_NAMES.get(key, key), "、".join(found)) for key, found in values.items()]


def bars(preview: Preview) -> list[Bar]:
    """The chart of a preview; a day with anything has a bar that can be seen."""
    width, height = CHART
    step = width / max(1, len(preview.days))
    largest = max((count for _, count in preview.days), default=0)
    made = []
    for number, (day, count) in enumerate(preview.days):
        tall = max(3.0, count / largest * height) if count else 0.0
        made.append(
            Bar(
                x=round(number * step + _GAP / 2, 1),
                y=round(height - tall, 1),
                width=round(step - _GAP, 1),
                height=round(tall, 1),
                day=day,
                count=count,
            )
        )
    return made


def _clinic(value: str, clinics: Sequence[Clinic]) -> str:
    if value == "all":
        return "不限地点"
    return next((clinic.name for clinic in clinics if clinic.id == value), value)


def _called(key: str, value: str) -> str:
    field = BY_NAME.get(key)
    return called(field, value) if field and field.many | (field.kind == "precision") else value
