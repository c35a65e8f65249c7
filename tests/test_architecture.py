"""The shape of the code: who may import whom, and how large a file may grow."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from pkgutil import resolve_name

import pytest

from crawler.sources.engines import ENGINES
from crawler.sources.source import EngineOptions
from tests.support.paths import ROOT

PACKAGES = ("crawler", "nlp", "leads")
MAX_LINES = 700
MAX_BODY = 40
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def test_imports_look_upstream_only() -> None:
    """The contracts stand in pyproject.toml; `make check` runs the same."""
    ran = subprocess.run(  # noqa: S603 - our own tool
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    assert "0 broken" in ran.stdout


@pytest.mark.parametrize("package", [*PACKAGES, "tests", "benchmarks"])
def test_no_file_outgrows_its_reader(package: str) -> None:
    sizes = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines())
        for file in (ROOT / package).rglob("*.py")
        if "migrations" not in file.parts  # Alembic writes these, and nobody changes them again
    }
    assert {name: size for name, size in sizes.items() if size >= MAX_LINES} == {}


def bodies(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Functions with the lines of their bodies: signatures and docstrings only declare, and a function
    inside of one is counted by itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False) is not None
            own = node.body[1:] if docstring else node.body
            inner = [
                each
                for each in own
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            ]
            lines = (own[-1].end_lineno or 0) - own[0].lineno + 1 if own else 0
            yield node.name, lines - sum((each.end_lineno or 0) - each.lineno + 1 for each in inner)


@pytest.mark.parametrize("package", [*PACKAGES, "tests", "benchmarks"])
def test_no_function_outgrows_its_reader(package: str) -> None:
    sizes = {
        f"{file.relative_to(ROOT)}: {name}": lines
        for file in (ROOT / package).rglob("*.py")
        if "migrations" not in file.parts
        for name, lines in bodies(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert {name: lines for name, lines in sizes.items() if lines > MAX_BODY} == {}


def test_the_list_of_folders_is_the_list_of_engines() -> None:
    folders = {file.parent.name for file in (ROOT / "crawler" / "spiders").glob("*/spider.py")}
    assert folders == set(ENGINES)


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_is_a_folder_with_its_docs_its_pages_and_its_tests(name: str) -> None:
    spider = (ROOT / "crawler" / "spiders" / name / "spider.py").read_text(encoding="utf-8")
    assert f'    name = "{name}"\n' in spider
    assert issubclass(resolve_name(ENGINES[name].options), EngineOptions)
    headings = re.findall(r"^## ([\w, ]+):", (ROOT / "docs" / "sources.md").read_text(encoding="utf-8"), re.M)
    assert name in {each for heading in headings for each in heading.split(", ")}
    tests = "".join(
        file.read_text(encoding="utf-8")
        for file in (ROOT / "tests" / "crawler" / "spiders" / name).glob("test_*.py")
    )
    assert tests
    assert (ROOT / "tests" / "fixtures" / "pages" / name).is_dir() or "from tests.site." in tests


def names_in(node: ast.AST) -> set[str]:
    """What an import statement may mean: modules, and names of them."""
    if isinstance(node, ast.ImportFrom) and node.module:
        return {f"{node.module}.{each.name}" for each in node.names} | {node.module}
    return {each.name for each in node.names} if isinstance(node, ast.Import) else set()


def imported() -> dict[str, set[str]]:
    """Module → the modules of ours it imports anywhere: late and for type checking only, too."""
    files = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        if "migrations" not in file.parts
    }
    out: dict[str, set[str]] = {}
    for name, file in files.items():
        found = set[str]()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            found |= names_in(node)
        out[name] = (found & files.keys()) - {name}
    return out


def test_imports_form_no_circle() -> None:
    """Late imports and those for type checking count: what needs a thing stands above it."""
    graph = imported()
    for name, needs in graph.items():
        # `from package import module` names the package, too; only its __init__ may hold up what is below it.
        needs -= {each for each in needs if any(other.startswith(f"{each}.") for other in needs)}
        needs -= {name.rpartition(".")[0]}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize("package", PACKAGES)
def test_public_classes_of_a_package_have_distinct_names(package: str) -> None:
    """One word has one meaning."""
    where: dict[str, list[str]] = {}
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where.setdefault(node.name, []).append(str(file.relative_to(ROOT)))
    assert {name: files for name, files in where.items() if len(files) > 1} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_at_most_ten_modules_lie_loose_at_the_root_of_a_package(package: str) -> None:
    assert len([file for file in (ROOT / package).glob("*.py") if file.name != "__init__.py"]) <= 10


def test_every_silenced_check_has_its_reason_beside_it() -> None:
    bare = [
        f"{file.relative_to(ROOT)}:{number}"
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"# (type: ignore|noqa)(\[[a-z, -]+\]|: [A-Z0-9, ]+)?\s*$", line)
    ]
    assert bare == []


def test_no_test_module_imports_another() -> None:
    """What tests share stands in tests/support and tests/site: each can be read and run alone."""
    found = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in names_in(node)
        if name.startswith("tests.") and re.search(r"\.(test_\w+|conftest)(\.|$)", name)
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["crawler", "nlp", "site"])
def test_tests_look_upstream_as_the_code_does(folder: str) -> None:
    """What stands upstream of leads is tested without it, and so are the sites that tests crawl."""
    found = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in sorted((ROOT / "tests" / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in names_in(node)
        if name.partition(".")[0] == "leads"
    ]
    assert found == []


# Where imports may wait for a command or for an extra that need not be installed.
LATE = (
    "cli/",
    "mcp_server.py",
    "index/__init__.py",
    "ingest/__init__.py",
    "records/database.py",
    "queue/__init__.py",
    "alerts/channels/apprise.py",
    "web/house.py",
    "actions/reindex.py",
)


def test_imports_of_leads_stand_at_the_top_but_where_starting_must_be_quick() -> None:
    late = []
    for path in sorted((ROOT / "leads").rglob("*.py")):
        functions = (
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )
        found = any(
            isinstance(each, ast.Import | ast.ImportFrom) for node in functions for each in ast.walk(node)
        )
        if found and not str(path.relative_to(ROOT / "leads")).startswith(LATE):
            late.append(str(path))
    assert late == []


def test_a_late_import_has_its_reason_beside_it() -> None:
    """On the first of its lines, or above it."""
    bare = []
    for path in sorted((ROOT / "leads").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines, late = text.splitlines(), set[int]()
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                imports = (
                    each for each in ast.walk(function) if isinstance(each, ast.Import | ast.ImportFrom)
                )
                late |= {each.lineno for each in imports}
        first = sorted(line for line in late if line - 1 not in late)
        bare += [f"{path}:{line}" for line in first if "#" not in "".join(lines[line - 2 : line])]
    assert bare == []


def test_pages_ask_the_records_and_no_table_themselves() -> None:
    asked = [
        f"{path}:{node.lineno}"
        for path in sorted((ROOT / "leads" / "web").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "session"
        and node.func.attr in ("get", "query", "select", "scalar", "scalars", "execute")
    ]
    assert asked == []


# `Any` is for what strangers send and for libraries without types; each new one has to be worth a line here.
MOST_ANY = {"crawler": 30, "leads": 56, "nlp": 5}


@pytest.mark.parametrize("package", PACKAGES)
def test_any_is_for_what_has_no_types(package: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "Any"
    ]
    assert len(found) <= MOST_ANY[package], found
