"""`python -m picking`: every example of the documentation is planned, drawn and answered in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from picking import BatchProblem, BinProblem, CartonProblem, TourProblem, WaveProblem
from picking.__main__ import main
from picking.documents import document_of, problem_of
from picking.errors import FieldError

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "picking"
SPRP = ROOT / "tests" / "data" / "sprp_ss"
KINDS = {"tour": TourProblem, "bins": BinProblem, "batch": BatchProblem, "wave": WaveProblem, "cartons": CartonProblem}


def example(command: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / f"{command}.json").read_text())
    return document


def answer(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    assert main([*argv, "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


@pytest.mark.parametrize("command", KINDS)
def test_each_example_is_planned_in_words_and_drawn(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(EXAMPLES / f"{command}.json"), "--svg", str(tmp_path / "plan.svg")]) == 0
    assert capsys.readouterr().out.strip()
    drawn = sorted(tmp_path.iterdir())
    assert [file.name for file in drawn] == (["plan-1.svg", "plan-2.svg"] if command == "batch" else ["plan.svg"])
    for file in drawn:
        assert ElementTree.parse(file).getroot().tag.endswith("svg")


def test_the_tour_of_the_example_visits_all_stops(capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(capsys, "tour", str(EXAMPLES / "tour.json"), "--time-limit-ms", "5000")
    assert sorted(said["sequence"]) == sorted(stop["name"] for stop in example("tour")["stops"])
    assert said["lower_bound_dm"] <= said["distance_dm"] <= said["s_shape_dm"]


def test_a_wave_on_walkways_goes_up_to_the_loft_for_what_stands_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(EXAMPLES / "wave_walkways.json")
    said = answer(capsys, "wave", file, "--svg", str(tmp_path / "wave.svg"))
    assert sorted(said["order_ids"]) == ["1001", "1002", "1003", "1004"]
    loft_dm = 2 * (120 + 70)  # and the stairs
    assert said["distance_dm"] > loft_dm
    on_the_floor = example("wave_walkways")
    on_the_floor["layout"]["stands"] = {}
    (tmp_path / "floor.json").write_text(json.dumps(on_the_floor))
    assert answer(capsys, "wave", str(tmp_path / "floor.json"))["distance_dm"] < said["distance_dm"]
    assert ElementTree.parse(tmp_path / "wave.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ({"isle_x_dm": []}, "layout.isle_x_dm: is not known; known are aisle_x_dm"),
        ({"graph": {"nodes": []}}, "layout.graph.walkways: is missing"),
        ({"stands": []}, "layout.graph: is missing"),
        ({"graph": None, "stands": []}, "layout.graph: must be an object, got NoneType"),
    ],
)
@pytest.mark.parametrize("command", ["batch", "wave"])
def test_what_is_no_floor_is_named(
    command: str, layout: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({**example(command), "layout": layout}))
    assert main([command, str(tmp_path / "bad.json")]) == 2
    assert said in capsys.readouterr().err


def test_a_floor_of_walkways_keeps_its_order_its_hours_and_its_one_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(EXAMPLES / "walkways.json")
    said = answer(capsys, "tour", file, "--svg", str(tmp_path / "walk.svg"))
    # Up the stairs, down, one way to the cold store, and past the yard to what comes after it.
    assert said["sequence"] == ["L-03", "C-02", "Y-11", "H-07"]
    assert (said["s_shape_dm"], said["lower_bound_dm"] <= said["distance_dm"]) == (0, True)
    assert ElementTree.parse(tmp_path / "walk.svg").getroot().tag.endswith("svg")
    assert main(["tour", file]) == 0
    assert "S-shape" not in capsys.readouterr().out


def test_stops_of_a_grid_have_their_hours_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = example("tour")
    document["floor"] = document.pop("layout")
    document["windows"] = [{"stop": "A03-08-1", "latest_ms": 20_000}]
    file = tmp_path / "hours.json"
    file.write_text(json.dumps(document))
    said = answer(capsys, "tour", str(file), "--svg", str(tmp_path / "walk.svg"))
    assert said["sequence"][0] == "A03-08-1"
    assert (tmp_path / "walk.svg").exists()
    document["floor"]["nodes"] = []
    file.write_text(json.dumps(document))
    assert main(["tour", str(file)]) == 2
    assert "floor.aisle_x_dm: is not known" in capsys.readouterr().err


def test_the_bins_of_the_example_keep_the_order_of_age(capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(capsys, "bins", str(EXAMPLES / "bins.json"))
    picks = [(pick["item"], pick["spot"], pick["qty_each"]) for pick in said["picks"]]
    assert picks == [("soap", "A01-13", 3), ("tea", "A01-15", 2), ("tea", "A01-14", 3)]
    assert said["distance_dm"] == said["lower_bound_dm"] == 390


def test_the_carts_of_the_example_hold_every_piece_once(capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(capsys, "batch", str(EXAMPLES / "batch.json"))
    picked: dict[tuple[str, str], int] = {}
    for batch in said["batches"]:
        assert len(batch["totes"]) <= 3
        for tote in batch["totes"]:
            for pick in tote["picks"]:
                assert pick["spot"] in batch["sequence"]
                key = (tote["order_id"], pick["line_id"])
                picked[key] = picked.get(key, 0) + pick["qty_each"]
    assert picked == {
        (order["order_id"], line["line_id"]): line["qty_each"]
        for order in example("batch")["orders"]
        for line in order["lines"]
    }
    assert said["lower_bound_dm"] <= said["distance_dm"] == sum(batch["distance_dm"] for batch in said["batches"])


def test_the_wave_of_the_example_leaves_out_what_waits_for_goods(capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(capsys, "wave", str(EXAMPLES / "wave.json"))
    assert said["left_out"] == [{"order_id": "1004", "reason": "waits", "words": "waits for a refill"}]
    assert sorted(said["order_ids"]) == ["1001", "1002", "1003"]
    assert sorted(order_id for tour in said["tours"] for order_id in tour["order_ids"]) == sorted(said["order_ids"])


def test_the_cartons_of_the_example_hold_every_piece_once(capsys: pytest.CaptureFixture[str]) -> None:
    said = answer(capsys, "cartons", str(EXAMPLES / "cartons.json"))
    held: dict[str, int] = {}
    for carton in said["cartons"]:
        for name, qty_each in carton["contents"].items():
            held[name] = held.get(name, 0) + qty_each
    assert held == {"tea": 4, "glass": 2, "soap": 6}
    assert said["left_out"] == []


@pytest.mark.parametrize(("command", "kind"), KINDS.items())
def test_a_problem_written_as_a_document_is_read_as_the_same_problem(command: str, kind: type) -> None:
    document = {key: value for key, value in example(command).items() if key not in ("time_limit_ms", "seed")}
    problem = problem_of(kind, document)
    assert problem_of(kind, json.loads(json.dumps(document_of(problem)))) == problem


@pytest.mark.parametrize(
    ("command", "path", "value", "said"),
    [
        ("batch", ("cart", "positions"), 0, "cart.positions: must be between"),
        ("batch", ("orders", 0, "lines", 0, "qty_each"), 1.5, "orders[0].lines[0].qty_each: must be a whole number"),
        ("batch", ("orders", 0, "lines", 0, "spot"), "A9", "orders[0].lines[0].spot: 'A9' is none of the spots"),
        ("batch", ("orders", 1, "order_id"), "1001", "orders[1].order_id: '1001' is used twice"),
        ("batch", ("spots", 1, "name"), "A01", "spots[1].name: 'A01' is used twice"),
        ("batch", ("spots", 1, "x"), 1, "spots[1].x: is not known"),
        ("tour", ("layout", "one_way", 0, "is_up"), "yes", "layout.one_way[0].is_up: must be true or false"),
        ("tour", ("layout", "closed"), {}, "layout.closed: must be a list, got dict"),
        ("tour", ("layout", "busy_dm"), [[1, 2]], "layout.busy_dm[0]: must be a list of 3, got 2"),
        ("bins", ("wanted", 1, "item"), "tea", "wanted[1].item: 'tea' is wanted twice"),
        ("bins", ("bins", 0, "qty_each"), 0, "bins[0].qty_each: must be between"),
        ("wave", ("pickers", 0, "breaks", 0), [1], "pickers[0].breaks[0]: must be a list of 2, got 1"),
        ("wave", ("pickers", 1, "name"), "Ada", "pickers[1].name: 'Ada' is used twice"),
        ("wave", ("now_ms",), -1, "now_ms: must be between"),
        ("cartons", ("types", 0, "max_weight_g"), "5", "types[0].max_weight_g: must be a whole number"),
        ("cartons", ("pieces", 0, "upright"), "x", "pieces[0].upright: must be some of l, w and h"),
        ("cartons", ("seed",), "x", "seed: "),
    ],
)
def test_wrong_input_is_named_by_its_path(
    command: str, path: tuple[Any, ...], value: object, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = example(command)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    file = tmp_path / "question.json"
    file.write_text(json.dumps(document))
    assert main([command, str(file)]) == 2
    heard = capsys.readouterr()
    assert heard.out == ""
    assert heard.err.startswith(f"{file}: {said}")


def test_published_files_are_read_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    one = str(SPRP / "unit_F1_m10_C60_a15_25.txt")
    for blocks, optimum in ((1, 460), (2, 312)):
        said = answer(capsys, "tour", one, "--format=sprp", f"--blocks={blocks}", "--time-limit-ms=5000")
        assert said["distance_dm"] == optimum
    many = str(SPRP / "varying_F2_m5_C30_a3_1.txt")
    assert answer(capsys, "bins", many, "--format", "sprp", "--time-limit-ms", "2000")["distance_dm"] == 86


def test_a_published_file_that_does_not_suit_the_question_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    many = str(SPRP / "varying_F2_m5_C30_a3_1.txt")
    assert main(["tour", many, "--format", "sprp"]) == 2
    assert "ask for bins" in capsys.readouterr().err
    assert main(["batch", many, "--format", "sprp"]) == 2
    assert "format: must be one of henn-waescher, muter-oncan for this question" in capsys.readouterr().err
    assert main(["batch", many, "--format", "henn-waescher", "--blocks", "2"]) == 2
    assert "blocks: " in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cartons", str(EXAMPLES / "cartons.json"), "--svg", str(tmp_path / "none" / "plan.svg")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_document_must_be_an_object() -> None:
    with pytest.raises(FieldError, match="file: must be an object, got list"):
        problem_of(TourProblem, [])
