"""The catalogues: nothing untranslated where it must not be, nothing on a page that no translator was given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

import kiosk_ui
from fulfillment.domain.languages import LANGUAGES
from kiosk_ui import catalogues
from kiosk_ui.catalogues import TRANSLATED, gathered, is_kiosk, placeholders, read, troubles
from kiosk_ui.words import KIOSK, WORDS, script_words, table

PAGES = Path(kiosk_ui.__file__).parent

# What may stand on a page as it is: units of measure, which are the same in every language of ours.
UNITS = {"mm", "kg", "m", "ms", "g", "dpi"}
# What scripts ask browser and server for: keys, headers, names of things. None of it is ever shown.
NAMES = {"Content Security", "Content-Type", "Enter", "Tab", "Escape", "If-None-Match", "ETag", "Control", "use strict"}
# How browsers call keys and what they do.
KEYS = {
    "Alt", "AltGraph", "Arrow", "ArrowDown", "ArrowLeft", "ArrowRight", "ArrowUp",
    "Backquote", "Backslash", "BracketLeft", "BracketRight", "CapsLock", "Comma", "Dead", "Digit",
    "Equal", "Fn", "FnLock", "IntlBackslash", "Key", "Meta", "Minus", "NumLock", "Period", "Process", "Quote",
    "Semicolon", "Shift", "Slash", "Space", "Unidentified",
}  # fmt: skip
# The scripts of kiosk and bench pages.
SCRIPTS = (
    "scan.js", "queue.js", "tour.js", "tour_rules.js", "tour_screen.js", "wedge.js", "wedge_keys.js", "wedge_pace.js",
    "wedge_page.js",
)  # fmt: skip
SHOWN_ATTRIBUTES = {"title", "placeholder", "alt", "aria-label", "label", "summary"}


# ---- what is translated ----


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_a_language_must_have_is_missing_fuzzy_or_wrong(language: str) -> None:
    assert troubles(language) == []


def test_chinese_has_every_word_and_the_others_all_of_kiosk_and_bench() -> None:
    everything = [message for message in gathered() if message.id]
    of_kiosk = [message for message in everything if is_kiosk(message)]
    assert len(everything) > len(of_kiosk) > 300
    for language, wanted in (("zh_Hans", everything), ("de", of_kiosk), ("es", of_kiosk)):
        there = read(language)
        lacking = [one.id for one in wanted if not (there.get(one.id, one.context) or one).string]
        assert lacking == [], language


def test_every_word_of_the_program_is_what_translators_are_given() -> None:
    given = {(message.context, text) for message in gathered() if message.id
             for text in ([message.id] if isinstance(message.id, str) else message.id)}  # fmt: skip
    assert {(kind, words) for kind in WORDS for words in WORDS[kind].values()} - given == set()
    assert {kind for kind, _ in given if kind in KIOSK} == set(KIOSK)


@pytest.mark.parametrize(
    ("what", "spoil"),
    [
        ("missing", lambda entry: setattr(entry, "string", "")),
        ("fuzzy", lambda entry: entry.flags.add("fuzzy")),
        ("placeholders", lambda entry: setattr(entry, "string", "Gescannt")),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_catalogue_is_found(
    what: str, spoil: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = read("de")
    spoil(there.get("Scanned {code}", "screen"))  # type: ignore[operator]
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.po").open("wb") as file:
        write_po(file, there)
    monkeypatch.setattr(catalogues, "CATALOGUES", tmp_path)
    assert [(one.what, one.message) for one in troubles("de")] == [(what, "screen: Scanned {code}")]


def test_bringing_a_catalogue_up_to_date_twice_changes_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogues, "CATALOGUES", tmp_path)
    assert catalogues.update("de")
    assert not catalogues.update("de")
    assert {one.what for one in troubles("de")} == {"missing"}


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_files_that_lie_there_are_up_to_date(language: str) -> None:
    there = catalogues.CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    assert there.read_bytes() == catalogues.brought_up(language), "run: floor translations update"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_form_names_what_the_original_names(language: str) -> None:
    with (catalogues.CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        for entry in read_po(file, locale=language):
            if entry.id and any(entry.string):
                of_all = placeholders(entry.id if isinstance(entry.id, str) else entry.id[-1])
                forms = [entry.string] if isinstance(entry.string, str) else list(entry.string)
                assert placeholders(forms[-1]) == of_all, entry.id
                assert all(placeholders(form) <= of_all for form in forms), entry.id


def test_english_needs_no_catalogue() -> None:
    assert set(TRANSLATED) == set(LANGUAGES) - {"en"}
    assert not (PAGES / "translations" / "en").exists()
    assert table("board") == dict(WORDS["board"])
    assert script_words()["heard"] == WORDS["screen"]["heard"]


def test_a_script_of_kiosk_or_bench_says_only_what_it_is_given() -> None:
    scripts = (PAGES / "static" / name for name in SCRIPTS)
    text = "".join(path.read_text() for path in scripts)
    asked = set(re.findall(r'say\("(\w+)"', text))
    unclear = {f"unclear.{why}" for why in re.findall(r'(?:unclear\(|spoilt = )"(\w+)"', text)}
    assert asked
    assert len(unclear) >= 5
    assert (asked | unclear) - set(script_words()) == set()


# ---- what is marked ----


@pytest.mark.parametrize("path", sorted(PAGES.rglob("*.html")), ids=lambda path: path.stem)
def test_no_template_shows_what_no_translator_was_given(path: Path) -> None:
    assert list(unmarked_in_template(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", sorted((PAGES / "static").glob("*.js")), ids=lambda path: path.stem)
def test_no_script_shows_what_no_translator_was_given(path: Path) -> None:
    assert list(unmarked_in_script(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ("<p>{{ say('screen', 'at') }} here</p>", ["here"]),
        ('<input placeholder="Type it">', ["Type it"]),
        ("{{ parts.facts([('Weight', fields.kg)]) }}", ["Weight"]),
        ("{% set hint = 'scan it' %}", ["scan it"]),
        ("<p>{{ _('Hello') }} {{ 3 }} mm</p><p class='a b'>{# never seen #}</p>", []),
    ],
)
def test_a_text_that_is_not_marked_is_found(template: str, found: list[str]) -> None:
    assert list(unmarked_in_template(template)) == found


def test_a_text_of_a_script_that_is_not_marked_is_found() -> None:
    script = 'say("heard"); // Not shown\nshown.textContent = "Hello you"; other.textContent = `Wait ${count} times`;'
    assert list(unmarked_in_script(script)) == ["Hello you", "Wait  times"]


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        self.found += [value for name, value in attrs if name in SHOWN_ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def unmarked_in_template(text: str) -> Iterator[str]:
    """Texts with letters outside of what is asked for, and sentences among what is."""
    text = re.sub(r"\{#.*?#\}|\{% block layout %\}[\w -]*\{% endblock %\}", "", text, flags=re.DOTALL)  # classes
    for asked in re.findall(r"\{[{%].*?[%}]\}", text, flags=re.DOTALL):
        yield from _sentences(re.sub(r"\b(_|ngettext|pgettext|npgettext)\(('[^']*'|\"[^\"]*\"|[^()])*\)", "", asked))
    # What is asked for stands as a sign without letters, so that an attribute keeps its quotes.
    page = _Texts()
    page.feed(re.sub(r"\{%.*?%\}", "", re.sub(r"\{\{.*?\}\}", "·", text, flags=re.DOTALL), flags=re.DOTALL))
    page.close()
    for shown in page.found:
        left = " ".join(word for word in shown.replace("·", " ").split() if word.strip("(),.:") not in UNITS)
        if re.search(r"[^\W\d_]", left):
            yield left


def unmarked_in_script(text: str) -> Iterator[str]:
    """Strings that read as words for people."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"(^|[\s;{}])//[^\n]*", r"\1", text)
    yield from _sentences(re.sub(r"\$\{[^{}]*\}", "", text))


def _sentences(code: str) -> Iterator[str]:
    """Literals of several words, or of one that begins with a capital: names of classes and keys are neither."""
    for literal in re.findall(r"\"([^\"\n]*)\"|'([^'\n]*)'|`([^`\n]*)`", code):
        text = "".join(literal)
        is_said = re.search(r"[A-Za-z]{2,} +[A-Za-z]", text) or re.match(r"[A-Z][a-z]+", text)
        if is_said and text not in NAMES | KEYS and not re.search(r"[\[\]<>=#]|^[\w-]+(?: [\w]+-[\w-]*)+$", text):
            yield text
