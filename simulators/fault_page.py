"""The page of a simulator: what it is doing, and a button for everything that can go wrong with it.

    http://127.0.0.1:PORT/          faults as forms; what changes by itself is in a frame that reloads
    http://127.0.0.1:PORT/now       that frame: faults that are on, counters, the end of the tape

Owns the page and who may use it. Needs no script in the browser.
Refuses a request whose Host is not this port of this machine (a name that was made to point here), whose Origin is
another page, and a button without the token that only this page holds: a page elsewhere must not switch faults.
"""

from __future__ import annotations

import hmac
import html
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from simulators.device import SimulatedDevice

_LONGEST_FORM = 16_384
_TAPE_LINES = 12
_STYLE = """
:root{color-scheme:light dark;--line:#8886;--on:#b3261e;--quiet:#8881}
*{box-sizing:border-box}
body{font:16px/1.45 system-ui,sans-serif;margin:0;padding:12px;max-width:1180px;margin-inline:auto}
h1{font-size:1.25rem;margin:0 0 8px}h2{font-size:1rem;margin:16px 0 6px}
p{margin:0 0 8px}
.answer{border-left:4px solid var(--line);padding:4px 10px;background:var(--quiet);overflow-wrap:anywhere}
.error{border-color:var(--on)}
.where{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
main{display:grid;gap:0 24px;grid-template-columns:minmax(0,1fr)}
@media(min-width:900px){main{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
.state{order:2;position:sticky;top:12px;align-self:start}}
form{display:flex;flex-wrap:wrap;gap:4px 10px;align-items:center;border-top:1px solid var(--line);padding:6px 0}
form p{flex:1 1 11.5rem;margin:0;min-width:0}
form b{display:block;font-family:ui-monospace,monospace;font-size:.9rem;overflow-wrap:anywhere}
form small{opacity:.8}
input{font:inherit;width:7rem;min-height:44px;padding:0 8px;border:1px solid var(--line);border-radius:6px}
input[name=argument]{width:10rem}
button{font:inherit;min-height:44px;min-width:6.5rem;padding:0 14px;border:1px solid var(--line);border-radius:6px;
cursor:pointer}
.on button{background:var(--on);color:#fff;border-color:var(--on)}
iframe{width:100%;height:min(34rem,60vh);border:1px solid var(--line);border-radius:6px}
.now{padding:0}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(7.5rem,1fr));gap:4px 10px;margin:0}
dt{font-size:.8rem;opacity:.8;overflow-wrap:anywhere}
dd{margin:0;font-variant-numeric:tabular-nums;font-weight:600;overflow-wrap:anywhere}
.bad{color:#fff;background:var(--on);border-radius:6px;padding:2px 8px;display:inline-block;margin:0 6px 6px 0}
ol{list-style:none;margin:0;padding:0;font:13px/1.5 ui-monospace,monospace}
li{border-top:1px solid var(--line);padding:3px 0;overflow-wrap:anywhere}
"""


