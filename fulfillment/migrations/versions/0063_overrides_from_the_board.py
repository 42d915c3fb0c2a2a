"""Stops a supervisor sends to other goods than FIFO gave them"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

_ACT = "ck_wave_act_act"
_BEFORE = "CHECK (act IN ('assign', 'cancel', 'pause', 'prioritise', 'resume', 'split'))"
_TASK = "fk_wave_act_warehouse_id_task_id"
_OF_ACT = "fk_fifo_override_warehouse_id_wave_act_id"


def upgrade() -> None:
    change(
        "wave_act", add_columns=[sa.Column("task_id", sa.BigInteger(), nullable=True)], drop=[_ACT],
        add={
            _ACT: "CHECK (act IN ('assign', 'cancel', 'override', 'pause', 'prioritise', 'resume', 'split'))",
            _TASK: "FOREIGN KEY(warehouse_id, task_id) REFERENCES task (warehouse_id, id)",
        },
    )  # fmt: skip
    op.create_index("ix_wave_act_task", "wave_act", ["warehouse_id", "task_id"])
    change(
        "fifo_override", add_columns=[sa.Column("wave_act_id", sa.BigInteger(), nullable=True)],
        add={_OF_ACT: "FOREIGN KEY(warehouse_id, wave_act_id) REFERENCES wave_act (warehouse_id, id)"},
    )  # fmt: skip


def downgrade() -> None:
    change("fifo_override", drop_columns=["wave_act_id"], drop=[_OF_ACT])
    op.drop_index("ix_wave_act_task", "wave_act")
    op.execute("DELETE FROM wave_act WHERE act = 'override'")
    change("wave_act", drop_columns=["task_id"], drop=[_ACT, _TASK], add={_ACT: _BEFORE})
