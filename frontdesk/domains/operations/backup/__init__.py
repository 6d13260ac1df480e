"""Backups of what can't be computed again, and their restoring: see docs/runbooks/back-up-and-restore.md."""
