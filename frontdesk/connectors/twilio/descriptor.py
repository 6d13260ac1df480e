"""What Twilio is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="twilio",
    label="Twilio",
    source="frontdesk.connectors.twilio.verify:TwilioSource",
    reach="sms",
    deliverer="frontdesk.connectors.twilio.deliver:open_deliverer",
    sending_secrets=("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
    media_links="frontdesk.connectors.twilio.media:read_links",
    media_request="frontdesk.connectors.twilio.media:make_request",
    takes_cancel_for_stop=True,
)
