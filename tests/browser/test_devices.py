"""The devices' desk in a browser: what hangs at a bench is seen, tried out and set up, with a real agent behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from devices.discovery import Found, Proposal
from fulfillment.services.equipment import bench_agents, devices, server_ports
from fulfillment.services.equipment.bench_agents import DeviceSeen, Hello
from fulfillment.services.set_up import setting_up
from simulators.scale import Scale
from simulators.ssi_scanner import SsiScanner
from simulators.zpl_printer import ZplPrinter
from tests.bench import Bench
from tests.browser.conftest import Site
from tests.serving import wait_for

pytestmark = pytest.mark.browser

PLUGGED_IN = "hidraw://05e0:1900?proto=hid-pos"


@pytest.fixture
def server_worker(site: Site) -> Iterator[None]:
    """What the outbox worker does for the server's own ports; it finds one scanner plugged in."""
    stop = threading.Event()
    found = Found((Proposal(PLUGGED_IN, "scanner", "USB scanner, Zebra DS2208"),), ("CUPS queues: no lpstat",))
    worker = threading.Thread(target=server_ports.port_worker, args=(site.hand.floor, stop, lambda subnet: found))
    worker.start()
    yield
    stop.set()
    worker.join()


def enter(site: Site, page: Page, role: str = "admin") -> None:
    token = site.hand.write(lambda tx: setting_up.add_token(tx, role, role))
    page.goto(f"{site.address}/enter?token={token}")
    page.goto(f"{site.address}/devices")


def card(page: Page, code: str) -> Locator:
    return page.locator(f'[id="device-{code}"]')


def press(page: Page, code: str, words: str) -> None:
    card(page, code).get_by_role("button", name=words, exact=False).first.click()


def read_in_trial(page: Page, gun: SsiScanner, bench: Bench) -> str:
    """The code that was read there. While the port changes hands a scan may still be work's: then another is made."""
    trial = card(page, "GUN-1").locator(".trial")
    for number in range(1, 10):
        code = f"HELLO-{number}"
        gun.settled(gun.scan(code))
        wait_for(lambda code=code: code in bench.codes() or f"read '{code}'" in trial.inner_text())
        if code not in bench.codes():
            return code
    pytest.fail("every scan was work's")


def test_a_printer_a_scanner_and_a_scale_of_a_bench_are_tried_out_by_a_touch(
    site: Site, page: Page, tmp_path: Path
) -> None:
    with (
        ZplPrinter(tmp_path / "tape") as machine, SsiScanner(tmp_path / "gun") as gun,
        Scale(tmp_path / "scale", settle_s=0.05) as scale,
        Bench(
            site.hand, tmp_path, "HAND-1", {"code": "GUN-1", "kind": "scanner", "address": gun.address},
            {"code": "SCALE-1", "kind": "scale", "address": scale.address},
        ) as bench,
    ):  # fmt: skip
        site.hand.write(lambda tx: devices.change(tx, "LABEL-1", {"address": machine.address, "agent": "AGENT-1"}))
        enter(site, page)
        expect(card(page, "LABEL-1")).to_contain_text("nothing is heard of its agent")
        bench.start()
        # By itself: the list follows what the bench says.
        for code in ("LABEL-1", "GUN-1", "SCALE-1"):
            expect(card(page, code).locator(".state")).to_have_text("Ready")
        press(page, "LABEL-1", "Test")
        expect(card(page, "LABEL-1").locator(".trial")).to_contain_text("Ready · odometer 0")
        scale.put(412)
        press(page, "SCALE-1", "Test")
        expect(card(page, "SCALE-1").locator(".trial")).to_contain_text("412 g")
        press(page, "GUN-1", "Test")
        expect(card(page, "GUN-1").locator(".trial")).to_contain_text("Scan something now")
        code = read_in_trial(page, gun, bench)
        expect(card(page, "GUN-1").locator(".trial")).to_contain_text(f"read '{code}'")
        expect(card(page, "GUN-1").locator(".state")).to_have_text("Ready")
        assert code not in bench.codes()  # what was read in the trial is nobody's scan

        machine.set_fault("paper_out")
        expect(card(page, "LABEL-1").locator(".state")).to_have_text("Does not work")
        expect(card(page, "LABEL-1")).to_contain_text("paper is out")
        assert bench.end() == 0


