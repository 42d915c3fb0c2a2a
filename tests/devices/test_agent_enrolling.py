"""A bench agent's one-time code does not travel where others listen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devices.agent_client import AgentClient, enrol

SAID = {"agent": "BENCH-1", "token": "t0ken"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The codes that left this machine."""
    codes: list[str] = []

    def take(_: AgentClient, code: str) -> dict[str, Any]:
        codes.append(code)
        return SAID

    monkeypatch.setattr(AgentClient, "enrol", take)
    return codes


def test_a_code_is_not_sent_unencrypted_to_another_machine(tmp_path: Path, sent: list[str]) -> None:
    with pytest.raises(ValueError, match="not encrypted"):
        enrol("http://floor.example:8080", "CODE", "BENCH-1", tmp_path / "token")
    assert (sent, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize(
    ("server", "is_insecure"),
    [("https://floor.example", False), ("http://127.0.0.1:8080", False), ("http://floor.example", True)],
)
def test_it_is_sent_encrypted_on_this_machine_or_where_that_was_asked_for(
    tmp_path: Path, sent: list[str], server: str, is_insecure: bool
) -> None:
    enrol(server, "CODE", "BENCH-1", tmp_path / "token", is_insecure=is_insecure)
    assert sent == ["CODE"]
    assert (tmp_path / "token").read_text() == "t0ken\n"
