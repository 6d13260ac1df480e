"""Fixtures that several folders share."""

from __future__ import annotations

import pytest

from tests.pipelines.homes import Home, HomeFactory


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> HomeFactory:
    """Return what makes homes; the warehouse is built once per test run."""
    return HomeFactory(tmp_path_factory.mktemp("homes"))


@pytest.fixture
def home(homes: HomeFactory) -> Home:
    """Return a home of its own with an empty log."""
    return homes.new_home()
