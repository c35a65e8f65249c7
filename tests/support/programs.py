"""Programs with tokens, for the tests of the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import FastAPI
from fastapi.testclient import TestClient

from leads.models import Role
from leads.records import tokens, users

BASE = "http://127.0.0.1:8000"


def token(
    app: FastAPI, role: Role = "admin", clinic_ids: tuple[str, ...] = (), scopes: Sequence[str] | None = None
) -> str:
    """A new token of somebody of this role; with all scopes the role may have, or these."""
    now = datetime.now(UTC)
    with app.state.desk.records.transaction() as session:
        login = f"{role}-{'-'.join(clinic_ids)}"
        owner = users.by_login(session, login) or users.add_user(
            session, login=login, name=f"测试{role}", role=role, now=now, clinic_ids=clinic_ids
        )
        wanted = tuple(tokens.SCOPES) if scopes is None else scopes
        secret, _ = tokens.create(session, owner, name="程序", scopes=wanted, now=now)
    return secret


def program(
    app: FastAPI, role: Role = "admin", clinic_ids: tuple[str, ...] = (), scopes: Sequence[str] | None = None
) -> TestClient:
    """A program that carries one."""
    headers = {"Authorization": f"Bearer {token(app, role, clinic_ids, scopes)}"}
    return TestClient(app, base_url=f"{BASE}/api/v1", headers=headers)
