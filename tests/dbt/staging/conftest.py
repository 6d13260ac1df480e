"""Fixtures of the staging tests: the models are compiled once a session, since starting dbt takes seconds."""

from __future__ import annotations

import pytest

from tests.dbt.staging.warehouse import StagingWarehouse, compile_models


@pytest.fixture(scope="session")
def staging(tmp_path_factory: pytest.TempPathFactory) -> StagingWarehouse:
    """Return a warehouse with an empty log under all staging models."""
    folder = tmp_path_factory.mktemp("staging")
    return StagingWarehouse(folder / "warehouse.duckdb", compile_models(folder))
