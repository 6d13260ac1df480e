"""A place with its database in the home, and one with PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.backends import PostgresBackend
from tests.domains.operations.backup.places import Place


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    backend = None if request.param == "sqlite" else request.getfixturevalue("postgres_backend")
    place = Place(tmp_path / "first", backend)
    place.furnish()
    return place


@pytest.fixture
def other(place: Place, request: pytest.FixtureRequest, database_names: Iterator[str], tmp_path: Path) -> Place:
    """An empty place of the same kind."""
    if place.backend is None:
        return Place(tmp_path / "other")
    backend = PostgresBackend(request.getfixturevalue("postgres_url"), database=next(database_names))
    return Place(tmp_path / "other", backend)


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "first")
    place.furnish()
    return place
