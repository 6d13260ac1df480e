"""What Google Calendar is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="google-calendar",
    label="Google Calendar",
    source="frontdesk.connectors.google_calendar.verify:GoogleCalendarSource",
    sync_targets=("booking",),
)
