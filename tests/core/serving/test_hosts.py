"""Which names are ours, and which origins are the page's own."""

from __future__ import annotations

import pytest

from frontdesk.core.serving.hosts import KnownHosts
from frontdesk.core.settings import Settings

EVERYWHERE = ".".join("0000")


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("127.0.0.1:3000", True),
        ("LocalHost.", True),
        ("[::1]:8501", True),
        ("desk.example:8443", True),
        ("shop.example", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost@evil.example", False),
        ("evil.example#localhost", False),
        ("localhost, evil.example", False),
        ("0.0.0.0:3000", False),
        ("[", False),
        ("", False),
    ],
)
def test_names(host: str, is_known: bool) -> None:
    settings = Settings(host=EVERYWHERE, public_url="https://shop.example", allowed_hosts="desk.example, ")
    assert KnownHosts.of(settings).know(host) is is_known


@pytest.mark.parametrize(
    ("origin", "is_ours"),
    [
        ("http://localhost:8501", True),
        ("https://shop.example", True),
        ("http://localhost:8502", False),
        ("https://evil.example", False),
        ("null", False),
        ("http://[", False),
        ("localhost:8501", False),
    ],
)
def test_origins(origin: str, is_ours: bool) -> None:
    hosts = KnownHosts.of(Settings(public_url="https://shop.example"))
    assert hosts.are_ours(origin, host="localhost:8501") is is_ours
