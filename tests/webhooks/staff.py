"""Accounts behind a running receiver, and requests in their names."""

from __future__ import annotations

from typing import Any

import orjson

from frontdesk.domains.staff.accounts import Account
from frontdesk.domains.staff.directory import StaffDirectory
from frontdesk.domains.staff.roles import Role
from tests.domains.staff.conftest import PASSWORD
from tests.webhooks.harness import Answer, Post, RunningReceiver
from tests.webhooks.signing import TENANT


def add(directory: StaffDirectory, role: Role, *, tenant_id: str = TENANT, name: str = "") -> Account:
    """Make an account named after its role."""
    return directory.accounts.add(
        tenant_id=tenant_id,
        email=f"{name or role}@example.com",
        name=name or role.title(),
        role=role,
        password=PASSWORD,
        by="test",
    )


def sign_in(receiver: RunningReceiver, email: str, *, password: str = PASSWORD, tenant_id: str = TENANT) -> Answer:
    """Sign in over /v1."""
    body = orjson.dumps({"tenant": tenant_id, "email": email, "password": password})
    return receiver.send(Post("/v1/sessions", body, {"content-type": "application/json"}))


def token_of(receiver: RunningReceiver, account: Account) -> str:
    """Sign in over /v1; return the token."""
    answer = sign_in(receiver, account.email, tenant_id=account.tenant_id)
    assert answer.status == 201
    return str(answer.json()["token"])


def ask(
    receiver: RunningReceiver, method: str, path: str, *, token: str, body: Any = None, query: str = ""
) -> Answer:
    """Ask /v1 in the name of a token."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    content = b"" if body is None else orjson.dumps(body)
    return receiver.send(Post(f"/v1/{path}", content, headers, query=query, method=method))
