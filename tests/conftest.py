"""Fixtures that several folders share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.pipelines.homes import Home, HomeFactory, shared_folder

#: With these started last, one core would be left alone with them: a file of few long tests is not split.
_LONGEST_FIRST = (
    "browser/test_webhook_to_page.py",
    "browser/test_dashboard.py",  # needs no warehouse: the second worker has work while the first one builds it
    "pipelines/activation",
    "pipelines",
    "dbt",
    "browser",
    "frontdesk/domains/rules/explaining",
    "webhooks/test_openapi.py",
)

# How long an example takes says nothing on a machine that is busy with other tests.
settings.register_profile("frontdesk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("frontdesk")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files first that take longest; `--no-loadscope-reorder` keeps pytest-xdist from sorting them again."""
    tests = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(tests).as_posix()
        return next(
            (rank for rank, start in enumerate(_LONGEST_FIRST) if path.startswith(start)), len(_LONGEST_FIRST)
        )

    items.sort(key=place)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> HomeFactory:
    """Return what makes homes; the warehouse is built once for all workers."""
    return HomeFactory(tmp_path_factory.mktemp("homes"), shared=shared_folder(tmp_path_factory))


@pytest.fixture
def home(homes: HomeFactory) -> Home:
    """Return a home of its own with an empty log."""
    return homes.new_home()
