"""TLS: what the floor's own CA signs is taken by whoever trusts it, and plain HTTP stays on this machine."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.certificates import make
from fulfillment.cli import floor_command
from fulfillment.founding import found, refuse_plain_lan, web_address
from fulfillment.processes import WEB, Processes, command_of, environment_of, free_port
from fulfillment.settings import SettingError, Settings


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str:
    """What the client says of the server's certificate; '' = it takes it."""
    one, other = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(one, server_side=True).close()
        except OSError:
            one.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(other, server_hostname=name).close()
        return ""
    except ssl.SSLError as error:
        return str(error)
    finally:
        other.close()
        thread.join()


def test_whoever_trusts_the_ca_takes_its_certificates_and_nobody_else(tmp_path: Path) -> None:
    made = make(tmp_path, ["floor.local", "192.168.7.4"])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.cert, made.key)
    trusting, stranger = ssl.create_default_context(cafile=str(made.ca)), ssl.create_default_context()
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    assert handshake(server, trusting, "floor.local") == ""
    assert handshake(server, trusting, "192.168.7.4") == ""
    assert "mismatch" in handshake(server, trusting, "other.local")
    assert "CERTIFICATE_VERIFY_FAILED" in handshake(server, stranger, "floor.local")


def test_another_certificate_comes_under_the_same_ca_and_keys_are_their_owners(tmp_path: Path) -> None:
    first = make(tmp_path, ["floor.local"])
    ca, cert = first.ca.read_bytes(), first.cert.read_bytes()
    second = make(tmp_path, ["floor.local", "floor"])
    assert (first.is_new_ca, second.is_new_ca) == (True, False)
    assert second.ca.read_bytes() == ca
    assert second.cert.read_bytes() != cert
    for key in (tmp_path / "ca-key.pem", second.key):
        assert key.stat().st_mode & 0o777 == 0o600


def test_a_certificate_never_outlives_its_ca(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    make(tmp_path, ["floor.local"], now=now - timedelta(days=3600))
    late = make(tmp_path, ["floor.local"], now=now)
    assert late.until <= x509.load_pem_x509_certificate(late.ca.read_bytes()).not_valid_after_utc


@pytest.mark.parametrize("name", ["", "two words", "-x.local", "a..b", "*.local", "x" * 64 + ".local", "http://floor"])
def test_a_name_no_browser_asks_for_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match="no name and no address"):
        make(tmp_path, [name])


def test_the_command_says_how_to_run_with_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOOR_HOME", str(tmp_path))
    said = CliRunner().invoke(floor_command, ["tls", "floor.local", "10.0.0.2"])
    assert said.exit_code == 0, said.output
    assert f"floor run --tls-cert {tmp_path}/tls/server.pem --tls-key {tmp_path}/tls/server-key.pem" in said.output


# ---- plain HTTP ----


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.7.4", "::", "floor.local"])
def test_plain_http_goes_beyond_this_machine_only_when_somebody_says_so(tmp_path: Path, host: str) -> None:
    settings = Settings(tmp_path, "sqlite://", host=host)
    with pytest.raises(SettingError, match="--insecure-lan"):
        refuse_plain_lan(settings)
    refuse_plain_lan(replace(settings, insecure_lan=True))
    refuse_plain_lan(replace(settings, trusted_proxies=1))
    assert replace(settings, insecure_lan=True).is_plain_on_lan


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_may_speak_plain_http_with_itself(tmp_path: Path, host: str) -> None:
    refuse_plain_lan(Settings(tmp_path, "sqlite://", host=host))


def test_run_and_serve_refuse_before_anything_listens(tmp_path: Path) -> None:
    env = {**os.environ, "FLOOR_HOME": str(tmp_path), "FLOOR_HOST": "0.0.0.0", "FLOOR_PORT": str(free_port())}
    for command in (["run"], ["run", "--only", "web"], ["serve", "web"]):
        floor = [sys.executable, "-m", "fulfillment.cli", *command]
        done = subprocess.run(floor, env=env, capture_output=True, text=True)
        assert (done.returncode, "--insecure-lan" in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "floor.sqlite").exists()


