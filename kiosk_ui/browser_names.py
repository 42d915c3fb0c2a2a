"""Which browser on which system, in two words that a person knows again in a list of their own devices.

Owns the guess, which is shown and never decides anything: a browser says of itself what it likes. What is in none of
the lists is shown as it came, shortened.
"""

from __future__ import annotations

# The first that occurs names it: nearly all say Safari, and those built on Chrome say Chrome too.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
SHOWN_MAX = 60


def browser_name(user_agent: str) -> str:
    """`Firefox, Windows` of what a browser sent as its name; empty for nothing."""
    named = [next((name for part, name in known if part in user_agent), "") for known in (BROWSERS, SYSTEMS)]
    return ", ".join(name for name in named if name) or user_agent[:SHOWN_MAX]
