"""Commands of the server's own machine, and looking for what is plugged in"""

from alembic import op

from fulfillment.migrations.tables import change

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_KIND = "ck_agent_command_kind"


def upgrade() -> None:
    change(
        "agent_command", drop=[_KIND], optional={"agent_id": True},
        add={_KIND: "CHECK (kind IN ('devices', 'discover', 'print', 'test'))"},
    )  # fmt: skip


def downgrade() -> None:
    op.execute("DELETE FROM agent_command WHERE agent_id IS NULL OR kind = 'discover'")
    change(
        "agent_command", drop=[_KIND], optional={"agent_id": False},
        add={_KIND: "CHECK (kind IN ('devices', 'print', 'test'))"},
    )  # fmt: skip
