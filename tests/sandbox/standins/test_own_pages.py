"""The sandbox's port takes nothing from another site's page, nor under a stranger's name."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sandbox.standins.own_pages import OwnPagesOnly

HERE = "http://127.0.0.1:8900"


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {}, 200),
        ("POST", {"origin": HERE}, 200),
        ("GET", {"origin": "https://evil.example"}, 200),
        ("POST", {"origin": "https://evil.example"}, 403),
        ("POST", {"origin": "null"}, 403),
        ("POST", {"origin": "http://127.0.0.1:8000"}, 403),
        ("GET", {"host": "evil.example:8900"}, 421),
        ("GET", {"host": "["}, 421),
        ("GET", {"host": "desk.example:8900"}, 200),
    ],
)
def test_who_is_answered(method: str, headers: dict[str, str], status: int) -> None:
    app = FastAPI()
    app.add_api_route("/", lambda: "here", methods=["GET", "POST"])
    client = TestClient(OwnPagesOnly(app, "desk.example"), base_url=HERE)
    answer = client.request(method, "/", headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert (answer.headers["x-content-type-options"], "frame-ancestors 'none'") == (
            "nosniff",
            answer.headers["content-security-policy"],
        )
