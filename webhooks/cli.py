"""`frontdesk serve`: the receiver alone."""

from __future__ import annotations

import gc
import os
from typing import Annotated

import typer
import uvicorn

from frontdesk.core.log.database import check_not_newer, open_engine
from frontdesk.core.private_files import keep_private
from frontdesk.core.secret_store.stored_secrets import open_secrets
from frontdesk.core.serving.connections import open_guard
from frontdesk.core.settings import load_settings
from frontdesk.domains.tenancy.directory import TenantDirectory
from webhooks.app import create_app
from webhooks.logs import configure_logging

#: How long deliveries that are under way may take once the process is told to end.
GRACEFUL_SHUTDOWN_S = 10

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind to; default: FRONTDESK_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; default: FRONTDESK_RECEIVER_PORT.")] = None,
) -> None:
    """Receive webhooks and imports into the event log; ends cleanly on SIGTERM or Ctrl-C."""
    configure_logging()
    settings = load_settings()
    keep_private(settings.home, group=settings.published_group)
    engine = open_engine(settings.event_log_url)
    check_not_newer(engine)
    directory = TenantDirectory.open(engine, folder=settings.tenants_dir)
    receiver = create_app(
        settings,
        engine=engine,
        secrets=open_secrets(engine, environ=os.environ),
        tenants=directory,
        directory=directory,
    )
    # What is loaded by now stays for ever; searching it for garbage stopped the event loop for 0.2 s under load.
    gc.collect()
    gc.freeze()
    connections = open_guard()
    uvicorn.run(
        receiver,
        host=host or settings.host,
        port=settings.receiver_port if port is None else port,
        http=connections.protocol,  # type: ignore[arg-type] # it makes the protocol that it is asked for
        limit_concurrency=None,  # the guard makes room instead of refusing who comes next
        backlog=connections.backlog,
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,  # its lines would hold tokens of ?token=
        server_header=False,
        proxy_headers=bool(settings.trusted_proxy_addresses),
        forwarded_allow_ips=settings.trusted_proxy_addresses,
        log_config=None,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
    )
