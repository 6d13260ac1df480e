"""A home of an older version is upgraded by whoever opens it, and modelled from its first event."""

from __future__ import annotations

from frontdesk.domains.sending.outbox.commands import CommandFilter, CommandState
from tests.core.log.migrations.old_homes import make_sqlite
from tests.pipelines.homes import Home


def test_a_home_of_an_older_version_is_modelled_whole(home: Home) -> None:
    make_sqlite(home.folder / "frontdesk.db")

    home.follow_in_batches([[]])

    assert home.warehouse_query("select max(sequence) from raw.event_log") == [(31,)]
    assert home.query("select count(*) > 0 from marts.fct_payments") == [(True,)]
    [sent] = home.outbox.search(CommandFilter(), states=[CommandState.SENT], limit=10)
    assert sent.command_key == "noizylab:old:sent"
