"""What a provider is to the rest of Frontdesk: `DESCRIPTOR` in each folder's `descriptor.py`, found by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules, resolve_name
from types import MappingProxyType
from typing import Any, Literal, Protocol

from pydantic import AfterValidator

from frontdesk import connectors
from frontdesk.connectors.account import SendingAccount
from frontdesk.connectors.answers import Deliverer
from frontdesk.connectors.media import MakeMediaRequest, ReadMediaLinks, read_attachments
from frontdesk.connectors.source import Source
from frontdesk.core.errors import ConfigurationError

#: How a provider reaches people.
Reach = Literal["sms", "email"]


class OpenDeliverer(Protocol):
    """Opens what calls a provider. Raises ConfigurationError if a secret can't be used."""

    def __call__(self, account: SendingAccount) -> Deliverer[Any]:
        """Return the deliverer of one business's account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """One provider. Code is named, as `module:object`, and imported only by who needs it."""

    name: str  #: in businesses' files, addresses and the log
    label: str  #: for people
    source: str | None = None  #: class that verifies its deliveries; None: it posts nothing to us
    reach: Reach | None = None  #: what it sends; None: nothing
    deliverer: str | None = None  #: an OpenDeliverer
    sending_secrets: tuple[str, ...] = ()  #: names of the secrets that it is called with
    sync_targets: tuple[str, ...] = ()  #: what can be written to it
    media_links: str | None = None  #: a ReadMediaLinks; None: its messages have `attachments`, or no files
    media_request: str | None = None  #: a MakeMediaRequest; None: anybody may open its links
    takes_cancel_for_stop: bool = False  #: its carriers take a reply of CANCEL for STOP, whatever it answers

    def load_source(self) -> type[Source]:
        """Return the class that verifies its deliveries. Raises ConfigurationError if it posts nothing to us."""
        if self.source is None:
            raise ConfigurationError(f"{self.name} posts nothing to Frontdesk")
        found: type[Source] = resolve_name(self.source)
        return found

    def open_deliverer(self, account: SendingAccount) -> Deliverer[Any]:
        """Return what calls it. Raises ConfigurationError if it sends nothing, or a secret can't be used."""
        if self.deliverer is None:
            raise ConfigurationError(f"Frontdesk sends nothing by {self.name}")
        open_deliverer: OpenDeliverer = resolve_name(self.deliverer)
        return open_deliverer(account)

    def media_reader(self) -> ReadMediaLinks:
        """Return what reads the links to files from its messages."""
        if self.media_links is None:
            return read_attachments
        found: ReadMediaLinks = resolve_name(self.media_links)
        return found

    def media_requester(self) -> MakeMediaRequest | None:
        """Return what says how a file is fetched with the business's account, None if anybody may open its links."""
        if self.media_request is None:
            return None
        found: MakeMediaRequest = resolve_name(self.media_request)
        return found


def descriptors() -> Mapping[str, Descriptor]:
    """Return every provider by its name, in the order of the names."""
    return _read(tuple(connectors.__path__))


def source_names() -> tuple[str, ...]:
    """Return the providers that post to us."""
    return tuple(name for name, each in descriptors().items() if each.source is not None)


def senders(reach: Reach) -> tuple[str, ...]:
    """Return the providers that send so."""
    return tuple(name for name, each in descriptors().items() if each.reach == reach)


def one_of(names: Callable[[], tuple[str, ...]]) -> AfterValidator:
    """Return the check that a text of a business's file is one of the names, as they are when it is read."""

    def check(name: str) -> str:
        if name not in names():
            raise ValueError(f"use one of {', '.join(map(repr, names()))}")
        return name

    return AfterValidator(check)


@cache
def _read(folders: tuple[str, ...]) -> Mapping[str, Descriptor]:
    return MappingProxyType({each.name: each for each in sorted(_find(folders), key=lambda each: each.name)})


def _find(folders: tuple[str, ...]) -> Iterator[Descriptor]:
    for found in iter_modules(folders):
        if found.ispkg:
            module = import_module(f"{connectors.__name__}.{found.name}.descriptor")
            yield module.DESCRIPTOR
