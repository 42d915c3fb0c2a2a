"""The mark of a training floor, and its exercises.

English, by kind and code; `kiosk_ui.words` says how they are used.
"""

from __future__ import annotations

from collections.abc import Mapping

TRAINING: Mapping[str, Mapping[str, str]] = {
    "training": {
        "mark": "TRAINING",
        "means": "Nothing here is real stock.",
        "lessons": "Exercises",
        "title": "Exercises",
        "hint": "Print this page, or scan from the screen. What is not here is a button on the kiosk.",
        "to_kiosk": "To the kiosk",
        "again": "Lay out new exercises",
        "reset": "Everything from the start: floor training --reset",
    },
    "lesson": {
        "sign_in": "Sign in, hand over",
        "receive": "Receive",
        "putaway": "Put away",
        "pick": "Pick",
        "short": "Too few on the shelf",
        "pack": "Pack",
        "count": "Count",
    },
    "lesson_how": {
        "sign_in": "Scan badge 1. Scan badge 2 in the middle of a task: the colleague has it now.",
        "receive": "Choose Receive, scan the receipt, then every piece. Touch Done when all is in.",
        "putaway": "Choose Put away, scan goods at the dock, carry them to the place on the screen, scan it.",
        "pick": "Choose Pick, scan a cart, stand the totes on it, go where the screen says, set the totes down.",
        "short": "Pretend this place is empty: when the tour leads there, touch Too few here.",
        "pack": "Open the bench, scan a tote that was set down, scan every piece, scan the label.",
        "count": "Choose Count, scan the place, scan every piece that lies there, touch Done.",
    },
}
