"""The dbt models as assets, and the nightly build."""
