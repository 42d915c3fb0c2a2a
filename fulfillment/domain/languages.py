"""The languages a person on this floor may read, and how what others call them is understood. Pure."""

from __future__ import annotations

from collections.abc import Mapping

# code → what it calls itself. Codes are those of CLDR; `html_tag` gives the one a browser knows.
LANGUAGES: Mapping[str, str] = {"en": "English", "zh_Hans": "简体中文", "de": "Deutsch", "es": "Español"}

# Chinese written with the traditional characters is another script: who reads it did not ask for the simplified one.
_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})


def language_of(text: str) -> str | None:
    """The language meant by a code or a browser's tag, such as `de-AT`, `zh-CN` or `zh_Hans`; None = none of ours."""
    first, *others = text.strip().lower().replace("_", "-").split("-")
    if first == "zh":
        return None if _TRADITIONAL.intersection(others) else "zh_Hans"
    return first if first in LANGUAGES else None


def html_tag(language: str) -> str:
    """The language as HTML and HTTP name it (BCP 47). Our English writes days and hours as Britain does."""
    return "en-GB" if language == "en" else language.replace("_", "-")
