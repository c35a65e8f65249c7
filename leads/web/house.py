"""Signing in by the house's own identity provider (OpenID Connect): code flow with PKCE.

What goes to and fro is checked here: `state` and `nonce` belong to this browser, the answer comes from the
configured issuer (RFC 9207), the ID token is signed by one of its keys, meant for us, and fresh. Whom it lets
in is `leads.records.identities`' to say.
"""

from __future__ import annotations

import hmac
import json
import secrets
import ssl
import threading
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from crawler.guarded_http import ExchangeError, Leash, exchange
from leads.config import OidcSettings
from leads.errors import SignInError
from leads.records.identities import Shown
from leads.records.seal import LostKeyError, Seal

LASTS = timedelta(minutes=10)  # from the button to the answer
KEPT = timedelta(minutes=10)  # what the provider says of itself
LEEWAY = 60  # seconds its clock may be off
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_MOST_BYTES = 512 * 1024
_FAILED = "单位账号登录没有成功：请再试一次，还不行就请管理员看一看。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A sign-in under way, as its browser keeps it (sealed)."""

    state: str
    nonce: str
    verifier: str
    then: str
    until: int  # seconds since 1970


@dataclass(slots=True)
class House:
    """The provider of these settings. What it says of itself is asked for when needed, and kept a while."""

    settings: OidcSettings
    _known: tuple[datetime, Mapping[str, object], Mapping[str, object]] | None = None  # JSON of a stranger
    _used: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, back: str, then: str, *, now: datetime) -> tuple[str, Begun]:
        """Where the browser goes, and what it has to bring back. `back` is our own address.

        Raises:
            SignInError: the provider cannot be asked.
        """
        # Late: the extra `oidc`.
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        until = int((now + LASTS).timestamp())
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = Begun(state=state, nonce=nonce, verifier=verifier, then=then, until=until)
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": back,
            "scope": " ".join(self.settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        return _with(self._endpoint("authorization_endpoint", now), asked), begun

    def finish(self, begun: Begun, given: Mapping[str, str], back: str, *, now: datetime) -> Shown:
        """Who it is, by what the provider sent the browser back with.

        Raises:
            SignInError: it is not the answer to what was begun here, or not a good one.
        """
        if now.timestamp() > begun.until or not hmac.compare_digest(
            given.get("state", "").encode(), begun.state.encode()
        ):
            raise SignInError("这次登录过期了，或不是在这个浏览器里开始的：请再点一次登录。")
        self._once(begun, now)
        said, _ = self._provider(now)
        if given.get("iss", "") != self.settings.issuer and (
            "iss" in given or said.get("authorization_response_iss_parameter_supported")
        ):
            raise SignInError(_FAILED)
        if not given.get("code"):
            raise SignInError("单位账号那边没有同意这次登录：请再试一次，或换用密码登录。")
        return self._shown(self._redeemed(begun, given["code"], back, now), begun.nonce, now)

    def out(self, back: str, *, now: datetime) -> str:
        """Where one is logged out of the provider, too; "" when it has no such place."""
        try:
            place = self._endpoint("end_session_endpoint", now)
        except SignInError:
            return ""
        return _with(place, {"client_id": self.settings.client_id, "post_logout_redirect_uri": back})

    def _once(self, begun: Begun, now: datetime) -> None:
        with self._lock:
            self._used = {state: until for state, until in self._used.items() if until > now.timestamp()}
            if begun.state in self._used:
                raise SignInError(_FAILED)
            self._used[begun.state] = begun.until

    def _redeemed(self, begun: Begun, code: str, back: str, now: datetime) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self.settings.client_id,
            "code_verifier": begun.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        secret = _secret(self.settings)
        if secret:
            pair = f"{quote(self.settings.client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        said = self._ask("POST", self._endpoint("token_endpoint", now), headers, urlencode(form).encode())
        token = said.get("id_token")
        if not isinstance(token, str):
            raise SignInError(_FAILED)
        return token

    def _shown(self, id_token: str, nonce: str, now: datetime) -> Shown:
        # Late: the extra `oidc`.
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        wanted = {"iss": self.settings.issuer, "aud": self.settings.client_id, "nonce": nonce}
        options = {name: {"essential": True, "value": value} for name, value in wanted.items()}
        try:
            keys = KeySet.import_key_set(dict(self._provider(now)[1]))  # type: ignore[arg-type]  # a stranger's
            token = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
            params = {"nonce": nonce, "client_id": self.settings.client_id}
            claims = CodeIDToken(token.claims, token.header, options, params)
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError):
            with self._lock:
                self._known = None  # it may have other keys by now: the next try asks
            raise SignInError(_FAILED) from None
        return _person(token.claims, self.settings)

    def _endpoint(self, name: str, now: datetime) -> str:
        address = self._provider(now)[0].get(name)
        if not isinstance(address, str) or not _allowed(address, self.settings):
            raise SignInError(_FAILED)
        return address

    def _provider(self, now: datetime) -> tuple[Mapping[str, object], Mapping[str, object]]:
        known = self._known
        if known is not None and known[0] + KEPT > now:
            return known[1], known[2]
        where = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        said = self._ask("GET", where, {"Accept": "application/json"})
        jwks = said.get("jwks_uri")
        if said.get("issuer") != self.settings.issuer or not isinstance(jwks, str):
            raise SignInError(_FAILED)
        if not _allowed(jwks, self.settings):
            raise SignInError(_FAILED)
        keys = self._ask("GET", jwks, {"Accept": "application/json"})
        self._known = (now, said, keys)
        return said, keys

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Mapping[str, object]:
        private, file = self.settings.private_addresses, self.settings.ca_file
        try:
            trust = ssl.create_default_context(cafile=file) if file else None
            leash = Leash(seconds=15, connecting=8, most_bytes=_MOST_BYTES, private=private, trust=trust)
            reply = exchange(method, url, headers=headers, body=body, leash=leash)
            said = json.loads(reply.body)
        except (ExchangeError, OSError, ValueError, RecursionError):
            raise SignInError("单位账号的服务器现在连不上：请过一会儿再试，或换用密码登录。") from None
        if reply.status != 200 or not isinstance(said, dict):
            raise SignInError(_FAILED)
        return said


