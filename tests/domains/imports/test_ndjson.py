"""One line of NDJSON becomes one event, exactly; what no log can keep is refused with the reason."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from frontdesk.core.log.envelope import Origin
from frontdesk.domains.imports.ndjson import Arrival, parse_line

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ARRIVAL = Arrival(received_at=NOW, run_id="run-1", file_name="a.ndjson")


def line(payload: str, **changes: object) -> bytes:
    envelope = {
        "source": "acuity",
        "source_event_id": "e1",
        "type": "acuity.form.filled",
        "occurred_at": "2025-03-01T10:00:00+08:00",
        **changes,
    }
    return orjson.dumps(envelope)[:-1] + f',"payload":{payload}}}'.encode()


def test_a_line() -> None:
    content = line('{"a": 1.5}', subject_id="s", correlation_id="c")
    event = parse_line(content + b"\r\n", tenant_id="hmnp", arrival=ARRIVAL, number=1)

    assert (event.tenant_id, event.source, event.subject_id, event.correlation_id) == ("hmnp", "acuity", "s", "c")
    assert event.occurred_at == datetime(2025, 3, 1, 2, 0, tzinfo=UTC)
    assert (event.received_at, event.origin, event.body) == (NOW, Origin.IMPORT, content)
    assert event.payload == b'{"a":1.5}'


def test_integers_beyond_64_bits_stay_what_they_are() -> None:
    event = parse_line(line('{"id": 98765432109876543210, "é": 1}'), tenant_id="hmnp", arrival=ARRIVAL, number=1)

    assert event.payload == '{"id":98765432109876543210,"é":1}'.encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no JSON object in UTF-8"),
        (b'{"a": \xff}', "is no JSON object in UTF-8"),
        (line('{"a": NaN}'), "is no JSON object in UTF-8"),
        (line('{"a": 1e999}'), "is no JSON object in UTF-8"),
        (b"[1]", "Input should be"),
        (line("[]"), "payload: Input should be"),
        (line('{"a": "\\ud800"}'), "payload: holds half of a surrogate pair"),
        (line('{"a": ' + "[" * 63 + "1" + "]" * 63 + "}"), "nested deeper than 64"),
        (line('{"a": ' + "[" * 50_000 + "]" * 50_000 + "}"), "nested deeper than 64"),
        (line("{}", source="Not A Name"), "source: String should match"),
        (line("{}", tenant_id="noizylab"), "tenant_id: is 'noizylab', but this import is for 'hmnp'"),
        (line("{}", colour="red"), "colour: Extra inputs are not permitted"),
    ],
)
def test_what_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_line(content, tenant_id="hmnp", arrival=ARRIVAL, number=1)


def test_sixty_four_levels_are_enough_for_anybody() -> None:
    event = parse_line(line('{"a": ' + "[" * 61 + "1" + "]" * 61 + "}"), tenant_id="hmnp", arrival=ARRIVAL, number=1)

    assert event.payload.startswith(b'{"a":[[')
