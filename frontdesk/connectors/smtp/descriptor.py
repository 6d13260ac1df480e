"""What SMTP is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="smtp",
    label="SMTP",
    reach="email",
    deliverer="frontdesk.connectors.smtp.deliver:open_deliverer",
    sending_secrets=("SMTP_USERNAME", "SMTP_PASSWORD"),
)
