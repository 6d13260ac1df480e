"""Sends the sandbox's year to a real receiver: every test that needs a believable log shares one."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sandbox.demo import Demo, prepare_demo
from sandbox.processes import running, wait_until_ready
from sandbox.sender import Sender
from sandbox.story.year import tell_year
from sandbox.tally import Tally

STORY_ENDS_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare_story(home: Path, *, scale: float, port: int | None = None) -> Demo:
    """Return the demo of a home with a receiver on a free port."""
    environ = {
        **os.environ,
        "FRONTDESK_HOME": str(home),
        "FRONTDESK_RECEIVER_PORT": str(port or free_port()),
        "FRONTDESK_SANDBOX_PORT": str(free_port()),
        "FRONTDESK_SANDBOX_SMTP_PORT": str(free_port()),
        "FRONTDESK_TENANTS_DIR": str(REPOSITORY / "tenants"),
        "FRONTDESK_DBT_PROJECT_DIR": str(REPOSITORY / "dbt_project"),
    }
    environ.pop("FRONTDESK_PUBLIC_URL", None)
    return prepare_demo(home, seed=7, scale=scale, environ=environ)


@contextmanager
def receiver_of(demo: Demo) -> Iterator[Mapping[str, str]]:
    """Run a real receiver process for a block; yield its environment."""
    log = demo.home / "logs" / "receiver.log"
    with running([sys.executable, "-m", "webhooks"], environ=demo.environ, log=log) as process:
        wait_until_ready(f"{demo.receiver_url}/readyz", process, log=log)
        yield demo.environ


def send_story(demo: Demo) -> Tally:
    """Send the whole year to the running receiver."""
    sender = Sender(demo.receiver)
    asyncio.run(sender.send(tell_year(demo.businesses, seed=demo.seed, ends_at=STORY_ENDS_AT, scale=demo.scale)))
    return sender.tally
