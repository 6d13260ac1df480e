"""Fixtures of the staging tests: the models are compiled once for all workers, since starting dbt takes seconds."""

from __future__ import annotations

import json

import pytest

from tests.dbt.staging.warehouse import StagingWarehouse, compile_models
from tests.pipelines.homes import alone_in, shared_folder


@pytest.fixture(scope="session")
def staging(tmp_path_factory: pytest.TempPathFactory) -> StagingWarehouse:
    """Return a warehouse with an empty log under all staging models."""
    shared = shared_folder(tmp_path_factory) / "staging"
    shared.mkdir(exist_ok=True)
    with alone_in(shared):
        compiled = shared / "models.json"
        if not compiled.exists():
            compiled.write_text(json.dumps(compile_models(shared)), encoding="utf-8")
    models = json.loads(compiled.read_text(encoding="utf-8"))
    return StagingWarehouse(tmp_path_factory.mktemp("staging") / "warehouse.duckdb", models)
