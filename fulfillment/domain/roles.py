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
    """What a bearer token speaks for: one station, a program, or the person who set the floor up."""

    STATION = "station"
    BOARD = "board"
    API = "api"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a route can ask for."""

    PUBLIC = "public"
    SCAN = "scan"
    READ_BOARD = "read_board"
    READ_STOCK = "read_stock"
    READ_ORDERS = "read_orders"
    WRITE_ORDERS = "write_orders"
    WRITE_RECEIPTS = "write_receipts"
    RELEASE_WAVES = "release_waves"
    WRITE_PARCELS = "write_parcels"
    WRITE_STOCK = "write_stock"
    AUDIT = "audit"
    SET_UP = "set_up"


TOKEN_PERMISSIONS: dict[str, frozenset[Permission]] = {
    TokenRole.STATION: frozenset({Permission.SCAN}),
    TokenRole.BOARD: frozenset({Permission.READ_BOARD, Permission.READ_ORDERS}),
    TokenRole.API: frozenset(
        {
            Permission.READ_BOARD, Permission.READ_STOCK, Permission.READ_ORDERS, Permission.WRITE_ORDERS,
            Permission.WRITE_RECEIPTS, Permission.RELEASE_WAVES, Permission.WRITE_PARCELS, Permission.WRITE_STOCK,
            Permission.AUDIT,
        }
    ),
    TokenRole.ADMIN: frozenset(Permission) - {Permission.SCAN},
}  # fmt: skip

_ALL = ("RECEIVE", "PUTAWAY", "REPLENISH", "PICK", "PACK", "LOAD", "COUNT", "MOVE", "PUTBACK", "SEND")

ROLE_FLOWS: dict[str, tuple[str, ...]] = {
    Role.PICKER: ("PICK", "REPLENISH", "MOVE", "PUTAWAY", "PUTBACK", "COUNT"),
    Role.PACKER: ("PACK", "PUTBACK", "LOAD"),
    Role.RECEIVER: ("RECEIVE", "PUTAWAY", "REPLENISH", "MOVE", "COUNT", "SEND", "LOAD"),
    Role.SUPERVISOR: _ALL,
    Role.ADMIN: _ALL,
}


def may(token_role: str, permission: Permission) -> bool:
    """Whether a token of this role may use a route that asks for `permission`."""
    return permission == Permission.PUBLIC or permission in TOKEN_PERMISSIONS.get(token_role, frozenset())
