"""A search is spelled once: every surface takes the fields of the table."""

from __future__ import annotations

from dataclasses import fields

from typer.main import get_command

from leads.cli.app import app
from leads.models import LeadQuery
from leads.query.alert_conditions import DROPPED, KEYS
from leads.query.fields import FIELDS, SearchField
from leads.query.search import READERS, to_query
from leads.web.api.leads import Search
from leads.web.leads.counts import FILTERS
from leads.web.leads.search_form import LeadForm
from tests.support.builders import NOW

NAMES = {field.name for field in FIELDS}


def test_the_fields_fill_a_query_each_part_once() -> None:
    filled = [field.fills for field in FIELDS if field.fills]
    assert sorted(filled) == sorted(each.name for each in fields(LeadQuery))


def test_every_kind_of_value_is_read() -> None:
    assert {field.kind for field in FIELDS} == READERS.keys()


def test_the_form_and_the_api_take_every_field() -> None:
    assert set(LeadForm.model_fields) == NAMES - {"limit"} | {"point", "at"}
    assert set(Search.model_fields) == NAMES | {"point", "at"}


def test_the_command_line_has_an_option_for_every_field_but_the_words() -> None:
    command = get_command(app).commands["search"]  # type: ignore[attr-defined]  # a group
    named = {option for parameter in command.params for option in parameter.opts}
    assert named >= {field.option for field in FIELDS if field.name != "q"}


def test_a_rule_knows_or_drops_every_field() -> None:
    assert KEYS["lead"] | DROPPED == NAMES
    assert not KEYS["lead"] & DROPPED


def test_a_field_of_several_choices_is_counted_beside_the_list() -> None:
    assert set(FILTERS) == {field.name for field in FIELDS if field.many}


def test_the_examples_of_the_api_can_be_asked() -> None:
    def example(field: SearchField) -> str | tuple[str, ...]:
        return field.examples if field.many else field.examples[0]

    asked = {field.name: example(field) for field in FIELDS if field.examples}
    assert to_query(asked, clinics=(), now=NOW).symptoms == ("toothache",)
