"""What is compiled ahead is found again, used without numba, and never from a file that does not fit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from picking import BatchProblem, Cart, FloorGraph, Layout, Node, PickLine, PickOrder, Spot, Walkway, Walkways
from picking.batches.solve import compile_batches, compile_walkway_batches, insert_order, plan_batches
from picking.compiling import folders
from picking.exact import native

TOUR = """
import sys
from picking.exact import exact_length_dm
from picking.layout import Layout, Spot
length_dm = exact_length_dm(Layout((0, 40), (0, 100)), Spot("d", 0, 0), Spot("d", 0, 0), [Spot("a", 40, 30)])
print(length_dm, "numba" in sys.modules)
"""


def kept_file() -> Path:
    """Where the kernels lie that every test of this folder uses."""
    files = [folder / native._file_name() for folder in folders()]
    return next(file for file in files if file.exists())


def test_a_fresh_process_plans_with_what_lies_on_disk_and_without_numba() -> None:
    assert kept_file().stat().st_size > 10_000
    run = subprocess.run([sys.executable, "-c", TOUR], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["140", "False"]


def test_what_lies_there_already_is_not_compiled_again_and_what_was_cut_short_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = kept_file()
    compiled: list[str] = []
    monkeypatch.setattr(native, "_compile_and_keep", lambda: compiled.append("again"))
    assert native.compile_kernels() == made
    (tmp_path / made.name).write_bytes(made.read_bytes()[:1000])
    monkeypatch.setattr(native, "folders", lambda: (tmp_path,))
    native.compile_kernels()
    assert compiled == ["again"]


@pytest.mark.parametrize("spoil", [lambda image: image[: len(image) // 2], lambda _: b"", lambda _: b"{}\nnothing"])
def test_a_file_cut_short_is_not_used(tmp_path: Path, spoil: object) -> None:
    file = tmp_path / "tours.bin"
    file.write_bytes(spoil(kept_file().read_bytes()))  # type: ignore[operator]
    assert native._read(file) is None


def test_an_older_file_is_removed_when_a_new_one_is_written(tmp_path: Path) -> None:
    (tmp_path / "tours-0.bin").write_bytes(b"old")
    assert native._write(tmp_path / "tours-1.bin", b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["tours-1.bin"]
    assert not native._write(tmp_path / "missing" / "tours-2.bin", b"new")


def test_carts_on_walkways_need_nothing_that_is_not_compiled_ahead() -> None:
    corners = {"a": (0, 0), "b": (300, 40), "c": (280, 200), "d": (0, 240)}
    ways = (Walkway("a", "b"), Walkway("b", "c"), Walkway("c", "d"), Walkway("d", "a", is_one_way=True))
    floor = Walkways(FloorGraph(tuple(Node(name, *at) for name, at in corners.items()), ways))
    stops = [(0, 50), (0, 200), (140, 19), (280, 195), (140, 220), (298, 60)]
    orders = tuple(
        PickOrder(f"{at}-{again}", (PickLine("1", Spot(f"{at}", *where), 1),))
        for at, where in enumerate(stops)
        for again in range(3)
    )
    depot = Spot("depot", 0, 0)
    problem = BatchProblem(floor, depot, depot, Cart(4, 1000, 1000), orders[:-1])
    compile_walkway_batches()
    before = compiled_signatures()
    assert before["picking.batches.anneal.anneal"]
    insert_order(plan_batches(problem, 600_000, proposals=500), orders[-1])
    assert compiled_signatures() == before


def test_few_orders_and_many_of_a_block_need_nothing_that_is_not_compiled_ahead() -> None:
    """What is few is looked at in a table, what is many is searched: neither makes a wave wait for the compiler."""
    compile_batches()
    before = compiled_signatures()
    floor, depot = Layout((0, 40, 80), (0, 300)), Spot("depot", 0, 0)
    orders = tuple(PickOrder(str(at), (PickLine("1", Spot(f"{at}", 40 * (at % 3), 7 * at), 1),)) for at in range(40))
    for number, totes in ((12, 4), (40, 17)):
        plan_batches(BatchProblem(floor, depot, depot, Cart(totes, 1, 1), orders[:number]), 2_000)
    assert before["picking.batches.every.count_batches"]
    assert compiled_signatures() == before


def compiled_signatures() -> dict[str, int]:
    """How many kinds of arguments each kernel of the batches is compiled for in this process."""
    return {
        f"{module.__name__}.{name}": len(value.signatures)
        for module in list(sys.modules.values())
        if getattr(module, "__name__", "").startswith("picking.batches")
        for name, value in vars(module).items()
        if hasattr(value, "nopython_signatures")
    }
