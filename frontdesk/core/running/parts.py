"""The processes that make up Frontdesk: their commands, addresses, and how each tells that it is ready."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.running.addresses import local_url
from frontdesk.core.running.allocator import with_quicker_allocator
from frontdesk.core.running.dagster_home import DagsterHome
from frontdesk.core.secrets import DAGSTER_PASSWORD, OWNER_API_KEY
from frontdesk.core.settings import Settings

Group = Literal["receiver", "dagster", "dashboard", "monitor"]

#: Begins the names of our variables.
_PREFIX: Final = "FRONTDESK_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process."""

    name: str
    group: Group
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    after: str | None = None  #: the part that must have been ready before this one is started
    gives_way_to: str | None = None  #: the part that has the processors first: for some seconds, or until it is ready
    host: str = "127.0.0.1"  #: the address that its port is bound to
    port: int | None = None
    port_setting: str = ""  #: the variable that changes the port
    url: str = ""  #: for people
    ready_url: str = ""  #: answers 200 once the process is ready
    ready_line: str = ""  #: where there is no ready_url: the text in its output that says so
    grace_s: float = 15.0  #: how long it may take to end before it is killed
    #: Started when somebody connects to its port, which is listened on for it, and free to end when nobody does.
    is_on_demand: bool = False


def build_parts(
    settings: Settings,
    *,
    dagster_home: DagsterHome,
    without: frozenset[Group],
    environ: Mapping[str, str],
) -> tuple[Part, ...]:
    """Return the processes to start, in order. Raises ConfigurationError if a package is not installed."""
    own = _absolute_settings(settings, environ)
    public = _without_secrets(own)
    parts = (
        _receiver(settings, own),
        *_dagster(settings, dagster_home, own=own, public=public),
        _dashboard(settings, public),
        _monitor(_without_owner_keys(own), without=without),
    )
    return tuple(part for part in parts if part.group not in without)


def _receiver(settings: Settings, environ: Mapping[str, str]) -> Part:
    url = local_url(settings.host, settings.receiver_port)
    return Part(
        name="receiver",
        group="receiver",
        command=(sys.executable, "-m", "webhooks"),
        environ=environ,
        port=settings.receiver_port,
        port_setting="FRONTDESK_RECEIVER_PORT",
        url=url,
        ready_url=f"{url}/readyz",
    )


def _dagster(
    settings: Settings, home: DagsterHome, *, own: Mapping[str, str], public: Mapping[str, str]
) -> tuple[Part, ...]:
    dagster = {
        "DAGSTER_HOME": str(home.path),
        "DAGSTER_DISABLE_TELEMETRY": "true",
        # Its evaluations wait for events longer than a stop may take; the daemon asks again at the next start.
        "DAGSTER_GRPC_SHUTDOWN_GRACE_PERIOD": "2",
        # The first evaluation builds the warehouse, which takes minutes for a long history. Less than the half hour
        # after which the daemon believes its own thread dead.
        "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "1500",
    }
    url = local_url(settings.host, settings.dagster_port)
    workspace = str(home.workspace_path)
    return (
        Part(
            name="dagster-code",
            group="dagster",
            command=(
                *(sys.executable, "-m", "pipelines.code_server", "--definitions", "pipelines.definitions"),
                *("--socket", str(home.socket_path), "--workspace", workspace),
            ),
            environ=with_quicker_allocator({**own, **dagster}),
            ready_line="Started Dagster code server",
            grace_s=8.0,
        ),
        Part(
            name="dagster",
            group="dagster",
            command=(sys.executable, "-m", "pipelines.dagster_pages", "--workspace", workspace),
            environ={**public, **dagster, **_only(own, DAGSTER_PASSWORD)},
            after="dagster-code",
            is_on_demand=True,
            host=settings.host,
            port=settings.dagster_port,
            port_setting="FRONTDESK_DAGSTER_PORT",
            url=url,
            ready_url=f"{url}/server_info",
        ),
    )


def _dashboard(settings: Settings, environ: Mapping[str, str]) -> Part:
    url = local_url(settings.host, settings.dashboard_port)
    options = {
        "server.address": settings.host,
        "server.port": str(settings.dashboard_port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    return Part(
        name="dashboard",
        group="dashboard",
        command=(
            *(sys.executable, "-m", "streamlit", "run", str(_package_folder("dashboard") / "frame" / "server.py")),
            *(f"--{name}={value}" for name, value in options.items()),
        ),
        environ=environ,
        gives_way_to="receiver",
        port=settings.dashboard_port,
        port_setting="FRONTDESK_DASHBOARD_PORT",
        url=url,
        ready_url=f"{url}/_stcore/health",
    )


def _monitor(environ: Mapping[str, str], *, without: frozenset[Group]) -> Part:
    watched: Mapping[Group, str] = {"receiver": "receiver", "dagster": "pipelines", "dashboard": "dashboard"}
    parts = [name for group, name in watched.items() if group not in without]
    return Part(
        name="monitor",
        group="monitor",
        command=(sys.executable, "-m", "frontdesk.domains.operations", "--parts", ",".join(parts)),
        environ=environ,
        gives_way_to="dagster-code",
        ready_line="Watching",
    )


def _absolute_settings(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    return {
        **environ,
        **settings.places(),
        "DO_NOT_TRACK": "1",
        # uvicorn, in every process, believes whoever is on this machine otherwise.
        "FORWARDED_ALLOW_IPS": ",".join(settings.trusted_proxy_addresses),
        "PYTHONUNBUFFERED": "1",
        # glibc keeps a heap for each few threads, most of it empty: 60 MB in the code server.
        "MALLOC_ARENA_MAX": environ.get("MALLOC_ARENA_MAX", "2"),
        "NO_COLOR": "1",
    }


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Keep of our variables the settings alone: who shows pages needs no secret, of whichever business."""
    # By what is known to be none, and not by the businesses' names: more of them join while this runs.
    settings = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    return {
        name: value
        for name, value in environ.items()
        if not name.upper().startswith(_PREFIX) or name.upper() in settings
    }


def _only(environ: Mapping[str, str], name: str) -> dict[str, str]:
    """Return the one operator's secret, if it is set."""
    variable = f"{_PREFIX}{name}"
    return {variable: environ[variable]} if variable in environ else {}


def _without_owner_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave the businesses' keys of /v1 out, of whichever business: who only sends e-mails needs none."""
    return {
        name: value
        for name, value in environ.items()
        if not (name.startswith(_PREFIX) and name.endswith(f"_{OWNER_API_KEY}"))
    }


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            f"the package {package} is not installed; run `make setup`, or leave it out by --without"
        )
    return Path(os.fspath(spec.origin)).parent
