"""Runs the versions on the connection that upgrading.py hands over; Alembic loads this file."""

from __future__ import annotations

from alembic import context

# The caller's transaction holds it all: versions and the note of the revision stand or fall together.
context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
