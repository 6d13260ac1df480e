"""Stages: what the models fold is what an independent fold in Python makes of the same facts, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from frontdesk.core.log.envelope import NewEvent
from frontdesk.domains.stages.settings import Pipeline
from tests.pipelines.facts import TENANT, fact
from tests.pipelines.homes import NOW, Home, HomeFactory

CLINIC_FACTS = (
    "lead.created",
    "message.sent",
    "message.received",
    "task.created:no_response",
    "task.created:dormant",
    "task.created:recall",
    "booking.created",
    "booking.confirmed",
    "booking.completed",
    "booking.no_show",
    "stage.changed:lead.dormant",
    "stage.changed:pre_appointment.reminded",
)
JOB_FACTS = (
    "booking.created",
    "booking.confirmed",
    "booking.completed",
    "booking.cancelled",
    "stage.changed:job.on_the_way",
)
WORKSHOP = "joes-auto-spa"


@dataclass(frozen=True)
class Told:
    """One fact of a test, and who it is about."""

    what: str
    number: int
    subject: str
    tenant_id: str
    at: datetime
    received_at: datetime

    def event(self) -> NewEvent:
        """Return it as the log has it."""
        type_, _, detail = self.what.partition(":")
        booking = self.tenant_id == WORKSHOP
        person = {"phone": f"+1619555{self.subject[1:]:0>4}" if booking else f"+614917{self.subject[1:]:0>5}"}
        payload: dict[str, object] = {"contact": person}
        match type_.partition(".")[0]:
            case "message":
                payload |= {"message_id": f"m{self.number}", "channel": "sms"}
            case "task":
                payload |= {"task_id": f"t{self.number}", "kind": detail, "title": detail}
            case "stage":
                pipeline, _, stage = detail.partition(".")
                payload |= {"pipeline": pipeline, "stage": stage, "by": "Dana"}
        if booking or type_.startswith("booking"):
            payload["booking_id"] = self.subject if booking else f"b{self.number}"
        event = fact(type_, payload, event_id=f"e{self.number:04}", at=self.at, tenant_id=self.tenant_id)
        return replace(event, received_at=self.received_at)


def random_facts(seed: int) -> list[Told]:
    """Return facts about some contacts and bookings, each at a moment of its own."""
    chance = Random(seed)
    facts = []
    for number in range(240):
        is_clinic = number % 3 > 0
        facts.append(
            Told(
                what=chance.choice(CLINIC_FACTS if is_clinic else JOB_FACTS),
                number=number,
                subject=f"{'c' if is_clinic else 'j'}{chance.randrange(12)}",
                tenant_id=TENANT if is_clinic else WORKSHOP,
                at=NOW - timedelta(hours=chance.randrange(2000), seconds=number),
                received_at=NOW - timedelta(hours=chance.randrange(40)),
            )
        )
    return facts


Visit = tuple[str, str, str, datetime]


def folded(facts: Sequence[Told], pipelines: Iterable[Pipeline]) -> Iterator[Visit]:
    """Yield (subject, pipeline, stage, entered at) as the tenants' files say it; written without the models' SQL."""
    places: dict[str, str] = {}
    pipelines = list(pipelines)
    facts = [_settled(told, facts) for told in facts]
    for told in sorted(facts, key=_order):
        type_, _, detail = told.what.partition(":")
        if type_ in ("booking.cancelled", "booking.no_show") and _is_expected_again(told, facts):
            continue
        for target, only_from in _targets(type_, detail, pipelines):
            place = places.get(told.subject, "none")
            if place != target and (not only_from or place in only_from):
                places[told.subject] = target
                pipeline, _, stage = target.partition(".")
                yield told.subject, pipeline, stage, told.at
                break


def _settled(told: Told, facts: Sequence[Told]) -> Told:
    """Return a booking's making as of the first thing that is told of the booking: it comes before all else."""
    if told.tenant_id != WORKSHOP or told.what != "booking.created":
        return told
    its = (other.at for other in facts if other.subject == told.subject and other.what.startswith("booking."))
    return replace(told, at=min(its))


