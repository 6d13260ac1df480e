"""Deliveries nobody should send, signed as their providers sign: every value of every payload and canonical fact."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
from pydantic import BaseModel
from twilio.request_validator import RequestValidator

from frontdesk.core.secrets import Secrets
from frontdesk.core.settings import Settings
from frontdesk.core.values import FRONTDESK_SOURCE
from frontdesk.domains.imports.known_facts import CANONICAL_PAYLOADS
from tests.clocks import SetClock
from tests.dbt.staging.hostile import hostile_variants
from tests.dbt.staging.samples import IMPORTED_SOURCE, SAMPLES, Sample
from tests.domains.staff.conftest import quick_passwords
from tests.pipelines.homes import Home
from tests.webhooks import signing
from tests.webhooks.harness import NOW, Post, RunningReceiver
from webhooks.app import create_app

#: Who gets what: businesses whose own files name these sources, and whose rules wait for their facts.
TENANT_OF: Mapping[str, str] = {
    "wix": "avatar-imaging",
    "manychat": "avatar-imaging",
    "clicksend": "avatar-imaging",
    "stripe": "hmnp",
    "twilio": "hmnp",
    "gohighlevel": "hmnp",
    "proof": "hmnp",
    "google-calendar": "hmnp",
    "zoho": "technifold",
    "import": "noizylab",
}
#: Whose events come in between, and must not notice.
BYSTANDER = "joes-auto-spa"
#: What replaces whole texts in addition to the shared hostile values: what reaches into keys, indexes and files.
_LONG = ("x" * 10_000, "\U0001f600" * 700, "a\x00b" * 100, "../../etc/passwd", "a/b#1:sent|c", "\u202e\u05d0\x7f\x01")
#: How many deliveries are under way at the same time.
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Try:
    """One delivery to send."""

    provider: str
    post: Post


@dataclass(slots=True)
class Tally:
    """What became of what was sent."""

    sent: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, int, bytes]] = field(default_factory=list)  #: answered 5xx


def environment() -> dict[str, str]:
    """Return the secrets of all businesses under test: of one source all the same."""
    prefix = f"FRONTDESK_{signing.TENANT.upper()}_"
    tenants = {*TENANT_OF.values(), BYSTANDER}
    secrets = {
        f"FRONTDESK_{tenant.upper().replace('-', '_')}_{name.removeprefix(prefix)}": value
        for name, value in signing.environment().items()
        for tenant in tenants
    }
    return secrets | {name: f"key-of-{name}" for name in secrets if name.endswith("OWNER_API_KEY")}


def receiver_of(home: Home) -> RunningReceiver:
    """Return a real receiver that writes into a home's log. To be started, and ended."""
    return RunningReceiver(
        create_app(
            Settings(home=home.folder, public_url=signing.PUBLIC_URL, webhook_rate_limit_per_minute=10_000_000),
            engine=home.engine,
            secrets=Secrets(environment()),
            tenants=home.tenants,
            clock=SetClock(NOW),
            passwords=quick_passwords(),
        )
    )


def import_lines(tenant: str, lines: Sequence[Any]) -> Post:
    """Return an import of lines, each a value or JSON text."""
    key = f"key-of-FRONTDESK_{tenant.upper().replace('-', '_')}_OWNER_API_KEY"
    body = b"\n".join(line.encode() if isinstance(line, str) else orjson.dumps(line) for line in lines)
    headers = {"content-type": "application/x-ndjson", "authorization": f"Bearer {key}"}
    return Post("/v1/events:import", body, headers)


def bystander(number: int) -> Post:
    """Return an ordinary booking of another business."""
    payload = {
        "booking_id": f"job-{number}",
        "contact": {"email": f"customer{number}@example.com"},
        "starts_at": "2026-12-01T15:00:00Z",
    }
    line = {
        "source": "crm",
        "source_event_id": f"job-{number}",
        "type": "booking.confirmed",
        "occurred_at": NOW.isoformat(),
        "payload": payload,
    }
    return import_lines(BYSTANDER, [line])


def tries(*, share: float, seed: int) -> list[Try]:
    """Return a share of all tries, in a random order."""
    chance = random.Random(seed)

    def is_wanted() -> bool:
        return chance.random() < share

    every = [*_of_providers(is_wanted), *_of_canonical_facts(is_wanted), *_of_envelopes(is_wanted)]
    chance.shuffle(every)
    return every


