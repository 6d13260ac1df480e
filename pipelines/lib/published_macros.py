"""Questions with arguments, as table macros of the published file: the SQL is dbt's, in analyses/{at,of}_*.sql.

Those about a past moment take `t` and `known_at` (TIMESTAMPTZ): what happened by `t`, of what had reached the log by
`known_at`. Left out, `known_at` is the end of time: as it was then, with what is known now. Given as `t`: as it was
known then. Who is who is always as it is known now.

`reports.period_figures` is rpt_period_figures for the weeks and months of one business that lie within two dates, but
for what stands when a period ends: with a million events it takes a tenth of the time.
"""

from __future__ import annotations

import duckdb

from pipelines.lib.dbt_runner import Manifest

#: Macro of a past moment to the analysis that is its body.
_MOMENTS = {
    "contact_at": "at_contact",
    "contact_stage_at": "at_contact_stage",
    "warmness_at": "at_warmness",
}


def create_published_macros(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """Create them in the database that the connection uses; the marts and reports are there already."""
    for name, analysis in _MOMENTS.items():
        connection.execute(
            f"create macro marts.{name}(t, known_at := 'infinity'::timestamptz) as table "
            f"{manifest.portable_query(analysis)}"
        )
    connection.execute(
        "create macro reports.period_figures(of_tenant, first_date, end_date) as table "
        f"{manifest.portable_query('of_periods')}"
    )
