"""frontdesk.db deleted or replaced while Frontdesk runs: refused, told, and gone on with when it is right."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import check_writable, open_database
from frontdesk.core.log.event_log import EventLog
from tests.core.factories import new_event


def opened(folder: Path) -> tuple[Engine, EventLog]:
    engine = open_database(f"sqlite:///{folder / 'frontdesk.db'}")
    return engine, EventLog(engine, ids=UuidV7Factory(SystemClock()))


def back_up(file: Path, to: Path) -> None:
    """Copy a database as SQLite does it, with what is in its write-ahead log."""
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def remove(file: Path) -> None:
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()


def refuses(engine: Engine, log: EventLog, *, because: str) -> None:
    with pytest.raises(EventLogUnavailableError, match=because):
        log.append([new_event("refused")])
    with pytest.raises(EventLogUnavailableError, match=because):
        check_writable(engine)
    with pytest.raises(EventLogUnavailableError, match=because):
        log.last_sequence()


def test_a_deleted_file_is_refused_and_not_made_again(tmp_path: Path) -> None:
    engine, log = opened(tmp_path)
    log.append([new_event("e1")])

    remove(tmp_path / "frontdesk.db")

    refuses(engine, log, because="was removed")
    assert not (tmp_path / "frontdesk.db").exists()


def test_a_removed_home_is_refused_and_not_made_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    engine, log = opened(home)
    log.append([new_event("e1")])

    shutil.rmtree(home)

    refuses(engine, log, because="was removed")
    assert not home.exists()


def test_a_file_that_was_moved_away_is_used_again_when_it_is_back(tmp_path: Path) -> None:
    engine, log = opened(tmp_path)
    log.append([new_event("e1")])
    files = sorted(tmp_path.glob("frontdesk.db*"))
    away = tmp_path / "away"
    away.mkdir()

    for file in files:
        file.rename(away / file.name)
    refuses(engine, log, because="was removed")
    for file in files:
        (away / file.name).rename(file)

    assert [each.is_new for each in log.append([new_event("e1"), new_event("e2")])] == [False, True]
    check_writable(engine)


def test_a_copy_with_the_newest_event_is_gone_on_with(tmp_path: Path) -> None:
    engine, log = opened(tmp_path)
    log.append([new_event("e1"), new_event("e2")])
    back_up(tmp_path / "frontdesk.db", tmp_path / "copy")

    remove(tmp_path / "frontdesk.db")
    (tmp_path / "copy").rename(tmp_path / "frontdesk.db")

    assert [each.is_new for each in log.append([new_event("e2"), new_event("e3")])] == [False, True]
    engine.dispose()
    stored = opened(tmp_path)[1].read_after(0, limit=10)  # of the file that has the name
    assert [event.source_event_id for event in stored] == ["e1", "e2", "e3"]


def test_an_older_copy_is_refused_until_a_new_start(tmp_path: Path) -> None:
    engine, log = opened(tmp_path)
    log.append([new_event("e1")])
    back_up(tmp_path / "frontdesk.db", tmp_path / "copy")
    log.append([new_event("e2")])

    remove(tmp_path / "frontdesk.db")
    (tmp_path / "copy").rename(tmp_path / "frontdesk.db")

    refuses(engine, log, because="lacks its newest event")
    _, started_again = opened(tmp_path)
    assert started_again.append([new_event("e3")])[0].sequence == 2


def test_another_businesss_file_is_refused(tmp_path: Path) -> None:
    engine, log = opened(tmp_path)
    log.append([new_event("e1")])
    other_engine, other = opened(tmp_path / "other")
    other.append([new_event("theirs")])
    other_engine.dispose()

    remove(tmp_path / "frontdesk.db")
    (tmp_path / "other" / "frontdesk.db").rename(tmp_path / "frontdesk.db")

    refuses(engine, log, because="another file")
