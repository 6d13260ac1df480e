"""What one event, command, rule or table raises sets aside that one and nothing else; mended, it comes in again."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from frontdesk.core.errors import EventLogUnavailableError
from frontdesk.core.faults import is_of_machine
from frontdesk.core.log.envelope import NewEvent
from frontdesk.core.log.set_aside import Aside, Kind, Step
from frontdesk.domains.sending.outbox.commands import MAX_COMMAND_KEY, NewCommand
from frontdesk.domains.sending.outbox.outbox import Outbox
from pipelines.live.batch_sql import BatchModel
from pipelines.live.batch_tables import BatchTables
from pipelines.publish.publisher import Publisher
from tests.domains.rules.test_decisions import START
from tests.pipelines.facts import TENANT, contact, fact
from tests.pipelines.homes import Home
from tests.pipelines.kept import REPOSITORY

OTHER = "hmnp"
POISON = "poison"
#: Ids as no provider should write them, and some do.
ODD_IDS = {
    "long": "x" * 10_000,
    "long, of four bytes each": "\U0001f600" * 600,
    "NUL": "a\x00b",
    "control characters": "a\x01\x1fb",
    "slashes": "a/b//c#1:sent",
    "quotes": "a'b\"c; drop table event_log; --",
    "right to left": "\u202eabc\u05d0",
}


def booking(event_id: str, *, booking_id: str, tenant_id: str = TENANT, hours: float = 0) -> NewEvent:
    """Return a confirmed booking whose rules all wait for it."""
    phone = "+61400000001" if tenant_id == TENANT else "+12125550100"
    payload = {"booking_id": booking_id, "contact": {"phone": phone}, "starts_at": START.isoformat()}
    return fact("booking.confirmed", payload, event_id=event_id, tenant_id=tenant_id, hours=hours)


def keys_of(home: Home, tenant_id: str) -> list[str]:
    return sorted(home.outbox.open_keys(tenant_id))


def asides(home: Home, kind: Kind) -> list[Aside]:
    return home.set_aside.read(kind)


def test_an_id_of_any_length_and_characters_becomes_a_key_that_can_be_kept(home: Home) -> None:
    for number, odd in enumerate(ODD_IDS.values()):
        home.log.append(
            [
                booking(f"odd-{number}", booking_id=odd),
                booking(f"o-{number}", booking_id=f"b{number}", tenant_id=OTHER),
            ]
        )
    with home.modeller().opened() as modeller:
        assert modeller.follow_to_end() == 2 * len(ODD_IDS)
    assert home.set_aside.read() == []
    keys = keys_of(home, TENANT)
    # Reminders, confirmations: of each booking as many as of any other.
    assert len(keys) == len(set(keys)) >= 2 * len(ODD_IDS)
    assert all(len(key) <= MAX_COMMAND_KEY and "\x00" not in key for key in keys)
    assert len(keys_of(home, OTHER)) >= len(ODD_IDS)
    assert home.query("select count(*) from marts.fct_bookings") == [(2 * len(ODD_IDS),)]


def test_the_same_odd_id_is_one_booking(home: Home) -> None:
    odd = ODD_IDS["long"]
    home.follow_in_batches([[booking("1", booking_id=odd)], [booking("2", booking_id=odd, hours=1)]])
    assert home.query("select count(*) from marts.fct_bookings") == [(1,)]


# --- Faults injected, step by step ------------------------------------------------------------------------------


def failing_model(monkeypatch: pytest.MonkeyPatch, name: str, error: Callable[[], Exception]) -> None:
    """Have a model fail, in whatever batch has the poison."""
    fill = BatchTables.fill

    def fail(tables: BatchTables, model: BatchModel) -> None:
        if model.name == name:
            rows = tables._connection.execute(
                "select count(*) from temp.main.new_events where source_event_id = ?", [POISON]
            ).fetchone()
            if rows and rows[0]:
                raise error()
        fill(tables, model)

    monkeypatch.setattr(BatchTables, "fill", fail)


def follow_poison(home: Home) -> None:
    """Follow a log in which others' events are before and after the poison, in one batch."""
    home.log.append(
        [
            contact("a", email="a@example.com"),
            booking("b", booking_id="b1", tenant_id=OTHER),
            booking(POISON, booking_id="b2"),
            contact("c", email="c@example.com"),
            booking("d", booking_id="b3", tenant_id=OTHER),
        ]
    )
    with home.modeller().opened() as modeller:
        assert modeller.follow_to_end() == 5


