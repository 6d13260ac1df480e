"""What open pages ask once a second: which file is published."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard.frame.published_version import ADDRESS, build_version_route


def version_at(path: Path) -> str:
    with TestClient(Starlette(routes=[build_version_route(path)])) as browser:
        answer = browser.get(ADDRESS)
    assert answer.status_code == 200
    return str(answer.text)


def test_each_file_that_is_published_is_another_version(tmp_path: Path) -> None:
    path = tmp_path / "analytics.duckdb"
    path.touch()
    first = version_at(path)

    assert first
    assert version_at(path) == first

    replacement = tmp_path / "next.duckdb"
    replacement.touch()
    os.utime(replacement, ns=(1, 1))
    replacement.replace(path)

    assert version_at(path) not in {first, ""}


def test_before_anything_is_published_the_version_is_empty(tmp_path: Path) -> None:
    assert version_at(tmp_path / "analytics.duckdb") == ""
