"""Dagster's own folder: its instance settings, and the workspace that points to the one code server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_INSTANCE = """\
# Written by `frontdesk up` where there was none; yours to change.
telemetry:
  enabled: false
nux:
  enabled: false

# SQLite in this folder is Dagster's default storage: runs, asset events and ticks; nothing of the event log.

# A build needs the warehouse for itself; a second one would only wait for the first.
concurrency:
  runs:
    max_concurrent_runs: 2

# One sensor follows the log, and its evaluation waits there. With threads the daemon would look at it only every
# five seconds; without, it begins the next evaluation as soon as one has ended.
sensors:
  use_threads: false

# The live path's sensor ticks all day: what it skipped is of no interest tomorrow.
retention:
  schedule:
    purge_after_days: {skipped: 7, success: 90, failure: 90, started: 7}
  sensor:
    purge_after_days: {skipped: 1, success: 7, failure: 30, started: 1}
"""
_WORKSPACE = """\
# Written by `frontdesk up` at every start. Webserver and daemon share one code server: the code is loaded once.
load_from:
  - grpc_server:
      socket: {socket}
      location_name: frontdesk
"""


@dataclass(frozen=True, slots=True)
class DagsterHome:
    """Where Dagster keeps its things, and where its code server listens."""

    path: Path
    socket_path: Path

    @property
    def workspace_path(self) -> Path:
        """The workspace file of webserver and daemon."""
        return self.path / "workspace.yaml"


@contextmanager
def open_dagster_home(home: Path) -> Iterator[DagsterHome]:
    """Make home/dagster with dagster.yaml (kept if there is one) and the workspace file.

    The code server's socket lies in a folder that only this user can enter, with a short path: a socket's path has
    at most 107 bytes, and it is gone afterwards.
    """
    with TemporaryDirectory(prefix="frontdesk-") as folder:
        dagster_home = DagsterHome(path=home.absolute() / "dagster", socket_path=Path(folder) / "code.sock")
        dagster_home.path.mkdir(parents=True, exist_ok=True)
        instance = dagster_home.path / "dagster.yaml"
        if not instance.exists():
            instance.write_text(_INSTANCE, encoding="utf-8")
        dagster_home.workspace_path.write_text(_WORKSPACE.format(socket=dagster_home.socket_path), encoding="utf-8")
        yield dagster_home
