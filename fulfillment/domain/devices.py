"""Vocabulary of the benches' devices and of the agents that own their ports."""

from __future__ import annotations

from enum import StrEnum


class DeviceKind(StrEnum):
    """What a device is to the floor. Printers have a table of their own: prints wait for them."""

    SCANNER = "scanner"
    SCALE = "scale"
    PRINTER = "printer"


class AgentState(StrEnum):
    """How a bench agent stands with the server; one that is `running` and was not heard lately is `silent`."""

    NEW = "new"
    RUNNING = "running"
    REFUSED = "refused"
    SILENT = "silent"


class CommandKind(StrEnum):
    """What an agent is asked to do: print a job, try a device out, ask again which devices are its own, look what is
    plugged in. What is asked of no agent is the server's own machine's to do."""

    PRINT = "print"
    TEST = "test"
    DEVICES = "devices"
    DISCOVER = "discover"


class PrintOutcome(StrEnum):
    """What an agent says of a print: `held` = no byte left, `uncertain` = some did and nobody knows more."""

    PRINTED = "printed"
    HELD = "held"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


class ScanSignal(StrEnum):
    """What a scanner is to tell whoever holds it; `warn`: the scan came late, the screen has gone on since."""

    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
