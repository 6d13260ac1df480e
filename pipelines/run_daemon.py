"""Dagster's daemon, after sensors and schedules that were stopped in its pages are set back to what the code says.

Dagster keeps such a stop for ever, over restarts. The live path's sensor is what models and sends: who stops it in
Dagster's pages stops it until the next start, and no longer.
"""

from __future__ import annotations

import sys

from dagster import DagsterInstance
from dagster._cli.utils import get_instance_for_cli
from dagster._core.scheduler.instigation import InstigatorStatus
from dagster._daemon.cli import main as run_daemon


def bring_back(instance: DagsterInstance) -> list[str]:
    """Forget that sensors and schedules were started or stopped by hand; return the names of those stopped."""
    stopped = []
    for state in instance.all_instigator_state():
        if state.status is InstigatorStatus.STOPPED:
            instance.delete_instigator_state(state.instigator_origin_id, state.selector_id)
            stopped.append(state.name)
    return sorted(stopped)


def main() -> None:
    """Bring back what was stopped, then run the daemon with the arguments given."""
    with get_instance_for_cli() as instance:
        for name in bring_back(instance):
            print(f"{name} was stopped; a start brings it back", flush=True)
    sys.argv[0] = "dagster-daemon"
    run_daemon()


if __name__ == "__main__":
    main()
