"""Questions about a past moment, as table macros of the published file: the SQL is dbt's, in analyses/at_*.sql.

Each takes `t` and `known_at` (TIMESTAMPTZ): what happened by `t`, of what had reached the log by `known_at`. Left
out, `known_at` is the end of time: as it was then, with what is known now. Given as `t`: as it was known then. Who is
who is always as it is known now.
"""

from __future__ import annotations

import duckdb

from pipelines.lib.dbt_runner import Manifest

#: Macro to the analysis that is its body.
_BODIES = {
    "contact_at": "at_contact",
    "contact_stage_at": "at_contact_stage",
    "warmness_at": "at_warmness",
}


def create_published_macros(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """Create them in the schema marts of the database that the connection uses; the marts are there already."""
    for name, analysis in _BODIES.items():
        connection.execute(
            f"create macro marts.{name}(t, known_at := 'infinity'::timestamptz) as table "
            f"{manifest.portable_query(analysis)}"
        )