def test_a_certificate_that_cannot_be_used_stops_start_up(tmp_path: Path) -> None:
    one, other = make(tmp_path / "a", ["floor"]), make(tmp_path / "b", ["floor"])
    for cert, key in ((str(one.cert), str(other.key)), ("nowhere.pem", str(one.key))):
        with pytest.raises(SettingError, match="no pair that can be used"):
            refuse_plain_lan(Settings(tmp_path, "sqlite://", tls_cert=cert, tls_key=key))
    with pytest.raises(SettingError, match="both or neither"):
        Settings.from_env({"FLOOR_TLS_CERT": "x"})


def test_settings_of_tls_reach_the_processes(tmp_path: Path) -> None:
    settings = Settings(tmp_path, "sqlite://", tls_cert="c.pem", tls_key="k.pem", insecure_lan=True)
    again = Settings.from_env(environment_of(settings))
    assert (again.tls_cert, again.tls_key, again.insecure_lan) == ("c.pem", "k.pem", True)
    assert command_of(settings, WEB)[-4:] == ["--certfile", "c.pem", "--keyfile", "k.pem"]
    assert web_address(settings).startswith("https://")


# ---- a server that speaks it ----


def test_a_floor_behind_tls_answers_small_large_and_slow_requests_and_no_plain_ones(tmp_path: Path) -> None:
    made = make(tmp_path / "tls", ["127.0.0.1"])
    settings = Settings(
        tmp_path, f"sqlite:///{tmp_path / 'floor.sqlite'}", port=free_port(), live_port=free_port(), web_workers=1,
        tls_cert=str(made.cert), tls_key=str(made.key),
    )  # fmt: skip
    migrate(settings)
    floor = open_floor(settings)
    found(floor)
    floor.close()
    token = (tmp_path / "admin-token").read_text().strip()
    header = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    context = ssl.create_default_context(cafile=str(made.ca))
    with Processes(settings, parts=[WEB]):
        connection = http.client.HTTPSConnection("127.0.0.1", settings.port, timeout=20, context=context)
        for _ in range(3):  # kept alive
            connection.request("GET", "/api/v1/livez")
            answer = connection.getresponse()
            assert (answer.status, answer.read() != b"") == (200, True)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        # More than one record of TLS, and more than is read at once.
        lines = [{"sku": f"SKU-{number}", "qty_each": 1} for number in range(4000)]
        order = {"number": "BIG", "ordered_at": "2026-11-23T08:00:00+00:00", "lines": lines}
        connection.request("POST", "/api/v1/orders", json.dumps(order), header)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert (answer.status, body["number"]) == (201, "BIG"), body
        slow = context.wrap_socket(socket.create_connection(("127.0.0.1", settings.port)), server_hostname="127.0.0.1")
        for byte in b"GET /api/v1/livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
            slow.send(bytes([byte]))
        slow.settimeout(20)
        assert slow.recv(15) == b"HTTP/1.1 200 OK"
        slow.close()
        with socket.create_connection(("127.0.0.1", settings.port)) as plain:
            plain.sendall(b"GET /api/v1/livez HTTP/1.1\r\nHost: x\r\n\r\n")
            plain.settimeout(20)
            assert b"200 OK" not in _all(plain)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(str(made.ca))
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError), socket.create_connection(("127.0.0.1", settings.port)) as raw:  # noqa: PT011
            old.wrap_socket(raw, server_hostname="127.0.0.1")
        connection.close()


def _all(plain: socket.socket) -> bytes:
    heard, until = b"", time.monotonic() + 20
    while time.monotonic() < until:
        try:
            piece = plain.recv(4096)
        except ConnectionError:
            break
        if not piece:
            break
        heard += piece
    return heard
