"""Brings the history of older systems into the event log: CSV exports by a mapping file, NDJSON by our envelope."""