class FaultPage:
    """Start it with `with`; port 0 takes a free one, `url` tells where it is."""

    def __init__(self, device: SimulatedDevice, port: int = 0) -> None:
        self.device = device
        self.token = secrets.token_urlsafe(16)
        self.answer = ""
        self._asked_port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._asked_port if self._server is None else int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """For a browser on this machine."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._server = _Server(("127.0.0.1", self._asked_port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="fault page", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends at once."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def __enter__(self) -> FaultPage:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def whole(self) -> str:
        """The page with its forms."""
        state, forms = self.device.state(), []
        for name, fault in self.device.catalogue().items():
            value = state.get(name)
            forms.append(self._form(name, fault["kind"], fault["says"], fault.get("asks", ""), value))
        kind = "answer error" if ": error" in self.answer else "answer"
        answer = f'<p class="{kind}">{html.escape(self.answer)}</p>' if self.answer else ""
        title, where = html.escape(self.device.TITLE), html.escape(self.device.address)
        return _document(
            title,
            f'<h1>{title}</h1><p class="where">{where}</p>{answer}<main><section class="state"><h2>Now</h2>'
            '<iframe src="/now" title="what it is doing now"></iframe></section>'
            f"<section><h2>What can go wrong</h2>{''.join(forms)}"
            f"{self._form('clear', 'act', 'every switch and number off', '', None)}</section></main>",
        )

    def now(self) -> str:
        """What changes by itself."""
        state = self.device.state()
        faults = (*self.device.SWITCHES, *self.device.NUMBERS)
        on = [name for name in faults if state.get(name)]
        bad = "".join(
            f'<span class="bad">{html.escape(name)}{"" if state[name] is True else f" {state[name]}"}</span>'
            for name in on
        )
        counters = "".join(
            f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(_shown(name, value))}</dd></div>"
            for name, value in state.items()
            if name not in faults
        )
        entries = "".join(
            f"<li>{html.escape(' · '.join(f'{name} {_shown(name, value)}' for name, value in entry.items()))}</li>"
            for entry in reversed(self.device.tape_end(_TAPE_LINES))
        )
        return _document(
            "now",
            f'<div class="now"><p>{bad or "No fault is on."}</p><dl>{counters}</dl>'
            f"<h2>End of the tape, newest first</h2><ol>{entries or '<li>nothing yet</li>'}</ol></div>",
            reload_s=1,
        )

    def _form(self, name: str, kind: str, says: str, asks: str, value: object) -> str:
        is_on = bool(value)
        if kind == "switch":
            field = f'<input type="hidden" name="argument" value="{int(not is_on)}">'
            word = "Switch off" if is_on else "Switch on"
        elif kind == "number":
            field = (
                f'<input type="number" name="argument" min="0" step="1" value="{value or 0}"'
                f' aria-label="{html.escape(name)}">'
            )
            word = "Set"
        else:
            field = f'<input name="argument" placeholder="{html.escape(asks)}" required>' if asks else ""
            word = "Do"
        return (
            f'<form method="post" action="/" class="{"on" if is_on else ""}"><p><b>{html.escape(name)}</b>'
            f"<small>{html.escape(says)}</small></p>"
            f'<input type="hidden" name="token" value="{self.token}">'
            f'<input type="hidden" name="name" value="{html.escape(name)}">{field}<button>{word}</button></form>'
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], page: FaultPage) -> None:
        super().__init__(address, _Handler)
        self.page = page

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_GET(self) -> None:
        if not self._is_ours():
            return self._answer(403, "this page answers only to its own address", "text/plain")
        page = self.server.page
        match self.path:
            case "/":
                return self._answer(200, page.whole())
            case "/now":
                return self._answer(200, page.now())
            case "/style.css":
                return self._answer(200, _STYLE, "text/css")
        return self._answer(404, "no such page", "text/plain")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LONGEST_FORM:
            return self._answer(413, "no form of this page", "text/plain")
        form = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"), keep_blank_values=True)
        page = self.server.page
        said = {name: values[-1] for name, values in form.items()}
        if not self._is_ours() or not hmac.compare_digest(said.get("token", "").encode(), page.token.encode()):
            return self._answer(403, "this page answers only to itself", "text/plain")
        words = f"{said.get('name', '')} {said.get('argument', '')}".strip()
        answer = page.device.command(words)
        page.answer = f"{words}: {answer}"
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def _is_ours(self) -> bool:
        """Called by our own name, and by no other page."""
        names = {f"{host}:{self.server.page.port}" for host in ("127.0.0.1", "localhost")}
        origin = self.headers.get("Origin")
        is_same = self.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
        return self.headers.get("Host") in names and is_same and origin in (None, *(f"http://{name}" for name in names))

    def _answer(self, status: int, content: str, kind: str = "text/html") -> None:
        body = content.encode()
        self.send_response(status)
        for name, value in (
            ("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"),
            (
                "Content-Security-Policy",
                "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'self'; "
                "base-uri 'none'",
            ),
        ):  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The frame reloads every second; nobody reads that."""


def _shown(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)[:12] if name == "sha256" else str(value)


def _document(title: str, body: str, reload_s: int = 0) -> str:
    reload = f'<meta http-equiv="refresh" content="{reload_s}">' if reload_s else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">{reload}'
        f"<title>{title}</title>"
        f'<link rel="stylesheet" href="/style.css"></head><body>{body}</body></html>'
    )
