"""What a template uses and what its page gives are the same names."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import fields

import pytest
from jinja2 import meta, nodes

from leads import web
from leads.web.render import WebPage, templates

ENV = templates.env
GIVEN_ALWAYS = {"request", "visitor", "here"}  # `here` is the layout's: a page outside of the menu sets none


def pages() -> list[type[WebPage]]:
    """Every page there is, once all modules of the web application are read."""
    for module in pkgutil.walk_packages(web.__path__, "leads.web."):
        importlib.import_module(module.name)
    # By name: with slots a dataclass is made twice, and the first one may still be about.
    return list({page.__qualname__: page for page in WebPage.__subclasses__()}.values())


PAGES = pages()


def tree(template: str) -> nodes.Template:
    assert ENV.loader is not None
    return ENV.parse(ENV.loader.get_source(ENV, template)[0])


def parts(template: str) -> Iterator[str]:
    """A template, and what it extends, includes or imports."""
    yield template
    for each in meta.find_referenced_templates(tree(template)):
        assert each is not None, "a template is named, not computed"
        yield from parts(each)


def set_inside(part: nodes.Template) -> set[str]:
    """The names a template gives itself: Jinja's finder misses that blocks and branches see them, too."""
    found = {each.name for each in part.find_all(nodes.Macro)}
    found |= {each.target for each in part.find_all(nodes.Import)}
    for named in part.find_all(nodes.FromImport):
        found.update(name for name in named.names if isinstance(name, str))
    for each in part.find_all(nodes.Assign):
        found.update(
            name.name
            for name in (each.target, *each.target.find_all(nodes.Name))
            if isinstance(name, nodes.Name)
        )
    return found


def test_every_template_of_a_page_has_one_class() -> None:
    layouts = {part for name in ENV.list_templates() for part in list(parts(name))[1:]}
    assert sorted(page.template for page in PAGES) == sorted(set(ENV.list_templates()) - layouts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__)
def test_a_page_gives_what_its_template_uses_and_nothing_else(page: type[WebPage]) -> None:
    given = {field.name for field in fields(page)}
    trees = [tree(each) for each in parts(page.template)]
    used = {name for part in trees for name in meta.find_undeclared_variables(part)}
    own = {name for part in trees for name in set_inside(part)}
    assert used - own - ENV.globals.keys() - GIVEN_ALWAYS <= given
    assert given <= used
