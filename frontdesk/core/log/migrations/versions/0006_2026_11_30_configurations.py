"""The versions of businesses' configurations are found among all events by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the index: it holds the few events that it names."""
    is_configuration = sa.text("type IN ('tenant.configured', 'tenant.removed')")
    op.create_index(
        "event_log_configurations",
        "event_log",
        ["tenant_id", "sequence"],
        sqlite_where=is_configuration,
        postgresql_where=is_configuration,
    )
