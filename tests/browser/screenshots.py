"""Pictures of every screen, to look at: `python -m tests.browser.screenshots --out .screenshots`.

A floor of its own, kept nowhere; a file a screen, size and language. `--look dark` for the other colours, `--only` for
screens whose name begins so.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.domain.languages import html_tag
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.browser.conftest import Site, launch, served
from tests.browser.every_screen import PICKER, SUPERVISOR, every_kiosk_screen, every_page

SIZES = ((360, 640), (800, 1280), (1440, 900))
LANGUAGES = ("en", "zh_Hans")

# Pictures below the fold come when somebody looks; here somebody looks at all of them.
_PICTURES = """() => Promise.all([...document.images].map((shown) => {
  shown.loading = 'eager';
  return shown.decode().catch(() => null);
}))"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse, walk, photograph."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(".screenshots"), help="folder of the pictures")
    parser.add_argument("--look", choices=("light", "dark"), default="light")
    parser.add_argument("--only", default="", help="screens whose name begins so, e.g. pick")
    parser.add_argument("--language", choices=LANGUAGES, action="append", help="one of them instead of both")
    parser.add_argument("--size", choices=[f"{wide}x{high}" for wide, high in SIZES], action="append")
    given = parser.parse_args(arguments)
    sizes = [size for size in SIZES if not given.size or f"{size[0]}x{size[1]}" in given.size]
    expect.set_options(timeout=20_000)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for language in given.language or LANGUAGES:
            with floor_of_our_own() as site:
                taken = photograph(site, browser, language, given.look, sizes, given.only, given.out)
            print(f"{taken} pictures of the {language} screens in {given.out}")  # noqa: T201 - a command's answer
        browser.close()


@contextmanager
def floor_of_our_own() -> Iterator[Site]:
    """A floor on a database that is gone afterwards."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(Path(home), f"sqlite:///{home}/floor.sqlite")
        migrate(settings)
        floor = open_floor(settings)
        try:
            with served(floor) as site:
                yield site
        finally:
            floor.close()


def photograph(
    site: Site, browser: Browser, language: str, look: str, sizes: Sequence[tuple[int, int]], only: str, out: Path
) -> int:
    """Walk by every screen and take its picture in each size; how many were taken."""
    for badge in (SUPERVISOR, PICKER):
        site.hand.write(lambda tx, badge=badge: setting_up.set_language(tx, badge, language))
    context = browser.new_context(locale=html_tag(language), color_scheme=look, reduced_motion="reduce")
    page = context.new_page()
    taken = 0
    for name in chain(every_kiosk_screen(site, page), every_page(site, page)):
        if not name.startswith(only):
            continue
        for wide, high in sizes:
            page.set_viewport_size({"width": wide, "height": high})
            page.evaluate(_PICTURES)
            folder = out / f"{wide}x{high}"
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.{language}.{look}.png")
            taken += 1
    context.close()
    return taken


if __name__ == "__main__":
    main()
