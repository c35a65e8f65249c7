"""Headers that depend on where people open the desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from leads.web.app import create_app
from tests.support.seeds import seed, settings


@pytest.mark.parametrize(
    ("public", "said"),
    [("https://desk.example", "max-age=31536000"), ("http://desk.example", None), ("", None)],
)
def test_who_came_encrypted_stays_encrypted(tmp_path: Path, public: str, said: str | None) -> None:
    seed(tmp_path)
    chosen = settings(tmp_path)
    web = chosen.web.model_copy(update={"public_url": public})
    with TestClient(
        create_app(chosen.model_copy(update={"web": web})), base_url="http://127.0.0.1:8000"
    ) as client:
        for address in ("/login", "/static/people.css", "/api/v1/leads", "/nowhere"):
            assert client.get(address).headers.get("Strict-Transport-Security") == said
