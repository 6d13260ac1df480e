"""Publishes marts and reports as the file that readers open."""
