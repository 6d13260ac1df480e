"""dbt-duckdb's plugin that gives dbt's connections the functions of pipelines/build/sql_functions.py (profiles.yml).

By itself: importing dbt takes two seconds, which the live path has no need of.
"""

from __future__ import annotations

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from pipelines.build.sql_functions import register_functions


class Plugin(BasePlugin):
    """Registers the functions. The name is dbt-duckdb's."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Register the functions; cursors of the connection have them too."""
        register_functions(conn, by_column=True)
