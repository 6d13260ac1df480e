"""A client that opens the published file to write: nobody else is locked out, and it is told that it is read-only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dashboard.frame.analytics_file import AnalyticsFile
from frontdesk.core.published.cli import app
from frontdesk.core.published.reader import opened
from tests.pipelines.facts import contact
from tests.pipelines.homes import Home

_HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


def test_a_client_that_locks_the_published_file_locks_out_nobody(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_HOME", str(home.folder))
    path = home.analytics_path
    with home.modeller().opened() as modeller:
        path.chmod(0o600)  # as for root, who heeds no mode
        client = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert client.stdout is not None
        assert client.stdout.readline() == "open\n"
        try:
            with opened(path) as published:
                assert published.modelled_sequence() == 0
            assert len(AnalyticsFile(path).fetch("SELECT 1 AS one")) == 1
            answer = CliRunner().invoke(app, ["select count(*) as tenants from marts.dim_tenants"])
            assert answer.exit_code == 0, answer.output
            home.log.append([contact("1", phone="+61400000001")])
            modeller.follow_to_end()  # the pipelines go on too
            with opened(path) as published:
                assert published.modelled_sequence() == 1
        finally:
            client.communicate("", timeout=20)


def test_the_published_file_is_read_only_and_the_next_one_can_be_written(home: Home) -> None:
    with home.modeller().opened() as modeller:
        for number in range(4):  # once round the ring
            assert _mode(home.analytics_path) & 0o222 == 0
            home.log.append([contact(str(number), phone=f"+6140000000{number + 1}")])
            modeller.follow_to_end()
    assert home.query("select count(*) from marts.dim_contacts") == [(4,)]


def _mode(path: Path) -> int:
    return path.stat().st_mode
