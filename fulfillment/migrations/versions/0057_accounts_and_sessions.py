"""Names and passphrases, sessions at a desk, tokens that expire or may do less than their role"""

import sqlalchemy as sa
from alembic import op

from fulfillment.migrations.tables import change

revision = "0057"
down_revision = "0055"
branch_labels = None
depends_on = None

_ROLE = "ck_access_token_role"


def upgrade() -> None:
    change(
        "access_token",
        add_columns=[
            sa.Column("expires_at_ms", sa.BigInteger(), nullable=True),
            sa.Column("scope", sa.Text(), server_default="", nullable=False),
        ],
        drop=[_ROLE],
        add={_ROLE: "CHECK (role IN ('admin', 'agent', 'api', 'board', 'metrics', 'station', 'supervisor'))"},
    )
    _create(
        "operator_account", ("operator_id", "set_at_ms"), text=("name", "passphrase_argon2"),
        belongs={"operator_id": "operator"}, unique=("operator_id", "name"),
    )  # fmt: skip
    _create(
        "desk_session", ("token_id", "operator_id", "used_at_ms", "proved_at_ms"), usual={"address": "", "browser": ""},
        belongs={"token_id": "access_token", "operator_id": "operator"}, unique=("token_id",),
    )  # fmt: skip
    _create(
        "sign_in_try", ("tried_at_ms",), text=("key_sha256",), counted=("failures", "until_ms"), unique=("key_sha256",)
    )
    _create(
        "account_link", ("made_at_ms", "expires_at_ms"), text=("code_sha256",), maybe=("operator_id", "used_at_ms"),
        belongs={"operator_id": "operator"}, unique=("code_sha256",),
    )  # fmt: skip


def downgrade() -> None:
    # The program before this one knows no end and no narrowing: what had one must not become for ever and everything.
    op.execute(
        "UPDATE access_token SET revoked_at_ms = created_at_ms"
        " WHERE revoked_at_ms IS NULL AND (expires_at_ms IS NOT NULL OR scope <> '')"
    )
    for table in ("account_link", "sign_in_try", "desk_session", "operator_account"):
        op.drop_table(table)
    op.execute("DELETE FROM access_token WHERE role = 'supervisor'")
    change(
        "access_token", drop_columns=["expires_at_ms", "scope"], drop=[_ROLE],
        add={_ROLE: "CHECK (role IN ('admin', 'agent', 'api', 'board', 'metrics', 'station'))"},
    )  # fmt: skip


def _create(table, whole, text=(), maybe=(), counted=(), usual=None, belongs=None, unique=()):
    op.create_table(
        table,
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in whole),
        *(sa.Column(name, sa.Text(), nullable=False) for name in text),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in maybe),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in counted),
        *(sa.Column(name, sa.Text(), server_default=words, nullable=False) for name, words in (usual or {}).items()),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["warehouse_id", column], [f"{other}.warehouse_id", f"{other}.id"],
                name=op.f(f"fk_{table}_warehouse_id_{column}"),
            )
            for column, other in (belongs or {}).items()
        ),
        *(sa.UniqueConstraint("warehouse_id", name, name=op.f(f"uq_{table}_warehouse_id_{name}")) for name in unique),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f(f"fk_{table}_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f(f"pk_{table}")),
    )  # fmt: skip
