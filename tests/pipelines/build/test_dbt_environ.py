"""What a dbt process is told of ours: the warehouse's name, and no secret."""

from __future__ import annotations

from pathlib import Path

from pipelines.build.dbt_runner import environ_of_dbt


def test_dbt_is_given_no_secret_of_ours(tmp_path: Path) -> None:
    environ = {
        "PATH": "/usr/bin",
        "FRONTDESK_MASTER_KEY": "key",
        "FRONTDESK_SALON_STRIPE_API_KEY": "sk",
        "frontdesk_operator_key": "key",
        "FRONTDESK_WAREHOUSE": "/elsewhere/warehouse.duckdb",
    }

    given = environ_of_dbt(environ, warehouse=tmp_path / "warehouse.duckdb")

    assert given["PATH"] == "/usr/bin"
    assert {name: value for name, value in given.items() if name.upper().startswith("FRONTDESK_")} == {
        "FRONTDESK_WAREHOUSE": "warehouse.duckdb"
    }
