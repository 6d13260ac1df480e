"""What went out after a backup does not go out again by its restoring, until a person says so."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from frontdesk.core.settings import Settings
from frontdesk.domains.operations.backup.backup import make_backup
from frontdesk.domains.operations.backup.restore import restore_backup
from frontdesk.domains.sending.outbox.commands import CommandState
from frontdesk.domains.sending.outbox.holds import HoldScope
from tests.clocks import SetClock
from tests.domains.sending.dispatch.sending_fixture import SendingFixture, open_sending, text
from tests.domains.sending.dispatch.standins import StandIns
from tests.domains.sending.outbox.factories import NOON

TEXTS = 20


def send_all(sending: SendingFixture, clock: SetClock) -> None:
    """Send what is due, at the rate of the sending number."""
    for _ in range(TEXTS):
        sending.dispatcher.dispatch_due()
        clock.advance(seconds=2)


def test_texts_sent_after_a_backup_wait_for_a_person(standins: StandIns, tmp_path: Path, clock: SetClock) -> None:
    settings = Settings(home=tmp_path / "home", tenants_dir=tmp_path / "tenants")
    archive = tmp_path / "backup.tar.gz"
    keys = [f"noizylab/repair_received/send_sms/booking:b{number}" for number in range(TEXTS)]
    due = NOON + timedelta(hours=1)
    with open_sending(standins, settings.home, clock=clock) as sending:
        sending.outbox.enqueue(
            [
                text(key, due_at=due, with_payload={"to": f"+1613555{number + 142:04}"})
                for number, key in enumerate(keys)
            ]
        )
        make_backup(settings, target=archive, clock=clock, progress=lambda *_: None)
        clock.advance(hours=1)
        send_all(sending, clock)
        assert {sending.state(key) for key in keys} == {CommandState.SENT}
    sent = len(standins.entries())
    assert sent == TEXTS

    restore_backup(settings, archive=archive, is_replacing=True, held_by="ana", clock=clock, progress=lambda *_: None)

    with open_sending(standins, settings.home, clock=clock) as sending:
        send_all(sending, clock)
        assert {sending.state(key) for key in keys} == {CommandState.WAITING}
        assert len(standins.entries()) == sent
        # The person finds that all but two went out.
        sending.outbox.cancel(keys[2:], reason="went out before the restore")
        sending.outbox.release(HoldScope(), released_by="ana")
        send_all(sending, clock)
        assert [sending.state(key) for key in keys] == [CommandState.SENT] * 2 + [CommandState.CANCELLED] * 18
        assert len(standins.entries()) == sent + 2
