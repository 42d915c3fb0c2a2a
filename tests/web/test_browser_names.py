"""What a person knows their own devices by in a list."""

from __future__ import annotations

import pytest

from kiosk_ui.browser_names import browser_name


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "Firefox, Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0"
            " Safari/537.36 Edg/156.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; TC52) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Mobile"
            " Safari/537.36",
            "Chrome, Android",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0"
            " Safari/604.1",
            "Safari, iPad",
        ),
        ("curl/8.9", "curl/8.9"),
        ("x" * 300, "x" * 60),
        ("", ""),
    ],
)
def test_a_browser_is_called_what_a_person_calls_it(sent: str, shown: str) -> None:
    assert browser_name(sent) == shown
