"""Questions with arguments, as table macros of the published file: the SQL is dbt's, in analyses/{at,of}_*.sql.

Those about a past moment take `t` and `known_at` (TIMESTAMPTZ): what happened by `t`, of what had reached the log by
`known_at`. Left out, `known_at` is the end of time: as it was then, with what is known now. Given as `t`: as it was
known then. Who is who is always as it is known now.

Two are of one contact or business if asked, which takes a tenth of the time with a million events: `contact_stage_at`
with `of_contact`; and `reports.period_figures`, which is rpt_period_figures for the weeks and months of one business
that lie within two dates, but for what stands when a period ends: that is `reports.levels_at`.
"""

from __future__ import annotations

import duckdb

from pipelines.build.dbt_runner import Manifest

_MOMENT = "t, known_at := 'infinity'::timestamptz"
#: Macro with its arguments to the analysis that is its body.
_MACROS = {
    f"marts.contact_at({_MOMENT})": "at_contact",
    f"marts.contact_stage_at({_MOMENT}, of_contact := null)": "at_contact_stage",
    f"marts.warmness_at({_MOMENT})": "at_warmness",
    "reports.period_figures(of_tenant, first_date, end_date)": "of_periods",
    "reports.levels_at(of_tenant, end_date, of_metrics)": "of_levels",
}


def create_published_macros(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    """Create them in the database that the connection uses; the marts and reports are there already."""
    for macro, analysis in _MACROS.items():
        connection.execute(f"create macro {macro} as table {manifest.portable_query(analysis)}")