def _order(told: Told) -> tuple[datetime, bool]:
    return told.at, told.what != "booking.created"


def _is_expected_again(told: Told, facts: Sequence[Told]) -> bool:
    """Tell whether a contact has another booking that is still to come; each of the clinic's facts is of its own."""
    is_open = ("booking.created", "booking.confirmed")
    return told.tenant_id == TENANT and any(
        other.subject == told.subject and other.what in is_open and other.at <= told.at for other in facts
    )


def _targets(type_: str, detail: str, pipelines: Iterable[Pipeline]) -> Iterator[tuple[str, set[str]]]:
    if type_ == "stage.changed":
        yield detail, set()
        return
    for pipeline in pipelines:
        for stage in pipeline.stages:
            for entry, only_from in stage.restrictions():
                if entry.fact in (type_, f"{type_}:{detail}"):
                    yield f"{pipeline.key}.{stage.key}", {pipeline.resolve(one) for one in only_from}


def expected(home: Home, facts: Iterable[Told]) -> list[Visit]:
    """Return the visits of contacts at the clinic and of bookings at the workshop, each one's in their order."""
    facts = list(facts)
    clinic = [told for told in facts if told.tenant_id == TENANT]
    jobs = [told for told in facts if told.tenant_id == WORKSHOP]
    of_jobs = [pipeline for pipeline in home.tenants[WORKSHOP].pipelines if pipeline.of == "booking"]
    return [*folded(clinic, home.tenants[TENANT].pipelines), *folded(jobs, of_jobs)]


#: The tests' own name of a subject: its booking, or the last digits of its contact's phone.
_SUBJECT = """
    case subject when 'booking' then subject_id else
        'c' || ((select phone from marts.dim_contacts as c where c.contact_id = s.contact_id)[-5:]::integer)
    end
"""


@pytest.fixture(scope="module")
def facts() -> list[Told]:
    return random_facts(7)


@pytest.fixture(scope="module")
def staged(homes: HomeFactory, facts: list[Told]) -> Home:
    home = homes.new_home()
    shuffled = list(facts)
    Random(1).shuffle(shuffled)
    home.follow_in_batches([[told.event() for told in shuffled[start : start + 40]] for start in range(0, 240, 40)])
    return home


def test_the_history_is_the_fold_of_the_facts(staged: Home, facts: list[Told]) -> None:
    rows = staged.query(
        f"select {_SUBJECT}, pipeline, stage, entered_at from marts.fct_stage_history as s "
        "where track <> 'quote' and not (subject = 'contact' and tenant_id = 'joes-auto-spa')"
    )
    assert sorted(rows) == sorted(expected(staged, facts))
    assert staged.query("select count(*) > 10 from marts.fct_stage_history where is_backwards") == [(True,)]


def test_where_each_stands_is_the_end_of_its_history(staged: Home) -> None:
    chained = staged.query(
        """
        select count(*) from (
            select
                left_at is distinct from lead(entered_at) over told as is_torn,
                from_stage is distinct from lag(stage) over told as is_lost
            from marts.fct_stage_history
            window told as (partition by tenant_id, subject, subject_id, track order by move_number)
        ) where is_torn or is_lost
        """
    )
    assert chained == [(0,)]
    ends = "select stage_change_key from {} order by all"
    last = (
        "(select stage_change_key from marts.fct_stage_history "
        "qualify row_number() over (partition by subject, subject_id, track order by move_number desc) = 1)"
    )
    assert staged.query(ends.format("marts.dim_contact_stages")) == staged.query(ends.format(last))


@pytest.mark.parametrize("days_ago", [0, 20, 50])
def test_a_past_stage_is_the_fold_of_what_had_happened(staged: Home, facts: list[Told], days_ago: int) -> None:
    moment = NOW - timedelta(days=days_ago)
    known = [told for told in facts if told.at <= moment]
    assert past_stages(staged, f"'{moment}'") == last_visits(expected(staged, known))


