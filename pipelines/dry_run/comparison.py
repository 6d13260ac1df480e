"""What differs between two sets of decisions of one tenant: newly sent, no longer sent, moved, reworded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import duckdb

from frontdesk.connectors.content import Letter, Task
from frontdesk.core.errors import FrontdeskError
from frontdesk.domains.sending.dispatch.composer import Composer
from frontdesk.domains.sending.outbox.commands import Channel
from frontdesk.domains.sending.templates import Templates
from frontdesk.domains.tenancy.tenant import Tenant
from pipelines.live.outbox_filler import command_of

_COLUMNS = (
    "rule_id, rule_version, command_type, channel, provider, message_class, contact_id, cause_event_id, due_at, "
    "expires_at, payload"
)
#: Either is intended and something of it is another, or could read otherwise with these templates.
_CANDIDATES = f"""
    select
        command_key,
        case when b.verdict = 'intended' then {{{", ".join(f"'{c}': b.{c}" for c in _COLUMNS.split(", "))}}} end,
        case when a.verdict = 'intended' then {{{", ".join(f"'{c}': a.{c}" for c in _COLUMNS.split(", "))}}} end
    from present as b full join tried as a using (command_key)
    where (b.verdict = 'intended' or a.verdict = 'intended')
        and (
            b.verdict is distinct from a.verdict or b.due_at <> a.due_at or b.payload <> a.payload
            or b.provider <> a.provider or ? or list_contains(?, concat(a.channel, ':', a.template))
        )
    order by command_key
"""  # noqa: S608 - made of constants
#: Whom the changed rules would write to, had they not said no, or never said yes.
_OPT_OUTS = """
    select a.rule_id, a.reason, count(*)
    from tried as a left join present as b using (command_key)
    where a.verdict = 'refused' and a.reason in ('opted_out', 'no_consent')
        and (b.reason is distinct from a.reason or b.due_at <> a.due_at)
        and (? is null or a.due_at >= ?)
    group by all order by all
"""


class Kind(StrEnum):
    """How a command differs."""

    NEWLY_SENT = "newly_sent"
    NO_LONGER_SENT = "no_longer_sent"
    MOVED = "moved"  #: the same command at another time
    TEXT_CHANGED = "text_changed"  #: the same command at the same time, with other words or another address


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A command as one set of rules intends it. Times are aware UTC."""

    due_at: datetime
    expires_at: datetime
    content: Mapping[str, Any]  #: what would go out; {"problem"} where it can't be composed
    segments: int = 0  #: of texts
    cost_micros: int | None = 0  #: millionths of the tenant's currency for texts; None: no price is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """One command that differs."""

    kind: Kind
    command_key: str
    rule_id: str
    command_type: str
    contact_id: str
    before: Side | None
    after: Side | None
    is_text_changed: bool  #: also of moved ones

    @property
    def due_at(self) -> datetime:
        """When it would be due; of what is no longer sent, when it was."""
        side = self.after or self.before
        if side is None:
            raise ValueError("a difference has a side")
        return side.due_at


def find_differing(
    connection: duckdb.DuckDBPyConnection, *, before: Tenant, after: Tenant, since: datetime | None
) -> Iterator[Differing]:
    """Yield what differs between the tables `present` and `tried`, by key; since: only from then on."""
    composers = (Composer(before), Composer(after))
    parameters = [
        _business(before) != _business(after),
        _changed_templates(before.all_templates(), after.all_templates()),
    ]
    for command_key, present, tried in connection.execute(_CANDIDATES, parameters).fetchall():
        moment = (tried or present)["due_at"]
        if since is not None and moment < since:
            continue
        sides = [
            _side(row, command_key, tenant=tenant, composer=composer, moment=moment) if row else None
            for row, tenant, composer in zip((present, tried), (before, after), composers, strict=True)
        ]
        differing = _differing(command_key, tried or present, before=sides[0], after=sides[1])
        if differing:
            yield differing


def count_opt_outs(connection: duckdb.DuckDBPyConnection, *, since: datetime | None) -> list[tuple[str, str, int]]:
    """Return (rule, opted_out or no_consent, count) of what only a missing consent keeps from being newly sent."""
    return [tuple(row) for row in connection.execute(_OPT_OUTS, [since, since]).fetchall()]


def _differing(
    command_key: str, row: Mapping[str, Any], *, before: Side | None, after: Side | None
) -> Differing | None:
    is_text_changed = before is not None and after is not None and before.content != after.content
    if before is None:
        kind = Kind.NEWLY_SENT
    elif after is None:
        kind = Kind.NO_LONGER_SENT
    elif before.due_at != after.due_at:
        kind = Kind.MOVED
    elif is_text_changed:
        kind = Kind.TEXT_CHANGED
    else:
        return None
    return Differing(
        kind=kind,
        command_key=command_key,
        rule_id=row["rule_id"],
        command_type=row["command_type"],
        contact_id=row["contact_id"],
        before=before,
        after=after,
        is_text_changed=is_text_changed,
    )


def _side(row: Mapping[str, Any], command_key: str, *, tenant: Tenant, composer: Composer, moment: datetime) -> Side:
    command = command_of({**row, "tenant_id": tenant.slug, "command_key": command_key})
    times = {"due_at": command.due_at, "expires_at": row["expires_at"]}
    if command.channel is Channel.SYNC:
        return Side(**times, content=dict(command.payload))
    try:
        composed = composer.compose(command, now=moment)
    except FrontdeskError as error:
        return Side(**times, content={"problem": error.detail})
    match composed:
        case Letter():
            return Side(
                **times,
                content={"to": composed.to, "subject": composed.subject, "text": composed.text},
                segments=composed.segments or 0,
                cost_micros=composed.price.amount_micros if composed.price else None if composed.segments else 0,
            )
        case Task():
            return Side(
                **times,
                content={"kind": composed.kind, "title": composed.title, "due": command.payload.get("due")},
            )
        case _:
            return Side(**times, content={"endpoint": composed.endpoint, "body": composed.body.decode()})


def _business(tenant: Tenant) -> tuple[object, ...]:
    """Return what every text can speak of besides the templates' own variables."""
    return (tenant.name, tenant.email, tenant.phone, tenant.zone)


def _changed_templates(before: Templates, after: Templates) -> list[str]:
    """Return the templates whose words are others, as channel:id."""
    return [
        f"{channel}:{template}"
        for channel, old, new in (("sms", before.sms, after.sms), ("email", before.email, after.email))
        for template in old.keys() | new.keys()
        if old.get(template) != new.get(template)
    ]
