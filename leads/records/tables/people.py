"""Who may come in, how, and what they did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from leads.models import (
    Role,
)
from leads.records.tables.base import Base


class User(Base):
    """Somebody who works with the desk. `password` is an argon2 hash; "" until the first one is set."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[Role]
    created_at: Mapped[datetime]
    password: Mapped[str] = mapped_column(String(255), default="")
    clinic_ids: Mapped[list[str]] = mapped_column(default_factory=list)  # a doctor sees these only
    disabled: Mapped[bool] = mapped_column(default=False)
    start: Mapped[str] = mapped_column(
        Text, default="", server_default=""
    )  # the search the desk opens with; "": the usual one


class LoginLink(Base):
    """A one-time way in: for the first admin and for who forgot a password. The secret is stored hashed.

    `direct` ones, of the demo, open the desk without asking for a password first.
    """

    __tablename__ = "login_links"

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    direct: Mapped[bool] = mapped_column(default=False)


class Session(Base):
    """A browser that is logged in. The cookie's secret is stored hashed; `csrf` goes into forms."""

    __tablename__ = "sessions"

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    device: Mapped[str] = mapped_column(String(80), default="", server_default="")  # browser and system
    by: Mapped[str] = mapped_column(String(16), default="", server_default="")  # password, link, oidc


class SecondFactor(Base):
    """What a person's telephone makes codes from, sealed, and the last step of time a code was taken for."""

    __tablename__ = "second_factors"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    step: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class RecoveryCode(Base):
    """Takes the place of a code once. Stored hashed."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class Identity(Base):
    """An account of the house's identity provider; `subject` is the provider's lasting name for it."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class Visit(Base):
    """When somebody last looked at what is new, and when the visit before that one ended."""

    __tablename__ = "visits"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime]
    before_at: Mapped[datetime | None] = mapped_column(default=None)


class ApiToken(Base):
    """A program's way in. `hint` is the first characters, to tell tokens apart; the secret is hashed."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    hint: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class Audit(Base):
    """Who did what, when: logins, changes of rights, exports, erasures, permissions. Never a post's text.

    `place` and `link` are given when the transaction ends (leads.records.audit).
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str] = mapped_column(String(80))  # a login, "token:<name>", or "system"
    action: Mapped[str] = mapped_column(String(40))  # "login", "case.status", "export.csv", …
    subject: Mapped[str] = mapped_column(String(200), default="")
    detail: Mapped[dict[str, object]] = mapped_column(default_factory=dict)
    place: Mapped[int | None] = mapped_column(default=None, index=True, unique=True)  # in the chain, from 1
    link: Mapped[str] = mapped_column(String(64), default="", server_default="")


class AuditEnd(Base):
    """The one row that says where the chain of the audit begins and ends, sealed with a key that is not in
    the records. `first_link` is the link of the row before the first that is still kept."""

    __tablename__ = "audit_ends"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_place: Mapped[int] = mapped_column(default=1)
    first_link: Mapped[str] = mapped_column(String(64), default="")
    last_place: Mapped[int] = mapped_column(default=0)
    last_link: Mapped[str] = mapped_column(String(64), default="")
    seal: Mapped[str] = mapped_column(String(64), default="")


class Idempotency(Base):
    """An answer already given to a write of the API, kept for a day for whoever asks again."""

    __tablename__ = "idempotency"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)  # token id and the caller's key
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