def send_all(receiver: RunningReceiver, every: Sequence[Try]) -> Tally:
    """Send them, with the bystander's in between."""
    tally = Tally()
    for start in range(0, len(every), _AT_ONCE):
        batch = every[start : start + _AT_ONCE]
        answers = receiver.send_all([*(each.post for each in batch), bystander(start // _AT_ONCE)])
        for each, answer in zip(batch, answers, strict=False):
            tally.sent[each.provider] += 1
            tally.accepted[each.provider] += _is_in(answer.status, answer.body)
            if answer.status >= 500 or answer.outcome == "internal_error":
                tally.failed.append((each.provider, answer.status, each.post.body[:500]))
        assert answers[-1].status == 200
    return tally


def count_bystanders(every: Sequence[Try]) -> int:
    """Return how many events of the bystander come in between."""
    return -(-len(every) // _AT_ONCE)


def _is_in(status: int, body: bytes) -> bool:
    if status != 200:
        return False
    summary = orjson.loads(body) if body.startswith(b"{") else {}
    return summary.get("accepted", 1) == 1 or summary.get("status") == "accepted"


def _of_providers(is_wanted: Callable[[], bool]) -> Iterator[Try]:
    for number, sample in enumerate(each for each in SAMPLES if each.source not in _OWN_SOURCES):
        sign = _signer_of(sample)
        for variant, text in enumerate(_variants(_to_sign(sample))):
            if not is_wanted():
                continue  # signing takes most of the time
            try:
                post = sign(_of_its_own(text, number * 1_000 + variant // 60))
            except UnicodeError:
                continue  # the provider's own library can't sign it
            yield Try(sample.source, post)
    for value in (*_LONG[:1], "", "0", "-1", "9" * 400, "1e400", "exists", "not_exists", "sync"):
        for post in (signing.google_post(number=value), signing.google_post(state=value)):
            yield Try("google-calendar", _to(post, "google-calendar"))


def _variants(payload: Any) -> Iterator[str]:
    yield from hostile_variants(payload)
    place = "the place of a long text"
    for path in _texts(payload):
        template = json.dumps(_with(payload, path, place))
        for text in _LONG:
            yield template.replace(json.dumps(place), json.dumps(text))


def _texts(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(node, dict | list):
        children = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in children:
            yield from _texts(child, (*path, key))
    elif path:
        yield path


def _with(node: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    copy = node.copy()
    copy[path[0]] = _with(node[path[0]], path[1:], value)
    return copy


def _of_its_own(text: str, number: int) -> str:
    """Give some variants a person and records of their own: else all were one contact with an endless history."""
    for known, own in (
        ("5551230001", f"555{number:07}"),
        ("ana@example.com", f"ana{number}@example.com"),
        ("john@example.com", f"john{number}@example.com"),
        *(
            (f'"{known}"', f'"{known}-{number}"')
            for known in ("b-1", "c-1", "pi_1", "cus_1", "B1", "P1", "T1", "c", "a")
        ),
        ('"external_id": "7"', f'"external_id": "7-{number}"'),
    ):
        text = text.replace(known, own)
    return text


def _to_sign(sample: Sample) -> Any:
    """Return the part of a logged payload that the provider itself sends."""
    is_token = sample.source == "wix" and sample.type.startswith("wix.bookings.")
    return sample.payload["event"] if is_token else sample.payload


def _signer_of(sample: Sample) -> Callable[[str], Post]:
    source = sample.source
    if source == "twilio":
        return lambda text: _twilio(_form(text))
    if source == "wix" and sample.type.startswith("wix.bookings."):
        return lambda text: _to(signing.wix_post(text, name=sample.type), source)
    sign = signing.SIGNED["wix hmac" if source == "wix" else source]
    return lambda text: _to(sign(text.encode()), source)


def _form(text: str) -> dict[str, str]:
    """Return JSON as the fields of a form."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    pairs = value.items() if isinstance(value, dict) else [("MessageSid", value)]
    return {key: each if isinstance(each, str) else json.dumps(each) for key, each in pairs}


def _twilio(form: Mapping[str, str]) -> Post:
    path = f"/webhooks/{TENANT_OF['twilio']}/twilio"
    signature = RequestValidator(signing.TWILIO_TOKEN).compute_signature(f"{signing.PUBLIC_URL}{path}", form)
    body = urlencode(form, errors="surrogatepass").encode()
    return Post(path, body, {**signing.FORM, "x-twilio-signature": signature})


def _to(post: Post, source: str) -> Post:
    """Send a delivery to the business under test."""
    return post.changed(path=f"/webhooks/{TENANT_OF[source]}/{source}")


# --- Canonical facts --------------------------------------------------------------------------------------------

_CONTACT = {
    "external_id": "7",
    "phone": "+15551230001",
    "email": "ana@example.com",
    "name": "Ana Lee",
    "first_name": "Ana",
    "last_name": "Lee",
    "company": "Roy Ltd",
}
#: What no provider delivers: imports, and facts that only we append.
_OWN_SOURCES = frozenset({IMPORTED_SOURCE, FRONTDESK_SOURCE})
#: An ordinary value of every field that a canonical fact has.
_VALUES: Mapping[str, Any] = {
    "amount_minor": 12_000,
    "asked_by": _CONTACT,
    "assigned_to": "Dana",
    "attempt_number": 1,
    "body": "Hello",
    "booking_id": "B1",
    "by": "mia@example.com",
    "campaign": "spring",
    "channel": "sms",
    "code": "WELCOME10",
    "command_key": "noizylab/repair_paid/send_sms/booking:B1",
    "command_type": "send_sms",
    "contact": _CONTACT,
    "cost_minor": 120,
    "currency": "USD",
    "decision": "different_people",
    "due_at": "2026-12-01T10:00:00Z",
    "ends_at": "2026-12-01T11:00:00Z",
    "error_code": "1",
    "evidence": "web form",
    "failure_reason": "card_declined",
    "figures": [{"metric": "leads_new", "value": 1}],
    "files": {"pdf": "abc"},
    "guest_name": "Lily Lee",
    "identifiers": [{"kind": "phone", "value": "+15551230001"}, {"kind": "email", "value": "ana@example.com"}],
    "interest": "repair",
    "kind": "welcome_call",
    "lead_id": "L1",
    "lines": [
        {
            "line_id": "1",
            "description": "Tint",
            "quantity": "1.5",
            "unit_price_minor": 8_000,
            "amount_minor": 12_000,
            "service": "Tint",
            "staff": "Dana",
            "taxes": [{"name": "GST", "rate": "5", "amount_minor": 571}],
        }
    ],
    "location": "HQ",
    "log_sequence": 1,
    "medium": "cpc",
    "message_id": "M1",
    "method": "card",
    "models_fingerprint": "abc",
    "note_id": "N1",
    "occurred_on": NOW.date().isoformat(),
    "payment_id": "P1",
    "period_end": "2026-10-31",
    "period_start": "2026-10-01",
    "pipeline": "repair",
    "price_minor": 12_000,
    "provider": "twilio",
    "purpose": "marketing",
    "places": [{"resource": "person:dana", "lane": 0}],
    "quote": {"total_minor": 24_167, "currency": "USD"},
    "quote_id": "Q1",
    "reason": "by hand",
    "refunded_minor": 300,
    "report_id": "weekly-2026-10-26-1",
    "requested_by": "mia@example.com",
    "rule_id": "repair_paid",
    "run": "20261101-120000-abc123",
    "service": "Tint",
    "service_key": "window_tint",
    "sha256": "0" * 64,
    "snapshot": {"engine": 1, "quote": {"total_minor": 24_167}},
    "snoozed_until": "2026-12-01T10:00:00Z",
    "staff": "Dana",
    "stage": "shipped",
    "status": "confirmed",
    "starts_at": "2026-12-01T10:00:00Z",
    "task_id": "T1",
    "tax_minor": 571,
    "taxes": [{"name": "GST", "rate": "5", "amount_minor": 571}],
    "text": "See you on Monday",
    "title": "Call",
    "used_by": _CONTACT,
}
#: Instead of the ordinary value, where a fact needs another; None: left out.
_SPECIAL: Mapping[str, Mapping[str, Any]] = {
    "message.requested": {"template": None, "subject": None},
    "report.computed": {"kind": "weekly"},
}


def canonical_payload(type_: str) -> dict[str, Any]:
    """Return an ordinary payload with every field of a fact. Raises KeyError for a field that nobody gave a value."""
    special = _SPECIAL.get(type_, {})
    payload = {}
    for name in _fields_of(CANONICAL_PAYLOADS[type_]):
        value = special[name] if name in special else _VALUES[name]
        if value is not None:
            payload[name] = value
    return payload


def _fields_of(model: type[BaseModel]) -> Iterator[str]:
    yield from model.model_fields


def _of_canonical_facts(is_wanted: Callable[[], bool]) -> Iterator[Try]:
    for number, type_ in enumerate(sorted(CANONICAL_PAYLOADS)):
        for variant, text in enumerate(_variants(canonical_payload(type_))):
            if not is_wanted():
                continue
            line = {
                "source": "old-crm",
                "source_event_id": f"{type_}-{variant}",
                "type": type_,
                "occurred_at": NOW.isoformat(),
                "payload": "the payload",
            }
            own = _of_its_own(text, 100_000 + number * 1_000 + variant // 60)
            yield Try("import", import_lines(TENANT_OF["import"], [json.dumps(line).replace('"the payload"', own)]))


def _of_envelopes(is_wanted: Callable[[], bool]) -> Iterator[Try]:
    """Yield imports whose envelope is odd: its ids become parts of keys as well."""
    for type_ in ("lead.created", "booking.confirmed", "message.received", "note.added"):
        line = {
            "source": "old-crm",
            "source_event_id": f"envelope-{type_}",
            "type": type_,
            "occurred_at": NOW.isoformat(),
            "subject_id": "s-1",
            "correlation_id": "co-1",
            "causation_id": "ca-1",
            "payload": {"contact": {"email": "envelope@example.com"}},
        }
        for name in sorted(line.keys() - {"payload"}):
            for variant, text in enumerate(_variants({name: line[name]})):
                if not is_wanted():
                    continue
                try:
                    odd = {**line, "source_event_id": f"{type_}-{name}-{variant}", **json.loads(text)}
                except (TypeError, ValueError):
                    continue
                yield Try("import", import_lines(TENANT_OF["import"], [json.dumps(odd)]))


def unvalidated(*, share: float, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield (type, payload) of canonical facts that nobody has checked, such as of an older version."""
    chance = random.Random(seed)
    for number, type_ in enumerate(sorted(CANONICAL_PAYLOADS)):
        for variant, text in enumerate(_variants(canonical_payload(type_))):
            if chance.random() < share:
                yield type_, _of_its_own(text, 200_000 + number * 1_000 + variant // 60).encode()
