"""Secrets come from variables of a fixed name, several at a time during a rotation."""

from __future__ import annotations

import pytest

from frontdesk.core.secrets import Secrets, secret_variable

VARIABLE = "FRONTDESK_JOES_AUTO_SPA_STRIPE_WEBHOOK_SECRET"


def test_the_variable_of_a_secret() -> None:
    assert secret_variable("joes-auto-spa", "STRIPE_WEBHOOK_SECRET") == VARIABLE


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("whsec_1", ("whsec_1",)),
        (" whsec_new , whsec_old ", ("whsec_new", "whsec_old")),
        ("", ()),
        (" , ,", ()),
        (
            "-----BEGIN PUBLIC KEY-----\\nMCow\\n-----END PUBLIC KEY-----",
            ("-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----",),
        ),
    ],
)
def test_values(text: str, values: tuple[str, ...]) -> None:
    secrets = Secrets({VARIABLE: text})

    assert secrets.values("joes-auto-spa", "STRIPE_WEBHOOK_SECRET") == values


def test_no_variable_is_no_secret_and_never_another_tenants() -> None:
    secrets = Secrets({VARIABLE: "whsec_1"})

    assert secrets.values("mikes-detailing", "STRIPE_WEBHOOK_SECRET") == ()
    assert secrets.values("joes-auto-spa", "STRIPE_API_KEY") == ()


def test_secrets_are_not_shown_by_repr() -> None:
    assert "whsec_1" not in repr(Secrets({VARIABLE: "whsec_1"}))
