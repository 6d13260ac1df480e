"""Serves the definitions to Dagster's pages, and runs Dagster's daemon beside them in the same process.

The daemon asks this server alone, and would load the same hundred megabytes of Dagster for it.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path
from typing import Final

from dagster import DagsterInstance
from dagster._cli.api import grpc_command
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.scheduler.instigation import InstigatorStatus
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.controller import DagsterDaemonController, daemon_controller_from_instance
from dagster._grpc.client import DagsterGrpcClient

_logger = logging.getLogger("dagster.daemon")

#: Between two looks whether the daemon's threads live, and whether this server answers yet.
_CHECK_S: Final = 5.0
_ANSWERS_S: Final = 0.1


def serve(*, definitions: str, socket: Path, workspace: Path) -> None:
    """Serve a module's definitions, and run the daemon, until SIGTERM or SIGINT."""
    stopping = threading.Event()
    daemon = threading.Thread(
        target=_run_daemon,
        kwargs={"socket": socket, "workspace": workspace, "stopping": stopping},
        name="dagster-daemon",
        daemon=True,
    )
    daemon.start()
    try:
        grpc_command.main(["--module-name", definitions, "--socket", str(socket)], standalone_mode=False)
    finally:
        stopping.set()


def bring_back(instance: DagsterInstance) -> list[str]:
    """Forget that sensors and schedules were started or stopped by hand; return the names of those stopped.

    Dagster keeps such a stop for ever, over restarts. The live path's sensor is what models and sends: who stops it
    in Dagster's pages stops it until the next start, and no longer.
    """
    stopped = []
    for state in instance.all_instigator_state():
        if state.status is InstigatorStatus.STOPPED:
            instance.delete_instigator_state(state.instigator_origin_id, state.selector_id)
            stopped.append(state.name)
    return sorted(stopped)


def _run_daemon(*, socket: Path, workspace: Path, stopping: threading.Event) -> None:
    """Run Dagster's daemon until `stopping`; if it fails, end this process: `frontdesk up` starts it again."""
    try:
        _wait_until_answered(socket, stopping=stopping)
        with DagsterInstance.get() as instance:
            for name in bring_back(instance):
                _logger.warning("%s was stopped; a start brings it back", name)
            target = WorkspaceFileTarget(paths=[str(workspace)])
            with daemon_controller_from_instance(instance, workspace_load_target=target) as controller:
                _watch(controller, stopping=stopping)
    except Exception:
        if not stopping.is_set():
            _logger.exception("Dagster's daemon ended")
            os.kill(os.getpid(), signal.SIGTERM)


def _wait_until_answered(socket: Path, *, stopping: threading.Event) -> None:
    client = DagsterGrpcClient(socket=str(socket))
    while not stopping.is_set():
        try:
            client.ping("")
        except DagsterUserCodeUnreachableError:
            stopping.wait(_ANSWERS_S)
        else:
            return


def _watch(controller: DagsterDaemonController, *, stopping: threading.Event) -> None:
    """Raise if a thread of the daemon ends.

    Dagster's own loop also loads the workspace anew each minute, for code that changes underfoot: this server's does
    not, and one that is started again is noticed without that.
    """
    while not stopping.wait(_CHECK_S):
        controller.check_daemon_threads()
