"""Readers of the published file never meet a lock or half a file, and keep what they have open."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import pytest

from tests.pipelines.facts import contact
from tests.pipelines.homes import Home

#: Opens the file again and again, as an analyst's script would, until the file says it is the last one.
READER = textwrap.dedent(
    """
    import sys, duckdb
    path, last = sys.argv[1], int(sys.argv[2])
    opened = seen = 0
    while seen < last:
        with duckdb.connect(path, read_only=True) as connection:
            seen, contacts = connection.execute(
                "select modelled_sequence, (select count(*) from marts.dim_contacts) from reports.rpt_freshness"
            ).fetchone()
        assert contacts == seen, (contacts, seen)
        opened += 1
    print(opened)
    """
)


#: Opens the file once, counts, and counts again when it is told to.
PATIENT_READER = textwrap.dedent(
    """
    import sys, duckdb
    connection = duckdb.connect(sys.argv[1], read_only=True)
    for line in ["first", sys.stdin]:
        if line is sys.stdin:
            line.readline()
        print(connection.execute("select count(*) from marts.dim_contacts").fetchone()[0], flush=True)
    """
)


def start_reader(path: Path, *, last: int) -> subprocess.Popen[str]:
    """Start a reader process that ends when event `last` is visible."""
    return subprocess.Popen(
        [sys.executable, "-c", READER, str(path), str(last)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_readers_meet_no_lock_and_no_half_written_file(home: Home) -> None:
    count_events = 60
    with home.modeller().opened() as modeller:
        readers = [start_reader(home.analytics_path, last=count_events) for _ in range(3)]
        for number in range(count_events):
            home.log.append([contact(str(number), phone=f"+6140000{number + 1:04d}")])
            modeller.follow_to_end()
        for reader in readers:
            output, errors = reader.communicate(timeout=60)
            assert reader.returncode == 0, errors
            assert int(output) > 1


def test_a_reader_keeps_the_file_it_has_open(home: Home) -> None:
    with home.modeller().opened() as modeller:
        home.log.append([contact("0", phone="+61400000009")])
        modeller.follow_to_end()
        # A process of its own: inside one process DuckDB shares an opened file.
        reader = subprocess.Popen(
            [sys.executable, "-c", PATIENT_READER, str(home.analytics_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert reader.stdout is not None
        assert reader.stdout.readline() == "1\n"
        for number in range(1, 9):  # more than once around the ring
            home.log.append([contact(str(number), phone=f"+6140000000{number}")])
            modeller.follow_to_end()
        output, _ = reader.communicate("go on\n", timeout=60)
        assert output == "1\n"
    assert home.query("select count(*) from marts.dim_contacts") == [(9,)]


def test_the_published_file_holds_marts_and_reports_only(home: Home) -> None:
    with home.modeller().opened():
        pass
    assert home.query("select distinct schema_name from duckdb_tables() union select 'reports' order by 1") == [
        ("marts",),
        ("reports",),
    ]
    assert home.query("select count(*) from reports.rpt_source_health where is_configured")[0][0] == sum(
        len(tenant.sources) for tenant in home.tenants.values()
    )


def test_views_compute_silence_when_they_are_read(home: Home) -> None:
    home.follow_in_batches([[contact("1", phone="+61400000000")]])
    with duckdb.connect(str(home.analytics_path), read_only=True) as connection:
        row = connection.execute(
            "select silent_seconds = date_diff('second', last_event_at, now()), is_configured "
            "from reports.rpt_source_health where source = 'frontdesk'"
        ).fetchone()
    assert row == (True, False)


def test_what_a_killed_publisher_left_beside_the_ring_is_not_replayed(home: Home) -> None:
    home.follow_in_batches([[contact("1", phone="+61400000001")]])
    for file in sorted((home.folder / "published").glob("*.duckdb")):
        file.with_name(file.name + ".wal").write_bytes(b"the changes of a file that is no more")
    home.follow_in_batches([[contact(str(number), phone=f"+6140000000{number}")] for number in range(2, 8)])
    assert home.query("select count(*) from marts.dim_contacts") == [(7,)]
