"""Speaking to /v1: what a page does dozens of times costs next to nothing."""

from __future__ import annotations

import ssl

import pytest

from dashboard.frame.api import BusinessApi


def test_no_certificate_authority_is_read_to_speak_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the authorities' certificates are read")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", refuse)
    monkeypatch.setattr(ssl, "create_default_context", refuse)

    BusinessApi("http://127.0.0.1:9", token="").close()
