"""How Frontdesk itself is doing: heartbeats, measurements, checks, incidents, alerts, and what the doctor finds."""
