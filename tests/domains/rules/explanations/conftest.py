"""One home for all questions, and the real command line to ask it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from typer.testing import CliRunner

from frontdesk.core.cli import build_app
from frontdesk.core.errors import FrontdeskError
from tests.pipelines.answered_home import answered_home
from tests.pipelines.homes import Home, HomeFactory

TENANTS = Path(__file__).parents[4] / "tenants"


class Shown(NamedTuple):
    """What a command printed, or the error that ended it."""

    text: str
    error: FrontdeskError | None

    def json(self) -> Any:
        """Return what was printed with --json."""
        return orjson.loads(self.text)


Ask = Callable[..., Shown]


@pytest.fixture(scope="session")
def asked_home(homes: HomeFactory) -> Home:
    """Return the home that is asked about; no test changes it."""
    return answered_home(homes)


@pytest.fixture
def ask(asked_home: Home, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return what types `frontdesk` and these words."""
    monkeypatch.setenv("FRONTDESK_HOME", str(asked_home.folder))
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(TENANTS))

    def run(*words: str) -> Shown:
        result = CliRunner().invoke(build_app(), words)
        if isinstance(result.exception, FrontdeskError):
            return Shown(result.output, result.exception)
        assert result.exit_code == 0, (result.output, result.exception)
        return Shown(result.output, None)

    return run
