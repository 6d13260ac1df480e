"""A log that hangs: each provider gets the answer that makes it send again, before it gives up waiting."""

from __future__ import annotations

import time

from frontdesk.connectors.descriptor import descriptors, source_names
from tests.core.backends import Backend
from tests.core.log.test_hung_database import stopped
from tests.webhooks.conftest import StartReceiver
from tests.webhooks.harness import Post
from tests.webhooks.signing import samples

#: What each is known to wait (Wix 1,250 ms; HighLevel asks for less than 5 s); the others wait 10 s or more.
_WAITS_S = {"wix": 1.25, "gohighlevel": 5.0}


def test_a_log_that_hangs_loses_no_delivery(start: StartReceiver, postgres_backend: Backend) -> None:
    engine = postgres_backend.open()
    receiver = start(engine=engine)
    deliveries = {sample.source: sample.post for sample in samples()}
    assert len(deliveries) == len(source_names())
    by_patience: dict[float, list[str]] = {}
    for source in deliveries:
        by_patience.setdefault(_WAITS_S.get(source, 10.0), []).append(source)
    assert receiver.send(Post("/readyz", method="GET")).status == 200  # a connection is open, as usual

    with stopped(engine):
        statuses = {}
        for patience_s, sources in sorted(by_patience.items()):
            began_at = time.monotonic()
            answers = receiver.send_all([deliveries[source] for source in sources])
            assert time.monotonic() - began_at < patience_s
            for source, answer in zip(sources, answers, strict=True):
                statuses[source] = (answer.status, "retry-after" in answer.headers)
        assert receiver.send(Post("/readyz", method="GET")).status == 503
        assert receiver.send(Post("/healthz", method="GET")).status == 200

    assert statuses == {
        source: (descriptors()[source].load_source().unavailable_status, True) for source in deliveries
    }

    assert {answer.status for answer in receiver.send_all(list(deliveries.values()))} == {200}
    with engine.connect() as connection:
        count: int = connection.exec_driver_sql("SELECT count(*) FROM event_log").scalar_one()
    assert count == len({(post.path, post.body) for post in deliveries.values()})
