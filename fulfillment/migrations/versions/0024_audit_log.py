"""A chained log of who did what"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

KEPT = (
    "warehouse_id", "id", "at_ms", "kind", "operator_id", "station_id", "token_id", "subject", "content_sha256",
    "sha256",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("token_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("warehouse_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('api', 'command', 'erasure', 'retention', 'scan')", name=op.f("ck_audit_log_kind")
        ),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.id"], name=op.f("fk_audit_log_warehouse_id")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_audit_log")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def downgrade() -> None:
    op.drop_table("audit_log")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_log_is_append_only()")
        op.execute("DROP FUNCTION chain_sha256(text)")


def _guard_on_sqlite() -> None:
    # An erasure may empty a content; nothing else about an entry ever changes.
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in KEPT)
    refuse = "BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END"
    op.execute(
        "CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log "
        f"WHEN NOT (NEW.content = '' AND {same}) {refuse}"
    )
    op.execute(f"CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log {refuse}")
    op.execute(
        "CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log "
        f"WHEN EXISTS (SELECT 1 FROM audit_log WHERE warehouse_id = NEW.warehouse_id AND id = NEW.id) {refuse}"
    )


def _guard_on_postgresql() -> None:
    # SQLite gets this function from us when a connection is opened (fulfillment/db.py).
    op.execute(
        "CREATE FUNCTION chain_sha256(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS"
        " $$ SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex') $$"
    )
    same = " AND ".join(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in KEPT)
    op.execute(
        "CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP = 'UPDATE' THEN IF NEW.content = '' AND {same} THEN RETURN NEW; END IF; END IF;"
        " RAISE EXCEPTION 'audit_log is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE ON audit_log"
        " FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only()"
    )
    op.execute(
        "CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()"
    )
