"""Dagster definitions, one folder per topic."""
