"""One signed delivery to a running receiver, shown with its answer: what a newcomer wants to see first."""

from __future__ import annotations

from http import HTTPStatus
from itertools import chain
from random import Random

from rich.console import Console

from sandbox.delivery import Delivery
from sandbox.demo import Demo
from sandbox.http_connection import HttpConnection
from sandbox.sender import Sender, utc_now
from sandbox.story.agenda import Setting
from sandbox.story.background import tell_background
from sandbox.story.year import PLOTS, begin_life

_MOST_LIVES = 50  # every source of a business turns up long before
_MOST_NUMBERS = 1000


async def send_sample(demo: Demo, console: Console, *, tenant: str, source: str) -> bool:
    """Send a new event of that source, print it and the answer; return whether it was taken."""
    delivery = _find_sample(demo, tenant, source)
    if delivery is None:
        known = ", ".join(sorted(PLOTS.keys() & demo.businesses.keys()))
        console.print(
            f"[bold red]No such delivery:[/] tenants are {known}; {tenant} has no source {source}", soft_wrap=True
        )
        return False
    console.print(f"POST {demo.receiver_url}/… as {source} for {tenant}")
    console.print(delivery.body.decode() or "\n".join(f"{name}: {value}" for name, value in delivery.headers))
    connection = HttpConnection(demo.receiver.host, demo.receiver.port)
    try:
        answer = await Sender(demo.receiver, max_attempts=1).deliver((delivery,), connection)
    finally:
        await connection.close()
    if answer is None:
        console.print(
            "[bold red]Nobody answers there:[/] start `frontdesk demo` first, in another terminal", soft_wrap=True
        )
        return False
    console.print(f"{answer.status} {answer.body.decode(errors='replace')}")
    return answer.status == HTTPStatus.OK


def _find_sample(demo: Demo, tenant: str, source: str) -> Delivery | None:
    if tenant not in PLOTS or tenant not in demo.businesses:
        return None
    now = utc_now()
    setting = Setting(demo.businesses[tenant], dated_from=now)
    key = f"sample:{tenant}:{now.isoformat()}"
    numbers = Random(key)
    lives = (
        begin_life(setting, key=f"{key}:{number}", number=numbers.randrange(_MOST_NUMBERS), at=now)
        for number in range(_MOST_LIVES)
    )
    background = tell_background(setting, numbers, key=key, starts_at=now, ends_at=now)
    steps = (step for agenda in chain(lives, [background]) for step in agenda.steps())
    deliveries = (step.make(now) for step in steps)
    return next((delivery for delivery in deliveries if delivery.source == source), None)