def each_model_with_each_error() -> Iterator[Any]:
    """Yield (model, error): each model and each error once for every run, the others for the slow ones."""
    errors: dict[str, Callable[[], Exception]] = {
        "constraint": lambda: duckdb.ConstraintException("Constraint Error: NOT NULL"),
        "binder": lambda: duckdb.BinderException("Binder Error: no such column"),
        "python": lambda: OverflowError("date value out of range"),
    }
    models = ("stg_frontdesk__bookings", "int_facts_normalised", "fct_bookings", "fct_decisions")
    for place, model in enumerate(models):
        for number, (name, error) in enumerate(errors.items()):
            marks = () if number == place % len(errors) else (pytest.mark.slow,)
            yield pytest.param(model, error, id=f"{model}-{name}", marks=marks)


@pytest.mark.parametrize(("model", "error"), [*each_model_with_each_error()])
def test_an_event_that_breaks_a_model_is_set_aside_alone(
    home: Home, monkeypatch: pytest.MonkeyPatch, model: str, error: Callable[[], Exception]
) -> None:
    failing_model(monkeypatch, model, error)
    follow_poison(home)
    assert home.query("select sequence from marts.fct_quarantined_events") == [(3,)]
    assert home.query("select kind, step, is_set_aside from marts.fct_set_aside") == [("event", "models", True)]
    assert home.query("select count(*) from marts.dim_contacts") == [(3,)]
    assert len(keys_of(home, OTHER)) >= 2
    (aside,) = asides(home, Kind.EVENT)
    assert (aside.sequence, aside.tenant_id) == (3, TENANT)
    assert str(error()) in aside.reason


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException("IO Error: could not read"),
        duckdb.OutOfMemoryException("Out of Memory Error"),
        duckdb.Error("TransactionContext Error: write: No space left on device"),
        OSError(errno.ENOSPC, "No space left on device"),
        EventLogUnavailableError("the event log can't be used now"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_these_are_faults_of_the_machine(error: Exception) -> None:
    assert is_of_machine(error)


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException("IO Error: could not read"),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_machine_is_at_fault_for_sets_no_event_aside(
    home: Home, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with monkeypatch.context() as patch:
        failing_model(patch, "fct_bookings", lambda: error)
        with pytest.raises(type(error)):
            follow_poison(home)
    assert home.set_aside.read() == []
    # What the batch had decided before it failed waits for it, and nobody is told that it is withheld.
    decided = {tenant_id: keys_of(home, tenant_id) for tenant_id in (TENANT, OTHER)}
    with home.modeller().opened() as modeller:
        assert modeller.follow_to_end() == 5
    assert {tenant_id: keys_of(home, tenant_id) for tenant_id in (TENANT, OTHER)} == decided
    assert all(decided.values())
    assert home.query("select count(*) from marts.fct_quarantined_events") == [(0,)]


def test_what_a_failed_batch_decided_and_is_not_decided_again_is_taken_back(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        failing_model(patch, "fct_bookings", lambda: OSError(errno.ENOSPC, "No space left on device"))
        with pytest.raises(OSError, match="No space left"):
            follow_poison(home)
    clinic = {"booking_id": "b2", "contact": {"phone": "+61400000001"}}
    decided = keys_of(home, TENANT)
    home.log.append([fact("booking.cancelled", clinic, event_id="off", hours=1)])
    with home.modeller().opened() as modeller:
        assert keys_of(home, TENANT) == decided
        modeller.follow_to_end()
    assert not [key for key in keys_of(home, TENANT) if "reminder" in key or "confirmation" in key]
    assert [key for key in decided if "confirmation" in key]
    assert keys_of(home, OTHER)


def test_where_nothing_can_be_modelled_no_event_is_to_blame(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = BatchTables.fill

    def fail(tables: BatchTables, model: BatchModel) -> None:
        if model.name == "fct_log_position":
            raise duckdb.BinderException("Binder Error: no such column")
        fill(tables, model)

    monkeypatch.setattr(BatchTables, "fill", fail)
    with pytest.raises(duckdb.BinderException):
        follow_poison(home)
    assert home.set_aside.read() == []


def test_a_rule_is_set_aside_however_long_its_errors_are(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fill, read_tenant = BatchTables.fill, "select count(*) from raw.rules where rule_id = 'reminder_48h'"

    def fail(tables: BatchTables, model: BatchModel) -> None:
        rows = tables._connection.execute("select count(*) from temp.main.new_events").fetchone()
        rules = tables._connection.execute(read_tenant).fetchone()
        if model.name == "fct_decisions" and rows and rows[0] and rules and rules[0]:
            raise duckdb.ConversionException(f"Conversion Error: could not read {'a long text ' * 500}")
        fill(tables, model)

    monkeypatch.setattr(BatchTables, "fill", fail)
    home.follow_in_batches([[booking(str(number), booking_id=f"b{number}")] for number in range(4)])

    assert [aside.subject for aside in asides(home, Kind.RULE)] == ["reminder_48h"]


def test_a_connection_that_breaks_is_opened_anew(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an internal error DuckDB answers nothing more: the file is opened anew, and the others go on."""
    fill = BatchTables.fill

    def fail(tables: BatchTables, model: BatchModel) -> None:
        rows = tables._connection.execute("select source_event_id from temp.main.new_events").fetchall()
        if model.name == "fct_bookings" and (POISON,) in rows:
            tables._connection.close()
            raise duckdb.InternalException("INTERNAL Error: assertion")
        fill(tables, model)

    monkeypatch.setattr(BatchTables, "fill", fail)
    follow_poison(home)
    assert home.query("select sequence from marts.fct_quarantined_events") == [(3,)]
    assert home.query("select count(*) from marts.dim_contacts") == [(3,)]


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch, *, about: str) -> Iterator[None]:
    """Have the outbox refuse each command whose key holds a text."""
    enqueue = Outbox.enqueue

    def refuse(outbox: Outbox, commands: Sequence[NewCommand]) -> Any:
        if any(about in command.command_key for command in commands):
            raise ValueError("the outbox can't store this")
        return enqueue(outbox, commands)

    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "enqueue", refuse)
        yield


def test_a_command_that_the_outbox_refuses_is_set_aside_alone_and_let_in_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refusing(monkeypatch, about="/reminder_24h/"):
        home.follow_in_batches([[booking("1", booking_id="b1"), booking("2", booking_id="b2", tenant_id=OTHER)]])
    assert not [key for key in keys_of(home, TENANT) if "/reminder_24h/" in key]
    assert [key for key in keys_of(home, TENANT) if "/reminder_48h/" in key]
    noted = [aside for aside in asides(home, Kind.COMMAND) if aside.tenant_id == TENANT]
    assert [(aside.step, aside.count_times) for aside in noted] == [(Step.FILLING, 1)]
    assert "(rule reminder_24h)" in noted[0].reason
    assert home.query("select count(*) > 0 from marts.fct_set_aside where kind = 'command'") == [(True,)]
    with home.modeller().opened():  # such as after an upgrade
        pass
    assert [key for key in keys_of(home, TENANT) if "/reminder_24h/" in key]
    assert asides(home, Kind.COMMAND) == []
    assert home.query("select count(*) from marts.fct_set_aside where kind = 'command' and is_set_aside") == [(0,)]


def test_opening_a_warehouse_sets_a_refused_command_aside_too(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing(monkeypatch, about="/"):
        home.follow_in_batches([[booking("1", booking_id="b1")]])
        assert keys_of(home, TENANT) == []
        with home.modeller().opened():  # not stopped by it
            pass
    assert len(asides(home, Kind.COMMAND)) > 1


def test_a_table_that_can_not_be_published_does_not_hold_up_the_others(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Publisher._write

    def refuse(publisher: Publisher, change: Any) -> None:
        if change.model.name == "fct_bookings":
            raise duckdb.ConversionException("Conversion Error: that table")
        write(publisher, change)

    with home.modeller().opened() as modeller:
        with monkeypatch.context() as patch:
            patch.setattr(Publisher, "_write", refuse)
            home.log.append([booking("1", booking_id="b1")])
            modeller.follow_to_end()
        assert home.query("select count(*) from marts.dim_contacts") == [(1,)]
        assert home.query("select count(*) from marts.fct_bookings") == [(0,)]
        assert [aside.subject for aside in asides(home, Kind.TABLE)] == ["fct_bookings"]
        for number in range(4):  # once around the ring
            home.log.append([contact(f"c{number}", email=f"{number}@example.com")])
            modeller.follow_to_end()
    assert home.query("select count(*) from marts.fct_bookings") == [(1,)]
    assert asides(home, Kind.TABLE) == []


def test_a_table_that_can_not_be_written_at_all_leaves_the_others(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = Publisher._create_table

    def refuse(publisher: Publisher, schema: str, name: str) -> None:
        if name == "fct_reports":
            raise duckdb.ConversionException("Conversion Error: that table")
        create(publisher, schema, name)

    home.log.append([booking("1", booking_id="b1")])
    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "_create_table", refuse)
        with home.modeller().opened() as modeller:
            modeller.follow_to_end()
    assert home.query("select count(*) from marts.fct_bookings") == [(1,)]
    assert [aside.subject for aside in asides(home, Kind.TABLE)] == ["fct_reports"]
    with home.modeller().opened():
        pass
    assert asides(home, Kind.TABLE) == []
    assert home.query("select count(*) from marts.fct_reports") == [(0,)]


# --- Real faults of the models, live and in builds --------------------------------------------------------------

#: A mistake in the models: one event fails them, and so does one rule, whatever it is applied to.
_POISONED = "case when source_event_id = 'poison' then error(source_event_id)::timestamptz else received_at end"
_FAILING = "case when rule_id = 'reminder_48h' then error(rule_id)::varchar else rule_id end"
_MISTAKES = {
    "staging/frontdesk/stg_frontdesk__bookings.sql": (
        "{{ event_columns() }},",
        f"{{{{ event_columns().replace('received_at', \"{_POISONED} as received_at\") }}}},",
    ),
    "marts/automation/fct_decisions.sql": (
        "        rule_id,\n        rule_version,",
        f"        {_FAILING} as rule_id,\n        rule_version,",
    ),
}


def with_mistakes(home: Home, folder: Path) -> Home:
    """Return the same home under a version of the models that has mistakes."""
    project = folder / "dbt_project"
    shutil.copytree(REPOSITORY / "dbt_project", project)
    for name, (right, wrong) in _MISTAKES.items():
        file = project / "models" / name
        text = file.read_text()
        assert right in text
        file.write_text(text.replace(right, wrong))
    return replace(home, project_dir=project, target_dir=folder / "dbt_target")


@pytest.mark.slow
def test_what_fails_the_models_is_set_aside_live_and_in_a_build_and_comes_in_with_the_next_version(
    home: Home, tmp_path: Path
) -> None:
    mistaken = with_mistakes(home, tmp_path)
    home.log.append(
        [
            *(booking(f"t{number}", booking_id=f"t{number}", hours=-number) for number in range(5)),
            booking(POISON, booking_id="p", tenant_id=OTHER),
            *(booking(f"o{number}", booking_id=f"o{number}", tenant_id=OTHER) for number in range(3)),
        ]
    )
    # A build of all of it fails: what is at fault is found, and only that is left out.
    mistaken.warehouse_path.unlink()
    with mistaken.modeller().opened():
        pass
    assert mistaken.query("select sequence from marts.fct_quarantined_events") == [(6,)]
    assert [(aside.tenant_id, aside.subject) for aside in asides(mistaken, Kind.RULE)] == [(TENANT, "reminder_48h")]
    assert mistaken.query("select tenant_id, count(*) from marts.fct_bookings group by all order by all") == [
        (TENANT, 5),
        (OTHER, 3),
    ]
    assert [key for key in keys_of(mistaken, TENANT) if "/reminder_24h/" in key]
    assert not [key for key in keys_of(mistaken, TENANT) if "/reminder_48h/" in key]
    # Live, with what came since, it is the same as a build of it.
    later = [booking("t9", booking_id="t9"), booking("o9", booking_id="o9", tenant_id=OTHER)]
    mistaken.follow_in_batches([later])
    assert mistaken.modeller().verify() == []
    # The next version has no such mistake.
    with home.modeller().opened():
        pass
    assert home.query("select count(*) from marts.fct_quarantined_events") == [(0,)]
    assert home.query("select count(*) from marts.fct_bookings") == [(11,)]
    assert [key for key in keys_of(home, TENANT) if "/reminder_48h/" in key]
    assert home.set_aside.read() == []
    assert home.modeller().verify() == []
    assert START - timedelta(hours=48) > home.clock.now()
