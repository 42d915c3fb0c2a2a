"""The catalogues a translator works on: gathered from the words and the templates, brought up to date, checked.

`pybabel` reads the same mapping from pyproject.toml; `floor translations` does it without remembering its options.
Owns the `.po` files. Invariant: bringing them up to date twice changes nothing the second time.
"""

from __future__ import annotations

import ast
import io
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from fulfillment.domain.languages import LANGUAGES
from kiosk_ui.languages import CATALOGUES, SOURCE
from kiosk_ui.words import KIOSK

ROOT = Path(__file__).parent
METHODS = [("words/**.py", "kiosk_ui.catalogues:words_of"), ("templates/**.html", "jinja2")]
TRANSLATED = tuple(code for code in LANGUAGES if code != SOURCE)
# Pages of templates that only a desk or the board shows; what they say by `_()` is no kiosk's.
KIOSK_TEMPLATES = ("screens/", "_parts.html", "_screen.html", "_carton.html", "_bench.html", "_languages.html",
                   "_look.html",
                   "base.html", "kiosk.html", "bench.html", "own_pin.html")  # fmt: skip
COMPLETE = frozenset({"zh_Hans"})

HEADER = """\
# What Floorline says, in another language. docs/translations.md has the terms to use.
# `floor translations update` brings this file up to date with the words of the program."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with one entry: `what` is missing, fuzzy, placeholders or obsolete."""

    language: str
    what: str
    message: str


def words_of(
    file: IO[bytes], keywords: object, comment_tags: object, options: object
) -> Iterator[tuple[int, str, tuple[str, ...], list[str]]]:
    """Babel's extraction method for the tables of `kiosk_ui.words`: kind as context, `….one` beside its plural."""
    for kinds in ast.walk(ast.parse(file.read())):
        if isinstance(kinds, ast.AnnAssign) and isinstance(kinds.value, ast.Dict):
            for kind, table in zip(kinds.value.keys, kinds.value.values, strict=True):
                if isinstance(kind, ast.Constant) and isinstance(table, ast.Dict):
                    yield from _entries(str(kind.value), table)


def gathered() -> Catalog:
    """Everything there is to translate, in the order of the files."""
    found = Catalog(fuzzy=False)
    options: Mapping[str, Any] = {"templates/**.html": {"silent": "false"}}
    for name, line, message, comments, context in extract_from_dir(ROOT, METHODS, options):
        text = message if isinstance(message, str) else tuple(message)
        # Without the line: moving a sentence must not change eight hundred entries.
        found.add(text, locations=[(f"kiosk_ui/{name}", None)], auto_comments=comments, context=context, lineno=line)
    return found


def read(language: str) -> Catalog:
    """A language's catalogue as it lies there; empty when there is none yet."""
    path = _path(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> bool:
    """Bring a language's file up to date; whether that changed it."""
    path, wanted = _path(language), brought_up(language)
    if path.exists() and path.read_bytes() == wanted:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wanted)
    return True


def brought_up(language: str) -> bytes:
    """What a language's file should hold now. What is new in it is left untranslated, never guessed."""
    there = read(language)
    there.update(gathered(), no_fuzzy_matching=True, update_creation_date=False)
    there.obsolete.clear()
    there.header_comment = HEADER
    there.fuzzy, there.project = False, "Floorline"
    said = io.BytesIO()
    write_po(said, there, width=118, omit_header=False, sort_by_file=False)
    return b"\n".join(line for line in said.getvalue().split(b"\n") if not line.startswith(_NOISE))


def is_kiosk(message: Message) -> bool:
    """Whether a kiosk or a bench says this: of these every language must have its words."""
    if message.context is not None:
        return message.context in KIOSK
    return any(name.removeprefix("kiosk_ui/templates/").startswith(KIOSK_TEMPLATES) for name, _ in message.locations)


def troubles(language: str) -> list[Trouble]:
    """What a language's catalogue lacks of what it must have, and what is wrong in it."""
    there, found = read(language), []
    wanted = {(message.id, message.context): message for message in gathered() if message.id}
    for message in wanted.values():
        entry = there.get(message.id, message.context)
        shown = f"{message.context or ''}: {message.id if isinstance(message.id, str) else message.id[-1]}"
        if entry is None or not _is_whole(entry, there.num_plurals):
            if language in COMPLETE or is_kiosk(message):
                found.append(Trouble(language, "missing", shown))
        elif entry.fuzzy:
            found.append(Trouble(language, "fuzzy", shown))
        elif not _keeps_placeholders(entry):
            found.append(Trouble(language, "placeholders", shown))
    found += [
        Trouble(language, "obsolete", str(entry.id))
        for entry in there if entry.id and (entry.id, entry.context) not in wanted
    ]  # fmt: skip
    return found


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


# Babel writes when and by which version of it: a change in every file at every update.
_NOISE = (b'"Generated-By:', b'"POT-Creation-Date:', b'"PO-Revision-Date:', b'"Last-Translator:',
          b'"Language-Team:', b'"Report-Msgid-Bugs-To:')  # fmt: skip


def _path(language: str) -> Path:
    return CATALOGUES / language / "LC_MESSAGES" / "messages.po"


def _entries(kind: str, table: ast.Dict) -> Iterator[tuple[int, str, tuple[str, ...], list[str]]]:
    said = {
        str(code.value): (code.lineno, str(ast.literal_eval(words)))
        for code, words in zip(table.keys, table.values, strict=True) if isinstance(code, ast.Constant)
    }  # fmt: skip
    for code, (line, words) in said.items():
        if code.endswith(".one"):
            continue
        one = said.get(f"{code}.one")
        if one is None:
            yield line, "pgettext", (kind, words), [code]
        else:
            yield line, "npgettext", (kind, one[1], words), [code]


def _is_whole(entry: Message, plurals: int) -> bool:
    if isinstance(entry.string, str):
        return bool(entry.string)
    return len(entry.string) == plurals and all(entry.string)


def _keeps_placeholders(entry: Message) -> bool:
    """Every form names what the original names; the form for one may leave its number out, as English does."""
    if isinstance(entry.id, str):
        return placeholders(str(entry.string)) == placeholders(entry.id)
    one, many = (placeholders(text) for text in entry.id)
    first, *others = (placeholders(text) for text in entry.string)
    if not others:
        return first == many
    return first in (one, many) and all(form == many for form in others)
