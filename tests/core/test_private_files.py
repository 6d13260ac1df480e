"""What is in a home is this user's alone, whatever the shell's umask was and whoever made it."""

from __future__ import annotations

import grp
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.log.database import create_tables, open_engine
from frontdesk.core.private_files import begin_privately, keep_private, share_as_its_folder, too_open
from frontdesk.core.settings import Settings
from frontdesk.domains.operations.doctor import examine
from frontdesk.domains.operations.findings import Level


@pytest.fixture(autouse=True)
def _careless_shell() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def old_home(folder: Path) -> Path:
    """A home as earlier versions made it, with a log that is open, and something that is not ours."""
    home = folder / "home"
    for name in ("published", "dagster/storage/run", "reports/salon/weekly", "logs", "run", "photos"):
        (home / name).mkdir(parents=True)
    for name in (
        "analytics.duckdb",
        "published/0.duckdb",
        "dagster/storage/run/out.txt",
        "reports/salon/weekly/a.json",
    ):
        (home / name).write_bytes(b"x")
    (home / "photos/own.jpg").write_bytes(b"x")
    (home / "logs/elsewhere").symlink_to(folder)
    create_tables(open_engine(f"sqlite:///{home / 'frontdesk.db'}"))
    return home


def test_an_old_home_is_put_right_and_nothing_else(tmp_path: Path) -> None:
    home = old_home(tmp_path)
    outside = mode(tmp_path)
    assert len(too_open(home, group=None)) > 10
    keep_private(home, group=None)
    keep_private(home, group=None)
    assert too_open(home, group=None) == []
    assert {mode(home / name) for name in ("frontdesk.db", "frontdesk.db-wal", "reports/salon/weekly/a.json")} == {
        0o600
    }
    assert {mode(path) for path in (home, home / "dagster/storage/run", home / "published")} == {0o700}
    assert mode(home / "photos/own.jpg") == 0o666
    assert mode(tmp_path) == outside


def test_doctor_tells_what_is_open_and_what_to_do(tmp_path: Path) -> None:
    home = old_home(tmp_path)
    settings = Settings(home=home, tenants_dir=Path("tenants"))
    found = next(each for each in examine(settings, environ={}) if each.subject == "Privacy")
    assert (found.level, str(home) in found.detail, "frontdesk up" in found.remedy) == (Level.ERROR, True, True)
    keep_private(home, group=None)
    assert next(each for each in examine(settings, environ={}) if each.subject == "Privacy").level is Level.OK


def test_what_is_made_from_now_on_is_private(tmp_path: Path) -> None:
    begin_privately()
    home = tmp_path / "new"
    create_tables(open_engine(f"sqlite:///{home / 'frontdesk.db'}"))
    duckdb.connect(str(home / "warehouse.duckdb")).close()
    assert too_open(home, group=None) == []
    assert mode(home / "warehouse.duckdb") == 0o600


@pytest.mark.parametrize("command", [["-m", "frontdesk.core.cli"], ["-m", "webhooks", "--help"]])
def test_every_program_begins_so(command: list[str]) -> None:
    code = (
        "import sys, runpy, os, atexit\n"
        "atexit.register(lambda: print('umask', oct(os.umask(0))))\n"
        f"sys.argv = {command[1:]!r}\n"
        + (
            "from frontdesk.core.cli import main; sys.argv = ['frontdesk', 'sql', '--help']; main()"
            if command[1] == "frontdesk.core.cli"
            else "runpy.run_module('webhooks', run_name='__main__')"
        )
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "umask 0o77" in ended.stdout, ended.stderr


def test_a_group_may_read_what_is_published_and_nothing_else(tmp_path: Path) -> None:
    home = old_home(tmp_path)
    group = grp.getgrgid(os.getgid()).gr_name
    keep_private(home, group=group)
    assert (mode(home), mode(home / "published"), mode(home / "published/0.duckdb")) == (0o710, 0o750, 0o640)
    assert mode(home / "frontdesk.db") == 0o600
    assert mode(home / "dagster") == 0o700
    assert too_open(home, group=group) == []
    assert home in too_open(home, group=None)

    published = home / "published" / "1.duckdb"
    published.touch(mode=0o600)
    share_as_its_folder(published)
    assert mode(published) == 0o640
    keep_private(home, group=None)
    share_as_its_folder(published)
    assert (mode(home), mode(published)) == (0o700, 0o600)


def test_a_group_that_there_is_not_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no group nobody-at-all"):
        keep_private(tmp_path, group="nobody-at-all")


def test_a_home_behind_a_link_is_as_private_as_any(tmp_path: Path) -> None:
    home, link = old_home(tmp_path), tmp_path / "link"
    link.symlink_to(home, target_is_directory=True)
    assert home in too_open(link, group=None)
    keep_private(link, group=None)
    assert (mode(home), mode(home / "reports")) == (0o700, 0o700)
    assert too_open(link, group=None) == too_open(home, group=None) == []
    assert link.is_symlink()
