"""What only tells of our own commands goes after what is urgent, and is never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.sending.echoes import choose_batch
from pipelines.live.batch_tables import BatchTables
from tests.pipelines.facts import contact, fact
from tests.pipelines.homes import NOW, Home

FRESHNESS = "select modelled_sequence, log_sequence from reports.rpt_freshness"


def sent(number: int, *, received_at: datetime = NOW) -> NewEvent:
    """Return the outcome of a text to a person."""
    payload = {
        "contact": {"phone": "+61400000001"},
        "message_id": f"m{number}",
        "channel": "sms",
        "direction": "outbound",
        "text": "See you",
        "command_key": f"avatar-imaging/confirmation/send_sms/booking:b{number}",
    }
    return replace(fact("message.sent", payload, event_id=f"sent{number}"), received_at=received_at)


def person(number: int) -> NewEvent:
    """Return a contact that a person entered."""
    return contact(f"person{number}", email=f"p{number}@example.com")


def chosen(home: Home, events: list[NewEvent], *, now: datetime = NOW) -> tuple[list[int], list[int]]:
    """Return the sequences of what is modelled next, and of what is postponed."""
    home.log.append(events)
    batch = choose_batch(home.log.read_after(0, limit=1_000), now=now)
    return [event.sequence for event in batch.events], [event.sequence for event in batch.postponed]


def test_what_is_urgent_goes_before_earlier_echoes_and_later_ones_stay_in_the_log(home: Home) -> None:
    assert chosen(home, [sent(1), person(1), sent(2), person(2), sent(3)]) == ([2, 4], [1, 3])


def test_echoes_alone_are_a_batch(home: Home) -> None:
    assert chosen(home, [sent(1), sent(2)]) == ([1, 2], [])


def test_an_echo_that_waited_for_long_goes_along(home: Home) -> None:
    late = NOW + timedelta(seconds=11)
    assert chosen(home, [sent(1), person(1)], now=late) == ([1, 2], [])


def test_many_urgent_events_take_their_echoes_along(home: Home) -> None:
    events = [sent(1), *(person(number) for number in range(51))]
    assert chosen(home, events) == (list(range(1, 53)), [])


def test_postponed_echoes_survive_a_restart_and_are_told_as_missing_until_they_are_modelled(home: Home) -> None:
    home.log.append([person(1), sent(1), person(2)])
    with home.modeller().opened() as modeller:
        assert modeller.follow_once()
        assert home.query(FRESHNESS) == [(1, 3)]
        assert home.query("select count(*) from marts.dim_contacts") == [(2,)]
        assert home.query("select count(*) from marts.fct_messages") == [(0,)]
    with home.modeller().opened() as modeller:
        assert modeller.wait_for_events(timeout=0)
        assert modeller.follow_to_end() == 1
        assert not modeller.wait_for_events(timeout=0)
    assert home.query(FRESHNESS) == [(3, 3)]
    assert home.query("select count(*) from marts.fct_messages") == [(1,)]


@pytest.mark.slow
def test_a_build_copies_what_was_postponed(home: Home) -> None:
    home.log.append([sent(1), person(1)])
    with home.modeller().opened() as modeller:
        assert modeller.follow_once()
    home.modeller().rebuild(with_tests=False)
    with home.modeller().opened():
        pass
    assert home.query(FRESHNESS) == [(2, 2)]
    assert home.query("select count(*) from marts.fct_messages") == [(1,)]


def test_echoes_that_are_overtaken_are_published_together_with_what_overtook_them(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.log.append([sent(1)])
    empty = BatchTables.empty

    def be_overtaken(tables: BatchTables) -> None:
        empty(tables)
        home.log.append([person(1)])

    monkeypatch.setattr(BatchTables, "empty", be_overtaken)
    with home.modeller().opened() as modeller:
        result = modeller.follow_once()
    assert result is not None
    assert result.count_events == 2
    assert home.query(FRESHNESS) == [(2, 2)]