def test_a_wrong_address_is_refused_by_its_part_and_a_right_one_is_tried_at_once(
    site: Site, page: Page, tmp_path: Path, server_worker: None
) -> None:
    with ZplPrinter(tmp_path / "tape") as machine:
        enter(site, page)
        card(page, "LABEL-1").locator("summary").press("Enter")
        address = card(page, "LABEL-1").get_by_label("Address")
        address.fill("tcp://127.0.0.1:0")
        address.press("Enter")
        expect(card(page, "LABEL-1").get_by_role("alert")).to_contain_text("the port is wrong")
        expect(address).to_have_value("tcp://127.0.0.1:0")
        address.fill(machine.address)
        press(page, "LABEL-1", "Save and test")
        expect(card(page, "LABEL-1").locator(".trial")).to_contain_text("Ready · odometer 0")
        expect(card(page, "LABEL-1").locator(".code")).to_have_text(machine.address)


def test_the_board_names_a_device_in_trouble_and_leads_to_it(site: Site, page: Page) -> None:
    hand = site.hand
    hand.write(lambda tx: bench_agents.add(tx, "B1", None))
    agent = hand.one("SELECT id FROM bench_agent WHERE warehouse_id = :w")["id"]
    hand.write(lambda tx: bench_agents.hello(tx, agent, Hello("B1", "j", "1.0", "0.1.0", "host")))
    hand.write(lambda tx: devices.add(tx, "GUN-1", "scanner", "tcp://127.0.0.1:9004", "B1", "HAND-1"))
    site.enter(page, "BOARD-1")
    expect(page.locator("#state")).to_have_text("Live")
    expect(page.locator("#devices li")).to_have_count(0)
    bench_agents.take_events(hand.floor, agent, "j", [], [DeviceSeen("GUN-1", "offline", "unreachable")])
    expect(page.locator("#devices")).to_contain_text("Not there")
    page.locator("#devices").get_by_role("link", name="GUN-1").click()
    expect(card(page, "GUN-1")).to_contain_text("Nothing answers there", ignore_case=True)


def test_what_is_found_fills_the_form_and_is_bound_by_a_person(
    site: Site, page: Page, server_worker: None
) -> None:  # fmt: skip
    enter(site, page)
    page.get_by_role("button", name="Look", exact=True).click()
    expect(page.locator(".found")).to_contain_text("Zebra DS2208")
    expect(page.locator("#discover")).to_contain_text("no lpstat")
    page.get_by_role("link", name="Fill in below").click()
    form = page.locator("#add")
    expect(form.get_by_label("Address")).to_have_value(PLUGGED_IN)
    expect(form.get_by_label("Language")).to_be_hidden()
    assert [one["code"] for one in site.hand.floor.read(devices.listed)] == ["LABEL-1", "SLIP-1"]
    form.get_by_label("Code").fill("GUN-7")
    form.get_by_label("Scans of station").select_option("BENCH-1")
    form.get_by_role("button", name="Add").click()
    expect(card(page, "GUN-7")).to_contain_text("scans of BENCH-1")
    press(page, "GUN-7", "Switch off")
    expect(card(page, "GUN-7").locator(".state")).to_have_text("Switched off")
    card(page, "GUN-7").locator("summary").click()
    press(page, "GUN-7", "Take off the list")
    expect(card(page, "GUN-7")).to_have_count(0)


@pytest.mark.parametrize(("width", "height"), [(360, 640), (1440, 900)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_fits_and_can_be_touched(site: Site, page: Page, width: int, height: int, scheme: str) -> None:
    address = "serial:///dev/serial/by-id/" + "u" * 90
    site.hand.write(lambda tx: devices.add(tx, "A-GUN-WITH-A-LONG-NAME", "scanner", address))
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": height})
    enter(site, page)
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    low = page.evaluate(
        "[...document.querySelectorAll('main :is(button, summary, input:not([type=hidden]), select, a)')]"
        ".filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 47.9)"
        ".map((one) => one.outerHTML.slice(0, 80))"
    )
    assert low == []
