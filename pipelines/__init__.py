"""From the event log to the published warehouse: Dagster definitions, dbt and the live path."""
