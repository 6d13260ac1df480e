"""What a business's file says about alerts: who is told when its sources, providers or queues are ill."""

from __future__ import annotations

from pydantic import Field

from frontdesk.core.tenant.fields import Key, MailableEmail, Strict


class AlertSettings(Strict):
    """Where alerts about this business go. With neither, whoever runs the system is told (FRONTDESK_ALERT_EMAIL)."""

    email: tuple[MailableEmail, ...] = Field(
        examples=[["owner@salon.example"]], default=(), description="Who is told by e-mail, from its own address."
    )
    endpoint: Key | None = Field(
        examples=["crm"], default=None, description="Key of the endpoint that alerts are posted to, signed."
    )
