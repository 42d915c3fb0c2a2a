"""A CUPS server of our own, and the two simulated printers.

cupsd runs with a configuration, spool and socket below a fresh folder in /tmp and listens on a Unix socket only, so
that it neither needs nor disturbs the machine's own. lp, lpadmin and lpstat find it through CUPS_SERVER.
Needs the Debian packages cups-daemon, cups-client and cups-core-drivers (all with `apt-get install cups`).
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.receipt_printer import ReceiptPrinter
from simulators.zpl_printer import ZplPrinter

_CUPSD = """
LogLevel warn
Listen {home}/state/cups.sock
Browsing Off
WebInterface No
DefaultAuthType None
PreserveJobHistory Yes
PreserveJobFiles No
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  JobPrivateAccess all
  JobPrivateValues none
  SubscriptionPrivateAccess all
  SubscriptionPrivateValues none
  <Limit All>
    Order deny,allow
    Allow all
  </Limit>
</Policy>
"""
_CUPS_FILES = """
ServerRoot {home}/etc
RequestRoot {home}/spool
TempDir {home}/spool/tmp
CacheDir {home}/cache
StateDir {home}/state
DataDir /usr/share/cups
ServerBin /usr/lib/cups
AccessLog {home}/log/access
ErrorLog {home}/log/error
PageLog {home}/log/page
User {user}
Group {group}
SystemGroup {system_group}
"""


class CupsServer:
    """queue(name, port) makes a raw queue that sends to a printer on that port of this machine."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = str(home / "state" / "cups.sock")

    def queue(self, name: str, port: int) -> str:
        self.run("lpadmin", "-p", name, "-E", "-v", f"socket://127.0.0.1:{port}", "-m", "raw")
        return f"cups://{name}"

    def run(self, *arguments: str) -> str:
        environment = {**os.environ, "CUPS_SERVER": self.socket, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=20, check=True)
        return done.stdout


@pytest.fixture(scope="session")
def cups_server() -> Iterator[CupsServer]:
    cupsd = shutil.which("cupsd", path="/usr/sbin:/usr/local/sbin:" + os.environ["PATH"])
    if cupsd is None or shutil.which("lp") is None:
        raise RuntimeError("CUPS is not installed: apt-get install cups")
    # Not pytest's tmp_path: the backends run as the user lp, who may not look into it.
    home = Path(tempfile.mkdtemp(prefix="floor-cups-", dir="/tmp"))
    home.chmod(0o755)
    is_root = os.geteuid() == 0
    names = {
        "home": home,
        # cupsd refuses to run its backends as root, and without root they run as whoever started it.
        "user": "lp" if is_root else pwd.getpwuid(os.geteuid()).pw_name,
        "group": "lp" if is_root else grp.getgrgid(os.getegid()).gr_name,
        "system_group": "root" if is_root else grp.getgrgid(os.getegid()).gr_name,
    }
    for folder in ("etc/ppd", "spool/tmp", "cache", "state", "log"):
        (home / folder).mkdir(parents=True)
    (home / "etc" / "cupsd.conf").write_text(_CUPSD.format(**names))
    (home / "etc" / "cups-files.conf").write_text(_CUPS_FILES.format(**names))
    server = CupsServer(home)
    process = subprocess.Popen(
        [cupsd, "-f", "-c", str(home / "etc" / "cupsd.conf"), "-s", str(home / "etc" / "cups-files.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 20
        while "is running" not in server.run("lpstat", "-r"):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"cupsd did not start: {(home / 'log' / 'error').read_text()[-2000:]}")
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)
        shutil.rmtree(home)


@pytest.fixture
def cups(cups_server: CupsServer, monkeypatch: pytest.MonkeyPatch) -> CupsServer:
    monkeypatch.setenv("CUPS_SERVER", cups_server.socket)
    return cups_server


@pytest.fixture
def label_printer(tmp_path: Path) -> Iterator[ZplPrinter]:
    with ZplPrinter(tmp_path / "labels") as printer:
        yield printer


@pytest.fixture
def receipt_printer(tmp_path: Path) -> Iterator[ReceiptPrinter]:
    with ReceiptPrinter(tmp_path / "slips") as printer:
        yield printer
