"""How Frontdesk itself is doing: signs of life, conditions, incidents, alerts, and what the doctor finds."""
