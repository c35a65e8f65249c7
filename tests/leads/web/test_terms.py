"""Words that need an explanation have one, and each explanation is somewhere to be read."""

from __future__ import annotations

import re

from leads.labels import TERMS
from leads.web.render import templates


def test_every_term_is_explained_and_every_explanation_used() -> None:
    loader = templates.env.loader
    assert loader is not None
    used = {
        name
        for template in templates.env.list_templates(extensions=["html"])
        for name in re.findall(r'help\.term\("([^"]+)"\)', loader.get_source(templates.env, template)[0])
    }
    assert used == set(TERMS)


def test_an_explanation_is_plain_words() -> None:
    for term, sentence in TERMS.items():
        assert sentence.endswith("。"), term
        assert len(sentence) <= 60, term
