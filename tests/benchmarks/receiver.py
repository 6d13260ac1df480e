"""Servers under measurement: the receiver as production runs it, and the one that does nothing."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.businesses import load_businesses
from sandbox.processes import running, wait_until_ready
from sandbox.secrets import TenantSecrets, environment, load_or_make_secrets
from tests.benchmarks.cores import SERVER_CORE, on_core

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    process_id: int


@dataclass(frozen=True, slots=True)
class Site:
    """A home, the environment of the processes that work on it, and what the providers know."""

    home: Path
    port: int
    environ: Mapping[str, str]
    secrets: Mapping[str, TenantSecrets]  #: by tenant

    @property
    def public_url(self) -> str:
        """The receiver's address, as the providers have it."""
        return f"http://127.0.0.1:{self.port}"


def prepare_site(home: Path) -> Site:
    """Return the site of a home, with secrets for every tenant's sources and a free port for its receiver."""
    secrets = load_or_make_secrets(home, load_businesses(REPOSITORY / "tenants"))
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FRONTDESK_")}
    return Site(
        home=home,
        port=port,
        environ={
            **inherited,
            **dict(environment(secrets)),
            "FRONTDESK_HOME": str(home.absolute()),
            "FRONTDESK_RECEIVER_PORT": str(port),
            "FRONTDESK_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "FRONTDESK_TENANTS_DIR": str(REPOSITORY / "tenants"),
            "FRONTDESK_DBT_PROJECT_DIR": str(REPOSITORY / "dbt_project"),
        },
        secrets=secrets,
    )


@contextmanager
def running_receiver(site: Site, *, core: int | None = None, port: int | None = None) -> Iterator[Server]:
    """Run `python -m webhooks` for a block, on one core or on another port than the site's where they are given."""
    port = port or site.port
    log = site.home / "logs" / f"receiver-{port}.log"
    environ = {**site.environ, "FRONTDESK_RECEIVER_PORT": str(port)}
    with ExitStack() as stack:
        with on_core(core):
            process = stack.enter_context(running([sys.executable, "-m", "webhooks"], environ=environ, log=log))
        wait_until_ready(f"http://127.0.0.1:{port}/readyz", process, log=log)
        yield Server(port, process.pid)


@contextmanager
def running_noop(folder: Path) -> Iterator[Server]:
    """Run the server that does nothing for a block, on the servers' core."""
    log, port = folder / "logs" / "noop.log", free_port()
    arguments = [sys.executable, "-m", "tests.benchmarks.noop_server", str(port)]
    with ExitStack() as stack:
        with on_core(SERVER_CORE):
            process = stack.enter_context(running(arguments, environ=os.environ, log=log))
        wait_until_ready(f"http://127.0.0.1:{port}/openapi.json", process, log=log)
        yield Server(port, process.pid)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
