"""The names by which a browser may reach the pages: this machine's own, and those that are configured.

A page of a stranger whose name points to 127.0.0.1 (DNS rebinding) reaches our ports, but sends its own name as Host.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Self
from urllib.parse import urlsplit

from frontdesk.core.settings import Settings

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
#: To bind to all addresses names none of them.
_ALL_ADDRESSES = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound to


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """Host names, and whole origins that are ours besides the one that a request is sent to."""

    names: frozenset[str]
    origins: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return this machine's names, the address bound to, the URLs' hosts and those of FRONTDESK_ALLOWED_HOSTS."""
        urls = [url for url in (settings.public_url, settings.dashboard_url, settings.sign_in_url) if url]
        names = {*settings.allowed_host_names, *(host_name(urlsplit(url).netloc) for url in urls)}
        if settings.host not in _ALL_ADDRESSES:
            names.add(settings.host)
        return cls(
            names=LOOPBACK_NAMES | frozenset(name.lower() for name in names if name),
            origins=frozenset(origin_of(url) for url in urls),
        )

    def know(self, host: str) -> bool:
        """Return whether a Host header, with or without port, names us."""
        return host_name(host) in self.names

    def are_ours(self, origin: str, *, host: str) -> bool:
        """Return whether an Origin header is the page's own: that of the Host, or one of our configured URLs."""
        origin = origin.lower()
        _, separator, netloc = origin.partition("://")
        return bool(separator) and (netloc == host.lower() or origin in self.origins)


def host_name(netloc: str) -> str:
    """Return the name of a Host header or network location without port and brackets; empty if it is none.

    >>> host_name("[::1]:8000"), host_name("Localhost.:3000"), host_name("a@b"), host_name("http://[")
    ('::1', 'localhost', '', '')
    """
    if any(character in netloc for character in "@/?#\\ "):
        return ""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def host_of(url: str) -> str:
    """Return the name of a URL's host as host_name does; empty if it has none, or a user before it.

    >>> host_of("https://localhost.evil/x"), host_of("http://[::1]:80/"), host_of("http://["), host_of("https://a@b")
    ('localhost.evil', '::1', '', '')
    """
    try:
        return host_name(urlsplit(url).netloc)
    except ValueError:
        return ""


def is_loopback(address: str) -> bool:
    """Return whether a network address is this machine's own.

    >>> is_loopback("127.0.0.1"), is_loopback("::ffff:127.0.0.1"), is_loopback("192.0.2.1"), is_loopback("unknown")
    (True, True, False, False)
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def origin_of(url: str) -> str:
    """Return scheme and network location of a URL, as an Origin header has them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
