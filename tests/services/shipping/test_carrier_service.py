"""What a carrier's service says to do elsewhere is not done: our token goes to the address an admin has set up only."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from fulfillment.services.shipping.carrier_service import CarrierService, Unknown


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(tmp_path: Path, status: int) -> None:
    heard: list[str] = []

    class Carrier(BaseHTTPRequestHandler):
        def answer(self) -> None:
            heard.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(status)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/latest/meta-data")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            """Nothing: what was asked is in `heard`."""

    server = HTTPServer(("127.0.0.1", 0), Carrier)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    token_file = tmp_path / "token"
    token_file.write_text("kept")
    token_file.chmod(0o600)
    try:
        service = CarrierService(f"http://127.0.0.1:{server.server_port}/v1", token_file)
        answers = [service.buy({"reference": "R-1"}), service.look_up("R-1"), service.void("T-1")]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert heard == ["/v1/labels", "/v1/labels?reference=R-1", "/v1/labels/T-1/void"]
    assert all(isinstance(answer, Unknown) for answer in answers)
