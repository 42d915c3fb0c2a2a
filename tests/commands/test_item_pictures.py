"""`floor item-picture`: a picture from a file, taken away again, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from fulfillment.commands.item_pictures import item_picture
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.services.set_up.test_item_pictures import known, picture

pytestmark = pytest.mark.engine("sqlite")


@pytest.fixture(autouse=True)
def _here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOOR_HOME", str(settings.home))
    monkeypatch.setenv("FLOOR_DATABASE", settings.database_url)


def test_a_picture_comes_from_a_file_and_goes(hand: FloorHand, tmp_path: Path) -> None:
    hand.item("MUG")
    file = tmp_path / "mug.png"
    file.write_bytes(picture(900, 600))
    given = CliRunner().invoke(item_picture, ["MUG", str(file)])
    assert (given.exit_code, given.output.split(",")[0]) == (0, "MUG: 480 × 320")
    assert known(hand, "MUG")["MUG"]["width_px"] == 480
    assert CliRunner().invoke(item_picture, ["MUG", "--remove"]).output == "MUG: no picture\n"
    assert known(hand, "MUG") == {}


def test_what_is_no_picture_or_no_item_is_refused_in_words(hand: FloorHand, tmp_path: Path) -> None:
    file, words = tmp_path / "mug.png", tmp_path / "mug.txt"
    file.write_bytes(picture(10, 10))
    words.write_text("a mug")
    for asked, said in (
        ([str(words)], "not a whole picture"), ([str(file)], "no item 'MUG'"), (["--remove"], "no item 'MUG'"),
        ([str(file), "--remove"], "a FILE, or --remove"), ([], "a FILE, or --remove"),
    ):  # fmt: skip
        refused = CliRunner().invoke(item_picture, ["MUG", *asked])
        assert refused.exit_code != 0
        assert said in refused.output
