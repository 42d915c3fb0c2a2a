"""The frame of the planner's figures: resumable, shared out, and never quiet about a missed optimum."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.benchmarks import picking, picking_sets
from tests.benchmarks.picking_sets import NoData, Options, Row, percentile


class Solved(list[str]):
    """What the made-up set was asked to solve, with one instance that it gets wrong on demand."""

    wrong = ""


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> Solved:
    solved = Solved()

    def rows(options: Options) -> Iterator[Row]:
        for number in range(4):
            for seed in options.seeds:
                key = f"{number}-{seed}"
                if options.is_mine(number) and not options.is_done(key):
                    solved.append(key)
                    yield {"key": key, "gap": number / 100, "ok": key != solved.wrong}

    made_up = SimpleNamespace(HELP="four made-up ones", rows=rows, summary=lambda rows: {"seen": len(rows)})

    def rows_of_files(options: Options) -> Iterator[Row]:
        yield {"key": options.folder().name}

    of_files = SimpleNamespace(HELP="reads files", rows=rows_of_files)
    sets: dict[str, Any] = {"made-up": made_up, "of-files": of_files}
    monkeypatch.setattr(picking_sets, "names", lambda: list(sets))
    monkeypatch.setattr(picking_sets, "load", sets.__getitem__)
    return solved


def written(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_rows_and_the_summary_are_json_lines_with_the_machine_before_them(
    solved: Solved, capsys: pytest.CaptureFixture[str]
) -> None:
    assert picking.main(["--set", "made-up", "--seeds", "7", "--json", "-"]) == 0
    said = capsys.readouterr()
    first, *rows, last = [json.loads(line) for line in said.out.splitlines()]
    assert {"commit", "cores", "load", "python", "numba", "ortools"} <= first["run"].keys()
    assert [row["key"] for row in rows] == ["0-7", "1-7", "2-7", "3-7"]
    assert {row["set"] for row in rows} == {"made-up"}
    assert (last["summary"], last["rows"], last["wrong"], last["seen"]) == ("made-up", 4, 0, 4)
    assert "load" in last
    assert "made-up: rows 4" in said.err


def test_a_missed_optimum_ends_in_a_failure_that_names_it(solved: Solved, capsys: pytest.CaptureFixture[str]) -> None:
    solved.wrong = "2-1"
    assert picking.main(["--set", "made-up"]) == 1
    assert 'WRONG set "made-up", key "2-1"' in capsys.readouterr().out


def test_a_row_that_is_there_is_not_solved_again_and_still_counts(solved: Solved, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    solved.wrong = "1-0"
    assert picking.main(["--set", "made-up", "--seeds", "0", "--resume", str(file)]) == 1
    solved.clear()
    assert picking.main(["--set", "made-up", "--seeds", "0,1", "--resume", str(file)]) == 1
    assert solved == ["0-1", "1-1", "2-1", "3-1"]
    last = written(file)[-1]
    assert (last["rows"], last["of_earlier_runs"], last["wrong"]) == (8, 4, 1)


def test_a_run_that_was_ended_in_the_middle_of_a_line_goes_on(solved: Solved, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"set": "made-up", "key": "0-0", "ok": true}\n{"set": "made-up", "key": "1-')
    assert picking.main(["--set", "made-up", "--seeds", "0", "--resume", str(file)]) == 0
    assert solved == ["1-0", "2-0", "3-0"]
    assert [row["key"] for row in written(file) if "key" in row] == ["0-0", "1-0", "2-0", "3-0"]


def test_a_resumed_file_that_is_something_else_is_refused(
    solved: Solved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("set,key\n")
    assert picking.main(["--set", "made-up", "--resume", str(file)]) == 2
    assert "line 1" in capsys.readouterr().err
    assert solved == []


def test_shards_solve_each_instance_once(solved: Solved) -> None:
    for shard in ("0/3", "1/3", "2/3"):
        picking.main(["--set", "made-up", "--shard", shard, "--seeds", "0"])
    assert sorted(solved) == ["0-0", "1-0", "2-0", "3-0"]


def test_a_set_of_files_must_be_told_where_they_lie(
    solved: Solved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert picking.main(["--set", "of-files"]) == 2
    assert "needs --data" in capsys.readouterr().out
    assert picking.main(["--set", "of-files", "--data", str(tmp_path)]) == 0


def test_all_sets_run_and_say_which_were_left_out(
    solved: Solved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert picking.main(["--set", "all"]) == 0
    said = capsys.readouterr().out
    assert "made-up: rows 12" in said
    assert "of-files: left out, it needs --data" in said
    assert picking.main(["--set", "all", "--data", str(tmp_path)]) == 2
    assert picking.main(["--set", "all", "--data", f"of-files={tmp_path}"]) == 0
    assert "of-files: rows 1" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["--shard", "2/2"], ["--shard", "x"], ["--seeds", "one"], ["--set", "none"]])
def test_a_wrong_question_is_refused(solved: Solved, wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        picking.main(["--set", "made-up", *wrong])
    assert left.value.code == 2
    assert solved == []


def test_the_help_explains_each_set(solved: Solved, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        picking.main(["--help"])
    assert "made-up\n      four made-up ones" in capsys.readouterr().out


def test_every_set_of_the_package_has_words_and_rows() -> None:
    for name in picking_sets.names():
        its = picking_sets.load(name)
        assert its.HELP.strip()
        assert callable(its.rows)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoData):
        Options(tmp_path / "none").folder()


def test_percentiles_are_values_that_occurred() -> None:
    assert [percentile([4, 1, 3, 2], share) for share in (0.0, 0.25, 0.5, 0.99, 1.0)] == [1, 1, 2, 4, 4]
    assert percentile([], 0.5) == 0
