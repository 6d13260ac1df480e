"""Fixtures that several folders share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipelines.homes import Home, HomeFactory

#: With these started last, one core would be left alone with them.
_LONGEST_FIRST = ("pipelines", "dbt", "browser")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the folders first whose files take longest."""
    tests = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(tests).parts[0] not in _LONGEST_FIRST)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> HomeFactory:
    """Return what makes homes; the warehouse is built once per test run."""
    return HomeFactory(tmp_path_factory.mktemp("homes"))


@pytest.fixture
def home(homes: HomeFactory) -> Home:
    """Return a home of its own with an empty log."""
    return homes.new_home()
