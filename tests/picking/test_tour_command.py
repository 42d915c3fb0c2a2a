from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from picking.__main__ import main

QUESTION: dict[str, Any] = {
    "layout": {"aisle_x_dm": [0, 40, 80], "cross_aisle_y_dm": [0, 100]},
    "start": {"name": "depot", "x_dm": 0, "y_dm": 0},
    "stops": [
        {"name": "A1", "x_dm": 0, "y_dm": 50},
        {"name": "B1", "x_dm": 40, "y_dm": 20},
        {"name": "B2", "x_dm": 40, "y_dm": 90, "level": 2},
        {"name": "C1", "x_dm": 80, "y_dm": 50},
    ],
}


def question_file(folder: Path, **changed: Any) -> str:
    file = folder / "tour.json"
    file.write_text(json.dumps(QUESTION | changed), encoding="utf-8")
    return str(file)


def test_the_answer_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tour", question_file(tmp_path, seed=3), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert sorted(answer["sequence"]) == ["A1", "B1", "B2", "C1"]
    assert (answer["distance_dm"], answer["s_shape_dm"]) == (420, 460)
    assert (answer["solver"], answer["seed"], answer["reason"]) == ("exact", 3, "")


def test_the_answer_as_text_lists_the_stops_and_the_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tour", question_file(tmp_path), "--seed", "9"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[-1].startswith("4 stops, 42.0 m, proven shortest (S-shape 46.0 m, -8.7 %;")
    assert "seed 9" in lines[-1]


def test_a_question_may_come_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(json.dumps(QUESTION)))
    assert main(["tour", "-"]) == 0
    assert "exact" in capsys.readouterr().out


def test_the_help_shows_the_file_format(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["tour", "--help"])
    assert left.value.code == 0
    assert '"cross_aisle_y_dm"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"layout": []}, "layout: "),
        ({"layout": {"aisle_x_dm": [0]}}, "layout.cross_aisle_y_dm: is missing"),
        ({"layout": {"aisle_x_dm": [5, 0], "cross_aisle_y_dm": [0]}}, "layout.aisle_x_dm[1]: "),
        ({"start": {"name": "d", "x_dm": 0}}, "start.y_dm: is missing"),
        ({"end": {"name": "", "x_dm": 0, "y_dm": 0}}, "end.name: "),
        ({"stops": {}}, "stops: "),
        ({"stops": [{"name": "A", "x_dm": 0, "y_dm": "5"}]}, "stops[0].y_dm: "),
        ({"stops": [{"name": "A", "x_dm": 0, "y_dm": 5, "z": 1}]}, "stops[0].z: is not known"),
        ({"stops": [{"name": "A", "x_dm": 0, "y_dm": y} for y in (5, 6)]}, "stops[1].name: "),
        ({"time_limit_ms": -5}, "time_limit_ms: "),
        ({"seed": "x"}, "seed: "),
        ({"level_penalty_dm": None}, "level_penalty_dm: "),
        ({"stop": []}, "stop: is not known"),
    ],
)
def test_wrong_input_names_the_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, Any], field: str
) -> None:
    file = question_file(tmp_path, **changed)
    assert main(["tour", file]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{file}: {field}")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b"[" * 100_000])
def test_a_file_that_is_no_question_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    file = tmp_path / "tour.json"
    file.write_bytes(content)
    assert main(["tour", str(file)]) == 2
    assert "file: " in capsys.readouterr().err


def test_a_missing_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tour", str(tmp_path / "none.json")]) == 2
    assert "file: cannot be read" in capsys.readouterr().err
