"""Addresses at which this machine reaches Frontdesk's own processes."""

from __future__ import annotations

from ipaddress import ip_address


def local_url(host: str, port: int) -> str:
    """Return the address, from here, of what binds to this host and port.

    >>> local_url("::1", 8000)
    'http://[::1]:8000'
    """
    try:
        address = ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"  # a name
    if address.is_unspecified:  # what binds to all addresses is reached here by the loopback one
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
