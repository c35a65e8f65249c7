"""A small OpenID provider on this machine: discovery, keys, authorization code with PKCE, token, log-out.

It does what the standard asks for; `bent` says what it does wrong for a test.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

LIN = {"sub": "u-1", "email": "lin@anhe.example", "email_verified": True, "name": "林"}
CLIENT, SECRET = "tingzhen", "a secret: of % the client"


@dataclass
class Provider:
    """Who is signed in there, and what is bent. `claims` override the ID token's; None takes one out."""

    issuer: str = ""
    person: dict[str, Any] = field(default_factory=lambda: dict(LIN))
    claims: dict[str, Any] = field(default_factory=dict)
    named: dict[str, Any] = field(default_factory=dict)  # overrides in the discovery document
    answered: dict[str, str] = field(default_factory=dict)  # overrides in the way back
    wrong_key: bool = False
    header: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}))
    other: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}))
    asked: dict[str, dict[str, str]] = field(default_factory=dict)  # by code, once

    def discovery(self) -> dict[str, Any]:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/out?from=desk",
            "authorization_response_iss_parameter_supported": True,
        }
        return {**said, **self.named}

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to: the person is signed in already and agrees."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.asked[code] = query
        back = {"code": code, "state": query["state"], "iss": self.issuer, **self.answered}
        return f"{query['redirect_uri']}?{urlencode({name: each for name, each in back.items() if each})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, str] | None:
        """An ID token for a code, once; None for who may not have one."""
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")
        asked = self.asked.pop(form.get("code", ""), None)
        if [unquote(each) for each in given] != [CLIENT, SECRET] or asked is None:
            return None
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
            **self.person, **self.claims,
        }  # fmt: skip
        said = {name: each for name, each in claims.items() if each is not None}
        header = {"alg": "RS256", "kid": "k1", **self.header}
        made = jwt.encode(header, said, self.other if self.wrong_key else self.key)
        return {"id_token": made, "access_token": "x", "token_type": "Bearer"}

    def keys(self) -> dict[str, Any]:
        return dict(KeySet([self.key]).as_dict(private=False))


@contextmanager
def provider() -> Iterator[Provider]:
    """One that runs until the end of the block."""
    served = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self.send_response(303)
                self.send_header("Location", served.authorize(dict(parse_qsl(parts.query))))
                self.end_headers()
            elif parts.path == "/.well-known/openid-configuration":
                self.say(served.discovery())
            else:
                self.say(served.keys() if parts.path == "/keys" else None)

        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.say(served.token(form, self.headers.get("Authorization", "")))

        def say(self, said: object) -> None:
            body = json.dumps(said).encode()
            self.send_response(200 if said is not None else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: a test is quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield served
        server.shutdown()
        thread.join()
