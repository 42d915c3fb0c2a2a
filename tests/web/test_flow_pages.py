"""The desk's pages of how orders flow: what they show, to whom, in which words; targets set by a supervisor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask.testing import FlaskClient

from fulfillment.app import create_app
from fulfillment.domain.process_map import Activity
from fulfillment.domain.roles import TokenRole
from fulfillment.services.figures import flow_figures, flow_targets
from fulfillment.services.ordering import calendars
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from fulfillment.web.auth import COOKIE
from kiosk_ui.words import WORDS
from tests.factories import FloorHand
from tests.services.flow_day import Clock, local_ms, open_with_clock, play_morning

OURS = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
DAY = "from=2026-06-15&to=2026-06-15"
SUPERVISOR, PICKER = "1001", "1002"


@pytest.fixture
def morning(settings: Settings) -> Iterator[tuple[FloorHand, Clock]]:
    floor, clock = open_with_clock(settings)
    hand = FloorHand(floor)
    play_morning(hand, clock)
    yield hand, clock
    floor.close()


def entered(hand: FloorHand, role: TokenRole) -> FlaskClient:
    client = create_app(hand.floor).test_client()
    client.set_cookie(COOKIE, hand.write(lambda tx: setting_up.add_token(tx, role, role)))
    return client


def seen(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def part(html: str, begin: str, end: str) -> str:
    return seen(html[html.index(begin) : html.index(end, html.index(begin))])


def test_a_figure_says_its_definition_and_the_numbers_it_is_made_of(morning: tuple[FloorHand, Clock]) -> None:
    html = entered(morning[0], TokenRole.API).get(f"/flow?{DAY}").text
    on_time = part(html, 'id="figure-on_time"', "</details>")
    assert "On time for the cut-off 33.3 %" in on_time
    assert WORDS["figure_definition"]["on_time"] in on_time
    assert "Numerator 1 shipped by their cut-off" in on_time
    assert "Denominator 3 orders due" in on_time
    cycle = part(html, 'id="figure-cycle_time"', "</details>")
    assert "1 h 00 (half) 85 of 100: 1 h 05 95 of 100: 1 h 05" in cycle
    assert "Mean 1 h 02 Longest 1 h 05" in cycle
    assert 'role="img"' in html
    assert "To be packed: 1" in seen(html)
    assert "15 Jun 2026 00:00 to 15 Jun 2026 12:00 (Europe/London)" in seen(html)


def test_the_words_of_a_figure_are_the_services_own() -> None:
    assert {one.code: one.definition for one in flow_figures.FIGURES} == WORDS["figure_definition"]
    codes = {one.code for one in flow_figures.FIGURES}
    assert set(WORDS["figure"]) == set(WORDS["figure_above"]) == codes
    assert set(WORDS["figure_below"]) == codes - {"wip"}  # the only one that is just counted
    assert set(WORDS["activity"]) == {activity.value for activity in Activity}


def test_every_table_leaves_as_csv(morning: tuple[FloorHand, Clock]) -> None:
    client = entered(morning[0], TokenRole.API)
    for page in (f"/flow?{DAY}", f"/flow/map?{DAY}", "/flow/bottleneck?minutes=60"):
        sheets = re.findall(r'href="(/api/v1/flow[^"]+)" download', client.get(page).text)
        assert sheets
        for address in sheets:
            answer = client.get(unescape(address))
            assert (answer.status_code, answer.mimetype) == (200, "text/csv"), address


def test_filters_stay_in_the_address_and_go_along(morning: tuple[FloorHand, Clock]) -> None:
    client = entered(morning[0], TokenRole.API)
    html = client.get(f"/flow?{DAY}&lane=pick&operator=%231").text
    assert '<option value="pick" selected>Picking</option>' in html
    assert '<option value="#1" selected>Ada #1</option>' in html
    assert "1001" not in html  # a badge opens a station
    accuracy = part(html, 'id="figure-pick_accuracy"', "</details>")
    assert "100.0 %" in accuracy or "100 %" in accuracy
    sheets = [unescape(one) for one in re.findall(r'href="(/api/v1/flow[^"]+)" download', html)]
    assert all("lane=pick&operator=%231" in one for one in sheets), sheets
    rows = next(one for one in sheets if "figure=lines_per_hour" in one)
    assert len(client.get(rows).text.splitlines()) == 1 + 4
    for address in ("/flow", "/flow/map", "/flow/bottleneck"):
        assert f'href="{address}?lane=pick&amp;operator=%231"' in html
    assert 'href="/flow?days=7&amp;lane=pick&amp;operator=%231"' in html


def test_a_zone_is_explained_where_a_figure_is_opened(morning: tuple[FloorHand, Clock]) -> None:
    client = entered(morning[0], TokenRole.API)
    html = client.get(f"/flow?{DAY}&zone=0").text
    assert WORDS["figure_zone"]["lines_per_hour"] in part(html, 'id="figure-lines_per_hour"', "</details>")
    assert WORDS["figure_zone"]["lines_per_hour"] not in client.get(f"/flow?{DAY}").text


def test_what_cannot_be_cut_is_said_and_not_shown(morning: tuple[FloorHand, Clock]) -> None:
    client = entered(morning[0], TokenRole.API)
    html = client.get(f"/flow?{DAY}&zone=0").text
    assert 'id="figure-wip"' not in html
    assert "Orders here cannot be cut by Zone and is not shown under it." in seen(html)
    assert "The cumulative flow cannot be cut by Zone and is not shown under it." in seen(html)
    assert 'role="img"' not in html
    html = client.get(f"/flow?{DAY}&channel=api&zone=0&lane=pick").text
    assert "Who did how much cannot be cut by Channel" in seen(html)
    for address, words in (
        (f"/flow/map?{DAY}&zone=0&lane=pick&channel=api", "The process map cannot be cut by Lane and Zone"),
        ("/flow/bottleneck?zone=0", "The bottleneck cannot be cut by Zone"),
    ):
        html = client.get(address).text
        assert words in seen(html)
        assert "<table" not in html
        assert 'role="img"' not in html
    way = unescape(re.findall(r'class="button" href="(/flow/map[^"]+)"', client.get(
        f"/flow/map?{DAY}&zone=0&lane=pick&channel=api").text)[0])  # fmt: skip
    assert way == f"/flow/map?{DAY}&channel=api"
    assert 'id="arrows"' in client.get(way).text


def test_of_one_channel_the_bottleneck_page_names_no_lane(morning: tuple[FloorHand, Clock]) -> None:
    html = entered(morning[0], TokenRole.BOARD).get("/flow/bottleneck?minutes=240&channel=api").text
    assert part(html, 'id="verdict"', "</div>").endswith(WORDS["bottleneck"]["part"])
    assert "◆" not in html
    assert "channel=api&amp;format=csv" in html


def test_nothing_is_shown_under_a_filter_that_means_nothing(morning: tuple[FloorHand, Clock]) -> None:
    client = entered(morning[0], TokenRole.API)
    for page in ("/flow", "/flow/map", "/flow/bottleneck"):
        for wrong, status, code in (
            ("zone=Q", 404, "unknown_zone"), ("channel=%3Cb", 404, "unknown_channel"),
            ("carrier=Q", 404, "unknown_carrier"),
            ("operator=Q", 404, "unknown_operator"), ("lane=wait", 422, "bad_lane"),
        ):  # fmt: skip
            answer = client.get(f"{page}?{wrong}")
            assert (answer.status_code, WORDS["flow_problem"][code] in seen(answer.text)) == (status, True), wrong
            assert "<table" not in answer.text
            assert "flow-card" not in answer.text
            assert "<b>" not in answer.text


def test_a_board_cannot_ask_for_one_person(morning: tuple[FloorHand, Clock]) -> None:
    board = entered(morning[0], TokenRole.BOARD)
    assert 'name="operator"' not in board.get(f"/flow?{DAY}").text
    for page in ("/flow", "/flow/map", "/flow/bottleneck"):
        answer = board.get(f"{page}?operator=%231")
        assert (answer.status_code, WORDS["flow_problem"]["forbidden"] in seen(answer.text)) == (403, True)
        assert "flow-card" not in answer.text
    assert "Ada" not in board.get(f"/flow?{DAY}&lane=pick").text


def test_a_board_sees_no_single_person(morning: tuple[FloorHand, Clock]) -> None:
    board, api = (entered(morning[0], role) for role in (TokenRole.BOARD, TokenRole.API))
    assert "Ada" in api.get(f"/flow?{DAY}").text
    html = board.get(f"/flow?{DAY}").text
    assert "Ada" not in html
    assert "/api/v1/flow/rows" not in html
    metrics = entered(morning[0], TokenRole.METRICS)
    assert [metrics.get(page).status_code for page in ("/flow", "/flow/map", "/flow/bottleneck")] == [403] * 3
    for client in (api, metrics):
        assert client.post("/flow/targets", data={"packed": "20"}, headers=OURS).status_code == 403


def test_days_are_the_warehouses_own(morning: tuple[FloorHand, Clock]) -> None:
    hand, clock = morning
    clock.set("12:00")
    client = entered(hand, TokenRole.API)
    week = seen(client.get("/flow?days=7").text)
    assert "9 Jun 2026 00:00 to 15 Jun 2026 12:00" in week
    yesterday = client.get("/flow?from=2026-06-14&to=2026-06-14").text
    assert "14 Jun 2026 00:00 to 15 Jun 2026 00:00" in seen(yesterday)
    assert 'name="to" type="date" required value="2026-06-14"' in yesterday


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/flow?from=never", "bad_time"), ("/flow?days=0", "bad_period"), ("/flow?days=x", "bad_period"),
        ("/flow?from=2026-06-15&to=2026-06-14", "bad_period"), ("/flow/map?from=2020-01-01", "bad_period"),
        ("/flow/bottleneck?minutes=5", "bad_window"), ("/flow/bottleneck?minutes=%3Cb", "bad_window"),
    ],
)  # fmt: skip
def test_a_bad_question_is_refused_in_words(hand: FloorHand, address: str, words: str) -> None:
    answer = entered(hand, TokenRole.API).get(address)
    assert answer.status_code == 422
    assert WORDS["flow_problem"][words] in seen(answer.text)


def test_the_process_map_is_drawn_from_the_scans(morning: tuple[FloorHand, Clock]) -> None:
    html = entered(morning[0], TokenRole.BOARD).get(f"/flow/map?{DAY}").text
    picture = html[html.index("<svg") : html.index("</svg>")]
    assert "Picked to Packed: 2 times, 17 min, waiting 15 min, work 2 min." in seen(picture)
    arrows = part(html, 'id="arrows"', "</table>")
    assert "Picked to Packed 2 17 min 27 min 15 min 2 min" in arrows
    assert "Taken in to Cancelled 1 15 min" in arrows


def test_a_supervisor_sets_targets_and_the_map_says_what_is_over(morning: tuple[FloorHand, Clock]) -> None:
    hand, _ = morning
    board = entered(hand, TokenRole.BOARD)

    def keep(badge: str, **minutes: str) -> tuple[int, str]:
        answer = board.post("/flow/targets", data={"badge": badge, **minutes}, headers=OURS)
        return answer.status_code, answer.text

    for badge, words in (("", "unknown_badge"), ("9999", "unknown_badge"), (PICKER, "not_allowed")):
        status, html = keep(badge, packed="20")
        assert (status, WORDS["flow_problem"][words] in seen(html)) == (422, True), badge
    for typed in ("0", "-1", "x", "43201"):
        status, html = keep(SUPERVISOR, packed=typed)
        assert (status, WORDS["flow_problem"]["bad_target"] in seen(html)) == (422, True), typed
    assert board.post("/flow/targets", data={"badge": SUPERVISOR, "packed": "20"}).status_code == 403  # another's page
    assert hand.floor.read(flow_targets.targets) == {}

    assert keep(SUPERVISOR, packed="20", picked="60")[0] == 303
    assert hand.floor.read(flow_targets.described)["packed"]["set_by"] == "Ada"
    html = board.get(f"/flow/map?{DAY}").text
    assert "way-over" in html
    assert "▲ over target: 1 of 2 in 20 min" in seen(html)
    assert "✓ in target: 2 of 2 in 1 h 00" in seen(html)
    assert "set by Ada" in seen(html)
    told = hand.all("SELECT kind, subject FROM audit_log WHERE warehouse_id = :w AND subject LIKE '%/flow/targets'")
    assert told[-1] == {"kind": "api", "subject": "POST /flow/targets"}

    assert keep(SUPERVISOR, packed="", picked="60")[0] == 303
    assert hand.floor.read(flow_targets.targets) == {"picked": 60 * 60_000}


def test_the_bottleneck_is_said_with_its_reasons(morning: tuple[FloorHand, Clock]) -> None:
    hand, clock = morning
    client = entered(hand, TokenRole.BOARD)
    clock.set("09:45")  # two orders are picked, and the one packer has just come to the bench
    verdict = part(client.get("/flow/bottleneck").text, 'id="verdict"', "</div>")
    assert "Packing holds the others up." in verdict
    assert "2 orders wait there, 4.0 an hour come, 0.0 an hour go" in verdict
    assert "1 person works there. Nobody can be spared: another lane would become the slowest." in verdict
    hours = {day: ("08:00", "18:00") for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
    hand.write(lambda tx: calendars.set_calendar(tx, hours, []))
    clock.now_ms = local_ms("06:00", day=16)
    assert WORDS["bottleneck"]["closed"] in seen(client.get("/flow/bottleneck").text)


def test_little_is_shown_as_a_check_with_its_explanation(morning: tuple[FloorHand, Clock]) -> None:
    text = seen(entered(morning[0], TokenRole.BOARD).get("/flow/bottleneck?minutes=240").text)
    assert WORDS["bottleneck"]["little_hint"] in text
    assert any(words in text for words in WORDS["little"].values())
