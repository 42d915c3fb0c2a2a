"""Devices of the benches, the agents that own their ports, what those are asked to do"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_STATES = "state IN ('connecting', 'degraded', 'disabled', 'faulted', 'offline', 'ready')"
_OWNED = ("access_token", "printer")


def upgrade() -> None:
    op.create_table(
        "bench_agent",
        sa.Column("code", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("station", "version", "host", "journal")
        ),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        _maybe("hello_at_ms"),
        _maybe("seen_at_ms"),
        _count("last_event"),
        *_keyed("bench_agent"),
        sa.CheckConstraint("state IN ('new', 'refused', 'running', 'silent')", name=op.f("ck_bench_agent_state")),
        sa.CheckConstraint("last_event >= 0", name=op.f("ck_bench_agent_counts")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_bench_agent_warehouse_id_code")),
    )
    op.create_table(
        "device",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("signals", sa.Text(), server_default="", nullable=False),
        _maybe("agent_id"),
        _maybe("station_id"),
        sa.Column("is_enabled", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("state", sa.Text(), server_default="connecting", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        _maybe("seen_at_ms"),
        *(_count(name) for name in ("last_sequence", "gaps", "reconnects")),
        *_keyed("device"),
        _belongs("device", "agent_id", "bench_agent"),
        _belongs("device", "station_id", "station"),
        sa.CheckConstraint("kind IN ('scale', 'scanner')", name=op.f("ck_device_kind")),
        sa.CheckConstraint(_STATES, name=op.f("ck_device_state")),
        sa.CheckConstraint("is_enabled BETWEEN 0 AND 1", name=op.f("ck_device_switch")),
        sa.CheckConstraint(
            "last_sequence >= 0 AND gaps >= 0 AND reconnects >= 0", name=op.f("ck_device_counts")
        ),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_device_warehouse_id_code")),
    )  # fmt: skip
    op.create_index("ix_device_agent", "device", ["warehouse_id", "agent_id"])
    op.create_table(
        "agent_command",
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), server_default="{}", nullable=False),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        _maybe("taken_at_ms"),
        _maybe("done_at_ms"),
        *_keyed("agent_command"),
        _belongs("agent_command", "agent_id", "bench_agent"),
        sa.CheckConstraint("kind IN ('devices', 'print', 'test')", name=op.f("ck_agent_command_kind")),
    )
    op.create_index("ix_agent_command_open", "agent_command", ["warehouse_id", "agent_id", "done_at_ms", "id"])
    for table in _OWNED:
        change(
            table, add_columns=[_maybe("agent_id")],
            add={
                f"fk_{table}_warehouse_id_agent_id":
                "FOREIGN KEY(warehouse_id, agent_id) REFERENCES bench_agent (warehouse_id, id)"
            },
        )  # fmt: skip
    _token_roles("admin", "agent", "api", "board", "metrics", "station")


def downgrade() -> None:
    # A token that speaks for an agent has no meaning below.
    op.execute("DELETE FROM access_token WHERE role = 'agent'")
    _token_roles("admin", "api", "board", "metrics", "station")
    for table in _OWNED:
        change(table, drop=[f"fk_{table}_warehouse_id_agent_id"], drop_columns=["agent_id"])
    for table in ("agent_command", "device", "bench_agent"):
        op.drop_table(table)


def _token_roles(*roles: str) -> None:
    named = ", ".join(repr(role) for role in roles)
    change("access_token", drop=["ck_access_token_role"], add={"ck_access_token_role": f"CHECK (role IN ({named}))"})


def _maybe(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=True)


def _count(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def _keyed(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f(f"fk_{table}_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f(f"pk_{table}")),
    )


def _belongs(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["warehouse_id", column], [f"{other}.warehouse_id", f"{other}.id"],
        name=op.f(f"fk_{table}_warehouse_id_{column}"),
    )  # fmt: skip
