"""The demo: six businesses played through real signed webhooks against Frontdesk's own processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sandbox.businesses import Business, load_businesses
from sandbox.delivery import Delivery
from sandbox.demo_home import story_end
from sandbox.processes import (
    ProcessError,
    check_port_free,
    frontdesk_command,
    run_to_end,
    running,
    tail,
    wait_until_ready,
)
from sandbox.receipts import describe_accepted, wait_for_receipts
from sandbox.receiver_metrics import read_metrics
from sandbox.reports import make_reports
from sandbox.secrets import environment, load_or_make_secrets
from sandbox.sender import Receiver, Sender, utc_now
from sandbox.staff import describe_accounts, make_accounts
from sandbox.story.year import tell_year
from sandbox.summary import build_tables, find_shortfalls, read_published
from sandbox.tally import ACCEPTED, DUPLICATE, REFUSED, UNDELIVERED, Tally
from sandbox.trickle import Trickle, run_trickle

_WATCH_S = 1.0
#: In the home of a demo that was run once: the stand-ins' ledger.
LEDGER_FILE = "ledger.json"


@dataclass(frozen=True, slots=True)
class Demo:
    """One run of the demo."""

    home: Path
    seed: int
    scale: float
    businesses: Mapping[str, Business]
    receiver: Receiver
    environ: Mapping[str, str]  # of the processes it starts

    @property
    def receiver_url(self) -> str:
        """The receiver's address from here."""
        return f"http://{self.receiver.host}:{self.receiver.port}"

    @property
    def sandbox_url(self) -> str:
        """The stand-ins' address from here."""
        return f"http://{self.receiver.host}:{self.port('SANDBOX', 8900)}"

    def port(self, process: str, default: int) -> int:
        """Return a process's port: FRONTDESK_<PROCESS>_PORT or the default."""
        return int(self.environ.get(f"FRONTDESK_{process}_PORT", default))


def prepare_demo(home: Path, *, seed: int, scale: float, environ: Mapping[str, str]) -> Demo:
    """Read the tenants, make the home's secrets, and put together the environment of Frontdesk's processes."""
    businesses = load_businesses(Path(environ.get("FRONTDESK_TENANTS_DIR", "tenants")))
    secrets = load_or_make_secrets(home, businesses)
    host, port = environ.get("FRONTDESK_HOST", "127.0.0.1"), int(environ.get("FRONTDESK_RECEIVER_PORT", "8000"))
    public_url = environ.get("FRONTDESK_PUBLIC_URL", f"http://{host}:{port}")
    return Demo(
        home=home,
        seed=seed,
        scale=scale,
        businesses=businesses,
        receiver=Receiver(host=host, port=port, public_url=public_url, secrets=secrets),
        environ={
            **environ,
            **stand_in_settings(host, environ),
            **dict(environment(secrets)),
            "FRONTDESK_HOME": str(home.absolute()),
            "FRONTDESK_PUBLIC_URL": public_url,
            "FRONTDESK_SIGN_IN_HINT": describe_accounts(secrets),
        },
    )


