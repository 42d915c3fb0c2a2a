"""The layout editor: the floor drawn as it was given, its parts in a table, redrawn from what was typed and then kept.

Works without a script: looking at a draft is a transaction that is taken back. What looks wrong with the draft and did
not before keeps it from being kept, unless somebody says so all the same. Of two who change it at once the second is
shown what the first one made of it, beside what was typed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from flask import Response, g, make_response, redirect, render_template, request
from markupsafe import Markup

from fulfillment.domain.floor_plan import ClosedBecause, Direction
from fulfillment.domain.reasons import DomainError
from fulfillment.domain.roles import Permission
from fulfillment.domain.tour_order import MOST_HEAVY_FROM_G, TourOrder
from fulfillment.services import lists
from fulfillment.services.walking import closed_hours, closures, layout_drafts, tour_orders
from fulfillment.services.walking.floor_plan import OneWayIn
from fulfillment.services.walking.layout_drafts import Draft, Looked, Racks
from fulfillment.web.auth import floor, needs
from kiosk_ui.forms import age
from kiosk_ui.views import blueprint
from kiosk_ui.words import say

DRAWN_PX = 900
FARTHEST_DM = 1_000_000
SHOWN_WORDS = 30
FREE_RULES = 2  # empty lines for more one-way aisles
_TEXTS = frozenset({"aisle", "kind", "zone"})


@blueprint.get("/set-up/layout")
@needs(Permission.SET_UP)
def layout_page() -> str:
    """The floor as it is."""
    return _page()


@blueprint.post("/set-up/layout")
@needs(Permission.SET_UP)
def change_layout() -> Response | tuple[str, int] | str:
    """Show the floor as the form has it, or keep it so."""
    form = request.form
    try:
        draft = _draft()
        before, looked = lists.rehearse(floor().writer, lambda tx: (layout_drafts.look(tx), _stored(tx, draft)))
        new_words = [word for word in looked.words if word not in before.words]
        if form.get("act") == "keep" and (not new_words or form.get("all_the_same") == "yes"):
            floor().writer.write(lambda tx: layout_drafts.store(tx, draft))
            return make_response(redirect("/set-up/layout?did=saved", 303))
    except DomainError as error:
        return _page(error=error), error.status
    is_held_back = form.get("act") == "keep"
    return _page(looked=looked, new_words=new_words, is_held_back=is_held_back), 422 if is_held_back else 200


@blueprint.post("/set-up/layout/order")
@needs(Permission.SET_UP)
def keep_tour_order() -> Response | tuple[str, int]:
    """Say in which order tours make their stops."""
    try:
        from_g = _number(request.form.get("heavy_from_g", ""), "heavy_from_g", 1, MOST_HEAVY_FROM_G)
        rule = request.form.get("tour_order", "")
        floor().writer.write(lambda tx: tour_orders.set_rule(tx, rule, from_g))
    except DomainError as error:
        return _page(error=error, is_of_draft=False), error.status
    return make_response(redirect("/set-up/layout?did=saved", 303))


@blueprint.post("/set-up/layout/hours")
@needs(Permission.SET_UP)
def change_closed_hours() -> Response | tuple[str, int]:
    """Say at which hours of every day a stretch is closed, or that some are over for good."""
    form = request.form
    try:
        if "end" in form:
            ended = _number(form["end"], "end", 1)
            floor().writer.write(lambda tx: closed_hours.end(tx, ended))
        else:
            said = [form.get(name, "")[:64] for name in ("place", "until", "begins", "ends", "reason")]
            floor().writer.write(lambda tx: closed_hours.add(tx, *said))
    except DomainError as error:
        return _page(error=error, is_of_draft=False), error.status
    return make_response(redirect("/set-up/layout?did=saved", 303))


@blueprint.get("/set-up/layout/racks")
@needs(Permission.SET_UP)
def racks_page() -> str:
    """Where the locations of an aisle are made."""
    return _racks()


@blueprint.post("/set-up/layout/racks")
@needs(Permission.SET_UP)
def build_racks() -> Response | tuple[str, int] | str:
    """Show which locations an aisle would have and the floor with them, or make them."""
    try:
        racks = _racks_of()
        g.acts_on = racks.aisle
        if request.form.get("act") == "keep":
            floor().writer.write(lambda tx: layout_drafts.build(tx, racks))
            return make_response(redirect("/set-up/layout?did=saved", 303))

        def look(tx: Any) -> tuple[list[dict[str, Any]], Looked, Looked]:
            before = layout_drafts.look(tx)
            return layout_drafts.build(tx, racks), layout_drafts.look(tx), before

        rows, looked, before = lists.rehearse(floor().writer, look)
    except DomainError as error:
        return _racks(error=error), error.status
    return _racks(rows=rows, looked=looked, new_words=[word for word in looked.words if word not in before.words])


def _stored(tx: Any, draft: Draft) -> Looked:
    layout_drafts.store(tx, draft)
    return layout_drafts.look(tx)


def _draft() -> Draft:
    """The form as a draft.

    Raises:
        DomainError: not_a_number.
    """
    form = request.form
    cross = [part for part in form.get("cross_aisles", "").replace(";", ",").split(",") if part.strip()]
    rules = zip(form.getlist("one_way_aisle"), form.getlist("one_way_direction"), form.getlist("one_way_block"),
                strict=False)  # fmt: skip
    return Draft(
        version=form.get("version", ""),
        start=form.get("start") or None,
        drops=tuple(form.getlist("drops")),
        one_way=tuple(
            OneWayIn(aisle, _direction(direction), _number(block, "one_way_block", 0, 99) if block.strip() else None)
            for aisle, direction, block in rules
            if aisle
        ),
        level_climb_dm=_number(form.get("level_climb_dm", "0"), "level_climb_dm", 0, 10_000),
        reach_level=_number(form.get("reach_level", "1"), "reach_level", 0, 99),
        cross_aisles_y_dm=tuple(_number(part, "cross_aisles") for part in cross) or None,
        aisle_x_dm={
            aisle: _number(x_dm, "x_dm")
            for aisle, x_dm in zip(form.getlist("aisle"), form.getlist("aisle_x_dm"), strict=False)
            if x_dm.strip()
        },
        places={
            code: (_number(x_dm, "x_dm"), _number(y_dm, "y_dm"))
            for code, x_dm, y_dm in zip(
                form.getlist("place"), form.getlist("place_x_dm"), form.getlist("place_y_dm"), strict=False
            )
        },
    )


def _racks_of() -> Racks:
    form = request.form
    given: dict[str, Any] = {}
    for one in fields(Racks):
        text = form.get(one.name, "").strip()
        if one.name in _TEXTS:
            given[one.name] = text[:20]
        elif text:
            given[one.name] = _number(text, one.name)
    if not given["aisle"]:
        raise DomainError("missing_value", "aisle is empty", "aisle")
    for name in ("x_dm", "first_y_dm", "pitch_dm", "bays", "levels"):
        if name not in given:
            raise DomainError("missing_value", f"{name} is empty", name)
    return Racks(**given)


def _direction(text: str) -> str:
    if text not in {one.value for one in Direction}:
        raise DomainError("bad_direction", "up or down", "one_way_direction")
    return text


def _number(text: str, name: str, low: int = -FARTHEST_DM, high: int = FARTHEST_DM) -> int:
    try:
        number = int(text.strip()) if len(text) < 12 else high + 1
    except ValueError as error:
        raise DomainError("not_a_number", f"{name}: {text.strip()[:20]!r} is no whole number", name) from error
    if not low <= number <= high:
        raise DomainError("out_of_range", f"{name}: {low} to {high}", name)
    return number


def _page(
    error: DomainError | None = None, looked: Looked | None = None, new_words: list[str] | None = None,
    is_held_back: bool = False, is_of_draft: bool = True,
) -> str:  # fmt: skip
    def look(tx: Any) -> tuple[Any, ...]:
        closed = [{**one, "age": age(tx.now_ms - one["closed_at_ms"])} for one in closures.listed(tx)]
        return layout_drafts.given(tx), layout_drafts.look(tx), closed, tour_orders.said(tx), closed_hours.listed(tx)

    given, now, closed, order, hours = floor().read(look)
    shown = looked or now
    is_draft_sent = request.method == "POST" and is_of_draft
    typed = _typed(given) if is_draft_sent else given
    is_stale = error is not None and error.code == "changed_meanwhile"
    # Only who has been shown what is kept by now may write over it; nobody's form becomes newer than what it shows.
    is_newest = not is_draft_sent or is_stale
    version = layout_drafts.version_of(given) if is_newest else request.form.get("version", "")
    return render_template(
        "layout.html", given=typed, closed=closed, error=error, version=version,
        meanwhile=_meanwhile(given, typed) if is_stale else None,
        svg=Markup(shown.picture(DRAWN_PX)), words=shown.words[:SHOWN_WORDS],
        more_words=max(0, len(shown.words) - SHOWN_WORDS), new_words=new_words or [], is_draft=looked is not None,
        is_held_back=is_held_back, free_rules=FREE_RULES, directions=[one.value for one in Direction],
        reasons=[one.value for one in ClosedBecause], order=order, hours=hours,
        tour_orders=[one.value for one in TourOrder], did=request.args.get("did", "") == "saved",
    )  # fmt: skip


def _meanwhile(given: dict[str, Any], typed: dict[str, Any]) -> list[tuple[str, str]]:
    """What is kept by now where the form says something else: what it is, and what is kept."""
    said = [
        (f"{one['aisle'] or '–'} · {say('layout', 'x')}", one["x_dm"], mine["typed_x_dm"])
        for one, mine in zip(given["aisles"], typed["aisles"], strict=True) if one["x_dm"] == one["last_x_dm"]
    ] + [
        (f"{one['code']} · {say('layout', name)}", one[f"{name}_dm"], mine[f"{name}_dm"])
        for one, mine in zip(given["places"], typed["places"], strict=True) for name in ("x", "y")
    ]  # fmt: skip
    said += [
        (say("floor", "end"), ", ".join(sorted(given["drops"])), ", ".join(sorted(typed["drops"]))),
        (say("floor", "begin"), given["start"] or "", typed["start"] or ""),
        (say("layout", "cross_aisles"), _listed(given["cross_aisles_y_dm"] or ()), typed["cross_typed"]),
        (say("layout", "climb"), given["level_climb_dm"], typed["level_climb_dm"]),
        (say("layout", "reach"), given["reach_level"], typed["reach_level"]),
        (say("floor", "one_way"), _rules(given["one_way"]), _rules(typed["one_way"])),
    ]
    return [(name, str(kept) or "–") for name, kept, mine in said if str(kept) != str(mine).strip()]


def _rules(one_way: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{one['aisle']} {say('floor', one['direction'])} {'' if one['block'] is None else one['block']}".strip()
        for one in one_way
    )


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _typed(given: dict[str, Any]) -> dict[str, Any]:
    """What the form says instead of what is kept, as it was typed, so that nothing has to be typed again."""
    form = request.form
    x_of = dict(zip(form.getlist("aisle"), form.getlist("aisle_x_dm"), strict=False))
    at = {
        code: (x_dm, y_dm)
        for code, x_dm, y_dm in zip(
            form.getlist("place"), form.getlist("place_x_dm"), form.getlist("place_y_dm"), strict=False
        )
    }
    aisles = [{**one, "typed_x_dm": x_of.get(one["aisle"], one["x_dm"])} for one in given["aisles"]]
    places = [
        {**one, "x_dm": at.get(one["code"], (one["x_dm"],))[0], "y_dm": at.get(one["code"], (0, one["y_dm"]))[1]}
        for one in given["places"]
    ]
    rules = zip(form.getlist("one_way_aisle"), form.getlist("one_way_direction"), form.getlist("one_way_block"),
                strict=False)  # fmt: skip
    return {
        **given, "aisles": aisles, "places": places, "start": form.get("start"), "drops": form.getlist("drops"),
        "one_way": [{"aisle": one, "direction": way, "block": block} for one, way, block in rules if one],
        "level_climb_dm": form.get("level_climb_dm", ""), "reach_level": form.get("reach_level", ""),
        "cross_typed": form.get("cross_aisles", ""),
    }  # fmt: skip


def _racks(
    error: DomainError | None = None, rows: list[dict[str, Any]] | None = None, looked: Looked | None = None,
    new_words: list[str] | None = None,
) -> str:  # fmt: skip
    return render_template(
        "layout_racks.html", error=error, rows=rows, new_words=new_words or [], typed=request.form,
        svg=Markup(looked.picture(DRAWN_PX)) if looked else "", kinds=("bin", "flow_rack", "reserve"),
    )  # fmt: skip
