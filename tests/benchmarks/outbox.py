"""The outbox: commands per second from enqueue to the record of their call, beside the same calls made bare."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

import httpx
from sqlalchemy import Engine

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import create_tables, open_engine, writing
from frontdesk.core.log.envelope import NewEvent, Origin
from frontdesk.core.log.event_log import EventLog
from frontdesk.domains.sending.outbox.commands import (
    Channel,
    ClaimedCommand,
    CommandFilter,
    CommandState,
    MessageClass,
    NewCommand,
)
from frontdesk.domains.sending.outbox.outbox import Outbox
from frontdesk.domains.sending.outbox.rows import batches
from tests.benchmarks.cores import CLIENT_CORE, SERVER_CORE, on_core
from tests.benchmarks.figures import Figures, Report
from tests.benchmarks.noop_server import PATH
from tests.benchmarks.receiver import running_noop
from tests.core.postgres import temporary_server

_TENANT = "noizylab"
_LEASE = timedelta(minutes=1)
_CLAIMED_AT_ONCE = 16
_CALL_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class OutboxPlan:
    """How much to measure."""

    rounds: int = 3
    commands_per_round: int = 2_000
    workers: int = 8


def measure_outbox(folder: Path, report: Report, *, plan: OutboxPlan) -> Figures:
    """Return the outbox's figures: medians of rounds. Raises RuntimeError where a command or its event is missing.

    The rounds alternate, so that whatever else the machine does meets all alike.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with running_noop(folder) as noop, _running_postgresql() as postgresql_url, on_core(CLIENT_CORE):
        url = f"http://127.0.0.1:{noop.port}{PATH}"
        stores: dict[str, _Store] = {
            "sqlite": _Store(f"sqlite:///{folder / 'frontdesk.db'}", url=url, plan=plan),
            "postgresql": _Store(postgresql_url, url=url, plan=plan),
        }
        ways: dict[str, Callable[[], float]] = {"outbox_bare_calls_per_s": lambda: _measure_bare(url, plan=plan)}
        ways |= {f"outbox_per_s_{name}": store.measure for name, store in stores.items()}
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(1, plan.rounds + 1):
            report.step(f"outbox: round {number} of {plan.rounds}")
            for name, measure in ways.items():
                rates[name].append(measure())
        for store in stores.values():
            store.check_and_close(count=plan.rounds * plan.commands_per_round)
    shutil.rmtree(folder)
    return {**{name: round(median(of)) for name, of in rates.items()}, "outbox_workers": plan.workers}


def _measure_bare(url: str, *, plan: OutboxPlan) -> float:
    def work(count: int) -> None:
        with _client() as client:
            for number in range(count):
                _call(client, url, command_key=str(number))

    shares = [len(range(worker, plan.commands_per_round, plan.workers)) for worker in range(plan.workers)]
    began = time.perf_counter()
    with ThreadPoolExecutor(plan.workers) as pool:
        list(pool.map(work, shares))
    return plan.commands_per_round / (time.perf_counter() - began)


class _Store:
    """An outbox and an event log in one database, worked off as the dispatcher does."""

    def __init__(self, database_url: str, *, url: str, plan: OutboxPlan) -> None:
        clock = SystemClock()
        ids = UuidV7Factory(clock)
        self._clock = clock
        self._engine: Engine = open_engine(database_url)
        create_tables(self._engine)
        self._outbox = Outbox(self._engine, clock=clock, ids=ids)
        self._log = EventLog(self._engine, ids=ids)
        self._url = url
        self._plan = plan
        self._count_rounds = 0

    def measure(self) -> float:
        """Return how many commands a second go from enqueue to the record of their call and its event."""
        self._count_rounds += 1
        commands = [self._command(number) for number in range(self._plan.commands_per_round)]
        began = time.perf_counter()
        for batch in batches(commands):
            self._outbox.enqueue(batch)
        with ThreadPoolExecutor(self._plan.workers) as pool:
            list(pool.map(lambda _: self._work(), range(self._plan.workers)))
        return len(commands) / (time.perf_counter() - began)

    def check_and_close(self, *, count: int) -> None:
        """Raise RuntimeError unless every command is sent and has its event."""
        sent = self._outbox.search(CommandFilter(), states=[CommandState.SENT], limit=count + 1)
        events = self._log.last_sequence()
        self._engine.dispose()
        if len(sent) != count or events != count:
            raise RuntimeError(f"of {count} commands {len(sent)} are sent, and {events} have their event")

    def _work(self) -> None:
        with _client() as client:
            while claimed := self._outbox.claim(limit=_CLAIMED_AT_ONCE, lease=_LEASE):
                for command in claimed:
                    self._send(client, command)

    def _send(self, client: httpx.Client, command: ClaimedCommand) -> None:
        key, token = command.command_key, command.token
        if not self._outbox.begin_call(key, token=token, lease=_LEASE):
            raise RuntimeError(f"{key}: the lease was lost")
        _call(client, self._url, command_key=key)
        with writing(self._engine) as connection:
            self._outbox.within(connection).complete(key, token=token, provider_id=key)
            self._log.append_within(connection, [self._outcome(key)])

    def _command(self, number: int) -> NewCommand:
        return NewCommand(
            tenant_id=_TENANT,
            command_key=f"{_TENANT}/bench/send_sms/{self._count_rounds}-{number}",
            command_type="send_sms",
            channel=Channel.SMS,
            provider="twilio",
            message_class=MessageClass.TRANSACTIONAL,
            due_at=self._clock.now(),
            payload={"to": "+16135550100", "text": "Your repair is complete.", "variables": {}},
            rule_id="bench",
            rule_version="1",
        )

    def _outcome(self, command_key: str) -> NewEvent:
        now = self._clock.now()
        content = b'{"message_id": "SM1", "channel": "sms", "body": "Your repair is complete."}'
        return NewEvent(
            tenant_id=_TENANT,
            source="frontdesk",
            source_event_id=f"{command_key}#1:sent",
            type="message.sent",
            occurred_at=now,
            received_at=now,
            body=content,
            payload=content,
            correlation_id=command_key,
            origin=Origin.COMMAND,
        )


@contextmanager
def _running_postgresql() -> Iterator[str]:
    with ExitStack() as stack:
        with on_core(SERVER_CORE):
            url = stack.enter_context(temporary_server())
        yield url


def _client() -> httpx.Client:
    return httpx.Client(timeout=_CALL_TIMEOUT_S)


def _call(client: httpx.Client, url: str, *, command_key: str) -> None:
    client.post(url, json={"command": command_key, "text": "Your repair is complete."}).raise_for_status()
