"""Which language a page is in, and the catalogue it is read from.

Asked in this order: the operator signed in at the station, what was chosen on the device (a cookie), what the
browser asks for, the warehouse's own (`FLOOR_LANGUAGE`). Catalogues are read from the `.po` files themselves, each
once in a process and only when somebody reads it: nothing is compiled beforehand, so nothing can be stale.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, Domain, get_locale, refresh
from werkzeug.utils import cached_property

from fulfillment.domain.languages import LANGUAGES, html_tag, language_of
from fulfillment.web.auth import floor
from kiosk_ui.browser_names import browser_name
from kiosk_ui.figures import day, decimal, kilograms, metres, number, signed

COOKIE = "floor_language"
CATALOGUES = Path(__file__).with_name("translations")
SOURCE = "en"


def register_languages(app: Flask) -> None:
    """Give the application its languages, and the templates what is written by language."""
    Catalogues().init_app(app, default_locale=SOURCE, locale_selector=chosen)
    app.jinja_env.filters.update(
        browser_name=browser_name,
        day=day,
        decimal=decimal,
        kilograms=kilograms,
        metres=metres,
        number=number,
        signed=signed,
    )
    app.jinja_env.globals.update(language=language, languages=languages)


def chosen() -> str:
    """The language of this request's reader."""
    if not has_request_context():
        return floor().settings.language
    wanted = (tag for tag, quality in request.accept_languages if quality > 0)
    asked = (g.get("operator_language", ""), request.cookies.get(COOKIE, ""), *wanted)
    found = (language_of(text) for text in asked if text)
    return next((code for code in found if code is not None), floor().settings.language)


def read_as(operator_language: str) -> None:
    """From here on this request is written for whoever is signed in; '' = whoever that is did not say."""
    g.operator_language = operator_language
    refresh()


def reader() -> str:
    """The code of this request's language."""
    return str(get_locale() or SOURCE)


def language() -> str:
    """The language of this page, as HTML names it."""
    return html_tag(reader())


def languages() -> list[dict[str, object]]:
    """Those to choose from, each called what it calls itself."""
    here = reader()
    return [
        {"code": code, "tag": html_tag(code), "name": name, "is_here": code == here}
        for code, name in LANGUAGES.items()
    ]  # fmt: skip


class Catalogues(Babel):
    """Flask-Babel with our catalogues instead of compiled files."""

    @cached_property
    def domain_instance(self) -> Domain:
        return _FromText()


class _FromText(Domain):
    def get_translations(self) -> NullTranslations:
        return catalogue(reader())


@cache
def catalogue(code: str) -> NullTranslations:
    """The translations of a language; the source language and one without a file translate nothing."""
    path = CATALOGUES / code / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return Translations(compiled)
