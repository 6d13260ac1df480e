"""Where a webhook may be posted to: https, and addresses of the internet, unless the operator names the host.

A business's file says the address; the machine that posts stands inside a network that the file's author may not be
meant to reach. The name is resolved once, and the connection goes to the very address that was looked at: a name that
answers otherwise a moment later (DNS rebinding) leads nowhere else.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from frontdesk.core.errors import FrontdeskError

#: Networks whose addresses hold an IPv4 address that a gateway unwraps; and the old site-local one.
_WRAPPING = tuple(
    map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10"))
)
#: Of protocols, some of them called global (RFC 6890); a cloud's metadata is at 192.0.0.192 too.
_OF_PROTOCOLS = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")))
Resolve = Callable[[str, int], list[str]]


class AddressRefusedError(FrontdeskError):
    """The address may not be posted to; the detail says why and what to set."""

    title = "Address refused"


class NameUnknownError(FrontdeskError):
    """The name can't be resolved now."""

    title = "Name unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes: the URL by address, and what it says of the name."""

    url: httpx.URL
    host: str  #: the Host header
    server_name: str  #: whose certificate it must be


def resolve(host: str, port: int) -> list[str]:
    """Return a name's addresses. Raises NameUnknownError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NameUnknownError(f"{host} can't be resolved: {error}") from error
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingAddresses:
    """Decides what may be posted to."""

    private_hosts: frozenset[str] = frozenset()  #: names that may be inside, and called without TLS
    resolve: Resolve = resolve

    def find(self, url: str) -> Target:
        """Return where to post. Raises AddressRefusedError or NameUnknownError."""
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise AddressRefusedError(f"no URL: {error}") from error
        host = parsed.host.lower().rstrip(".")
        if parsed.userinfo:
            raise AddressRefusedError("the address holds a user name; the signature is all that is sent")
        if host in self.private_hosts:
            return self._to(parsed, host, self.resolve(host, _port_of(parsed)))
        if parsed.scheme != "https":
            raise AddressRefusedError(f"{host} is called without TLS; use https, {_REMEDY}")
        addresses = self.resolve(host, _port_of(parsed))
        inside = [address for address in addresses if not is_public(address)]
        if inside:
            raise AddressRefusedError(f"{host} leads to {inside[0]}, which is not on the internet; {_REMEDY}")
        return self._to(parsed, host, addresses)

    def _to(self, url: httpx.URL, host: str, addresses: list[str]) -> Target:
        if not addresses:
            raise NameUnknownError(f"{host} has no address")
        return Target(url=url.copy_with(host=addresses[0]), host=url.netloc.decode(), server_name=host)


_REMEDY = "or name the host in FRONTDESK_WEBHOOK_PRIVATE_HOSTS where that is meant"


def is_public(address: str) -> bool:
    """Return whether an address is on the internet: not this machine's, a network's own, or a cloud's metadata.

    >>> [is_public(each) for each in ("1.1.1.1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "fd00:ec2::254")]
    [True, False, False, False, False]
    """
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False  # with a zone, such as fe80::1%eth0
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        elif any(parsed in network for network in _WRAPPING):
            return False
    is_of_protocol = any(parsed in network for network in _OF_PROTOCOLS if network.version == parsed.version)
    return parsed.is_global and not parsed.is_multicast and not is_of_protocol


def _port_of(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