def test_as_it_was_known_then_leaves_out_what_came_later(staged: Home, facts: list[Told]) -> None:
    moment, known_at = NOW - timedelta(days=5), NOW - timedelta(hours=20)
    known = [told for told in facts if told.at <= moment and told.received_at <= known_at]
    then = past_stages(staged, f"'{moment}', '{known_at}'")
    assert then == last_visits(expected(staged, known))
    assert then != past_stages(staged, f"'{moment}'")


def test_one_contacts_past_stages_are_its_part_of_all(staged: Home) -> None:
    moment = f"'{NOW - timedelta(days=5)}'"
    past = "select subject, subject_id, track, pipeline, stage, entered_at from marts.contact_stage_at"
    contacts = [
        contact for (contact,) in staged.query(f"select distinct contact_id from marts.contact_stage_at({moment})")
    ]
    assert len(contacts) > 5
    for contact in contacts:
        of_all = staged.query(f"{past}({moment}) where contact_id = '{contact}' order by all")
        assert staged.query(f"{past}({moment}, of_contact := '{contact}') order by all") == of_all != []


def past_stages(home: Home, arguments: str) -> dict[str, tuple[str, str, datetime]]:
    """Return where each stood, by the published macro."""
    rows = home.query(
        f"select {_SUBJECT}, pipeline, stage, entered_at from marts.contact_stage_at({arguments}) as s "
        "where track <> 'quote' and not (subject = 'contact' and tenant_id = 'joes-auto-spa')"
    )
    return {
        str(subject): (str(pipeline), str(stage), at)
        for subject, pipeline, stage, at in rows
        if isinstance(at, datetime)
    }


def last_visits(visits: Iterable[Visit]) -> dict[str, tuple[str, str, datetime]]:
    """Return the last visit of each subject; each one's are in their order."""
    return {subject: (pipeline, stage, at) for subject, pipeline, stage, at in visits}


def test_conversion_counts_subjects(staged: Home) -> None:
    rows = staged.query(
        "select stage, count_entered >= count_went_on, count_current, conversion_rate "
        "from reports.rpt_stage_conversion where tenant_id = 'avatar-imaging' order by stage_position"
    )
    assert [row[0] for row in rows][:2] == ["new_lead", "contacted"]
    assert all(row[1] for row in rows)
    in_stages = staged.query("select count(*) from marts.dim_contact_stages where tenant_id = 'avatar-imaging'")
    assert [(sum(int(str(row[2])) for row in rows),)] == in_stages


@pytest.mark.slow
def test_live_equals_rebuild(staged: Home) -> None:
    assert staged.modeller().verify() == []


def test_stages_of_one_lead_by_hand(homes: HomeFactory) -> None:
    person = {"contact": {"phone": "0400 000 001", "name": "Ana Lee"}}
    start = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    home = homes.new_home()
    home.follow_in_batches(
        [
            [fact("lead.created", person, event_id="lead", at=start)],
            [fact("message.sent", person | {"message_id": "m1"}, event_id="m1", at=start + timedelta(seconds=90))],
            [fact("booking.created", person | {"booking_id": "b1"}, event_id="b1", at=start + timedelta(days=1))],
            [fact("lead.created", person, event_id="again", at=start + timedelta(days=2))],
            [
                fact(
                    "stage.changed",
                    person | {"pipeline": "lead", "stage": "contacted", "by": "Dana"},
                    event_id="moved",
                    at=start + timedelta(days=3),
                )
            ],
        ]
    )
    assert home.query(
        "select stage, from_stage, is_backwards, date_diff('second', entered_at, left_at), changed_by "
        "from marts.fct_stage_history order by move_number"
    ) == [
        ("new_lead", None, False, 90, None),
        ("contacted", "new_lead", False, 86400 - 90, None),
        ("booking_pending", "contacted", False, 2 * 86400, None),
        ("contacted", "booking_pending", True, None, "Dana"),
    ]
    answers = home.query("select first_answer_seconds from reports.rpt_speed_to_lead order by lead_at")
    assert answers == [(90,), (None,)]
