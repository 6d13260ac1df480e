"""Wrong rules: each is refused at load with file, key, what is wrong, what to do, and the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.errors import ConfigurationError
from frontdesk.domains.tenancy.tenant import load_tenant
from tests.domains.rules.tenant_files import FIRST_LINE, write_tenant

_TEXT = "{send_sms: booking_confirmation}"


def _rule(*, when: str = "booking.confirmed", do: str = _TEXT, more: str = "") -> str:
    """Return a rules block: its keys are on the lines FIRST_LINE + 1 (id), + 2 (when), + 3 (do), + 4 (class), + 5."""
    return f"rules:\n  - id: mine\n    when: {when}\n    do: {do}\n    class: transactional\n" + more


def _refusal(tmp_path: Path, added: str) -> list[str]:
    file = write_tenant(tmp_path, added)
    with pytest.raises(ConfigurationError) as raised:
        load_tenant(file)
    return [line.removeprefix(f"{file}: ") for line in raised.value.detail.splitlines()]


@pytest.mark.parametrize(
    ("added", "message", "line"),
    [
        pytest.param(
            _rule(when="booking.confirmd"),
            "rules.0.when.0: is 'booking.confirmd'; no such fact; did you mean booking.confirmed?",
            2,
            id="unknown fact",
        ),
        pytest.param(
            _rule(more="    unless: {happened: {booking.canceled: booking}}\n    due: {after: 1h}\n"),
            "rules.0.unless.happened.booking.canceled.[key]: is 'booking.canceled'; no such fact; "
            "did you mean booking.cancelled?",
            5,
            id="unknown fact in unless",
        ),
        pytest.param(
            _rule(more="    after: 4h\n"),
            "rules.0.after: is not a known key; remove it or correct its spelling",
            5,
            id="unknown key",
        ),
        pytest.param(
            "rules:\n  - id: mine\n    when: booking.confirmed\n    do: " + _TEXT + "\n",
            "rules.0.class: is missing; add it",
            1,
            id="missing class",
        ),
        pytest.param(_rule(do="{}"), "rules.0.do: does nothing; add one of send_sms, send_email, create_task, "
                     "sync_record, call_webhook", 3, id="nothing to do"),
        pytest.param(
            _rule(more="    due: {after: 4 hours}\n"),
            "rules.0.due.after: is '4 hours'; write a whole number and m, h or d, such as 30m, 48h or 7d",
            5,
            id="duration",
        ),
        pytest.param(
            _rule(more="    due: tomorrow\n"),
            "rules.0.due: is 'tomorrow'; write immediately, or a mapping such as {after: 4h} or {before: 24h}",
            5,
            id="due in words",
        ),
        pytest.param(
            _rule(more="    due: {after: 4h, before: 2h}\n"),
            "rules.0.due: has both after and before; keep one of them",
            5,
            id="after and before",
        ),
        pytest.param(
            _rule(more="    due: {before: 2h, of: fact}\n"),
            "rules.0.due: nothing can be done before the fact that causes it; write after, or of: booking_start",
            5,
            id="before the cause",
        ),
        pytest.param(
            _rule(more="    due: {of: booking_start}\n"),
            "rules.0.due: has of without after or before; add one of them",
            5,
            id="of alone",
        ),
        pytest.param(
            _rule(when="[booking.confirmed, payment.failed]", do="{send_sms: on_the_way}",
                  more="    due: {before: 24h}\n"),
            "rules.0.due: counts from a booking's start, but payment.failed may be about none; "
            "wait for facts of bookings",
            5,
            id="no booking to count from",
        ),
        pytest.param(
            _rule(when="lead.created", do="{send_sms: did_you_mean_cancel}", more="    once_per: booking\n"),
            "rules.0.once_per: is 'booking', but lead.created may be about none; use one of fact, entity, contact",
            5,
            id="once per what is not there",
        ),
        pytest.param(
            _rule(more="    unless: {happened: {booking.cancelled: booking}}\n"),
            "rules.0.unless.happened.booking.cancelled: can never happen between cause and due time, "
            "as it is due immediately; add after to due",
            5,
            id="unless without time",
        ),
        pytest.param(
            _rule(more="    due: {after: 1h}\n    unless: {happened: {lead.created: booking}}\n"),
            "rules.0.unless.happened.lead.created: is 'booking', but not every fact here is about one; "
            "use contact",
            6,
            id="unless about no booking",
        ),
        pytest.param(
            _rule(more="    due: {after: 1h}\n    unless: {happened: {payment.succeeded: entity}}\n"),
            "rules.0.unless.happened.payment.succeeded: is 'entity', but the rule waits for booking, "
            "which is another kind of entity; use contact",
            6,
            id="unless of another kind",
        ),
        pytest.param(
            _rule(
                when="lead.created",
                do="{send_sms: did_you_mean_cancel}",
                more="    unless: {booking_is: cancelled}\n",
            ),
            "rules.0.unless.booking_is: is about a booking, but lead.created may be about none; "
            "wait for facts of bookings",
            5,
            id="state of no booking",
        ),
        pytest.param(
            _rule(more="    only_if: [{field: contact.fone, value: x}]\n"),
            "rules.0.only_if.0.field: is 'contact.fone'; not a field that these facts offer; "
            "did you mean contact.phone?",
            5,
            id="unknown field",
        ),
        pytest.param(
            _rule(when="lead.created", do="{send_sms: did_you_mean_cancel}",
                  more="    only_if: [{field: fact.channel, operator: at_least, value: x}]\n"),
            "rules.0.only_if.0.operator: is 'at_least'; fact.channel is a text, "
            "use one of equals, not_equals, one_of, none_of, is_set, is_not_set, contains",
            5,
            id="operator of another kind",
        ),
        pytest.param(
            _rule(more='    only_if: [{field: contact.count_bookings, value: "2"}]\n'),
            "rules.0.only_if.0.value: is '2'; write a whole number",
            5,
            id="value of another kind",
        ),
        pytest.param(
            _rule(more="    only_if: [{field: contact.first_seen_at, operator: less_than, value: July}]\n"),
            "rules.0.only_if.0.value: is 'July'; write an instant with its offset, in quotes, "
            'such as "2026-07-01T00:00:00+00:00"',
            5,
            id="no instant",
        ),
        pytest.param(
            _rule(more="    only_if: [{field: booking.status, operator: one_of, value: [pending, canceled]}]\n"),
            "rules.0.only_if.0.value: is 'canceled'; no status of a booking; did you mean cancelled?",
            5,
            id="no status",
        ),
        pytest.param(
            _rule(more="    only_if: [{field: booking.status, operator: one_of, value: pending}]\n"),
            "rules.0.only_if.0.value: is 'pending'; one_of takes a list of values",
            5,
            id="no list",
        ),
        pytest.param(
            _rule(more="    only_if: [{field: contact.phone, operator: is_set, value: yes}]\n"),
            "rules.0.only_if.0.value: is_set takes none; remove it",
            5,
            id="value too many",
        ),
        pytest.param(
            _rule(do="{create_task: {kind: call, title: Call, due: soon}}"),
            "rules.0.do.create_task.due: is 'soon'; write end_of_day or a duration: "
            "write a whole number and m, h or d, such as 30m, 48h or 7d",
            3,
            id="due of a task",
        ),
        pytest.param(
            _rule(do="{send_sms: booking_confirmatoin}"),
            "rules.0.do.send_sms.template: is 'booking_confirmatoin'; no such template under templates.sms; "
            "did you mean booking_confirmation?",
            3,
            id="unknown template",
        ),
        pytest.param(
            _rule(do="{sync_record: {target: wix, record: contact}}"),
            "rules.0.do.sync_record.target: is 'wix'; use a source of this tenant that takes records: zoho",
            3,
            id="unknown target",
        ),
        pytest.param(
            _rule(do="{sync_record: {target: zoho, record: session}}"),
            "rules.0.do.sync_record.record: is 'session'; zoho takes contact, invoice",
            3,
            id="record it does not take",
        ),
        pytest.param(
            _rule(do="{call_webhook: {endpoint: shop}}"),
            "rules.0.do.call_webhook.endpoint: is 'shop'; add it under endpoints, "
            "or use one that is there: shop_floor",
            3,
            id="unknown endpoint",
        ),
        pytest.param(
            _rule() + _rule().removeprefix("rules:\n"),
            "rules.1.id: is 'mine', the id of an earlier rule; commands are kept by it, so give it one of its own",
            5,
            id="id twice",
        ),
        pytest.param(
            _rule().replace("id: mine", "id: manual"),
            "rules.0.id: is 'manual', which stands for what staff asks for by hand; give it another id",
            1,
            id="id of what is asked for by hand",
        ),
        pytest.param(
            _rule(more="    holdout_percent: 101\n"),
            "rules.0.holdout_percent: is 101; write 100 or less",
            5,
            id="holdout",
        ),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_with_key_remedy_and_line(
    tmp_path: Path, added: str, message: str, line: int
) -> None:
    assert _refusal(tmp_path, added) == [f"{message} (line {FIRST_LINE + line})"]


@pytest.mark.parametrize(
    ("when", "text", "message"),
    [
        pytest.param(
            "lead.created",
            "Hi {{ booking.staff_name }}",
            "uses booking.staff_name, which these facts do not offer; use a field of business, contact, fact (line ",
            id="of another fact",
        ),
        pytest.param(
            "booking.confirmed",
            "Hi {{ contact.firstname }}",
            "uses contact.firstname, which these facts do not offer; did you mean contact.first_name?",
            id="misspelt",
        ),
        pytest.param(
            "booking.confirmed",
            "Hi {{ contact.first_name }}",
            'uses contact.first_name, which can be unknown; write {{ contact.first_name | default("words") }}, '
            "or let the rule ask for it by only_if with is_set (line ",
            id="can be unknown",
        ),
        pytest.param(
            "[booking.confirmed, payment.succeeded]",
            "{{ booking.status }}",
            "uses booking.status, which can be unknown; ",
            id="unknown for one of the facts",
        ),
        pytest.param(
            "booking.confirmed",
            "At {{ booking.created_at }}",
            "shows the instant booking.created_at; write {{ booking.created_at | date }} "
            "or {{ booking.created_at | time }} (line ",
            id="raw instant",
        ),
        pytest.param(
            "booking.confirmed",
            "{{ contact.amount_paid_minor }} cents",
            "shows contact.amount_paid_minor in minor units; "
            "write {{ contact.amount_paid_minor | money(its currency) }} (line ",
            id="raw amount",
        ),
        pytest.param(
            "booking.confirmed",
            "{{ contact.display_name | date }}",
            "uses contact.display_name with the filter date, which is not for it; remove the filter (line ",
            id="filter of another kind",
        ),
    ],
)
def test_a_text_with_a_wrong_variable_is_refused_before_it_can_go_out(
    tmp_path: Path, when: str, text: str, message: str
) -> None:
    added = f"templates: {{sms: {{mine: '{text}'}}}}\n" + _rule(when=when, do="{send_sms: mine}")

    (refusal,) = _refusal(tmp_path, added)

    assert refusal.startswith(f"rules.0.do.send_sms.template: is 'mine', whose text {message}")
    assert refusal.endswith(f"(line {FIRST_LINE + 4})")


def test_a_wrong_variable_of_an_e_mail_is_told_with_its_part(tmp_path: Path) -> None:
    email = "{mine: {subject: 'For {{ fact.nobody }}', text: Hello}}"
    added = f"templates: {{email: {email}}}\n" + _rule(do="{send_email: mine}")

    (refusal,) = _refusal(tmp_path, added)

    assert refusal.startswith("rules.0.do.send_email.template: is 'mine', whose subject uses fact.nobody, which ")


def test_a_wrong_variable_of_a_task_is_told_at_its_title(tmp_path: Path) -> None:
    (refusal,) = _refusal(tmp_path, _rule(do="{create_task: {kind: call, title: 'Call {{ contact.phone }}'}}"))

    assert refusal.startswith("rules.0.do.create_task.title: uses contact.phone, which can be unknown; ")


def test_a_text_needs_a_source_that_sends_texts(tmp_path: Path) -> None:
    file = write_tenant(tmp_path, _rule())
    file.write_text(file.read_text().replace("{name: twilio, secrets: [TWILIO_AUTH_TOKEN]}, ", ""))

    with pytest.raises(ConfigurationError) as raised:
        load_tenant(file)

    assert raised.value.detail == (
        f"{file}: rules.0.do.send_sms: no source of this tenant sends texts; "
        f"add one of clicksend, twilio to sources (line {FIRST_LINE + 3})"
    )


def test_every_mistake_of_a_rule_is_told_at_once(tmp_path: Path) -> None:
    added = _rule(do="{send_sms: nothing, call_webhook: {endpoint: shop}}", more="    due: {before: 1h}\n")
    added = added.replace("booking.confirmed", "lead.created")

    keys = [refusal.split(": ", 1)[0] for refusal in _refusal(tmp_path, added)]

    assert keys == ["rules.0.due", "rules.0.do.send_sms.template", "rules.0.do.call_webhook.endpoint"]


def test_an_endpoint_is_https_or_this_machine_and_its_secret_is_never_repeated(tmp_path: Path) -> None:
    file = write_tenant(tmp_path, "")
    file.write_text(
        file.read_text().replace("https://floor", "http://floor").replace("ENDPOINT_SHOP_FLOOR", "whsec_supersecret")
    )

    with pytest.raises(ConfigurationError) as raised:
        load_tenant(file)

    assert "endpoints.0.url: is 'http://floor.acme.example/hook'; write it in the form" in raised.value.detail
    assert "endpoints.0.secret: is no name of a secret; write names" in raised.value.detail
    assert "supersecret" not in raised.value.detail
