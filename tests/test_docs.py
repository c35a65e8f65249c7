"""The papers are true: settings, commands and links are compared with the code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from typer.main import get_command

from leads.cli.app import app
from leads.config import ClinicTable, Settings, load_settings
from tests.support.paths import ROOT

EXAMPLE = ROOT / "tingzhen.example.toml"
COMMANDS = ROOT / "docs" / "commands.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def example_with_clinic() -> str:
    """The example file with its [[clinics]] block uncommented."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    begin = lines.index("# [[clinics]]")
    return "\n".join(lines[:begin] + [line.removeprefix("# ") for line in lines[begin:]])


def defaults(table: type[BaseModel]) -> dict[str, object]:
    """Every key of a table with its default; tables within tables as dicts."""
    found: dict[str, object] = {}
    for name, field in table.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found[name] = defaults(kind)
        else:
            found[name] = field.default
    return found


def test_the_example_names_every_setting_with_its_default() -> None:
    given = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    expected = defaults(Settings)
    expected.pop("clinics")
    expected["data_dir"] = str(expected["data_dir"])
    assert given == expected


def test_the_example_clinic_names_every_key_of_a_clinic() -> None:
    (clinic,) = tomllib.loads(example_with_clinic())["clinics"]
    assert list(clinic) == list(ClinicTable.model_fields)
    assert clinic["reach_km"] == ClinicTable.model_fields["reach_km"].default
    optional = [
        name for name, field in ClinicTable.model_fields.items() if field.default is not PydanticUndefined
    ]
    assert optional == [
        "district",
        "reach_km",
        "aliases",
        "doctors",
        "specialties",
        "exclude",
        "competitors",
        "cards",
    ]


def test_the_example_can_be_used_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "tingzhen.toml"
    file.write_text(example_with_clinic(), encoding="utf-8")
    (clinic,) = load_settings(file).clinic_records()
    assert clinic.adcode == "510107"


def test_every_setting_has_a_comment_beside_it() -> None:
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if " = " in line:
            assert re.search(r"#\s*\S+.*$", line.split(" = ", 1)[1]), line


def commands() -> Iterator[tuple[str, list[str]]]:
    """(name, every option's long form) of all commands; "" for the options before the command."""
    group = get_command(app)
    yield "", [option for param in group.params for option in param.opts]
    for name, command in group.commands.items():  # type: ignore[attr-defined]  # a group has them
        parts = (command, *getattr(command, "commands", {}).values())  # a group is documented as one
        params = [param for part in parts for param in part.params]
        options = [option for param in params for option in (*param.opts, *param.secondary_opts)]
        yield name, [option for option in options if option.startswith("--")]


SECTIONS = re.split(r"(?m)^## ", COMMANDS.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "options"), list(commands()))
def test_every_command_and_option_is_documented(name: str, options: list[str]) -> None:
    title = f"`tingzhen {name}`".replace(" `", "`")
    (section,) = [section for section in SECTIONS if section.startswith(title + "\n")]
    missing = [option for option in options if option != "--help" and f"`{option}" not in section]
    assert missing == []
    assert "```sh\n" in section, "no example"


def test_no_command_is_documented_that_does_not_exist() -> None:
    documented = {match for section in SECTIONS for match in re.findall(r"^`tingzhen ?([a-z-]*)`\n", section)}
    assert documented == {name for name, _ in commands()}


def test_no_option_is_documented_that_does_not_exist() -> None:
    known = {option for _, options in commands() for option in options} | {"--help"}
    assert set(re.findall(r"`(--[a-z-]+)", COMMANDS.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    local = [
        link.partition("#")[0]
        for link in links
        if "://" not in link and not link.startswith(("#", "mailto:"))
    ]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_tree_of_the_architecture_names_every_folder() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    tree = page.partition("## 3. The tree")[2].partition("## 4.")[0]
    folders = {
        init.parent.name
        for package in ("crawler", "nlp", "leads")
        for init in (ROOT / package).rglob("__init__.py")
    }
    assert {name for name in folders if f"{name}/" not in tree} == set()
