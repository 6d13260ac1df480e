"""Tells before the start whether a port can be had."""

from __future__ import annotations

import errno
import socket
from collections import Counter
from collections.abc import Iterable, Iterator

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.running.parts import Part

_ALL_IPV6 = ":"


def check_ports(parts: Iterable[Part], *, host: str) -> None:
    """Raise ConfigurationError, one line per port that can't be had, with the setting that changes it."""
    problems = list(_find_problems(list(parts), host))
    if problems:
        raise ConfigurationError("\n".join(problems))


def why_unavailable(host: str, port: int) -> str:
    """Return why nobody could listen there now; empty if somebody could."""
    family = socket.AF_INET6 if _ALL_IPV6 in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do it: connections of the last run that are still closing don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return _explain(error)
        except OverflowError:
            return "is no port number"
    return ""


def _find_problems(parts: list[Part], host: str) -> Iterator[str]:
    counts = Counter(part.port for part in parts if part.port is not None)
    for part in parts:
        if part.port is None:
            continue
        if counts[part.port] > 1:
            yield f"port {part.port} ({part.name}): is given to several; set {part.port_setting} to another port"
        elif reason := why_unavailable(host, part.port):
            yield f"port {part.port} ({part.name}): {reason}; stop what listens there, or set {part.port_setting}"


def _explain(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "is in use"
        case errno.EACCES:
            return "may not be used by this user"
        case errno.EADDRNOTAVAIL:
            return "can't be bound: FRONTDESK_HOST is no address of this machine"
        case _:
            return f"can't be bound: {error.strerror}"
