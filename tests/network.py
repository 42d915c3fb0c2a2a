"""A small network of one's own: namespaces with a line to the tests and a line to the database.

Needs root and iproute2. Everything has a name made from this process' number and is taken away afterwards.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from types import TracebackType


class NoNetwork(RuntimeError):
    """Network namespaces cannot be made here."""


@dataclass(frozen=True)
class Node:
    """One namespace. `address` is where the tests reach it, whatever becomes of its line to the database."""

    namespace: str
    address: str
    database_link: str

    @property
    def prefix(self) -> list[str]:
        """What to put before a command to run it there."""
        return [_ip(), "netns", "exec", self.namespace]


class Network:
    """A bridge with the database's address, and nodes on it. Use as a context manager."""

    def __init__(self, nodes: int) -> None:
        self._number = os.getpid() % 10_000
        # 10.201.x is the database's net, 10.202.x.y the lines to the tests; x keeps two test processes apart.
        self._net = self._number % 250 + 1
        self._bridge = f"fb{self._number}"
        self.database_address = f"10.201.{self._net}.1"
        self.database_net = f"10.201.{self._net}.0/24"
        self.nodes = [
            Node(f"floor{self._number}n{number}", f"10.202.{self._net}.{number * 4 + 2}", f"fd{self._number}n{number}")
            for number in range(nodes)
        ]

    def __enter__(self) -> Network:
        if os.getuid() != 0:
            raise NoNetwork("network namespaces need root: run these tests as root (the full run in CI does)")
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def cut(self, node: Node) -> None:
        """Nothing comes through between a node and the database any more; nobody is told."""
        _run("link", "set", node.database_link, "down")

    def mend(self, node: Node) -> None:
        """Everything comes through again."""
        _run("link", "set", node.database_link, "up")

    def _make(self) -> None:
        _run("link", "add", self._bridge, "type", "bridge")
        _run("addr", "add", f"{self.database_address}/24", "dev", self._bridge)
        _run("link", "set", self._bridge, "up")
        for number, node in enumerate(self.nodes):
            _run("netns", "add", node.namespace)
            inside = ["-n", node.namespace]
            _run(*inside, "link", "set", "lo", "up")
            self._line(node, node.database_link, f"10.201.{self._net}.{number + 11}/24")
            _run("link", "set", node.database_link, "master", self._bridge)
            floor_link = f"ff{self._number}n{number}"
            self._line(node, floor_link, f"{node.address}/30")
            _run("addr", "add", f"10.202.{self._net}.{number * 4 + 1}/30", "dev", floor_link)

    def _line(self, node: Node, name: str, address: str) -> None:
        """A line from a node to here: `name` at this end, the same with an x there."""
        _run("link", "add", name, "type", "veth", "peer", "name", name + "x")
        _run("link", "set", name + "x", "netns", node.namespace)
        _run("-n", node.namespace, "addr", "add", address, "dev", name + "x")
        _run("-n", node.namespace, "link", "set", name + "x", "up")
        _run("link", "set", name, "up")

    def _remove(self) -> None:
        ours = [["netns", "del", node.namespace] for node in self.nodes]
        for number, node in enumerate(self.nodes):
            ours += [["link", "del", node.database_link], ["link", "del", f"ff{self._number}n{number}"]]
        for arguments in [*ours, ["link", "del", self._bridge]]:
            # What was never made, or went with its namespace, is no trouble.
            subprocess.run([_ip(), *arguments], capture_output=True, check=False)


def _ip() -> str:
    found = shutil.which("ip", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        raise NoNetwork("there is no `ip`: sudo apt-get install iproute2")
    return found


def _run(*arguments: str) -> None:
    ran: subprocess.CompletedProcess[str] = subprocess.run(
        [_ip(), *arguments], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise NoNetwork(f"ip {' '.join(arguments)}: {ran.stderr.strip()}")

