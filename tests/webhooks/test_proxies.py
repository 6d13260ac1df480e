"""Whose word counts for where a request came from: only that of proxies that are named."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.webhooks.server import process


@pytest.mark.parametrize(("proxies", "last"), [("", 429), pytest.param("127.0.0.1", 401, marks=pytest.mark.slow)])
def test_a_forwarded_address_is_believed_of_configured_proxies_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxies: str, last: int
) -> None:
    if proxies:
        monkeypatch.setenv("FRONTDESK_TRUSTED_PROXIES", proxies)
    with process(tmp_path) as running, httpx.Client(base_url=running.url, timeout=60) as client:
        statuses = [
            client.post(
                "/v1/sessions",
                json={"tenant": "salon", "email": f"person{number}@example.com", "password": "a wrong sentence"},
                headers={"X-Forwarded-For": f"192.0.2.{number}"},
            ).status_code
            for number in range(21)
        ]
    assert (set(statuses[:20]), statuses[20]) == ({401}, last)