def _person(claims: Mapping[str, object], settings: OidcSettings) -> Shown:
    email, groups = claims.get("email"), claims.get(settings.role_claim)
    if isinstance(groups, str):
        groups = [groups]
    named = [each for each in groups if isinstance(each, str)] if isinstance(groups, list) else []
    name = claims.get("name")
    return Shown(
        issuer=settings.issuer,
        subject=str(claims["sub"]),
        # `is True`: some send the word "false"
        email=email.strip().lower()
        if isinstance(email, str) and claims.get("email_verified") is True
        else "",
        name=name if isinstance(name, str) else "",
        role=next((settings.roles[each] for each in settings.roles if each in named), None),
    )


def _allowed(address: str, settings: OidcSettings) -> bool:
    """Encrypted, but where the operator says that the provider stands in our own network without it."""
    scheme = urlsplit(address).scheme
    return scheme == "https" or (scheme == "http" and settings.issuer.startswith("http://"))


def _secret(settings: OidcSettings) -> str:
    if not settings.secret_file:
        return ""
    try:
        return Path(settings.secret_file).read_text("utf-8").strip()
    except OSError:
        raise SignInError("单位账号的密钥文件读不了：请管理员检查 oidc.secret_file。") from None


def _with(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"


def kept(begun: Begun, seal: Seal) -> str:
    """What the browser keeps of it, unreadable."""
    return seal.close(json.dumps([begun.state, begun.nonce, begun.verifier, begun.then, begun.until]))


def brought(text: str, seal: Seal) -> Begun | None:
    """What the browser brought back; None when it is nothing of ours."""
    try:
        opened = seal.open(text)
        if opened == text:  # not sealed at all
            return None
        state, nonce, verifier, then, until = json.loads(opened)
    except (LostKeyError, ValueError):
        return None
    return Begun(state=state, nonce=nonce, verifier=verifier, then=then, until=until)
