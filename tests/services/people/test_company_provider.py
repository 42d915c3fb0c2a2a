"""What the company's log-in says is believed only where all of it fits, and waited for only so long."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from fulfillment.services.people import company_provider
from fulfillment.services.people.company_provider import Person, Provider, ProviderDown, ProviderWrong
from fulfillment.settings import CompanyLogIn
from simulators.identity_provider import ANSWER_FAULTS, TOKEN_FAULTS, IdentityProvider

FLOOR = "http://localhost"
SECRET, HELD = "a secret of the floor and the company", "what a browser holds"
DOWN = {"error", "slow", "trickle", "busy", "cut"}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def simulated() -> Iterator[IdentityProvider]:
    with IdentityProvider("floor", SECRET, FLOOR + company_provider.BACK, {"eve": "00u-eve"}, slow_s=30) as provider:
        yield provider


def asked(simulated: IdentityProvider, step_s: float = 10.0, secret: str = SECRET, **more: str) -> Provider:
    company = CompanyLogIn(simulated.issuer, "floor", "Contoso", FLOOR, secret, **more)
    return Provider(company, now_ms, step_s)


def signed_in(address: str) -> dict[str, str]:
    """What a browser comes back with that signed in as eve there."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname, parts.port, timeout=10)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", f"{parts.path}?{parts.query}", urlencode({"person": "eve"}), kind)
    back = connection.getresponse().headers["Location"]
    connection.close()
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


def test_who_came_is_told_by_what_never_changes_of_them(simulated: IdentityProvider) -> None:
    provider = asked(simulated)
    said = signed_in(provider.way_in(HELD))
    assert provider.who_came(said["code"], HELD, said["iss"]) == Person("00u-eve", "eve")


def test_another_browsers_secret_trades_no_code(simulated: IdentityProvider) -> None:
    provider = asked(simulated)
    said = signed_in(provider.way_in(HELD))
    with pytest.raises(ProviderWrong, match="400"):
        provider.who_came(said["code"], "another", said["iss"])
    said = signed_in(provider.way_in(HELD))
    provider.who_came(said["code"], HELD, said["iss"])
    with pytest.raises(ProviderWrong, match="400"):
        provider.who_came(said["code"], HELD, said["iss"])


@pytest.mark.parametrize("fault", TOKEN_FAULTS)
def test_a_token_that_does_not_fit_lets_nobody_in(simulated: IdentityProvider, fault: str) -> None:
    provider = asked(simulated)
    said = signed_in(provider.way_in(HELD))
    simulated.fail(fault)
    with pytest.raises(ProviderWrong):
        provider.who_came(said["code"], HELD, said["iss"])


@pytest.mark.parametrize("fault", ANSWER_FAULTS)
def test_an_answer_that_never_ends_or_leads_elsewhere_is_no_answer(simulated: IdentityProvider, fault: str) -> None:
    provider = asked(simulated, step_s=0.5 if fault in ("slow", "trickle") else 10.0)
    said = signed_in(provider.way_in(HELD))
    simulated.fail(fault)
    with pytest.raises(ProviderDown if fault in DOWN else ProviderWrong):
        provider.who_came(said["code"], HELD, said["iss"])
    assert "/elsewhere" not in simulated.calls


def test_a_provider_that_did_not_answer_is_left_alone_for_a_while(
    simulated: IdentityProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    provider = asked(simulated)
    said = signed_in(provider.way_in(HELD))
    simulated.fail("error")
    with caplog.at_level(logging.WARNING), pytest.raises(ProviderDown):
        provider.who_came(said["code"], HELD, said["iss"])
    assert "does not answer" in caplog.text
    assert SECRET not in caplog.text
    asked_before = len(simulated.calls)
    with pytest.raises(ProviderDown):
        provider.way_in(HELD)
    assert len(simulated.calls) == asked_before
    clock = time.monotonic
    monkeypatch.setattr(company_provider.time, "monotonic", lambda: clock() + company_provider.REST_S)
    assert provider.way_in(HELD).startswith(simulated.issuer)


def test_only_so_many_wait_for_it_at_once(simulated: IdentityProvider) -> None:
    provider = asked(simulated)
    with provider._asking(), provider._asking(), pytest.raises(ProviderDown) as refused:
        provider.way_in(HELD)
    assert refused.value.code == "company_busy"
    assert provider.way_in(HELD), "and nobody is kept away by it afterwards"


def test_keys_that_change_are_read_again(simulated: IdentityProvider) -> None:
    provider = asked(simulated)
    for _ in range(2):
        said = signed_in(provider.way_in(HELD))
        assert provider.who_came(said["code"], HELD, said["iss"]).subject == "00u-eve"
        simulated.change_keys()


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://log-in.example"}, {"token_endpoint": "http://log-in.example/token"},
        {"jwks_uri": "file:///etc/passwd"}, {"authorization_endpoint": "javascript:alert(1)"}, {"jwks_uri": None},
        {"token_endpoint": "https://log-in.example/to ken"}, {"token_endpoint": "https://[::1"},
    ],
)  # fmt: skip
def test_a_provider_that_says_odd_things_about_itself_is_not_used(
    simulated: IdentityProvider, changed: dict[str, str]
) -> None:
    simulated.changed = changed
    with pytest.raises(ProviderWrong):
        asked(simulated).way_in(HELD)
    with pytest.raises(ProviderWrong):
        asked(simulated).look()


def test_another_issuer_in_the_address_lets_nobody_in(simulated: IdentityProvider) -> None:
    provider = asked(simulated)
    for issuer in ("https://log-in.example", None):
        said = signed_in(provider.way_in(HELD))
        with pytest.raises(ProviderWrong, match="issuer"):
            provider.who_came(said["code"], HELD, issuer)


def test_one_that_is_not_there_is_down(simulated: IdentityProvider) -> None:
    provider = asked(simulated)
    simulated._server.server_close()
    with pytest.raises(ProviderDown):
        provider.look()


def test_the_secret_is_read_anew_from_a_file_only_its_owner_can_read(
    simulated: IdentityProvider, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    provider = asked(simulated, secret="", secret_file=str(file))
    with pytest.raises(ProviderWrong, match="cannot be read"):
        provider.look()
    file.write_text("the one before\n", "utf-8")
    file.chmod(0o640)
    with pytest.raises(ProviderWrong, match="others can read"):
        provider.look()
    file.chmod(0o600)
    said = signed_in(provider.way_in(HELD))
    with pytest.raises(ProviderWrong):
        provider.who_came(said["code"], HELD, said["iss"])
    file.write_text(f"{SECRET}\n", "utf-8")
    said = signed_in(provider.way_in(HELD))
    assert provider.who_came(said["code"], HELD, said["iss"]).shown == "eve"
    assert SECRET not in repr(asked(simulated).company)
