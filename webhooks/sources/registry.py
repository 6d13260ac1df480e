"""The nine sources by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from webhooks.sources.base import Source
from webhooks.sources.clicksend import ClickSendSource
from webhooks.sources.gohighlevel import GoHighLevelSource
from webhooks.sources.google_calendar import GoogleCalendarSource
from webhooks.sources.manychat import ManyChatSource
from webhooks.sources.proof import ProofSource
from webhooks.sources.stripe import StripeSource
from webhooks.sources.twilio import TwilioSource
from webhooks.sources.wix import WixSource
from webhooks.sources.zoho import ZohoSource

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
