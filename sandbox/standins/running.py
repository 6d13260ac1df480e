"""`frontdesk sandbox`: the stand-ins for the businesses of a home, with that home's secrets."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from sandbox.businesses import load_businesses
from sandbox.processes import check_port_free, ending_as_by_ctrl_c
from sandbox.secrets import load_or_make_secrets
from sandbox.standins.accounts import open_accounts
from sandbox.standins.app import create_app
from sandbox.standins.callbacks import ReceiverAddress
from sandbox.standins.server import serve


def run_sandbox(home: Path, console: Console, *, environ: Mapping[str, str]) -> None:
    """Serve until Ctrl-C or SIGTERM on FRONTDESK_SANDBOX_PORT and _SMTP_PORT, else 8900 and 8925.

    Raises ProcessError if one is taken.
    """
    host, port = environ.get("FRONTDESK_HOST", "127.0.0.1"), int(environ.get("FRONTDESK_SANDBOX_PORT", "8900"))
    receiver_url = f"http://{host}:{environ.get('FRONTDESK_RECEIVER_PORT', '8000')}"
    smtp_port = int(environ.get("FRONTDESK_SANDBOX_SMTP_PORT", "8925"))
    check_port_free(host, port, "FRONTDESK_SANDBOX_PORT")
    check_port_free(host, smtp_port, "FRONTDESK_SANDBOX_SMTP_PORT")
    businesses = load_businesses(Path(environ.get("FRONTDESK_TENANTS_DIR", "tenants")))
    accounts = open_accounts(businesses, load_or_make_secrets(home, businesses))
    public_url = environ.get("FRONTDESK_PUBLIC_URL", receiver_url).rstrip("/")
    console.print(f"Phones and inboxes  http://{host}:{port}")
    console.print(f"Control             http://{host}:{port}/docs")
    console.print(f"Mail server         {host}:{smtp_port}, STARTTLS")
    console.print("Press Ctrl-C to stop.")
    receiver = ReceiverAddress(receiver_url, public_url)
    app = create_app(accounts, receiver=receiver, smtp_host=host, smtp_port=smtp_port)
    # The server ends gently on either signal, then raises it again; being stopped is how this command succeeds.
    with ending_as_by_ctrl_c(), suppress(KeyboardInterrupt):
        serve(app, host=host, port=port)
