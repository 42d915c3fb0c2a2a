"""A company's log-in is configured whole or not at all, and what cannot work is said before anybody signs in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from fulfillment import settings as reading
from fulfillment.app import create_app
from fulfillment.bootstrap import Floor
from fulfillment.cli import floor_command
from fulfillment.commands.training import training_settings
from fulfillment.doctor import BAD, OK, WARN, look_at_machine
from fulfillment.processes import environment_of
from fulfillment.services.people import accounts, company_ties
from fulfillment.services.set_up import setting_up
from fulfillment.settings import CompanyLogIn, SettingError, Settings
from simulators.identity_provider import IdentityProvider
from tests.factories import FloorHand

WHOLE = {
    "FLOOR_OIDC_ISSUER": "https://log-in.example/tenant", "FLOOR_OIDC_CLIENT_ID": "floor",
    "FLOOR_OIDC_CLIENT_SECRET_FILE": "/etc/floorline/oidc-secret", "FLOOR_PUBLIC_ADDRESS": "https://floor.example/",
}  # fmt: skip


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider("floor", "secret", "http://localhost/sign-in/company/back", {}) as provider:
        yield provider


def test_a_whole_configuration_is_read_and_reaches_the_processes() -> None:
    read = Settings.from_env(WHOLE)
    assert read.company == CompanyLogIn(
        "https://log-in.example/tenant", "floor", "log-in.example", "https://floor.example",
        secret_file="/etc/floorline/oidc-secret",
    )  # fmt: skip
    assert Settings.from_env(environment_of(read)).company == read.company
    assert Settings.from_env({}).company is None
    named = Settings.from_env({**WHOLE, "FLOOR_OIDC_NAME": "Contoso"}).company
    assert named is not None
    assert named.name == "Contoso"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"FLOOR_OIDC_ISSUER": ""}, "FLOOR_OIDC_CLIENT_ID"),
        ({"FLOOR_OIDC_ISSUER": "http://log-in.example"}, "FLOOR_OIDC_ISSUER: https"),
        ({"FLOOR_OIDC_ISSUER": "https://"}, "FLOOR_OIDC_ISSUER: https"),
        ({"FLOOR_OIDC_ISSUER": "https://log-in.example/?tenant=1"}, "FLOOR_OIDC_ISSUER: https"),
        ({"FLOOR_OIDC_ISSUER": "https://me:too@log-in.example"}, "FLOOR_OIDC_ISSUER: https"),
        ({"FLOOR_OIDC_ISSUER": "https://[::1"}, "FLOOR_OIDC_ISSUER: no address"),
        ({"FLOOR_OIDC_CLIENT_ID": ""}, "FLOOR_OIDC_CLIENT_ID"),
        ({"FLOOR_OIDC_CLIENT_SECRET_FILE": ""}, "FLOOR_OIDC_CLIENT_SECRET"),
        ({"FLOOR_OIDC_CLIENT_SECRET": "too"}, "FLOOR_OIDC_CLIENT_SECRET"),
        ({"FLOOR_PUBLIC_ADDRESS": ""}, "FLOOR_PUBLIC_ADDRESS"),
        ({"FLOOR_PUBLIC_ADDRESS": "http://floor.example"}, "FLOOR_PUBLIC_ADDRESS: https"),
        ({"FLOOR_PUBLIC_ADDRESS": "https://floor.example/wms"}, "FLOOR_PUBLIC_ADDRESS: without a path"),
    ],
)  # fmt: skip
def test_half_a_configuration_stops_start_up_and_names_what_is_missing(changed: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        Settings.from_env({**WHOLE, **changed})


def test_this_machine_alone_may_do_without_tls_and_no_secret_is_printed() -> None:
    env = {**WHOLE, "FLOOR_OIDC_ISSUER": "http://127.0.0.1:9400", "FLOOR_PUBLIC_ADDRESS": "http://localhost:8400",
           "FLOOR_OIDC_CLIENT_SECRET_FILE": "", "FLOOR_OIDC_CLIENT_SECRET": "hush hush"}  # fmt: skip
    read = Settings.from_env(env)
    assert read.company is not None
    assert read.company.secret == "hush hush"
    assert "hush" not in repr(read)


@pytest.mark.engine("sqlite")
def test_without_the_library_nothing_starts_and_it_says_what_to_install(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = replace(floor.settings, company=Settings.from_env(WHOLE).company)
    monkeypatch.setattr(reading, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"pip install 'floorline\[oidc\]'"):
        create_app(replace(floor, settings=wanted))
    create_app(floor)
    for name, value in {**environment_of(wanted)}.items():
        monkeypatch.setenv(name, value)
    for command in (["run", "--only", "web"], ["serve", "web"]):
        refused = CliRunner().invoke(floor_command, command)
        assert isinstance(refused.exception, SettingError), command
        assert "floorline[oidc]" in str(refused.exception)
    (finding,) = [one for one in look_at_machine(wanted) if one.check == "company_log_in"]
    assert (finding.state, "floorline[oidc]" in finding.remedy) == (BAD, True)


def test_the_training_floor_has_none(tmp_path: Path) -> None:
    assert training_settings(replace(Settings.from_env(WHOLE), home=tmp_path), None, 8500).company is None


def test_the_doctor_names_a_provider_that_cannot_be_reached_or_used(tmp_path: Path, provider: IdentityProvider) -> None:
    company = CompanyLogIn(provider.issuer, "floor", "Contoso", "http://localhost", "secret")

    def found(company: CompanyLogIn) -> tuple[str, str]:
        settings = Settings(tmp_path, f"sqlite:///{tmp_path / 'floor.sqlite'}", company=company)
        (finding,) = [one for one in look_at_machine(settings) if one.check == "company_log_in"]
        assert "secret" not in finding.words.replace("secret's file", "")
        assert bool(finding.remedy) is (finding.state != OK)
        return finding.state, finding.words

    assert found(company) == (OK, f"{provider.issuer} answers")
    assert found(replace(company, secret="", secret_file=str(tmp_path / "none")))[0] == BAD
    provider.changed = {"issuer": "https://log-in.example"}
    assert found(company)[0] == BAD
    away = replace(company, issuer="http://127.0.0.1:9")
    assert found(away) == (WARN, "http://127.0.0.1:9 cannot be asked: 127.0.0.1: ConnectionRefusedError")


def test_a_tie_is_undone_by_command(hand: FloorHand, monkeypatch: pytest.MonkeyPatch) -> None:
    hand.write(lambda tx: setting_up.add_operator(tx, "1003", "Eve", "admin"))
    eve = hand.write(lambda tx: accounts.use_link(tx, accounts.link_for(tx, "1003"), "eve", "kept"))
    hand.write(lambda tx: company_ties.tie(tx, eve, "https://log-in.example", "00u", "eve"))
    for name, value in environment_of(hand.floor.settings).items():
        monkeypatch.setenv(name, value)
    assert CliRunner().invoke(floor_command, ["account", "untie", "1003"]).output == "1003 has no company log-in\n"
    assert hand.all("SELECT * FROM company_tie WHERE warehouse_id = :w") == []
    again = CliRunner().invoke(floor_command, ["account", "untie", "1003"])
    assert again.exit_code != 0
