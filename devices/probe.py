"""Which addresses of a small private network answer as label printers do.

Owns the bounds: at most MOST_HOSTS addresses, all in networks nobody reaches from outside, LONGEST_PROBE_S for all of
them together.
Refuses everything beyond before a single connection is made.
Invariant: each address is called once, is asked one question (~HI) and hung up on; nothing is left behind.
"""

from __future__ import annotations

import ipaddress
import itertools
import threading
from contextlib import closing
from dataclasses import dataclass

from devices.config import TcpAddress
from devices.protocols import Deadline, DeviceError, Transport
from devices.transports import TcpTransport
from devices.zpl import ReplyError
from devices.zpl_queries import HOST_IDENTIFICATION, Identification, parse_identification

MOST_HOSTS = 256
LONGEST_PROBE_S = 15.0
_CALL_S, _ANSWER_S = 1.0, 1.0
_AT_ONCE = 32
_LONGEST_ANSWER = 1024
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128",
    )
)  # fmt: skip


class ProbeRefused(ValueError):
    """A network that is not probed; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Something at port 9100, and what it said it is."""

    address: str
    words: str


def hosts_of(subnet: str) -> list[str]:
    """
    Raises:
        ProbeRefused: no network, too many addresses, or not a private one.
    """
    try:
        network = ipaddress.ip_network(subnet, strict=True)
    except ValueError as error:
        raise ProbeRefused(f"probe: {error}") from error
    if network.num_addresses > MOST_HOSTS:
        raise ProbeRefused(f"probe: {subnet} has {network.num_addresses} addresses, at most {MOST_HOSTS} are asked")
    first = network.network_address
    # All of it: a network of at most MOST_HOSTS that begins in one of these does not reach beyond.
    if not any(first in private for private in _PRIVATE):
        raise ProbeRefused(f"probe: {subnet} is no private network")
    return [str(host) for host in network.hosts()]


def probe(subnet: str, port: int = 9100, deadline_s: float = LONGEST_PROBE_S) -> list[Answer]:
    """Whoever takes a call on `port`, in the order of the addresses. Who was not asked by the deadline is left out.

    Raises:
        ProbeRefused: see hosts_of.
    """
    hosts = hosts_of(subnet)
    deadline = Deadline.after(deadline_s)
    taken = itertools.count()
    found: dict[int, Answer] = {}

    def work() -> None:
        while (number := next(taken)) < len(hosts) and not deadline.is_over():
            answer = ask(TcpAddress(hosts[number], port), deadline)
            if answer is not None:
                found[number] = answer

    threads = [threading.Thread(target=work, name=f"probe {subnet}", daemon=True) for _ in hosts[:_AT_ONCE]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()  # they end: every call in them has a deadline
    return [found[number] for number in sorted(found)]


def ask(address: TcpAddress, deadline: Deadline) -> Answer | None:
    """None when nobody takes the call."""
    transport = TcpTransport(address)
    with closing(transport):
        try:
            transport.open(deadline.at_most(_CALL_S))
        except DeviceError:
            return None
        try:
            found = identification_over(transport, deadline.at_most(_ANSWER_S))
        except DeviceError as error:
            return Answer(str(address), f"takes calls on {address.port}, {error.reason} when asked what it is")
    if found is None:
        return Answer(str(address), f"takes calls on {address.port}, its answer to ~HI is none")
    return Answer(str(address), f"{found.model}, firmware {found.firmware}, {found.dots_per_mm} dots/mm")


def identification_over(transport: Transport, deadline: Deadline) -> Identification | None:
    """What the printer at the other end says it is; None when that is no answer to ~HI.

    Raises:
        DeviceError: it says nothing.
    """
    said = b""
    try:
        transport.write(HOST_IDENTIFICATION + b"\r\n", deadline)
        while b"\x03" not in said and len(said) < _LONGEST_ANSWER and (chunk := transport.read(deadline)):
            said += chunk
    except DeviceError:
        if not said:
            raise
    try:
        return parse_identification(said)
    except ReplyError:
        return None
