"""Readers go on undisturbed while the pipelines replace the published file."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import duckdb

from dashboard.frame.analytics_file import AnalyticsFile

REPLACEMENTS = 60
READERS = 4

# Both columns are written in one file, so a reader that mixed two files would see them differ.
_QUERY = "SELECT (SELECT max(n) FROM marts.a) AS a, (SELECT max(n) FROM marts.b) AS b"


def write_version(path: Path, number: int) -> None:
    scratch = path.with_name(f"{number}.new")
    with duckdb.connect(str(scratch)) as connection:
        connection.execute("CREATE SCHEMA marts")
        connection.execute("CREATE TABLE marts.a AS SELECT ?::BIGINT AS n FROM range(50000)", [number])
        connection.execute("CREATE TABLE marts.b AS FROM marts.a")
    scratch.replace(path)


def test_readers_see_whole_files_in_order_and_never_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "analytics.duckdb"
    write_version(path, 0)
    file = AnalyticsFile(path)
    seen: list[list[tuple[int, int]]] = [[] for _ in range(READERS)]
    errors: list[Exception] = []
    finished = threading.Event()

    def read(versions: list[tuple[int, int]]) -> None:
        try:
            while not finished.is_set():
                row = file.fetch(_QUERY).iloc[0]
                versions.append((int(row["a"]), int(row["b"])))
        except Exception as error:  # noqa: BLE001 - whatever a reader meets fails the test below
            errors.append(error)

    readers = [threading.Thread(target=read, args=(versions,)) for versions in seen]
    for reader in readers:
        reader.start()
    for number in range(1, REPLACEMENTS + 1):
        write_version(path, number)
    finished.set()
    for reader in readers:
        reader.join(timeout=60)

    assert errors == []
    for versions in seen:
        assert versions, "a reader never got an answer"
        assert all(a == b for a, b in versions)
        # A query may start on the old file just before another thread opens the new one, never the other way round.
        assert versions == sorted(versions)
    assert int(file.fetch(_QUERY).iloc[0]["a"]) == REPLACEMENTS
    file.close()


def test_a_writer_in_another_process_can_write_what_the_reader_let_go_of(tmp_path: Path) -> None:
    """The pipelines write each file of a ring again once no reader has it: replaced files must not stay locked."""
    path = tmp_path / "analytics.duckdb"
    write_version(path, 1)
    ring = tmp_path / "ring.duckdb"
    ring.hardlink_to(path)
    file = AnalyticsFile(path)
    assert int(file.fetch(_QUERY).iloc[0]["a"]) == 1
    assert not can_write(ring)
    write_version(path, 2)
    assert int(file.fetch(_QUERY).iloc[0]["a"]) == 2
    assert can_write(ring)
    assert not can_write(path)
    file.close()
    assert can_write(path)


def can_write(path: Path) -> bool:
    # Another process: within one, DuckDB shares the file and POSIX locks don't count.
    script = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('CREATE OR REPLACE TABLE marts.c AS SELECT 1')"
    result = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert result.returncode == 0 or "lock" in result.stderr, result.stderr
    return result.returncode == 0


def test_what_is_asked_once_is_of_the_newest_file_and_nobody_else_s_to_change(tmp_path: Path) -> None:
    path = tmp_path / "analytics.duckdb"
    write_version(path, 0)
    file = AnalyticsFile(path)
    # Each run of the query gives another number.
    once = "SELECT uuid()::VARCHAR AS run, $n::BIGINT + max(n) AS n FROM marts.a"

    first = file.fetch_once(once, n=1)
    first.loc[0, "n"] = 99
    again, other = file.fetch_once(once, n=1), file.fetch_once(once, n=2)
    write_version(path, 10)
    newer = file.fetch_once(once, n=1)

    assert again["run"][0] == first["run"][0]
    assert len({first["run"][0], other["run"][0], newer["run"][0]}) == 3
    assert [frame["n"][0] for frame in (again, other, newer)] == [1, 2, 11]
