"""The nine sources by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from frontdesk.connectors.base import Source
from frontdesk.connectors.clicksend.verify import ClickSendSource
from frontdesk.connectors.gohighlevel.verify import GoHighLevelSource
from frontdesk.connectors.google_calendar.verify import GoogleCalendarSource
from frontdesk.connectors.manychat.verify import ManyChatSource
from frontdesk.connectors.proof.verify import ProofSource
from frontdesk.connectors.stripe.verify import StripeSource
from frontdesk.connectors.twilio.verify import TwilioSource
from frontdesk.connectors.wix.verify import WixSource
from frontdesk.connectors.zoho.verify import ZohoSource

#: Source class by URL segment. A new provider is one file beside these and one line here.
SOURCE_CLASSES: Mapping[str, type[Source]] = MappingProxyType(
    {
        source.name: source
        for source in (
            StripeSource,
            TwilioSource,
            ClickSendSource,
            WixSource,
            ManyChatSource,
            ZohoSource,
            GoHighLevelSource,
            ProofSource,
            GoogleCalendarSource,
        )
    }
)
