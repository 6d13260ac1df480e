"""The commands as they are typed: errors before anything is started, and everything together for real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.running.run_files import RunFiles
from frontdesk.domains.operations import cli, up_cli
from tests.core.running.standins import free_port, is_running, wait_until

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[3]
FRONTDESK = Path(sys.executable).with_name("frontdesk")
#: Takes the place of pipelines.definitions: loads at once, and has a sensor that waits as the live path's does.
DEFINITIONS = """
import time
from pathlib import Path
import dagster

@dagster.sensor(minimum_interval_seconds=1, default_status=dagster.DefaultSensorStatus.RUNNING, asset_selection="*")
def waits():
    Path("evaluated").touch()
    time.sleep(45)

@dagster.asset
def thing(): ...

defs = dagster.Definitions(assets=[thing], sensors=[waits])
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "FRONTDESK_HOME": str(tmp_path / "home"),
        "FRONTDESK_TENANTS_DIR": str(ROOT / "tenants"),
        "FRONTDESK_RECEIVER_PORT": str(free_port()),
        "FRONTDESK_DAGSTER_PORT": str(free_port()),
        "FRONTDESK_DASHBOARD_PORT": str(free_port()),
    }


@contextmanager
def frontdesk_up(*arguments: str, environ: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    with (folder / "up.log").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [FRONTDESK, "up", *arguments], env=environ, cwd=folder, stdout=output, stderr=output, text=True
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def shown(folder: Path) -> str:
    return (folder / "up.log").read_text(encoding="utf-8")


def pids(folder: Path) -> list[int]:
    files = (folder / "home" / "run").glob("*.pid")
    return [int(file.read_text(encoding="ascii").split()[0]) for file in files]


def answers(environ: dict[str, str], part: str, path: str) -> httpx.Response:
    url = f"http://127.0.0.1:{environ[f'FRONTDESK_{part}_PORT']}{path}"
    return httpx.get(url, trust_env=False, timeout=10)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--without", "dagster,kitchen"], "kitchen: is no part; use receiver, dagster, dashboard, monitor"),
        (["--without", "receiver, dagster,dashboard,monitor"], "leaves nothing to start"),
    ],
)
def test_wrong_parts(arguments: list[str], reason: str) -> None:
    frontdesk = typer.Typer()
    frontdesk.add_typer(cli.app)
    frontdesk.add_typer(up_cli.app)

    result = CliRunner().invoke(frontdesk, ["up", *arguments])

    assert isinstance(result.exception, ConfigurationError)
    assert reason in result.exception.detail


def test_a_second_one_is_refused(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    frontdesk = typer.Typer()
    frontdesk.add_typer(cli.app)
    frontdesk.add_typer(up_cli.app)

    with RunFiles(Path(environ["FRONTDESK_HOME"])).locked():
        result = CliRunner().invoke(frontdesk, ["up"])

    assert isinstance(result.exception, ConfigurationError)
    assert "is up already" in result.exception.detail


def test_doctors_status_says_whether_there_are_errors(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    frontdesk = typer.Typer()
    frontdesk.add_typer(cli.app)
    frontdesk.add_typer(up_cli.app)

    good = CliRunner().invoke(frontdesk, ["doctor"])
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(tmp_path / "nowhere"))
    bad = CliRunner().invoke(frontdesk, ["doctor"])

    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert "FRONTDESK_NOIZYLAB_STRIPE_WEBHOOK_SECRET" in good.stdout
    assert "no tenant files" in bad.stdout


def test_receiver_and_dashboard_for_real(environ: dict[str, str], tmp_path: Path) -> None:
    with frontdesk_up("--without", "dagster,monitor", environ=environ, folder=tmp_path) as process:
        wait_until(lambda: "Ctrl-C stops everything." in shown(tmp_path), timeout=90)
        assert answers(environ, "RECEIVER", "/healthz").status_code == 200
        assert answers(environ, "DASHBOARD", "/_stcore/health").status_code == 200
        started = pids(tmp_path)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0

    assert len(started) == 2
    assert not any(is_running(pid) for pid in started)
    assert "killed" not in shown(tmp_path)


@pytest.mark.slow
def test_everything_with_a_real_dagster(environ: dict[str, str], tmp_path: Path) -> None:
    package = tmp_path / "pipelines"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "definitions.py").write_text(DEFINITIONS, encoding="utf-8")
    with frontdesk_up(environ=environ | {"PYTHONPATH": str(tmp_path)}, folder=tmp_path) as process:
        wait_until(lambda: "Ctrl-C stops everything." in shown(tmp_path), timeout=180)
        assert "not up yet" not in shown(tmp_path)
        assert answers(environ, "DAGSTER", "/server_info").status_code == 200
        wait_until((tmp_path / "evaluated").exists, timeout=60)
        assert "starts when it is opened" in shown(tmp_path)
        started = pids(tmp_path)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0

    assert len(started) == 5
    assert not any(is_running(pid) for pid in started)


@pytest.mark.slow
def test_after_kill_9_of_the_supervisor_the_next_start_takes_over(environ: dict[str, str], tmp_path: Path) -> None:
    with frontdesk_up("--without", "dagster,dashboard,monitor", environ=environ, folder=tmp_path) as process:
        wait_until(lambda: "Ctrl-C stops everything." in shown(tmp_path), timeout=90)
        [receiver] = pids(tmp_path)
        process.kill()
        process.wait()
    assert is_running(receiver)

    with frontdesk_up("--without", "dagster,dashboard,monitor", environ=environ, folder=tmp_path):
        wait_until(lambda: "Ctrl-C stops everything." in shown(tmp_path), timeout=90)
        assert "Stopped what an earlier run left behind: receiver." in shown(tmp_path)
        assert answers(environ, "RECEIVER", "/healthz").status_code == 200
    assert not is_running(receiver)
