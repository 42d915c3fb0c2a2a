"""A company's log-in (OpenID Connect) on a real socket: pages people sign in on, tokens signed with RS256.

It holds a floor to what a provider holds it to (redirect address, secret, PKCE, each code once), and its next answers
can be made to be wrong. Tokens are put together here from the standards, on purpose without the library that judges
them. People are names without passwords: whoever has a browser on this machine signs in as any of them.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import html
import json
import secrets
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# What is wrong with the next token; everything else about it is right.
TOKEN_FAULTS = (
    "wrong_nonce", "no_nonce", "expired", "no_expiry", "from_the_future", "other_audience", "two_audiences",
    "other_party", "other_issuer", "no_subject", "long_subject", "wrong_signature", "alg_none", "signed_by_secret",
    "signed_by_public_key", "unknown_key", "rubbish_token", "no_token",
)  # fmt: skip
# What goes wrong with the next answer of the token's address.
ANSWER_FAULTS = ("error", "slow", "trickle", "huge", "redirect", "rubbish", "busy", "cut")
FAULTS = TOKEN_FAULTS + ANSWER_FAULTS
CODE_S = 60
HUGE = 2_000_000


@dataclass(frozen=True)
class Grant:
    """What a code stands for."""

    person: str
    nonce: str
    challenge: str
    redirect_uri: str
    given_s: float


class IdentityProvider:
    """A provider listening on a free port. Use as a context manager; `issuer` is its address.

    `people`: name → subject; `host`: what this machine is called in it, another name being another site to a browser;
    `changed`: of what it says about itself, as a provider set up wrongly would.
    """

    def __init__(
        self, client_id: str, client_secret: str, redirect_uri: str, people: dict[str, str], *, port: int = 0,
        host: str = "127.0.0.1", slow_s: float = 1.0, changed: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.client_id, self.client_secret, self.redirect_uri = client_id, client_secret, redirect_uri
        self.people, self.changed, self.slow_s, self.host = people, changed or {}, slow_s, host
        self.over = threading.Event()
        self.calls: list[str] = []
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._kid = secrets.token_hex(4)
        self._grants: dict[str, Grant] = {}
        self._faults: deque[str] = deque()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> IdentityProvider:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def issuer(self) -> str:
        """Its address, as its tokens write it."""
        return f"http://{self.host}:{self._server.server_address[1]}"

    def fail(self, *faults: str) -> None:
        """How the next answers with a token go wrong, one each; '' = that one is right."""
        unknown = sorted(set(faults) - {*FAULTS, ""})
        if unknown:
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(FAULTS)}")
        with self._lock:
            self._faults.extend(faults)

    def change_keys(self) -> None:
        """Sign with another key from now on, as providers do every few weeks."""
        self._key, self._kid = rsa.generate_private_key(public_exponent=65537, key_size=2048), secrets.token_hex(4)

    # --- what the service does; the handler only speaks HTTP ---

    def next_fault(self) -> str:
        with self._lock:
            return self._faults.popleft() if self._faults else ""

    def about(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize?tenant=floor",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"], "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True, **self.changed,
        }  # fmt: skip

    def keys(self) -> dict[str, Any]:
        numbers = self._key.public_key().public_numbers()
        ours = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self._kid, "n": _number(numbers.n),
                "e": _number(numbers.e)}  # fmt: skip
        # Providers publish keys for other things too, of kinds a reader need not know.
        return {"keys": [{"kty": "AKP", "kid": "later", "alg": "ML-DSA-44", "pub": "AA"}, ours]}

    def wrong_with(self, asked: dict[str, str]) -> str:
        """Why a browser that came with this is not sent back; '' = it may sign in."""
        wanted = {"response_type": "code", "client_id": self.client_id, "redirect_uri": self.redirect_uri,
                  "code_challenge_method": "S256"}  # fmt: skip
        wrong = [name for name, value in wanted.items() if asked.get(name) != value]
        missing = [name for name in ("state", "nonce", "code_challenge") if not asked.get(name)]
        scope = [] if "openid" in asked.get("scope", "").split() else ["scope"]
        return ", ".join(wrong + missing + scope)

    def sign_in(self, asked: dict[str, str], person: str) -> str:
        """Where the browser of somebody who signed in is sent; of '' who would not."""
        back = {"state": asked["state"], "iss": self.issuer}
        if person:
            back["code"] = secrets.token_urlsafe(24)
            grant = Grant(person, asked["nonce"], asked["code_challenge"], asked["redirect_uri"], time.monotonic())
            with self._lock:
                self._grants[back["code"]] = grant
        else:
            back["error"] = "access_denied"
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def trade(self, asked: dict[str, str], authorization: str) -> tuple[str, Grant | None]:
        """What is wrong with how a code is traded in, or whose it was. A code is traded once, right or wrong."""
        with self._lock:
            grant = self._grants.pop(asked.get("code", ""), None)
        known = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if not hmac.compare_digest(authorization.encode(), f"Basic {known}".encode()):
            return "invalid_client", None
        if asked.get("grant_type") != "authorization_code" or grant is None:
            return "invalid_grant", None
        challenge = _base64(hashlib.sha256(asked.get("code_verifier", "").encode()).digest())
        is_late = time.monotonic() - grant.given_s > CODE_S
        if is_late or challenge != grant.challenge or asked.get("redirect_uri") != grant.redirect_uri:
            return "invalid_grant", None
        return "", grant

    def token(self, grant: Grant, fault: str) -> str:
        """Who signed in, signed."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "sub": self.people[grant.person], "aud": self.client_id, "exp": now + 300, "iat": now,
            "auth_time": now - 5, "nonce": grant.nonce, "preferred_username": grant.person,
        }  # fmt: skip
        changes: dict[str, dict[str, Any]] = {
            "wrong_nonce": {"nonce": "of somebody else's visit"}, "no_nonce": {"nonce": None},
            "expired": {"exp": now - 3600, "iat": now - 7200}, "no_expiry": {"exp": None},
            "from_the_future": {"iat": now + 3600, "nbf": now + 3600}, "other_audience": {"aud": "another-program"},
            "two_audiences": {"aud": [self.client_id, "another-program"]},
            "other_party": {"aud": [self.client_id, "another-program"], "azp": "another-program"},
            "other_issuer": {"iss": "https://log-in.example"}, "no_subject": {"sub": ""},
            "long_subject": {"sub": "x" * 300},
        }  # fmt: skip
        claims = {name: value for name, value in {**claims, **changes.get(fault, {})}.items() if value is not None}
        algorithms = {"alg_none": "none", "signed_by_secret": "HS256", "signed_by_public_key": "HS256"}
        kid = "nobody's" if fault == "unknown_key" else self._kid
        header = {"alg": algorithms.get(fault, "RS256"), "typ": "JWT", "kid": kid}
        signed = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"
        return f"{signed}.{_base64(self._signature(signed.encode(), fault))}"

    def _signature(self, signed: bytes, fault: str) -> bytes:
        match fault:
            case "alg_none":
                return b""
            case "signed_by_secret":
                return hmac.digest(self.client_secret.encode(), signed, "sha256")
            case "signed_by_public_key":
                public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
                return hmac.digest(public, signed, "sha256")
            case "wrong_signature":
                stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
                return stranger.sign(signed, padding.PKCS1v15(), SHA256())
        return self._key.sign(signed, padding.PKCS1v15(), SHA256())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], provider: IdentityProvider):
        super().__init__(address, handler)
        self.provider = provider

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hung up is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        provider, parts = self.server.provider, urlsplit(self.path)
        provider.calls.append(parts.path)
        match parts.path:
            case "/.well-known/openid-configuration":
                self._json(200, provider.about())
            case "/keys":
                self._json(200, provider.keys())
            case "/authorize":
                self._people(_flat(parts.query))
            case _:
                self._json(404, {"error": "no such page"})

    def do_POST(self) -> None:
        provider, parts = self.server.provider, urlsplit(self.path)
        provider.calls.append(parts.path)
        sent = _flat(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if parts.path == "/authorize":
            wrong = provider.wrong_with(_flat(parts.query))
            if wrong or sent.get("person", "") not in {"", *provider.people}:
                return self._page(400, f"<p>Not asked for as agreed: {html.escape(wrong)}</p>")
            return self._redirect(provider.sign_in(_flat(parts.query), sent.get("person", "")))
        if parts.path != "/token":
            return self._json(404, {"error": "no such page"})
        return self._token(provider, sent)

    def _token(self, provider: IdentityProvider, sent: dict[str, str]) -> None:
        fault = provider.next_fault()
        error, grant = provider.trade(sent, self.headers.get("Authorization", ""))
        match fault:
            case "error":
                return self._json(500, {"error": "out of order"})
            case "busy":
                return self._json(429, {"error": "slow_down"})
            case "slow":
                provider.over.wait(provider.slow_s)
            case "trickle":
                return self._trickle(provider)
            case "huge":
                return self._json(200, {"id_token": "x" * HUGE})
            case "redirect":
                return self._redirect(f"{provider.issuer}/elsewhere")
            case "rubbish":
                return self._page(200, "<p>All is well</p>")
            case "cut":
                self.close_connection = True
                self.connection.close()
                return None
        if grant is None:
            return self._json(400, {"error": error})
        token = "a.b.c" if fault == "rubbish_token" else provider.token(grant, fault)
        answer = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 300}
        return self._json(200, answer if fault == "no_token" else {**answer, "id_token": token})

    def _trickle(self, provider: IdentityProvider) -> None:
        """A byte now and then: no single read ever takes long."""
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while not provider.over.wait(0.05):
            self.wfile.write(b" ")
            self.wfile.flush()

    def _people(self, asked: dict[str, str]) -> None:
        wrong = self.server.provider.wrong_with(asked)
        if wrong:
            return self._page(400, f"<p>Not asked for as agreed: {html.escape(wrong)}</p>")
        buttons = "".join(
            f'<p><button name="person" value="{html.escape(name)}">{html.escape(name)}</button></p>'
            for name in self.server.provider.people
        )
        action = html.escape(self.path)
        return self._page(
            200, f'<h1>Who are you?</h1><form method="post" action="{action}">{buttons}'
            '<p><button name="person" value="">Cancel</button></p></form>',
        )  # fmt: skip

    def _page(self, status: int, body: str) -> None:
        page = f'<!doctype html><html lang="en"><title>Simulated company log-in</title><main>{body}</main></html>'
        self._answer(status, "text/html; charset=utf-8", page.encode())

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._answer(status, "application/json", json.dumps(body).encode())

    def _redirect(self, address: str) -> None:
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read `calls`."""


def _flat(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C; a line of input is how the next answers go wrong."""
    about = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m simulators.identity_provider", description=about)
    parser.add_argument("--port", type=int, default=9400)
    parser.add_argument("--floor", default="http://127.0.0.1:8400", help="where browsers reach the floor")
    parser.add_argument("--client-id", default="floor")
    parser.add_argument("--client-secret", default="simulated-secret")
    parser.add_argument("--person", action="append", metavar="NAME", help="who may sign in; again for another one")
    parser.add_argument("--fail", default="", metavar="FAULTS", help=f"of the first tokens: {', '.join(FAULTS)}")
    options = parser.parse_args(arguments)
    people = {name: f"subject-{name}" for name in options.person or ["eve", "ada"]}
    back = f"{options.floor.rstrip('/')}/sign-in/company/back"
    with IdentityProvider(options.client_id, options.client_secret, back, people, port=options.port) as provider:
        provider.fail(*(word for word in options.fail.split(",") if word))
        sys.stdout.write(
            f"FLOOR_OIDC_ISSUER={provider.issuer} FLOOR_OIDC_CLIENT_ID={options.client_id}"
            f" FLOOR_OIDC_CLIENT_SECRET={options.client_secret} FLOOR_PUBLIC_ADDRESS={options.floor.rstrip('/')}\n"
        )
        sys.stdout.flush()
        try:
            for line in sys.stdin:
                try:
                    provider.fail(*line.replace(",", " ").split())
                except ValueError as error:
                    sys.stderr.write(f"{error}\n")
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
