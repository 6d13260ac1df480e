"""Everything that was accepted, in its order: the judge of what was sent, sent twice, or never came."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from sandbox.sender import utc_now
from sandbox.standins.behaviour import Provider


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that came with an e-mail."""

    name: str
    type: str
    size: int  # bytes
    sha256: str


def attached_file(name: str, media_type: str, content: bytes) -> AttachedFile:
    """Return what is written down of a file."""
    return AttachedFile(name, media_type, len(content), sha256(content).hexdigest())


@dataclass(slots=True)
class Entry:
    """One accepted text, e-mail or webhook."""

    number: int  # 1 for the first
    accepted_at: datetime  # aware UTC
    provider: Provider
    tenant: str
    kind: Literal["text", "e-mail", "webhook"]
    id: str  # the provider's own
    sender: str
    recipient: str
    subject: str
    text: str
    reference: str  # the caller's own mark: what that is, each provider's file says; empty where it gave none
    status: str = "accepted"
    is_answered: bool = True  # False: accepted, but the caller was never told
    attachments: tuple[AttachedFile, ...] = ()  # of e-mails

    @property
    def content(self) -> tuple[str, ...]:
        """What a recipient would call the same message again."""
        files = (file.sha256 for file in self.attachments)
        return self.provider, self.tenant, self.recipient, self.subject, self.text, *files


@dataclass(slots=True)
class Ledger:
    """The entries, and how many requests ended how."""

    entries: list[Entry] = field(default_factory=list)
    requests: Counter[tuple[Provider, str]] = field(default_factory=Counter)

    def accept(
        self,
        provider: Provider,
        tenant: str,
        *,
        kind: Literal["text", "e-mail", "webhook"],
        id: str,  # noqa: A002 - the name that the entry has
        sender: str,
        recipient: str,
        text: str,
        subject: str = "",
        reference: str = "",
        attachments: tuple[AttachedFile, ...] = (),
    ) -> Entry:
        """Write down an accepted message."""
        entry = Entry(
            number=len(self.entries) + 1,
            accepted_at=utc_now(),
            provider=provider,
            tenant=tenant,
            kind=kind,
            id=id,
            sender=sender,
            recipient=recipient,
            subject=subject,
            text=text,
            reference=reference,
            attachments=attachments,
        )
        self.entries.append(entry)
        return entry

    def count_request(self, provider: Provider, outcome: str) -> None:
        """Count a request by how it ended: a status code, or what was done to it."""
        self.requests[provider, outcome] += 1

    def select(self, *, provider: Provider | None, tenant: str | None, after: int) -> list[Entry]:
        """Return the entries numbered above `after`, of one provider and tenant if given."""
        return [
            entry
            for entry in self.entries[after:]
            if provider in (None, entry.provider) and tenant in (None, entry.tenant)
        ]

    def reset(self) -> None:
        """Forget everything."""
        self.entries.clear()
        self.requests.clear()


def summarise(entries: list[Entry]) -> dict[str, Any]:
    """Return counts, and what occurs more than once: by the caller's reference, and by recipient and content."""
    return {
        "count": len(entries),
        "count_unanswered": sum(not entry.is_answered for entry in entries),
        "by_provider": dict(Counter(entry.provider for entry in entries)),
        "by_tenant": dict(Counter(entry.tenant for entry in entries)),
        "count_references": len({(entry.provider, entry.reference) for entry in entries if entry.reference}),
        "count_contents": len({entry.content for entry in entries}),
        "repeated_references": list(_repeated(entries, by="reference")),
        "repeated_contents": list(_repeated(entries, by="content")),
    }


def as_json(entry: Entry) -> dict[str, Any]:
    """Return an entry for the wire; the instant with microseconds."""
    return {**asdict(entry), "accepted_at": entry.accepted_at.isoformat(timespec="microseconds")}


def _repeated(entries: list[Entry], *, by: Literal["reference", "content"]) -> Iterator[dict[str, Any]]:
    groups: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        if by == "content":
            groups[entry.content].append(entry)
        elif entry.reference:
            groups[entry.provider, entry.tenant, entry.reference].append(entry)
    for key, group in groups.items():
        if len(group) > 1:
            yield {"key": list(key), "count": len(group), "ids": [entry.id for entry in group]}
