"""A receiver that has every source."""

from __future__ import annotations

from tests.webhooks.conftest import clock, directory, empty_database, engine, log, receiver, start  # noqa: F401 - fixtures
