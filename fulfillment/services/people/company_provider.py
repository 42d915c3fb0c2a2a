"""The company's own log-in over OpenID Connect: where a browser is sent, and who the provider says came back.

Authlib and joserfc judge signature and claims (RFC 6749, 7636, OpenID Connect Core); what is asked over the network is
ours, so that it is bounded: five seconds for all of a step, 256 kB an answer, redirects never followed, two askers a
process, and a provider that did not answer is left alone for ten seconds. So a provider that is down costs whoever
signs in otherwise nothing. No token is kept; the secret is read at each use and is in no log, row or message.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from fulfillment.domain.reasons import DomainError
from fulfillment.settings import CompanyLogIn, is_loopback

STEP_S = 5.0
ANSWER_MAX = 256 * 1024
ASKERS = 2  # of a process's threads; the others serve the floor
REST_S = 10.0
KNOWN_S = 300.0  # how long what a provider says about itself is believed; its keys are read at each signing in
LEEWAY_S = 60  # its clock and ours
SUBJECT_MAX = 255  # OpenID Connect Core 2
SHOWN_MAX = 100
# Signed by a key of the provider's alone: never `none`, never a secret that both know.
ALGORITHMS = ("RS256", "PS256", "ES256")
BACK = "/sign-in/company/back"

_log = logging.getLogger(__name__)


class ProviderDown(DomainError):
    """It does not answer, or has nothing to say: later, or by passphrase."""

    status = 503

    def __init__(self, why: str, code: str = "company_down") -> None:
        super().__init__(code, why)


class ProviderWrong(DomainError):
    """What it said does not fit what was asked. Nobody comes in by it."""

    status = 502

    def __init__(self, why: str) -> None:
        super().__init__("company_wrong", why)


@dataclass(frozen=True)
class Person:
    """Who the provider says came: what never changes, and what people call them."""

    subject: str
    shown: str


def derived(secret: str, what: str) -> str:
    """What goes out for a visit (`state`, `nonce`, `verifier`), from the secret its browser holds: kept nowhere."""
    made = hmac.new(secret.encode(), what.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


class Provider:
    """The provider of one floor; `clock` gives milliseconds since 1970."""

    def __init__(self, company: CompanyLogIn, clock: Callable[[], int], step_s: float = STEP_S) -> None:
        self._company, self._clock, self._step_s = company, clock, step_s
        self._askers = threading.BoundedSemaphore(ASKERS)
        self._known: tuple[float, dict[str, Any]] | None = None
        self._rests_until = 0.0

    @property
    def company(self) -> CompanyLogIn:
        """How the floor is known there."""
        return self._company

    def way_in(self, secret: str) -> str:
        """Where the browser that holds this secret is sent.

        Raises:
            ProviderDown; ProviderWrong.
        """
        with self._asking() as deadline:
            about = self._about(deadline)
        return str(
            prepare_grant_uri(
                about["authorization_endpoint"], self._company.client_id, "code", self._redirect_uri, "openid profile",
                derived(secret, "state"), nonce=derived(secret, "nonce"),
                code_challenge=create_s256_code_challenge(derived(secret, "verifier")), code_challenge_method="S256",
            )
        )  # fmt: skip

    def who_came(self, code: str, secret: str, issuer: str | None) -> Person:
        """Trade the code a browser came back with for who it is; `issuer`: who said so in the address (RFC 9207).

        Raises:
            ProviderDown; ProviderWrong.
        """
        with self._asking() as deadline:
            about = self._about(deadline)
            must_name = about.get("authorization_response_iss_parameter_supported") is True
            if (issuer is not None or must_name) and issuer != self._company.issuer:
                raise ProviderWrong("another issuer came back")
            token = self._token(about, code, derived(secret, "verifier"), deadline)
            keys = self._ask("GET", about["jwks_uri"], deadline)
            try:
                return self._judged(token, keys, derived(secret, "nonce"))
            except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError, AttributeError) as error:
                claim = getattr(error, "claim", "")
                raise ProviderWrong(f"the token: {type(error).__name__} {claim}".rstrip()) from error

    def look(self) -> None:
        """Whether it can be asked, and is who it is said to be.

        Raises:
            ProviderDown; ProviderWrong.
        """
        client_secret(self._company)
        with self._asking() as deadline:
            self._ask("GET", self._about(deadline)["jwks_uri"], deadline)

    @property
    def _redirect_uri(self) -> str:
        return self._company.address + BACK

    @contextmanager
    def _asking(self) -> Iterator[float]:
        """One of the askers there may be; until when it may ask."""
        if time.monotonic() < self._rests_until:
            raise ProviderDown("it did not answer just now")
        if not self._askers.acquire(blocking=False):
            raise ProviderDown("others are being asked for", "company_busy")
        try:
            yield time.monotonic() + self._step_s
        except ProviderDown as error:
            self._rests_until = time.monotonic() + REST_S
            _log.warning("the company's log-in does not answer: %s", error.detail)
            raise
        except ProviderWrong as error:
            _log.warning("the company's log-in said what does not fit: %s", error.detail)
            raise
        finally:
            self._askers.release()

    def _about(self, deadline: float) -> dict[str, Any]:
        if self._known is not None and time.monotonic() < self._known[0]:
            return self._known[1]
        about = self._ask("GET", get_well_known_url(self._company.issuer, external=True), deadline)
        if about.get("issuer") != self._company.issuer:
            raise ProviderWrong("it says it is another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            self._check_address(name, about.get(name))
        self._known = (time.monotonic() + KNOWN_S, about)
        return about

    def _check_address(self, name: str, address: Any) -> None:
        try:
            parts = urlsplit(address if isinstance(address, str) else "")
            _ = parts.port
        except ValueError as error:
            raise ProviderWrong(f"{name} is no address") from error
        is_own = is_loopback(urlsplit(self._company.issuer).hostname or "") and is_loopback(parts.hostname or "")
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_own)
        if not (is_safe and parts.hostname) or re.search(r"[\x00-\x20\x7f-\U0010ffff]", address):
            raise ProviderWrong(f"{name} is no https address")

    def _token(self, about: Mapping[str, Any], code: str, verifier: str, deadline: float) -> str:
        methods = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        body = prepare_token_request(
            "authorization_code", redirect_uri=self._redirect_uri, code=code, code_verifier=verifier
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url, headers, body = ClientAuth(self._company.client_id, client_secret(self._company), method).prepare(
            "POST", about["token_endpoint"], headers, body
        )
        token = self._ask("POST", url, deadline, body, headers).get("id_token")
        if not isinstance(token, str):
            raise ProviderWrong("no token in its answer")
        return token

    def _judged(self, token: str, keys: Mapping[str, Any], nonce: str) -> Person:
        found = jwt.decode(token, lambda signed: _key_of(keys, signed.headers()), algorithms=list(ALGORITHMS))
        claims = CodeIDToken(
            found.claims, found.header,
            {
                "iss": {"essential": True, "value": self._company.issuer},
                "aud": {"essential": True, "value": self._company.client_id},
                "sub": {"essential": True},
            },
            {"nonce": nonce, "client_id": self._company.client_id},
        )  # fmt: skip
        claims.validate(now=self._clock() // 1000, leeway=LEEWAY_S)
        subject = claims["sub"]
        if not (isinstance(subject, str) and 0 < len(subject) <= SUBJECT_MAX and subject.isprintable()):
            raise ValueError("no subject")
        shown = next((claims[name] for name in ("preferred_username", "email", "name") if claims.get(name)), subject)
        readable = "".join(letter for letter in str(shown)[:SHOWN_MAX] if letter.isprintable())
        return Person(subject, readable or subject)

    def _ask(
        self, method: str, url: str, deadline: float, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_left_s(deadline))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(method, path, body, {"Accept": "application/json", **(headers or {})})
            response = connection.getresponse()
            content = _read(response, connection.sock, deadline)
        except (OSError, http.client.HTTPException) as error:
            raise ProviderDown(f"{parts.hostname}: {type(error).__name__}") from error
        finally:
            connection.close()
        if response.status >= 500 or response.status == 429:
            raise ProviderDown(f"{parts.hostname} answered {response.status}")
        if response.status != 200:
            raise ProviderWrong(f"{parts.hostname} answered {response.status}")
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ProviderWrong(f"{parts.hostname} answered no JSON") from error
        if not isinstance(answer, dict):
            raise ProviderWrong(f"{parts.hostname} answered no object")
        return answer


def client_secret(company: CompanyLogIn) -> str:
    """What the floor shows the provider.

    Raises:
        ProviderWrong: its file is not there, or others can read it.
    """
    if not company.secret_file:
        return company.secret
    file = Path(company.secret_file)
    try:
        is_open, secret = file.stat().st_mode & 0o077, file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ProviderWrong(f"the secret's file cannot be read: {type(error).__name__}") from error
    if is_open or not secret:
        raise ProviderWrong("others can read the secret's file" if is_open else "the secret's file is empty")
    return secret


def _key_of(keys: Mapping[str, Any], header: Mapping[str, Any]) -> Any:
    """The one key of the provider's that can have signed this; kinds of keys nobody here knows are passed over."""
    kid = header.get("kid")
    usable = [
        key for key in keys["keys"]
        if isinstance(key, dict) and key.get("kty") in ("RSA", "EC") and key.get("use", "sig") == "sig"
        and (kid is None or key.get("kid") == kid)
    ]  # fmt: skip
    if len(usable) != 1:
        raise ValueError("no key")
    return jwk.import_key({name: value for name, value in usable[0].items() if name not in ("x5c", "x5t", "x5u")})


def _left_s(deadline: float) -> float:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise ProviderDown("no time left")
    return left_s


def _read(response: http.client.HTTPResponse, sock: socket.socket | None, deadline: float) -> bytes:
    # One that sends a byte a second would outlast any timeout of a single read, and hold a thread of the floor.
    content = b""
    while True:
        if sock is not None:
            sock.settimeout(_left_s(deadline))
        part = response.read1(16 * 1024)
        if not part:
            return content
        content += part
        if len(content) > ANSWER_MAX:
            raise ProviderWrong("its answer is too long")