def stand_in_settings(host: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that send everything to the stand-ins: a demo reaches nobody."""
    url = f"http://{host}:{environ.get('FRONTDESK_SANDBOX_PORT', '8900')}"
    apis = ("TWILIO", "CLICKSEND", "GRAPH", "GRAPH_LOGIN")
    return {
        **{f"FRONTDESK_API_URL_{api}": url for api in apis},
        "FRONTDESK_SMTP_HOST": host,
        "FRONTDESK_WEBHOOK_PRIVATE_HOSTS": host,
        "FRONTDESK_SMTP_PORT": environ.get("FRONTDESK_SANDBOX_SMTP_PORT", "8925"),
    }


def run_once(demo: Demo, console: Console) -> list[str]:
    """Send the year, model it, print the summary. Return why it did not succeed, nothing if it did."""
    deliveries = _tell(demo, console)
    log = demo.home / "logs" / "receiver.log"
    check_port_free(demo.receiver.host, demo.receiver.port, "FRONTDESK_RECEIVER_PORT")
    with running(frontdesk_command("serve"), environ=demo.environ, log=log) as process:
        wait_until_ready(f"{demo.receiver_url}/readyz", process, log=log)
        tally = _send(demo, deliveries, console)
        with _stand_ins_running(demo):
            run_to_end(frontdesk_command("process", "--once"), environ=demo.environ)
            accepted = wait_for_receipts(demo.sandbox_url)
            save_ledger(demo)
            log_sequence = read_metrics(demo.receiver_url).last_sequence
            # The providers' receipts came back as webhooks, to be modelled too.
            run_to_end(frontdesk_command("process", "--once"), environ=demo.environ)
    published = read_published(demo.home / "analytics.duckdb")
    for table in build_tables(published, tally):
        console.print(table)
    console.print(describe_accepted(accepted))
    console.print(
        f"Freshness: modelled through sequence {published.modelled_sequence:,} of {log_sequence:,}, "
        f"published {published.published_at:%Y-%m-%d %H:%M:%S} UTC."
    )
    return find_shortfalls(published, tally, log_sequence=log_sequence)


def run_live(demo: Demo, console: Console, *, per_second: float) -> None:
    """Start everything, send the year, then trickle until Ctrl-C or SIGTERM.

    Raises ProcessError if Frontdesk is not ready in time, or ends by itself.
    """
    deliveries = _tell(demo, console)
    log = demo.home / "logs" / "up.log"
    check_port_free(demo.receiver.host, demo.receiver.port, "FRONTDESK_RECEIVER_PORT")
    make_accounts(demo.businesses, demo.receiver.secrets, environ=demo.environ)
    console.print(f"Starting receiver, Dagster and dashboard; their output: {log}")
    with _stand_ins_running(demo), running(frontdesk_command("up"), environ=demo.environ, log=log) as process:
        wait_until_ready(f"{demo.receiver_url}/readyz", process, log=log)
        _send(demo, deliveries, console)
        _print_addresses(demo, console)
        trickled = asyncio.run(_trickle(demo, process, console, per_second=per_second))
        if process.poll() is not None:
            raise ProcessError(f"Frontdesk ended by itself, with status {process.returncode}:\n{tail(log)}")
        console.print(f"Trickled {trickled.sent:,} deliveries. Stopping…")


def save_ledger(demo: Demo) -> Path:
    """Keep what the stand-ins accepted in the home, to be compared with the log; return the file."""
    file = demo.home / LEDGER_FILE
    file.write_bytes(httpx.get(f"{demo.sandbox_url}/control/ledger", timeout=60).raise_for_status().content)
    return file


@contextmanager
def _stand_ins_running(demo: Demo) -> Iterator[None]:
    log = demo.home / "logs" / "sandbox.log"
    arguments = frontdesk_command("sandbox", "--home", str(demo.home))
    with running(arguments, environ=demo.environ, log=log) as process:
        wait_until_ready(f"{demo.sandbox_url}/control/ledger?entries=false", process, log=log)
        yield


def _tell(demo: Demo, console: Console) -> Sequence[Delivery]:
    ends_at = story_end(demo.home, seed=demo.seed, scale=demo.scale, now=utc_now())
    with console.status("Making up a year of six businesses…"):
        return tell_year(demo.businesses, seed=demo.seed, ends_at=ends_at, scale=demo.scale)


def _send(demo: Demo, deliveries: Sequence[Delivery], console: Console) -> Tally:
    sender = Sender(demo.receiver)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("Sending signed webhooks", total=len(deliveries))
        asyncio.run(sender.send(deliveries, advance=lambda count: progress.advance(task, count)))
    tally = sender.tally
    tally.settle(read_metrics(demo.receiver_url).deliveries)
    refused = tally.count([REFUSED, UNDELIVERED])
    console.print(
        f"Sent {tally.sent:,}: {tally.count([ACCEPTED]):,} accepted, {tally.count([DUPLICATE]):,} duplicates, "
        f"{refused:,} refused or undelivered."
    )
    for problem in tally.problems:
        console.print(f"  {problem}", style="red", markup=False)
    return tally


def _print_addresses(demo: Demo, console: Console) -> None:
    host = demo.receiver.host
    console.print(f"Receiver   {demo.receiver_url}/openapi.json")
    console.print(f"Dagster    http://{host}:{demo.port('DAGSTER', 3000)}")
    console.print(f"Dashboard  http://{host}:{demo.port('DASHBOARD', 8501)}")
    console.print(f"Sign in    {demo.receiver_url}/sign-in")
    console.print(describe_accounts(demo.receiver.secrets), markup=False, highlight=False)
    console.print(f"Phones and inboxes  {demo.sandbox_url}")
    console.print(f"Its data   FRONTDESK_HOME={demo.home} frontdesk sql ...", soft_wrap=True)
    console.print("New customers keep coming. Press Ctrl-C to stop.")


async def _trickle(demo: Demo, process: subprocess.Popen[bytes], console: Console, *, per_second: float) -> Tally:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    sender = Sender(demo.receiver)
    started_at = utc_now()
    trickle = Trickle(demo.businesses, demo.scale, started_at, Random(f"{demo.seed}:{started_at.isoformat()}"))
    published, environ = demo.home / "analytics.duckdb", demo.environ
    beside = [
        asyncio.create_task(_watch(process, stopped)),
        asyncio.create_task(make_reports(demo.businesses, published=published, environ=environ, console=console)),
    ]
    await run_trickle(trickle, sender, per_second=per_second, stopped=stopped)
    for task in beside:
        task.cancel()
    for ended in await asyncio.gather(*beside, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
    return sender.tally


async def _watch(process: subprocess.Popen[bytes], stopped: asyncio.Event) -> None:
    while process.poll() is None:
        await asyncio.sleep(_WATCH_S)
    stopped.set()


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return $FRONTDESK_HOME, or data/demo."""
    return Path(environ.get("FRONTDESK_HOME") or Path("data") / "demo")
