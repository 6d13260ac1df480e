"""A shop's processes over a history: receiver, live path and the providers' stand-ins."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import duckdb

from frontdesk.core.running.allocator import with_quicker_allocator
from sandbox.demo import stand_in_settings
from sandbox.processes import frontdesk_command, running, tail, wait_until_ready
from tests.benchmarks.figures import Report
from tests.benchmarks.homes import BenchHome
from tests.benchmarks.receiver import Site, free_port, prepare_site, running_receiver

_READY_TIMEOUT_S = 3_600.0


class RunningSystem(NamedTuple):
    """What runs, and where the stand-ins are reached."""

    site: Site
    sandbox_url: str


@contextmanager
def running_system(home: BenchHome, report: Report) -> Iterator[RunningSystem]:
    """Run receiver, follower and stand-ins on a history; yields once all of it is modelled."""
    site = with_stand_ins(prepare_site(home.folder))
    published = home.folder / "analytics.duckdb"
    published.unlink(missing_ok=True)
    with running_stand_ins(site) as sandbox_url, running_receiver(site), running_follower(site) as follower:
        report.step(f"{home.count:,} events of history: waiting until all of them are modelled")
        wait_until_published(published, follower, log=follower_log(site))
        yield RunningSystem(site, sandbox_url)


@contextmanager
def running_follower(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """Run the live path for a block (live_follower.py), with the allocator that `frontdesk up` starts it with."""
    arguments = [sys.executable, "-m", "tests.benchmarks.live_follower"]
    with running(arguments, environ=with_quicker_allocator(site.environ), log=follower_log(site)) as process:
        yield process


def follower_log(site: Site) -> Path:
    """Return where the live path writes its output."""
    return site.home / "logs" / "follower.log"


def wait_until_published(published: Path, follower: subprocess.Popen[bytes], *, log: Path, sequence: int = 0) -> None:
    """Return once every event of the log is published, that of `sequence` too. Raises RuntimeError where the follower
    ends.
    """
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if follower.poll() is not None:
            raise RuntimeError(f"the follower ended with status {follower.returncode}:\n{tail(log)}")
        if published.exists() and _is_complete(published, sequence):
            return
        time.sleep(0.5)
    raise RuntimeError(f"nothing was published within {_READY_TIMEOUT_S:g} s:\n{tail(log)}")


def _is_complete(published: Path, sequence: int) -> bool:
    with duckdb.connect(str(published), read_only=True) as connection:
        query = "select modelled_sequence >= greatest(log_sequence, ?) from reports.rpt_freshness"
        return connection.execute(query, [sequence]).fetchone() == (True,)


def with_stand_ins(site: Site) -> Site:
    """Return the site with addresses of stand-ins in place of the providers'."""
    ports = {"FRONTDESK_SANDBOX_PORT": str(free_port()), "FRONTDESK_SANDBOX_SMTP_PORT": str(free_port())}
    return replace(site, environ={**site.environ, **ports, **stand_in_settings("127.0.0.1", ports)})


@contextmanager
def running_stand_ins(site: Site) -> Iterator[str]:
    """Run the providers' stand-ins for a block; give their address."""
    url = f"http://127.0.0.1:{site.environ['FRONTDESK_SANDBOX_PORT']}"
    log = site.home / "logs" / "sandbox.log"
    arguments = frontdesk_command("sandbox", "--home", str(site.home))
    with running(arguments, environ=site.environ, log=log) as process:
        wait_until_ready(f"{url}/control/ledger?entries=false", process, log=log)
        yield url
