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


class SampleError(Exception):
    """The sample was not taken; the message says why and what to do."""


async def send_sample(demo: Demo, console: Console, *, tenant: str, source: str) -> None:
    """Send a new event of that source; print it and the answer. Raises SampleError if it was not taken."""
    delivery = _find_sample(demo, tenant, source)
    if delivery is None:
        known = ", ".join(sorted(PLOTS.keys() & demo.businesses.keys()))
        raise SampleError(f"{tenant} has no source {source}; tenants are {known}, and their files list their sources")
    console.print(f"POST {demo.receiver_url}/… as {source} for {tenant}")
    content = delivery.body.decode() or "\n".join(f"{name}: {value}" for name, value in delivery.headers)
    console.print(content, markup=False, soft_wrap=True)
    connection = HttpConnection(demo.receiver.host, demo.receiver.port)
    try:
        answer = await Sender(demo.receiver, max_attempts=1).deliver((delivery,), connection)
    finally:
        await connection.close()
    if answer is None:
        raise SampleError(f"nobody answers at {demo.receiver_url}; start `frontdesk demo` in another terminal")
    console.print(f"{answer.status} {answer.body.decode(errors='replace')}", markup=False, soft_wrap=True)
    if answer.status != HTTPStatus.OK:
        raise SampleError(f"the receiver answered {answer.status}; was it started with the secrets of {demo.home}?")


def _find_sample(demo: Demo, tenant: str, source: str) -> Delivery | None:
    if tenant not in PLOTS or tenant not in demo.businesses:
        return None
    now = utc_now()
    setting = Setting(demo.businesses[tenant], dated_from=now, texts_until=now)
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
