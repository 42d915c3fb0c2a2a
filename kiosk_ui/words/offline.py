"""What a kiosk says by itself on a walk it leads through without the network.

English, by kind and code; `kiosk_ui.words` says how they are used.
"""

from __future__ import annotations

from collections.abc import Mapping

OFFLINE: Mapping[str, Mapping[str, str]] = {
    "offline": {
        "scans_wait": "{count} scans wait",
        "scans_wait.one": "1 scan waits",
        "sending": "Sending: {count} left",
        "all_noted": "All noted",
        "next_work": "Not confirmed before the network is back. The next work needs it too.",
        "needs_network": "This needs the network",
        "while_sending": "Wait until everything is sent",
        "asks.closed_cases": "Closed cases lie here: taking from them needs the network",
        "asks.expired": "Something here has expired: that needs the network",
        "asks.new_tote": "A tote is missing for this: standing one needs the network",
        "asks.unknown": "What was scanned last needs the network: wait",
    },
}
