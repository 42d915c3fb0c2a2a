"""Roles and what each may do. Deny by default: what is not written here is not allowed."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is on this floor."""

    PICKER = "picker"
    PACKER = "packer"
    RECEIVER = "receiver"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class StationKind(StrEnum):
    """What a station is."""

    HANDHELD = "handheld"
    BENCH = "bench"
    DOCK = "dock"
    BOARD = "board"


class TokenRole(StrEnum):
    """What a bearer token speaks for: one station, one bench agent, a program, the person who set the floor up, or
    whoever signed in at a desk: a supervisor or an admin."""

    STATION = "station"
    BOARD = "board"
    API = "api"
    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    METRICS = "metrics"


class Permission(StrEnum):
    """What a route can ask for."""

    PUBLIC = "public"
    SCAN = "scan"
    READ_BOARD = "read_board"
    READ_STOCK = "read_stock"
    READ_ORDERS = "read_orders"
    READ_BUYERS = "read_buyers"
    WRITE_ORDERS = "write_orders"
    WRITE_RECEIPTS = "write_receipts"
    RELEASE_WAVES = "release_waves"
    STEER_WAVES = "steer_waves"
    CANCEL_WAVES = "cancel_waves"
    OVERRIDE_FIFO = "override_fifo"
    CLOSE_AISLES = "close_aisles"
    WRITE_PARCELS = "write_parcels"
    WRITE_STOCK = "write_stock"
    AUDIT = "audit"
    READ_AUDIT_LOG = "read_audit_log"
    READ_METRICS = "read_metrics"
    ERASE_BUYERS = "erase_buyers"
    READ_EVENTS = "read_events"
    SET_UP = "set_up"
    RUN_DEVICES = "run_devices"
    TEND_DEVICES = "tend_devices"
    READ_WORK = "read_work"
    SET_TARGETS = "set_targets"
    TEND_PROBLEMS = "tend_problems"
    TEND_CARDS = "tend_cards"
    OWN_ACCOUNT = "own_account"
    TEND_ACCESS = "tend_access"


TOKEN_PERMISSIONS: dict[str, frozenset[Permission]] = {
    TokenRole.STATION: frozenset({Permission.SCAN}),
    # For whoever shows a supervisor's badge a board closes an aisle, takes up what is wrong, sets targets, moves
    # cards, steers waves.
    TokenRole.BOARD: frozenset(
        {
            Permission.READ_BOARD, Permission.READ_ORDERS, Permission.CLOSE_AISLES, Permission.TEND_PROBLEMS,
            Permission.SET_TARGETS, Permission.TEND_CARDS, Permission.STEER_WAVES,
            Permission.CANCEL_WAVES, Permission.OVERRIDE_FIFO,
        }
    ),
    TokenRole.API: frozenset(
        {
            Permission.READ_BOARD, Permission.READ_STOCK, Permission.READ_ORDERS, Permission.READ_BUYERS,
            Permission.WRITE_ORDERS,
            Permission.WRITE_RECEIPTS, Permission.RELEASE_WAVES, Permission.CLOSE_AISLES, Permission.WRITE_PARCELS,
            Permission.STEER_WAVES, Permission.CANCEL_WAVES, Permission.OVERRIDE_FIFO, Permission.WRITE_STOCK,
            Permission.AUDIT,
            Permission.READ_EVENTS, Permission.TEND_DEVICES,
            Permission.READ_WORK, Permission.TEND_PROBLEMS, Permission.TEND_CARDS,
        }
    ),
    # Whoever runs the shift: everything that happens on it, nothing that founds it, and buyers by their
    # initials: who is somewhere at a shift needs to tell orders apart, not to know who lives where.
    TokenRole.SUPERVISOR: frozenset(
        {
            Permission.READ_BOARD, Permission.READ_STOCK, Permission.READ_ORDERS, Permission.WRITE_ORDERS,
            Permission.WRITE_RECEIPTS, Permission.RELEASE_WAVES, Permission.STEER_WAVES, Permission.CANCEL_WAVES,
            Permission.OVERRIDE_FIFO,
            Permission.CLOSE_AISLES, Permission.WRITE_PARCELS, Permission.WRITE_STOCK, Permission.AUDIT,
            Permission.TEND_DEVICES, Permission.READ_WORK, Permission.SET_TARGETS,
            Permission.TEND_PROBLEMS, Permission.TEND_CARDS, Permission.OWN_ACCOUNT,
        }
    ),
    TokenRole.METRICS: frozenset({Permission.READ_METRICS}),
    TokenRole.AGENT: frozenset({Permission.RUN_DEVICES}),
    # Scans and devices are never anybody's but the station's and the bench's own.
    TokenRole.ADMIN: frozenset(Permission) - {Permission.SCAN, Permission.RUN_DEVICES},
}  # fmt: skip

_ALL = ("RECEIVE", "PUTAWAY", "REPLENISH", "PICK", "SORT", "PACK", "LOAD", "COUNT", "MOVE", "PUTBACK", "SEND")

ROLE_FLOWS: dict[str, tuple[str, ...]] = {
    Role.PICKER: ("PICK", "SORT", "REPLENISH", "MOVE", "PUTAWAY", "PUTBACK", "COUNT"),
    Role.PACKER: ("PACK", "SORT", "PUTBACK", "LOAD"),
    Role.RECEIVER: ("RECEIVE", "PUTAWAY", "REPLENISH", "MOVE", "COUNT", "SEND", "LOAD"),
    Role.SUPERVISOR: _ALL,
    Role.ADMIN: _ALL,
}


def may(token_role: str, permission: Permission) -> bool:
    """Whether a token of this role may use a route that asks for `permission`."""
    return permission == Permission.PUBLIC or permission in TOKEN_PERMISSIONS.get(token_role, frozenset())


def permissions_of(token_role: str, scope: str = "") -> frozenset[Permission]:
    """What a token may use: what its role may, narrowed to `scope` (permissions with a space between) unless empty."""
    allowed = TOKEN_PERMISSIONS.get(token_role, frozenset())
    return allowed & frozenset(Permission(word) for word in scope.split()) if scope else allowed
