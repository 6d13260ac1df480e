"""The receiver as a process: many connections, sudden death, full disk, clean end."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from frontdesk.core.clock import SystemClock
from frontdesk.core.ids import UuidV7Factory
from frontdesk.core.log.database import open_engine
from frontdesk.core.log.event_log import EventLog
from frontdesk.core.tenant.configurations import CONFIGURED
from tests.webhooks.conftest import StartReceiver, only_event
from tests.webhooks.harness import Post
from tests.webhooks.server import ReceiverProcess, process, served, wait_for
from tests.webhooks.signing import LOCATION, STRIPE_SECRET, gohighlevel_post, proof_post, stripe_post

pytestmark = pytest.mark.processes

#: SQLite's file and its write-ahead log may not grow beyond it, as on a full disk.
LIMITED_FILES = """
import resource, signal
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, hard))
# Asked for by the test: there is room again.
signal.signal(signal.SIGUSR1, lambda *_: resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard)))
"""


def post(url: str, delivery: Post, *, client: httpx.Client | None = None) -> httpx.Response:
    send = (client or httpx).post
    return send(url + delivery.path, content=delivery.body, headers=dict(delivery.headers), timeout=20)


def now_post(source_event_id: str, *, size: int = 0) -> Post:
    event = {"id": source_event_id, "type": "invoice.paid", "filler": "x" * size}
    return stripe_post(event, timestamp=int(time.time()))


def log_at(home: Path) -> EventLog:
    return EventLog(open_engine(f"sqlite:///{home / 'frontdesk.db'}"), ids=UuidV7Factory(SystemClock()))


def ids_in(log: EventLog) -> list[str]:
    """Return the ids of deliveries; the receiver itself wrote which businesses there are."""
    events = (event for batch in log.read_batches(0, batch_size=1_000) for event in batch)
    return [event.source_event_id for event in events if event.type != CONFIGURED]


def test_fifty_connections_with_the_same_delivery(start: StartReceiver, log: EventLog) -> None:
    receiver = start()
    receiver.end()
    delivery = proof_post({"event": "x"})
    together = threading.Barrier(50)
    with served(receiver.app) as url:

        def deliver(_: int) -> httpx.Response:
            with httpx.Client() as client:
                client.get(f"{url}/healthz")  # connect first, so that all fifty post at once
                together.wait(timeout=20)
                return post(url, delivery, client=client)

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(deliver, range(50)))

    event = only_event(log)
    assert [answer.status_code for answer in answers] == [200] * 50
    assert {answer.json()["event_id"] for answer in answers} == {event.event_id}
    assert sorted(answer.json()["status"] for answer in answers) == ["accepted"] + ["duplicate"] * 49


def test_a_chunked_body_over_the_wire(start: StartReceiver) -> None:
    receiver = start()
    receiver.end()
    delivery = proof_post(b'{"event":"x","filler":"' + b"x" * 200_000 + b'"}')

    def pieces(body: bytes) -> Iterator[bytes]:
        return (body[start : start + 10_000] for start in range(0, len(body), 10_000))

    with served(receiver.app) as url:
        headers = dict(delivery.headers)
        taken = httpx.post(url + delivery.path, content=pieces(delivery.body), headers=headers)
        too_large = httpx.post(url + delivery.path, content=pieces(b"x" * 1_100_000), headers=headers)
    assert (taken.status_code, too_large.status_code) == (200, 413)


def test_a_refused_large_body_leaves_the_connection_usable(start: StartReceiver) -> None:
    receiver = start()
    receiver.end()
    with served(receiver.app) as url, httpx.Client() as client:
        refused = post(url, proof_post(b"x" * 2_000_000), client=client)
        taken = post(url, proof_post({"event": "x"}), client=client)
    assert (refused.status_code, taken.status_code) == (413, 200)


class Load:
    """Keeps posting new deliveries from several connections; remembers what was answered 200."""

    def __init__(self, running: ReceiverProcess, *, prefix: str) -> None:
        self._running = running
        self._prefix = prefix
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(number,)) for number in range(8)]
        self.answered: list[str] = []

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for(self, count_answered: int) -> None:
        wait_for(lambda: len(self.answered) >= count_answered)

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(timeout=20)

    def _post(self, thread: int) -> None:
        with httpx.Client() as client:
            for number in itertools.count():
                source_event_id = f"{self._prefix}-{thread}-{number}"
                try:
                    answer = post(self._running.url, now_post(source_event_id, size=1_400), client=client)
                except httpx.TransportError:
                    return  # killed: nothing was answered
                if self._is_over.is_set():
                    return
                assert answer.status_code == 200
                self.answered.append(source_event_id)


def kill_under_load(home: Path, *, times: int) -> None:
    answered: list[str] = []
    with process(home) as running:
        for round_ in range(times):
            load = Load(running, prefix=f"evt{round_}")
            load.start()
            load.wait_for(60 + 17 * round_)
            running.kill()
            load.stop()
            answered += load.answered
            running.start()
        again = [post(running.url, now_post(source_event_id)) for source_event_id in answered[:: len(answered) // 20]]
    kept = ids_in(log_at(home))
    assert len(kept) == len(set(kept))
    assert set(answered) <= set(kept)
    assert {answer.json()["status"] for answer in again} == {"duplicate"}


def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    kill_under_load(tmp_path, times=2)


@pytest.mark.slow
def test_what_was_answered_survives_ten_kills(tmp_path: Path) -> None:
    kill_under_load(tmp_path, times=10)


def test_a_full_disk_is_answered_so_that_they_send_again_and_then_it_goes_on(tmp_path: Path) -> None:
    contact = {"type": "ContactCreate", "locationId": LOCATION, "webhookId": "wh-1", "filler": "x" * 1_400}
    with process(tmp_path, wrapper=LIMITED_FILES) as running, httpx.Client() as client:
        taken: list[str] = []
        while post(running.url, now_post(f"evt_{len(taken)}", size=1_400), client=client).status_code == 200:
            taken.append(f"evt_{len(taken)}")
            assert len(taken) < 1_000, "the disk never got full"
        deliveries = [now_post("evt_full", size=1_400), gohighlevel_post(contact)]
        refused = [post(running.url, delivery) for delivery in deliveries]
        ready = httpx.get(f"{running.url}/readyz").status_code

        running.signal_usr1()
        wait_for(lambda: httpx.get(f"{running.url}/readyz").status_code == 200)
        accepted = [post(running.url, delivery) for delivery in deliveries]

    assert taken
    assert [answer.status_code for answer in refused] == [503, 429]
    assert all(answer.headers["retry-after"] for answer in refused)
    assert ready == 503
    assert [answer.status_code for answer in accepted] == [200, 200]
    assert ids_in(log_at(tmp_path)) == [*taken, "evt_full", "wh-1"]


def test_told_to_end_it_answers_what_is_under_way(tmp_path: Path) -> None:
    with process(tmp_path) as running, socket.create_connection(("127.0.0.1", running.port)) as connection:
        delivery = now_post("evt_last")
        head = f"POST {delivery.path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(delivery.body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in delivery.headers.items())
        connection.sendall(head.encode() + b"\r\n" + delivery.body[:-1])
        assert httpx.get(f"{running.url}/healthz").status_code == 200  # it has read what came before
        with ThreadPoolExecutor(1) as pool:
            ended = pool.submit(running.terminate)
            wait_for(lambda: "Shutting down" in (tmp_path / "receiver.log").read_text())
            connection.sendall(delivery.body[-1:])
            answer = connection.recv(65_536)
            ended.result(timeout=20)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert ids_in(log_at(tmp_path)) == ["evt_last"]
    written = (tmp_path / "receiver.log").read_text()
    assert "Traceback" not in written
    assert STRIPE_SECRET not in written


def test_a_wrong_key_sets_its_source_aside_and_the_others_are_served(tmp_path: Path) -> None:
    with process(tmp_path, environ={"FRONTDESK_SALON_GOHIGHLEVEL_ED25519_PUBLIC_KEY": "nonsense"}) as running:
        refused = post(running.url, gohighlevel_post({"type": "ContactCreate", "locationId": LOCATION}))
        accepted = post(running.url, now_post("evt_other"))
    assert (refused.status_code, accepted.status_code) == (429, 200)
    written = (tmp_path / "receiver.log").read_text()
    assert "FRONTDESK_SALON_GOHIGHLEVEL_ED25519_PUBLIC_KEY: holds no such key" in written
    assert "Traceback" not in written


def test_a_database_that_comes_up_later(start: StartReceiver, tmp_path: Path) -> None:
    folder = tmp_path / "away"
    folder.mkdir()
    engine = open_engine(f"sqlite:///{folder / 'frontdesk.db'}")
    folder.rmdir()
    receiver = start(engine=engine)
    refused = receiver.send(proof_post({"event": "x"}))
    folder.mkdir()
    wait_for(lambda: receiver.send(proof_post({"event": "x"})).status == 200)
    assert refused.status == 503
